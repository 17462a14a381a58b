"""Log lines: alike wherever they come from, one line each, without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from presence import logs

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(level: str = "info", line_format: str = "json") -> io.StringIO:
    """Configure logging into a buffer."""
    out = io.StringIO()
    logs.configure(level, line_format, out)
    return out


def only_line(out: io.StringIO) -> dict[str, Any]:
    """Return the one JSON line that was written."""
    (line,) = out.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def log_exception(error: Exception) -> None:
    """Raise an error and log it."""

    def fail() -> None:
        raise error

    try:
        fail()
    except type(error):
        logs.logger("presence").exception("failed")


def test_a_line_says_what_when_where_and_how_serious() -> None:
    """Programs that read the log find the same names in every line."""
    out = configured()
    logs.logger("presence.server").warning("port taken", port=8080)
    line = only_line(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "port taken", "port": 8080, "level": "warning", "logger": "presence.server"}


def test_lines_of_libraries_come_out_alike() -> None:
    """What aiohttp and asyncio log is readable by the same program."""
    out = configured()
    logging.getLogger("aiohttp.server").error("bad %s", "request")
    line = only_line(out)
    assert (line["event"], line["level"], line["logger"]) == ("bad request", "error", "aiohttp.server")


def test_lines_below_the_level_are_left_out() -> None:
    """An operator decides how much there is to read."""
    out = configured("warning")
    logs.logger("presence").info("hello")
    logging.getLogger("asyncio").info("hello")
    assert out.getvalue() == ""


def test_the_latest_configuration_counts() -> None:
    """Configuring twice does not write twice."""
    first = configured()
    second = configured()
    logs.logger("presence").info("hello")
    assert first.getvalue() == ""
    assert only_line(second)["event"] == "hello"


def test_secrets_are_removed_by_name_at_any_depth() -> None:
    """A careless line cannot give a session away; ids that open nothing stay."""
    out = configured()
    logs.logger("presence").info(
        "hello",
        token="a",
        resume="b",
        headers={"Authorization": "Bearer c", "accept": "*/*"},
        frames=[{"ResumeToken": "d"}],
        token_id="t1",
        resumed=True,
    )
    line = only_line(out)
    assert line["token"] == line["resume"] == line["headers"]["Authorization"] == logs.REMOVED
    assert line["frames"] == [{"ResumeToken": logs.REMOVED}]
    assert (line["headers"]["accept"], line["token_id"], line["resumed"]) == ("*/*", "t1", True)


def test_a_token_is_removed_wherever_it_stands() -> None:
    """In the text, in a value, in a library's line, in an exception."""
    out = configured()
    logs.logger("presence").info(f"got {JWT}!", seen=[JWT])
    logging.getLogger("aiohttp.access").info("GET /?t=%s", JWT)
    log_exception(ValueError(JWT))
    assert "eyJ" not in out.getvalue()
    assert f"got {logs.REMOVED}!" in out.getvalue()
    assert "ValueError" in out.getvalue()


@pytest.mark.parametrize("level", ["debug", "error"])
def test_an_audit_line_is_written_at_every_level(level: str) -> None:
    """What a moderator does stays on record, however quiet the log is."""
    out = configured(level)
    logs.audit("kick", actor="anna", target="bo", room="lobby", reason="spam")
    line = only_line(out)
    assert (line["event"], line["logger"]) == ("audit", logs.AUDIT)
    assert [line[name] for name in ("action", "actor", "target", "room", "reason")] == [
        "kick", "anna", "bo", "lobby", "spam",
    ]  # fmt: skip


def test_text_keeps_an_event_on_one_line() -> None:
    """Nobody can forge a line, or colour a terminal, with a name or a reason."""
    out = configured(line_format="text")
    logs.logger("presence").info("said\nno", name="Zoë\nlevel=error", code=4, plain="a-b", odd="\x1b[31m")
    (line,) = out.getvalue().splitlines()
    assert line.endswith(r"info presence 'said\nno' name='Zoë\nlevel=error' code=4 plain=a-b odd='\x1b[31m'")


def test_text_shows_the_trace_of_an_exception() -> None:
    """A developer sees where it failed."""
    out = configured(line_format="text")
    log_exception(KeyError("x"))
    assert "test_logs.py" in out.getvalue()
    assert out.getvalue().rstrip().endswith("KeyError: 'x'")
