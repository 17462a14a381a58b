"""Typed keys become lines, and lines become deeds."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from presence_client.room import Room
from presence_client.terminal_input import LineEditor, Quit, Unclear, understand
from protocol.schema import Channel, Emote, Status


class Deeds:
    """A room that notes what is asked of it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    async def chat(self, text: str, *, channel: Channel = Channel.ROOM, to: int = 0) -> None:
        """Note a chat message."""
        self.done.append((text, channel, to))

    async def gesture(self, emote: Emote) -> None:
        """Note an emote."""
        self.done.append(emote)

    async def status(self, status: Status) -> None:
        """Note a status."""
        self.done.append(status)


def deeds(line: str) -> list[Any]:
    """Do what a line says, and list what that was."""
    room, todo = Deeds(), understand(line)

    async def main() -> None:
        if todo is not None:
            await todo(cast("Room", room))

    asyncio.run(main())
    return room.done


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("hello  there ", [("hello  there", Channel.ROOM, 0)]),
        ("/near psst", [("psst", Channel.NEARBY, 0)]),
        ("/to 12 only you", [("only you", Channel.ROOM, 12)]),
        ("/wave", [Emote.WAVE]),
        ("/RAISE_HAND", [Emote.RAISE_HAND]),
        ("/status busy", [Status.BUSY]),
        ("   ", []),
    ],
)
def test_a_line_is_done(line: str, done: list[Any]) -> None:
    """Words are said, commands carried out."""
    assert deeds(line) == done


@pytest.mark.parametrize("line", ["/dance", "/to bob hi", "/to 3", "/status asleep", "/near", "/"])
def test_what_means_nothing_is_explained(line: str) -> None:
    """A mistake is answered with how to write it, and nothing is sent."""
    with pytest.raises(Unclear, match="/"):
        understand(line)


@pytest.mark.parametrize("line", ["/quit", "/q"])
def test_leaving_can_be_typed(line: str) -> None:
    """There is a word for it."""
    with pytest.raises(Quit):
        understand(line)


@pytest.mark.parametrize(
    ("keys", "lines", "rest"),
    [
        (b"hello\n", ["hello"], ""),
        (b"one\rtwo\nthr", ["one", "two"], "thr"),
        (b"helo\x7flo\n", ["hello"], ""),
        (b"\x7f\x08", [], ""),
        (b"wrong\x15right", [], "right"),
        (b"a\x1b[A\x1b[3~b", [], "ab"),
        ("été ☀\n".encode(), ["été ☀"], ""),
        (b"a\x00\x07b", [], "ab"),
    ],
)
def test_keys_become_lines(keys: bytes, lines: list[str], rest: str) -> None:
    """Whether they come at once or one by one, with corrections and escape sequences among them."""
    at_once, one_by_one = LineEditor(), LineEditor()
    assert at_once.feed(keys) == lines
    assert [line for key in keys for line in one_by_one.feed(bytes([key]))] == lines
    assert at_once.text == one_by_one.text == rest


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_control_keys_leave(key: bytes) -> None:
    """Ctrl-C and Ctrl-D leave."""
    with pytest.raises(Quit):
        LineEditor().feed(key)
