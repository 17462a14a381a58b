"""What a client tells its application about itself, beside the server's messages (`protocol.schema`) and `Applied`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Online:
    """A session stands. `resumed`: it is the old one, with the same entity; the events that were missed follow."""

    resumed: bool


@dataclass(frozen=True, slots=True)
class Offline:
    """The connection broke; the next attempt is in `retry_s` seconds. `code` is None where the server said nothing."""

    code: int | None
    reason: str
    retry_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, and the client does not come back by itself."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class RoomLost:
    """A new session had to be opened, and its way back into the room was refused."""

    room: str
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """These commands, by `ref`, were lost with a connection: they will never be answered."""

    refs: tuple[int, ...]
