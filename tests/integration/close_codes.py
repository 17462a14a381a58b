"""One way to be closed with each code, for those codes that no mutated frame leads to.

Each function does something to a server and returns the code it was closed with. Those in EASY ask for a server that
takes guests and the issuer's tokens, without rate limits; those in STRICT for one without guests, with its usual limits
and `--max-per-address` of MAX_PER_ADDRESS.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from presence.keys import new_key_pair
from presence.outbox import MAX_EVENTS
from protocol.codec import encode
from protocol.errors import Close
from protocol.schema import Action, Bye, Chat, Done, Moderate, Ping
from tests.integration.conftest import RunningServer
from tests.integration.issuer import Issuer
from tests.integration.peer import Peer, a_hello, code_of

MAX_PER_ADDRESS = 2
WITHDRAWN = "u-mallory"  # whose tokens the issuer has withdrawn

Provocation = Callable[[RunningServer, Issuer], Close]


def _refused(running: RunningServer, token: str) -> Close:
    with Peer(running.tcp_url) as peer:
        peer.send(a_hello(token=token))
        return code_of(peer.closing())


def never_acknowledge(running: RunningServer, _issuer: Issuer) -> Close:
    """Talk to oneself: each line is two events, what was said and that it was done."""
    with Peer(running.ws_url) as peer:
        peer.hello()
        peer.join("monologue")
        for ref in range(MAX_EVENTS // 2):
            peer.send(Chat(ref, 0, 0, "and another thing"))
        return code_of(peer.closing())


def fall_silent(running: RunningServer, _issuer: Issuer) -> Close:
    """Open a session, and send nothing any more."""
    with Peer(running.ws_url) as peer:
        peer.hello()
        return code_of(peer.closing())


def say_nothing(running: RunningServer, _issuer: Issuer) -> Close:
    """Connect, and that is all."""
    with Peer(running.ws_url) as peer:
        return code_of(peer.closing())


def forge(running: RunningServer, issuer: Issuer) -> Close:
    """Sign with another key under the issuer's name."""
    return _refused(running, issuer.token_for("presence", "u-eve", pair=new_key_pair()))


def come_late(running: RunningServer, issuer: Issuer) -> Close:
    """Bring a token that has ended."""
    return _refused(running, issuer.token("u-eve", expires_at=time.time() - 1))


def knock_at_the_wrong_door(running: RunningServer, issuer: Issuer) -> Close:
    """Bring a token for another service."""
    return _refused(running, issuer.token_for("another", "u-eve"))


def be_unwelcome(running: RunningServer, issuer: Issuer) -> Close:
    """Bring a token that was withdrawn."""
    return _refused(running, issuer.token(WITHDRAWN))


def come_twice(running: RunningServer, issuer: Issuer) -> Close:
    """Open two sessions of one user; the older one hears of it."""
    with Peer(running.tcp_url) as older, Peer(running.ws_url) as newer:
        older.hello(token=issuer.token("u-twin"))
        newer.hello(token=issuer.token("u-twin"))
        return code_of(older.closing())


def misbehave(running: RunningServer, issuer: Issuer) -> Close:
    """Be in a room with a moderator."""
    with Peer(running.tcp_url) as rowdy, Peer(running.ws_url) as moderator:
        rowdy.hello()
        entity = rowdy.join("court").entity
        moderator.hello(token=issuer.token("u-judge", roles=frozenset({"moderator"})))
        moderator.join("court")
        moderator.send(Moderate(2, Action.KICK, entity, "order in court"))
        moderator.wait_for(Done)
        return code_of(rowdy.closing())


def say_goodbye(running: RunningServer, _issuer: Issuer) -> Close:
    """Leave in good order."""
    with Peer(running.ws_url) as peer:
        peer.hello()
        peer.send(Bye())
        return code_of(peer.closing())


def speak_another_version(running: RunningServer, _issuer: Issuer) -> Close:
    """Come from the future."""
    with Peer(running.ws_url) as peer:
        peer.send(a_hello(major=7))
        return code_of(peer.closing())


def be_nobody(running: RunningServer, _issuer: Issuer) -> Close:
    """Ask to be a guest where there are none."""
    return _refused(running, "")


def flood(running: RunningServer, issuer: Issuer) -> Close:
    """Ask for the time far too often."""
    with Peer(running.tcp_url) as peer:
        peer.hello(token=issuer.token("u-flood"))
        peer.send_bytes(b"".join(peer.framed(encode(Ping(count))) for count in range(300)))
        return code_of(peer.closing())


def come_with_too_many(running: RunningServer, _issuer: Issuer) -> Close:
    """Open one connection more than an address may have."""
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(Peer(running.tcp_url)) for _ in range(MAX_PER_ADDRESS + 1)]
        return code_of(crowd[-1].closing())


EASY: dict[Close, Provocation] = {
    Close.SLOW: never_acknowledge,
    Close.HEARTBEAT_TIMEOUT: fall_silent,
    Close.HANDSHAKE_TIMEOUT: say_nothing,
    Close.TOKEN_INVALID: forge,
    Close.TOKEN_EXPIRED: come_late,
    Close.TOKEN_AUDIENCE: knock_at_the_wrong_door,
    Close.TOKEN_REVOKED: be_unwelcome,
    Close.VERSION_MISMATCH: speak_another_version,
    Close.REPLACED: come_twice,
    Close.KICKED: misbehave,
    Close.LEFT: say_goodbye,
}
STRICT: dict[Close, Provocation] = {
    Close.TOKEN_REQUIRED: be_nobody,
    Close.RATE_LIMITED: flood,
    Close.SERVER_FULL: come_with_too_many,
}
