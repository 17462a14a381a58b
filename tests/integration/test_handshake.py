"""The ways in that are refused, each with its code, over both transports of a server that wants tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import pytest

from presence.identity import Identity, mint
from presence.keys import KeyPair, new_key_pair
from protocol.codec import encode
from protocol.errors import Close, Refusal
from protocol.schema import MAJOR, Closing, Error, Ping, Renew, Welcome
from tests.integration.conftest import LOBBY, Connect, RunningServer
from tests.integration.peer import Peer, a_hello, code_of

BOTH = pytest.mark.parametrize("transport", ["tcp", "ws"])


@dataclass
class Office:
    """A server that wants tokens, and whoever signs them."""

    server: RunningServer
    pair: KeyPair
    revoked: Path

    def token(
        self, user: str = "u-ada", *, pair: KeyPair | None = None, audience: str = "presence", **more: Any
    ) -> str:
        """Sign a token."""
        fields: dict[str, Any] = {
            "name": "Ada Lovelace",
            "agency": "Analysts",
            "country": "GB",
            "roles": frozenset({"instructor"}),
            "grants": frozenset(),
            "guest": False,
            "token_id": f"id-of-{user}",
            "expires_at": time() + 60,
        }
        signer = pair or self.pair
        who = Identity(user=user, **fields | more)
        return mint(who, signer.private_key, signer.kid, audience=audience, issued_at=time())

    def refusal(self, transport: str, **hello: Any) -> Close:
        """Say hello, and return the code that closes the connection."""
        with Peer(self.server.url(transport)) as peer:
            peer.send(a_hello(**hello))
            return code_of(peer.closing())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A server with a key set and a revocation list that it reads again all the time."""
    folder = tmp_path_factory.mktemp("trust")
    pair, revoked, keys = new_key_pair(), folder / "revoked.txt", folder / "jwks.json"
    keys.write_text(pair.key_set)
    revoked.write_text("id-of-u-mallory\n")
    running = RunningServer(
        *LOBBY,
        "--keys-file",
        str(keys),
        "--revoked-file",
        str(revoked),
        "--trust-refresh-s",
        "0.1",
        "--handshake-timeout-s",
        "2",
    )
    yield Office(running, pair, revoked)
    assert running.stop() == 0
    running.check_log()


@BOTH
def test_a_token_badges_its_bearer(office: Office, connect: Connect, transport: str) -> None:
    """Name, agency, country and roles are the token's, whatever the client calls itself."""
    welcome = connect(transport, office.server).hello(token=office.token(f"u-{transport}"), name="Somebody else")
    assert (welcome.user, welcome.name, welcome.agency) == (f"u-{transport}", "Ada Lovelace", "Analysts")
    assert (welcome.country, welcome.roles, welcome.guest) == ("GB", ["instructor"], False)


@BOTH
def test_each_bad_token_has_its_code(office: Office, transport: str) -> None:
    """None, forged, garbled, expired, of another audience, withdrawn."""
    good = office.token()
    assert office.refusal(transport, token="") is Close.TOKEN_REQUIRED
    assert office.refusal(transport, token=office.token(pair=new_key_pair())) is Close.TOKEN_INVALID
    assert office.refusal(transport, token=good[:-2] + ("AA" if good[-2:] != "AA" else "BB")) is Close.TOKEN_INVALID
    assert office.refusal(transport, token="rubbish") is Close.TOKEN_INVALID
    assert office.refusal(transport, token=office.token(expires_at=time() - 1)) is Close.TOKEN_EXPIRED
    assert office.refusal(transport, token=office.token(audience="another")) is Close.TOKEN_AUDIENCE
    assert office.refusal(transport, token=office.token("u-mallory")) is Close.TOKEN_REVOKED


@BOTH
def test_another_version_is_refused_in_plain_words(office: Office, connect: Connect, transport: str) -> None:
    """The reason names both versions."""
    peer = connect(transport, office.server)
    peer.send(a_hello(major=MAJOR + 1, token=office.token()))
    closing = peer.closing()
    assert code_of(closing) is Close.VERSION_MISMATCH
    assert f"version {MAJOR + 1}" in closing.reason
    assert f"speaks version {MAJOR}" in closing.reason


@BOTH
def test_who_says_nothing_is_closed(office: Office, connect: Connect, transport: str) -> None:
    """Hello must come in time."""
    assert code_of(connect(transport, office.server).closing()) is Close.HANDSHAKE_TIMEOUT


@BOTH
def test_what_is_no_hello_is_closed(office: Office, connect: Connect, transport: str) -> None:
    """Out of state for another message, malformed for bytes that are none."""
    early, garbage = connect(transport, office.server), connect(transport, office.server)
    early.send(Ping(1))
    garbage.send_payload(b"\xc1\xc1")
    assert code_of(early.closing()) is Close.OUT_OF_STATE
    assert code_of(garbage.closing()) is Close.MALFORMED


def test_the_newer_session_of_a_user_replaces_the_older(office: Office, connect: Connect) -> None:
    """The older connection is told so, whatever transport either uses."""
    older, newer = connect("tcp", office.server), connect("ws", office.server)
    older.hello(token=office.token("u-twice"))
    newer.hello(token=office.token("u-twice"))
    assert code_of(older.closing()) is Close.REPLACED


def test_a_session_ends_with_its_token_unless_it_is_renewed(office: Office, connect: Connect) -> None:
    """Expiry closes; a renewal in time does not; somebody else's token renews nothing."""
    ends, goes_on = connect("tcp", office.server), connect("ws", office.server)
    ends.hello(token=office.token("u-ends", expires_at=time() + 1))
    goes_on.hello(token=office.token("u-goes-on", expires_at=time() + 1))
    goes_on.send(Renew(5, office.token("u-ends")))
    refused = goes_on.wait_for(Error)
    assert (refused.ref, refused.code) == (5, Refusal.TOKEN_REFUSED)
    goes_on.send(Renew(6, office.token("u-goes-on")))
    assert code_of(ends.closing()) is Close.TOKEN_EXPIRED
    assert not any(isinstance(message, Closing) for message in goes_on.everything_for(0.5))


def test_a_withdrawn_token_ends_a_running_session(office: Office, connect: Connect) -> None:
    """The list is read again, and whoever is on it now is closed."""
    peer = connect("ws", office.server)
    peer.hello(token=office.token("u-fired"))
    office.revoked.write_text("id-of-u-mallory\nsub:u-fired\n")
    assert code_of(peer.closing()) is Close.TOKEN_REVOKED


def test_no_token_is_ever_logged(office: Office, connect: Connect) -> None:
    """Neither good nor bad ones."""
    token = office.token("u-logged")
    welcome: Welcome = connect("tcp", office.server).hello(token=token)
    office.server.wait_for_line("session opened", session=welcome.session)
    log = "".join(office.server.raw)
    assert token not in log
    assert token.split(".")[1] not in log
    assert encode(a_hello(token=token)).hex() not in log
