"""The README's programs run, and what it names exists."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest

import presence_client
from presence_client import Client, Room, errors
from protocol import schema
from tests.clients.fake_server import FakeServer
from tests.clients.timeless import run

FOLDER = Path(presence_client.__file__).parents[1]
README = (FOLDER / "README.md").read_text()
FRONT_PAGE = (FOLDER.parents[1] / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", README + FRONT_PAGE, re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS, ids=["quick start", "moving", "front page"])
def test_a_program_runs(program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every program, as printed, does what it says against a server."""
    server = FakeServer()
    monkeypatch.setattr(presence_client, "connect", functools.partial(presence_client.connect, dial=server.dial))
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(program, "README.md", "exec"), names)  # noqa: S102 - our own words
    run(names["main"]())
    assert server.told_of(schema.Bye)
    assert capsys.readouterr().err == ""


def test_every_call_it_lists_exists() -> None:
    """The table of calls names methods and properties of the client and the room, and leaves no command out."""
    called = set(re.findall(r"`(?:await )?(client|room)\.(\w+)", README))
    missing = [f"{what}.{name}" for what, name in called if not hasattr({"client": Client, "room": Room}[what], name)]
    assert missing == []
    commands = {"chat", "gesture", "status", "spawn", "moderate", "teleport", "go_to", "leave"}
    assert commands <= {name for what, name in called if what == "room"}


def test_every_error_and_event_it_lists_exists() -> None:
    """The tables of errors and events are those of the package."""
    rows = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert rows <= set(presence_client.__all__)
    raised = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert raised - rows == {"LaggedError"}
    assert "LaggedError" in README
