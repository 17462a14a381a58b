"""Every way to say no: close codes, refusal codes and the one exception that carries them.

A *close* ends the connection; its range tells a client whether to come back. A *refusal* answers one command
and changes nothing else. Both travel with a reason a person can read; what each code means, and what to do
about it, is said once, here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Close(IntEnum):
    """Why a connection ended. Values stand in WebSocket's private range and mean the same over raw TCP.

    4000-4099 come back with the resume token, after a jittered backoff.
    4100-4199 come back only once something has changed: a new token, a free place, a faster handshake.
    4200-4299 the client broke the protocol: do not come back before it is fixed.
    4300-4399 decided by a person, or by the same user's newer session: do not come back by yourself.
    """

    GOAWAY = 4000
    SLOW = 4001
    HEARTBEAT_TIMEOUT = 4002
    HANDSHAKE_TIMEOUT = 4100
    SERVER_FULL = 4101
    TOKEN_REQUIRED = 4102
    TOKEN_INVALID = 4103
    TOKEN_EXPIRED = 4104
    TOKEN_AUDIENCE = 4105
    TOKEN_REVOKED = 4106
    MALFORMED = 4200
    FRAME_TOO_LARGE = 4201
    OUT_OF_STATE = 4202
    RATE_LIMITED = 4203
    VERSION_MISMATCH = 4204
    REPLACED = 4300
    KICKED = 4301
    LEFT = 4302


class Refusal(IntEnum):
    """Why one command was refused. The session, and everything else in it, goes on."""

    ALREADY_IN_ROOM = 2
    UNKNOWN_WORLD = 4
    ROOM_FULL = 5
    ROOM_LOCKED = 6
    UNKNOWN_ENTITY = 7
    NOT_ALLOWED = 8
    MUTED = 9
    OUT_OF_REACH = 10
    HELD = 11
    NOT_HELD = 12
    STALE_VERSION = 13
    TOO_MANY_OBJECTS = 14
    BAD_PLACE = 16
    TOO_SOON = 17
    UNKNOWN_KIND = 18
    TOKEN_REFUSED = 19
    HUB_FULL = 20
    OVERLOADED = 21


class CloseRange(NamedTuple):
    """A hundred close codes that ask the same of a client."""

    first: int
    last: int
    reconnect: str  # `resume`, `changed`, `fixed` or `asked`: when a client may connect again
    rule: str


CLOSE_RANGES = (
    CloseRange(4000, 4099, "resume", "Connect again with the resume token, after a jittered backoff (section 5.5)."),
    CloseRange(4100, 4199, "changed", "Connect again only once something has changed: the code says what."),
    CloseRange(
        4200, 4299, "fixed", "The client broke this protocol. It MUST NOT connect again by itself: report a bug."
    ),
    CloseRange(
        4300,
        4399,
        "asked",
        "Decided by a person or by the user's own newer session. Connect again only when the user asks for it.",
    ),
)


class Advice(NamedTuple):
    """What a code means, and what a client does about it."""

    meaning: str
    remedy: str


CLOSE_ADVICE: dict[Close, Advice] = {
    Close.GOAWAY: Advice(
        "The server stops in good order.",
        "Wait for `goaway.reconnect_after_ms` plus jitter, then resume.",
    ),
    Close.SLOW: Advice(
        "The client took nothing for 10 s, or left too many events unacknowledged (section 7.5).",
        "Resume; where `welcome.resumed` is false, join again. Read faster, and send `ack`.",
    ),
    Close.HEARTBEAT_TIMEOUT: Advice(
        "Nothing was heard for three heartbeats.", "Resume. Send `ping` from a timer, not with poses."
    ),
    Close.HANDSHAKE_TIMEOUT: Advice(
        "No `hello` came in time, or newer connections needed the place.",
        "Try again after a backoff; send `hello` as soon as the connection stands.",
    ),
    Close.SERVER_FULL: Advice(
        "The server has no place, or this address has its share of connections.",
        "Close other connections, or try again after 30 s or more.",
    ),
    Close.TOKEN_REQUIRED: Advice("The server takes no guests.", "Sign in, and send the token."),
    Close.TOKEN_INVALID: Advice(
        "The token is not one this server trusts.", "Sign in again for a new token; the reason says what is wrong."
    ),
    Close.TOKEN_EXPIRED: Advice(
        "The token's time is over.", "Sign in again for a new token; next time send `renew` before."
    ),
    Close.TOKEN_AUDIENCE: Advice("The token is for another service.", "Sign in to this one."),
    Close.TOKEN_REVOKED: Advice("The token was withdrawn.", "Ask whoever issued it."),
    Close.MALFORMED: Advice(
        "A frame, message or record does not decode.", "Compare with the reason, which names the field."
    ),
    Close.FRAME_TOO_LARGE: Advice(
        "A frame exceeds `welcome.max_frame_bytes`.", "Send less; every message of this version fits."
    ),
    Close.OUT_OF_STATE: Advice(
        "A message came in a state that does not allow it.", "Follow section 6; wait for `joined` or `left`."
    ),
    Close.RATE_LIMITED: Advice(
        "One kind of message overran its limit by more than 200 within 10 s.", "Keep to the rates of section 8."
    ),
    Close.VERSION_MISMATCH: Advice(
        "The major versions differ; the reason names both.", "Use a client of the server's major version."
    ),
    Close.REPLACED: Advice(
        "A newer session of the same user, or the same session over a newer connection, took over.",
        "Tell the user that they are connected elsewhere.",
    ),
    Close.KICKED: Advice("A moderator removed the user.", "Show the reason."),
    Close.LEFT: Advice("The client said `bye`.", "Nothing."),
}

REFUSAL_ADVICE: dict[Refusal, Advice] = {
    Refusal.ALREADY_IN_ROOM: Advice("The session is in that room.", "Go on; nothing to do."),
    Refusal.UNKNOWN_WORLD: Advice(
        "There is no such world, or the room was made from another one.", "Join with an empty `world`."
    ),
    Refusal.ROOM_FULL: Advice("The room has its capacity, held seats included.", "Try later, or another room."),
    Refusal.ROOM_LOCKED: Advice("The room is closed to newcomers.", "Ask a moderator."),
    Refusal.UNKNOWN_ENTITY: Advice(
        "No such entity, or none this session may know of.", "Take entity ids from the newest roster and objects."
    ),
    Refusal.NOT_ALLOWED: Advice("The session's roles or grants do not reach.", "Ask somebody who may."),
    Refusal.MUTED: Advice("A moderator has muted this person here.", "Ask a moderator."),
    Refusal.OUT_OF_REACH: Advice(
        "Too far from the avatar, or no place beside the person is free.", "Come nearer; section 16 has the distances."
    ),
    Refusal.HELD: Advice("Somebody holds the object.", "Wait until `objects` says it is free."),
    Refusal.NOT_HELD: Advice("This session does not hold the object.", "Grab it first."),
    Refusal.STALE_VERSION: Advice(
        "The object changed hands since that version.", "Take the version from the newest `objects` or `done`."
    ),
    Refusal.TOO_MANY_OBJECTS: Advice("The room or the person has its number of objects.", "Despawn some."),
    Refusal.BAD_PLACE: Advice("Outside the world's bounds, or on no floor.", "Choose a place inside, on a floor."),
    Refusal.TOO_SOON: Advice(
        "Over the rate of this command, or within its cool-down.", "Wait half a second or more, then try again."
    ),
    Refusal.UNKNOWN_KIND: Advice("The world has no such prop.", "Take the name from the world's props."),
    Refusal.TOKEN_REFUSED: Advice(
        "The newer token was not accepted; the old one still holds.", "The reason names the close code's cause."
    ),
    Refusal.HUB_FULL: Advice("The server has all the rooms it can have.", "Join a room that exists."),
    Refusal.OVERLOADED: Advice(
        "The server has as much to do as it can; who is in a room stays.", "Try again after some seconds."
    ),
}


class ProtocolError(Exception):
    """The peer's fault: closes the peer's session with `code` and `reason`, and never touches its room."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(f"{code.name.lower()} ({code.value}): {reason}")
        self.code = code
        self.reason = reason


class Refused(Exception):
    """A command that cannot be carried out: answered with an `error` message, and nothing else changes."""

    def __init__(self, code: Refusal, reason: str) -> None:
        super().__init__(f"{code.name.lower()} ({code.value}): {reason}")
        self.code = code
        self.reason = reason
