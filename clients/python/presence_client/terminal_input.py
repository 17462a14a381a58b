"""What is typed into the terminal client: keys to lines, lines to what to do. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Awaitable, Callable

from presence_client.room import Room
from protocol.schema import Channel, Emote, Status

HELP = (
    "type to talk · /near TEXT · /to ID TEXT · "
    + " ".join(f"/{emote.name.lower()}" for emote in Emote)
    + " · /status "
    + "|".join(status.name.lower() for status in Status)
    + " · /quit"
)

_BACKSPACES = "\x7f\x08"
_ENDS = "\x03\x04"  # Ctrl-C, Ctrl-D
_CLEAR = "\x15"  # Ctrl-U

Act = Callable[[Room], Awaitable[None]]


class Unclear(Exception):
    """A line that means nothing; its text says why."""


class Quit(Exception):
    """The person wants to leave."""


class LineEditor:
    """The line being typed. Feed it bytes of the terminal; escape sequences are ignored."""

    def __init__(self) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_escaped = False

    def feed(self, data: bytes) -> list[str]:
        """Take typed bytes, return the lines they complete. Raises Quit on Ctrl-C and Ctrl-D."""
        lines = []
        for character in self._decoder.decode(data):
            if character in "\r\n":
                lines.append(self.text)
                self.text = ""
            else:
                self._type(character)
        return lines

    def _type(self, character: str) -> None:
        if self._is_escaped:
            self._is_escaped = not (character.isalpha() or character == "~")
        elif character == "\x1b":
            self._is_escaped = True
        elif character in _ENDS:
            raise Quit
        elif character in _BACKSPACES:
            self.text = self.text[:-1]
        elif character == _CLEAR:
            self.text = ""
        elif character.isprintable():
            self.text += character


def understand(line: str) -> Act | None:
    """Turn a line into what to do in the room; None for an empty one. Raises Unclear, or Quit."""
    line = line.strip()
    if not line.startswith("/"):
        return _say(line, Channel.ROOM) if line else None
    word, _, rest = line[1:].partition(" ")
    rest = rest.strip()
    match word.lower():
        case "quit" | "q":
            raise Quit
        case "near" if rest:
            return _say(rest, Channel.NEARBY)
        case "to":
            return _tell(rest)
        case "status":
            return _be(rest)
        case emote if emote.upper() in Emote.__members__:
            return _show(Emote[emote.upper()])
        case _:
            raise Unclear(HELP)


def _say(text: str, channel: Channel) -> Act:
    return lambda room: room.chat(text, channel=channel)


def _tell(rest: str) -> Act:
    entity, _, text = rest.partition(" ")
    if not (entity.isdecimal() and text.strip()):
        raise Unclear("/to ID TEXT, with an id from the roster")
    return lambda room: room.chat(text.strip(), to=int(entity))


def _be(word: str) -> Act:
    status = Status.__members__.get(word.upper())
    if status is None:
        raise Unclear("/status " + "|".join(status.name.lower() for status in Status))
    return lambda room: room.status(status)


def _show(emote: Emote) -> Act:
    return lambda room: room.gesture(emote)
