"""Who somebody is, and what they may know of, comes from a signed token alone: over both transports and over HTTP."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from benchmarks.snapshot_reader import Snapshot, read_snapshot
from presence.catalogue import SHIPPED_WORLDS
from presence.keys import new_key_pair
from protocol import schema
from protocol.errors import Close, Refusal
from protocol.schema import Chat, Done, Error, Gone, Objects, Person, Ping, Pong, Renew, Roster, Said, Spawn, Teleport
from tests.integration.conftest import LOBBY, ROOT, RunningServer
from tests.integration.issuer import Issuer
from tests.integration.peer import PATIENCE_S, Peer, a_hello, code_of

TRANSPORTS = pytest.mark.parametrize("transport", ["tcp", "ws"])

IN_OPERATIONS = (-33_000, 0, 37_000)  # inside the zone of plaza.json that asks for the clearance
AT_ITS_DOOR = (-27_000, 0, 37_000)
CLEARANCE = "restricted"

Connect = Callable[[str], Peer]
Message = TypeVar("Message")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An issuer who has withdrawn one token, and every token of one user."""
    made = Issuer(tmp_path_factory.mktemp("issuer"))
    made.withdraw("id-of-u-eve  # lost her badge", "sub:u-mallory")
    return made


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that trusts the issuer and takes no guests; its plaza is entered at the door of the restricted zone."""
    worlds = tmp_path_factory.mktemp("worlds")
    plaza = json.loads((SHIPPED_WORLDS / "plaza.json").read_text("utf-8"))
    plaza["spawns"] = [{"position": [axis / 1000 for axis in AT_ITS_DOOR], "yaw": 0}]
    (worlds / "plaza.json").write_text(json.dumps(plaza), "utf-8")
    trust = ("--keys-file", str(issuer.key_set_file), "--revoked-file", str(issuer.revoked_file))
    running = RunningServer(*LOBBY, *trust, "--trust-refresh-s", "0.1", "--worlds-dir", str(worlds), "--trust-loopback")
    yield running
    assert running.stop() == 0
    running.check_log()


@pytest.fixture
def connect(server: RunningServer) -> Iterator[Connect]:
    """Open connections, which are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda transport: stack.enter_context(Peer(server.url(transport)))


@pytest.fixture
def room() -> str:
    """A room that nobody has been in."""
    return f"room-{next(_rooms)}"


_rooms = itertools.count(1)


def ask(server: RunningServer, path: str, token: str) -> tuple[int, Any]:
    """Ask the HTTP interface something in the name of a token's user; return status and answer."""
    connection = HTTPConnection(urlsplit(server.http_url).netloc, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def listed_people(server: RunningServer, token: str) -> dict[str, Any]:
    """The people whom `/v1/presence` lists for a token's user, by user id."""
    status, answer = ask(server, "/v1/presence", token)
    assert status == 200, answer
    return {person["user"]: person for person in answer["people"]}


def received_until(peer: Peer, is_last: Callable[[Any], object]) -> list[Any]:
    """Receive up to the message one waits for; return all of them in order, snapshots read."""
    deadline = time.monotonic() + PATIENCE_S
    received: list[Any] = []
    while not received or not is_last(received[-1]):
        message = peer.receive(deadline - time.monotonic())
        assert not isinstance(message, schema.Closing), message
        received.append(read_snapshot(message.data) if isinstance(message, schema.Snapshot) else message)
    return received


def all_of(messages: list[Any], cls: type[Message]) -> list[Message]:
    """List the messages of one kind."""
    return [message for message in messages if isinstance(message, cls)]


def people_told(messages: list[Any]) -> dict[str, Person]:
    """The newest roster entry of each user, by user id."""
    return {person.user: person for roster in all_of(messages, Roster) for person in roster.people}


def texts(messages: list[Any]) -> list[str]:
    """What was said."""
    return [said.text for said in all_of(messages, Said)]


# --- the badge --------------------------------------------------------------------------------------------------------


@TRANSPORTS
def test_the_badge_is_the_tokens(
    issuer: Issuer, server: RunningServer, connect: Connect, room: str, transport: str
) -> None:
    """Name, agency, country and roles, in the welcome, in others' rosters and over HTTP; a claimed name is ignored."""
    witness, ada = connect("tcp"), connect(transport)
    witness.hello(token=issuer.token("u-witness"))
    witness.join(room)
    badge = {"name": "Ada Lovelace", "agency": "Analytical Office", "country": "GB"}
    token = issuer.token("u-ada", roles=frozenset({"moderator", "instructor"}), **badge)
    welcome = ada.hello(token=token, name="The President")
    entity = ada.join(room).entity
    person = people_told(received_until(witness, lambda told: "u-ada" in people_told([told])))["u-ada"]
    for shown in (welcome, person):
        assert {name: getattr(shown, name) for name in badge} == badge
        assert (shown.user, shown.roles, shown.guest) == ("u-ada", ["instructor", "moderator"], False)
    assert person.entity == entity
    listed = listed_people(server, token)["u-ada"]
    assert badge.items() <= listed.items()
    assert (listed["roles"], listed["guest"], listed["room"]) == (person.roles, False, room)


def test_a_token_from_the_command_line_opens_the_door(issuer: Issuer, server: RunningServer) -> None:
    """`presence token` prints what `presence connect` enters with."""
    who = ("--user", "u-dev", "--name", "Dev", "--country", "NL")
    token = presence("token", "--dir", str(issuer.folder), *who).strip()
    probe = ("connect", server.ws_url, "--seconds", "0.2", "--json", "--name", "Nobody")
    report = json.loads(presence(*probe, PRESENCE_TOKEN=token))
    assert (report["user"], report["name"], report["guest"], report["room"]) == ("u-dev", "Dev", False, "hq")
    assert "u-dev" not in listed_people(server, token), "it said bye"


def presence(*words: str, **env: str) -> str:
    """Run the command line; return what it prints."""
    command = [sys.executable, "-m", "presence", *words]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | env, check=True, stdout=subprocess.PIPE, text=True, timeout=30
    ).stdout


# --- bad tokens -------------------------------------------------------------------------------------------------------


def tampered_with(issuer: Issuer) -> str:
    """Put another user's claims under a good signature."""
    (head, _, signature), (_, claims, _) = (issuer.token(user).split(".") for user in ("u-ada", "u-chief"))
    return f"{head}.{claims}.{signature}"


BAD_TOKENS: dict[str, tuple[Callable[[Issuer], str], Close]] = {
    "none": (lambda _: "", Close.TOKEN_REQUIRED),
    "nonsense": (lambda _: "let me in", Close.TOKEN_INVALID),
    "forged": (lambda issuer: issuer.token_for("presence", "u-ada", new_key_pair()), Close.TOKEN_INVALID),
    "tampered with": (tampered_with, Close.TOKEN_INVALID),
    "expired": (lambda issuer: issuer.token("u-ada", expires_at=time.time() - 1.0), Close.TOKEN_EXPIRED),
    "for another service": (lambda issuer: issuer.token_for("payroll", "u-ada"), Close.TOKEN_AUDIENCE),
    "withdrawn": (lambda issuer: issuer.token("u-eve"), Close.TOKEN_REVOKED),
    "of a withdrawn user": (lambda issuer: issuer.token("u-mallory", token_id="fresh"), Close.TOKEN_REVOKED),
}


@TRANSPORTS
@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_gets_its_close_code(issuer: Issuer, connect: Connect, transport: str, kind: str) -> None:
    """Each kind has a code of its own, with a reason that never repeats the token; no token makes no guest."""
    make, code = BAD_TOKENS[kind]
    token, peer = make(issuer), connect(transport)
    peer.send(a_hello(token=token, name="Guest"))
    closing = peer.closing()
    assert code_of(closing) is code
    assert closing.reason
    assert not token or token not in closing.reason


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_gets_the_same_code_over_http(issuer: Issuer, server: RunningServer, kind: str) -> None:
    """Rooms and presence are for those who could enter."""
    make, code = BAD_TOKENS[kind]
    for path in ("/v1/rooms", "/v1/presence"):
        status, answer = ask(server, path, make(issuer))
        assert (status, answer["code"]) == (401, code.name.lower())


# --- a session's token ------------------------------------------------------------------------------------------------


@TRANSPORTS
def test_a_withdrawn_token_ends_its_session(issuer: Issuer, connect: Connect, room: str, transport: str) -> None:
    """A change of the list closes who is on it and nobody else; the user comes back with a new token only."""
    witness, leaver = connect("tcp"), connect(transport)
    witness.hello(token=issuer.token("u-witness"))
    witness.join(room)
    lost = issuer.token("u-leaver", token_id=f"lost-{transport}")
    leaver.hello(token=lost)
    entity = leaver.join(room).entity
    issuer.withdraw(f"lost-{transport}")
    assert code_of(leaver.closing()) is Close.TOKEN_REVOKED
    received_until(witness, lambda told: isinstance(told, Gone) and told.entities == [entity])
    again = connect(transport)
    again.send(a_hello(token=lost))
    assert code_of(again.closing()) is Close.TOKEN_REVOKED
    assert connect(transport).hello(token=issuer.token("u-leaver", token_id=f"new-{transport}")).user == "u-leaver"


@TRANSPORTS
def test_renew_extends_a_session(issuer: Issuer, connect: Connect, room: str, transport: str) -> None:
    """Of two whose tokens run out together, the one that showed a newer one stays, and is what that one says."""
    renewed, other = connect(transport), connect(transport)
    ends_at = time.time() + 2.0
    for peer, user in ((renewed, "u-ada"), (other, "u-bob")):
        peer.hello(token=issuer.token(user, expires_at=ends_at))
        peer.join(room)
    renewed.send(Renew(7, issuer.token("u-ada", name="Ada King", roles=frozenset({"moderator"}))))
    received_until(renewed, lambda told: isinstance(told, Done) and told.ref == 7)
    person = people_told(received_until(other, lambda told: "Ada King" in names_told(told)))["u-ada"]
    assert person.roles == ["moderator"]
    assert code_of(other.closing()) is Close.TOKEN_EXPIRED
    assert time.time() >= ends_at
    renewed.send(Ping(1))
    received_until(renewed, lambda told: isinstance(told, Pong))


def names_told(message: Any) -> set[str]:
    """The names in a message, if it is a roster."""
    return {person.name for person in people_told([message]).values()}


@TRANSPORTS
def test_renew_with_a_bad_token_changes_nothing(issuer: Issuer, connect: Connect, room: str, transport: str) -> None:
    """It is refused with the reason, whoever's it is, and the session goes on with the old one."""
    peer = connect(transport)
    peer.hello(token=issuer.token("u-ada"))
    peer.join(room)
    bad = {kind: (make(issuer), code.name.lower()) for kind, (make, code) in BAD_TOKENS.items() if kind != "none"}
    bad["another user's"] = (issuer.token("u-bob"), "another user")
    for ref, (token, reason) in enumerate(bad.values(), 10):
        peer.send(Renew(ref, token))
        (error,) = all_of(received_until(peer, lambda told: isinstance(told, Error)), Error)
        assert (error.ref, error.code) == (ref, Refusal.TOKEN_REFUSED)
        assert reason in error.reason
    peer.send(Chat(1, 0, 0, "still here"))
    assert texts(received_until(peer, lambda told: isinstance(told, Said))) == ["still here"]


# --- clearance --------------------------------------------------------------------------------------------------------


class Operation:
    """An agent and an object in the restricted zone, an observer at its door, and a witness who stays cleared."""

    def __init__(self, issuer: Issuer, server: RunningServer, connect: Connect, room: str, transport: str) -> None:
        self.issuer = issuer
        self.room = room
        self.observer_token = issuer.token("u-observer", CLEARANCE, token_id=f"first-{room}")
        self._server = server
        self._connect = connect
        self._steps = itertools.count(1)
        self._agent, self.observer, self._witness = connect("tcp"), connect(transport), connect("ws")
        self._agent.hello(token=issuer.token("u-agent", CLEARANCE))
        self.subject = self._agent.join(room).entity
        self._agent.send(Teleport(1, 0, *IN_OPERATIONS, 0))
        self._agent.send(Spawn(2, "folder", *IN_OPERATIONS, 0))
        done = received_until(self._agent, lambda told: isinstance(told, Done) and told.ref == 2)
        self.thing = all_of(done, Done)[-1].entity
        self.hidden = {self.subject, self.thing}
        self.observer.hello(token=self.observer_token)
        self.observer.join(room)
        self._witness.hello(token=issuer.token("u-witness", CLEARANCE))
        self._witness.join(room)

    def go_on(self, words: str) -> list[Any]:
        """Have the agent speak and step, and the witness say a word once it knows; return what the observer heard."""
        step = next(self._steps)
        self._agent.send(Chat(0, 0, 0, words))
        self.place = (IN_OPERATIONS[0] + step, 0, IN_OPERATIONS[2])
        self._agent.pose(*self.place)
        received_until(self._witness, lambda told: isinstance(told, Said) and told.text == words)
        received_until(self._witness, lambda told: isinstance(told, Snapshot) and self.subject in recorded(told))
        self._witness.send(Chat(0, 0, 0, f"after {words}"))
        return received_until(self.observer, lambda told: isinstance(told, Said) and told.text == f"after {words}")

    def renew(self, token: str, is_done: Callable[[Snapshot], object]) -> tuple[list[Any], list[Any], Snapshot]:
        """Have the observer renew; return what it heard before the tick that acts on it, its events, its snapshot.

        Fails unless the events stand right before the snapshot, with no other between.
        """
        self.observer.send(Renew(100, token))
        *told, last = received_until(self.observer, lambda told: isinstance(told, Snapshot) and is_done(told))
        answered = next(k for k, message in enumerate(told) if isinstance(message, Done) and message.ref == 100)
        start = next(k for k, message in enumerate(told) if k > answered and isinstance(message, Gone | Roster))
        assert not all_of(told[start:], Snapshot), "an event of this tick came before another tick's snapshot"
        return told[:start], told[start:], last

    def people_over_http(self, token: str) -> set[str]:
        """Whom `/v1/presence` lists in the room; `/v1/rooms` must count as many."""
        listed = {user for user, person in listed_people(self._server, token).items() if person["room"] == self.room}
        rooms = ask(self._server, "/v1/rooms", token)[1]["rooms"]
        assert [one["people"] for one in rooms if one["name"] == self.room] == [len(listed)]
        return listed

    def withdraw_first_token(self) -> None:
        """Withdraw the observer's first token, and wait until the server knows: it closes whose token went with it."""
        canary = self._connect("tcp")
        canary.hello(token=self.issuer.token("u-canary", token_id=f"canary-{self.room}"))
        self.issuer.withdraw(f"first-{self.room}", f"canary-{self.room}")
        assert code_of(canary.closing()) is Close.TOKEN_REVOKED


EVERYBODY = {"u-agent", "u-observer", "u-witness"}


def recorded(snapshot: Snapshot) -> set[int]:
    """Every entity that a snapshot has a record of."""
    return {record.entity for record in snapshot.records}


def mentioned(snapshot: Snapshot) -> set[int]:
    """Every entity that a snapshot says anything of."""
    return recorded(snapshot) | dict(snapshot.enters).keys() | set(snapshot.leaves)


@TRANSPORTS
def test_a_downgrade_hides_the_restricted_on_one_tick(
    issuer: Issuer, server: RunningServer, connect: Connect, room: str, transport: str
) -> None:
    """Poses, roster, objects, counts, presence and chat: all are there, and between two snapshots all are not."""
    operation = Operation(issuer, server, connect, room, transport)
    told = operation.go_on("one")
    assert texts(told) == ["one", "after one"]
    assert "u-agent" in people_told(told)
    assert any(operation.subject in recorded(snapshot) for snapshot in all_of(told, Snapshot))
    assert operation.people_over_http(operation.observer_token) == EVERYBODY

    lower = issuer.token("u-observer", token_id=f"second-{room}")
    before, events, snapshot = operation.renew(lower, lambda snapshot: snapshot.leaves)
    assert [set(gone.entities) for gone in all_of(events, Gone)] == [operation.hidden]
    assert set(snapshot.leaves) == operation.hidden
    assert operation.hidden.isdisjoint(recorded(snapshot) | dict(snapshot.enters).keys())
    assert not texts(before + events)
    assert operation.people_over_http(lower) == EVERYBODY - {"u-agent"}

    told = operation.go_on("two")
    assert texts(told) == ["after two"]
    assert "u-agent" not in people_told(told)
    assert not all_of(told, Objects)
    assert all(operation.hidden.isdisjoint(mentioned(snapshot)) for snapshot in all_of(told, Snapshot))

    operation.withdraw_first_token()
    assert ask(server, "/v1/presence", operation.observer_token)[1]["code"] == "token_revoked"
    assert texts(operation.go_on("three")) == ["after three"], "the session lives by its newer token"


@TRANSPORTS
def test_an_upgrade_shows_the_restricted_on_one_tick(
    issuer: Issuer, server: RunningServer, connect: Connect, room: str, transport: str
) -> None:
    """What a downgrade hid is back, as it is by then: roster and objects come with the snapshot that has the poses."""
    operation = Operation(issuer, server, connect, room, transport)
    assert texts(operation.go_on("one")) == ["one", "after one"]
    operation.renew(issuer.token("u-observer"), lambda snapshot: snapshot.leaves)
    assert texts(operation.go_on("two")) == ["after two"]

    higher = issuer.token("u-observer", CLEARANCE)
    before, events, snapshot = operation.renew(higher, lambda snapshot: snapshot.enters)
    assert people_told(events)["u-agent"].entity == operation.subject
    assert [[thing.entity for thing in objects.things] for objects in all_of(events, Objects)] == [[operation.thing]]
    assert dict(snapshot.enters).keys() == {record.entity for record in snapshot.absolutes} == operation.hidden
    assert [one.pose.place for one in snapshot.absolutes if one.entity == operation.subject] == [operation.place]
    assert all(operation.hidden.isdisjoint(mentioned(earlier)) for earlier in all_of(before, Snapshot))
    assert operation.people_over_http(higher) == EVERYBODY
    assert texts(operation.go_on("three")) == ["three", "after three"]
