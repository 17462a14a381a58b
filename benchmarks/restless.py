"""People whose network fails: they come over raw TCP, are cut off, come back or do not, in room after room.

A thread beside the load of a soak. What is checked is what such people rely on: a session that was cut off goes on, as
the same avatar, and snapshots go on with it. Each lap has a room of its own, which is empty afterwards.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any, NamedTuple

from benchmarks.beside import Beside
from benchmarks.refusals import in_words
from protocol.codec import decode, encode
from protocol.errors import ProtocolError
from protocol.framing import TcpReader, tcp_header
from protocol.schema import (
    MAJOR,
    MINOR,
    SCHEMA_HASH,
    SPEC_OF,
    Bye,
    Closing,
    Error,
    Hello,
    Join,
    Joined,
    Lane,
    Leave,
    Left,
    Sender,
    Snapshot,
    Welcome,
)

PEOPLE = 3  # of a lap

_PATIENCE_S = 10.0
_AWAY_S = 0.3
_MOST_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: cut off, without a goodbye


class Lap(NamedTuple):
    """One lap's room: when it was made, and when its last seat was free (monotonic seconds)."""

    made_s: float
    emptied_s: float


class Restless(Beside):
    """Laps, one after the other; afterwards nobody is left.

    laps, resumes, violations and troubles grow meanwhile. A violation is what the server did wrong to somebody;
    a trouble is why a lap could not be made.
    """

    def __init__(self, port: int, every_s: float, resume_window_s: float) -> None:
        """port: of raw TCP, on this machine. every_s: from the beginning of a lap to that of the next."""
        super().__init__(every_s)
        self.laps: list[Lap] = []
        self.resumes = 0
        self.violations: list[str] = []
        self.troubles: list[str] = []
        self._port = port
        self._resume_window_s = resume_window_s

    def turn(self) -> None:
        """Make one lap."""
        begin_s = time.monotonic()
        try:
            self._play(f"restless-{len(self.laps)}")
        except (OSError, ProtocolError) as problem:
            self.troubles.append(f"a lap came to nothing: {problem}")
        self.laps.append(Lap(begin_s, time.monotonic() + self._resume_window_s))

    def _play(self, room: str) -> None:
        """Let one be cut off and come back, one be cut off for good, and one leave as one should."""
        lines: list[_Line] = []

        def enter() -> _Line:
            lines.append(_Line(self._port))
            lines[-1].enter(room)
            return lines[-1]

        try:
            returning, vanishing, leaving = (enter() for _ in range(PEOPLE))
            returning.cut()
            vanishing.cut()
            self.sleep(_AWAY_S)
            lines.append(_Line(self._port))
            if problem := lines[-1].resume(returning):
                self.violations.append(problem)
            self.resumes += 1
            leaving.leave()
            lines[-1].say(Bye())
        finally:
            for line in lines:
                line.close()


class _Line:
    """One connection, blocking."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self._reader = TcpReader(_MOST_BYTES)
        self._heard: list[Any] = []
        self._last_event = 0
        self._resume_token = ""
        self._entity: tuple[int, int] | None = None

    def close(self) -> None:
        self._socket.close()

    def cut(self) -> None:
        """End as a network does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()

    def say(self, message: Any) -> None:
        payload = encode(message)
        self._socket.sendall(tcp_header(len(payload)) + payload)

    def enter(self, room: str) -> None:
        """Come in as a guest, take a seat, and see something."""
        self._greet("", 0)
        self.say(Join(1, room, "open"))
        joined = self._hear(Joined)
        self._entity = (joined.entity, joined.generation)
        self._hear(Snapshot)

    def resume(self, earlier: _Line) -> str | None:
        """Go on with a session over this connection; returns what was wrong with that."""
        welcome = self._greet(earlier._resume_token, earlier._last_event)
        if not welcome.resumed:
            return f"avatar {earlier._entity} was cut off, and could not go on"
        try:
            self._hear(Snapshot)
        except TimeoutError:
            return f"avatar {earlier._entity} went on, and was told nothing any more"
        return None

    def leave(self) -> None:
        """Leave the room, then the server."""
        self.say(Leave(2))
        self._hear(Left)
        self.say(Bye())

    def _greet(self, token: str, last_event: int) -> Welcome:
        self.say(Hello(MAJOR, MINOR, SCHEMA_HASH, "presence benchmarks", "", "Restless", token, last_event))
        welcome: Welcome = self._hear(Welcome)
        self._resume_token = welcome.resume
        return welcome

    def _hear(self, cls: type[Any]) -> Any:
        """Wait for a message of a class, passing over others. Raises OSError, for a refusal too."""
        while True:
            while self._heard:
                message = self._heard.pop(0)
                if SPEC_OF[type(message)].lane is Lane.EVENTS:
                    self._last_event = message.seq
                if isinstance(message, cls):
                    return message
                if isinstance(message, Closing | Error):
                    raise ConnectionRefusedError(in_words(message))
            received = self._socket.recv(_MOST_BYTES)
            if not received:
                raise ConnectionError("closed by the server")
            self._heard += [decode(payload, Sender.SERVER) for payload in self._reader.feed(received)]
