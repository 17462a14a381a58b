"""A server that runs already is measured from outside: judged as strictly, and nothing said that cannot be known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import BAD_USAGE, FAILED, main
from benchmarks.remote import read_tokens, remote
from benchmarks.server_process import ServerProcess, serving
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.outcomes import reasons_beside_the_machine
from tests.benchmarks.schema import faults
from tests.integration.issuer import Issuer

PEOPLE = 8
WORDS = ["--avatars", str(PEOPLE), "--seconds", "1.5", "--warmup", "1", "--generator-cpu", "any", "--json"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("wss://presence.example", "speaks no TLS"),
        ("http://presence.example", "must be like ws://"),
        ("presence.example:8080", "must be like ws://"),
        ("ws://user:secret@presence.example", "must be like ws://"),
        ("ws://presence.example/elsewhere", "must be like ws://"),
    ],
)
def test_what_is_no_url_of_ours_is_refused(url: str, problem: str) -> None:
    """In words that do not repeat a password."""
    with pytest.raises(ValueError, match=problem) as refused:
        remote(url, (), None)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port"), [("ws://127.0.0.1:81", "127.0.0.1", 81), ("ws://127.0.0.1/", "127.0.0.1", 80)]
)
def test_a_url_says_where_to_go(url: str, host: str, port: int) -> None:
    """To a room that nobody else is in."""
    first, second = (remote(url, (), None) for _ in range(2))
    assert (first.where.host, first.where.port) == (host, port)
    assert first.where.room != second.where.room


def test_a_server_on_ipv6_is_found() -> None:
    """Its authority keeps the brackets, its address does not."""
    server = remote("ws://[::1]:8080", (), None)
    assert (server.where.host, server.where.authority) == ("::1", "[::1]:8080")


def test_tokens_are_dealt_out(tmp_path: Path) -> None:
    """One for each client, or a single one for all; the environment's where no file is named."""
    file = tmp_path / "tokens"
    file.write_text("one\n\n two \n", "utf-8")
    tokens = read_tokens(str(file), {"PRESENCE_TOKEN": "other"}, 2)
    assert [remote("ws://127.0.0.1", tokens, None).where.token(number) for number in range(2)] == ["one", "two"]
    assert read_tokens(None, {"PRESENCE_TOKEN": "own"}, 9) == ("own",)
    assert read_tokens(None, {}, 9) == ()
    with pytest.raises(ValueError, match="2 tokens are too few for 3 clients"):
        read_tokens(str(file), {}, 3)
    with pytest.raises(ValueError, match="cannot read tokens"):
        read_tokens(str(tmp_path / "none"), {}, 3)
    file.write_text("\n", "utf-8")
    with pytest.raises(ValueError, match="no token in"):
        read_tokens(str(file), {}, 3)


def test_tokens_are_not_shown_with_where_they_go() -> None:
    """A plan may end in a traceback."""
    assert "sesame" not in repr(remote("ws://127.0.0.1", ("sesame",), None))


# --- end to end -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Sign tokens that the server trusts."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def server(issuer: Issuer) -> Iterator[ServerProcess]:
    """Run a server with its default rings and budgets, which lets in nobody without a token."""
    trust = ["--no-allow-guests", "--keys-file", str(issuer.key_set_file)]
    with serving(PEOPLE, None, 10.0, trust) as running:
        yield running


def measure(server: ServerProcess, *words: str, scenario: str = "plaza") -> int:
    """Measure it as whoever runs the command elsewhere does."""
    return main([scenario, *WORDS, "--url", f"ws://{server.where.authority}", *words])


@needs_compiler
def test_a_server_elsewhere_is_judged(
    server: ServerProcess, issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what clients see; what only its own machine knows is null, and tokens stand nowhere."""
    tokens = [issuer.token(f"u-{number}") for number in range(PEOPLE)]
    file = tmp_path / "tokens"
    file.write_text("\n".join(tokens), "utf-8")
    code = measure(server, "--token", str(file))
    said = capsys.readouterr()
    result: dict[str, Any] = json.loads(said.out)
    assert reasons_beside_the_machine(result) == []
    assert faults(result) == []
    assert code == (FAILED if result["invalid"] else 0)
    assert result["oracle_violations"] == 0, result["oracle_first_violations"]
    assert result["oracle_self_test"] is True
    assert result["oracle_comparisons"] > 100
    assert result["crowd"]["budget_bytes_per_s"] == 32_000
    for unknown in ("server_cpu", "server_waited", "server_memory_kib_per_avatar", "cpu_us_per_update"):
        assert result[unknown] is None
    assert result["tick_ms"]["p99"] is None
    assert result["parameters"]["url"] == f"ws://{server.where.authority}"
    assert all(token not in said.out + said.err for token in tokens)


@needs_compiler
def test_its_metrics_tell_what_they_know(
    server: ServerProcess, issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CPU, memory and ticks; not for how long it waited for a core."""
    file = tmp_path / "tokens"
    file.write_text("\n".join(issuer.token(f"u-{number}") for number in range(PEOPLE)), "utf-8")
    measure(server, "--token", str(file), "--metrics-url", server.metrics_url)
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert result["server_cpu"] > 0
    assert result["server_memory_kib_per_avatar"] is not None
    assert result["tick_ms"]["p99"] > 0
    assert result["server_waited"] is None


@needs_compiler
@pytest.mark.parametrize(
    ("tokens", "problem"), [([], "token_required"), (["no.real.token"], "token_invalid"), (["user"], "replaced")]
)
def test_who_is_not_let_in_says_why(
    server: ServerProcess,
    issuer: Issuer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tokens: list[str],
    problem: str,
) -> None:
    """In one line, with exit code 1, without the token; one user cannot be here eight times."""
    shown = [issuer.token("u-one") if each == "user" else each for each in tokens]
    file = tmp_path / "tokens"
    file.write_text("\n".join(shown), "utf-8")
    assert measure(server, *(["--token", str(file)] if shown else [])) == FAILED
    said = capsys.readouterr()
    assert problem in said.err.splitlines()[-1]
    assert said.out == ""
    assert all(token not in said.err for token in shown)


@needs_compiler
def test_nobody_there_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to look at."""
    assert main(["plaza", *WORDS, "--url", "ws://127.0.0.1:9"]) == FAILED
    assert "is a server listening at 127.0.0.1:9?" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--url", "ws://127.0.0.1:9", "--floor"], "--floor is measured on the machine of the server"),
        (["--url", "ws://127.0.0.1:9", "--peers", "ws"], "--peers is measured on the machine of the server"),
        (["--url", "wss://127.0.0.1:9"], "speaks no TLS"),
        (["--token", "file"], "--token belongs to --url"),
        (["--metrics-url", "http://127.0.0.1:9/"], "--metrics-url belongs to --url"),
    ],
)
def test_what_makes_no_sense_elsewhere_is_refused(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is measured."""
    assert main(["plaza", *WORDS, "--server-cpu", "any", *words]) == BAD_USAGE
    assert problem in capsys.readouterr().err
