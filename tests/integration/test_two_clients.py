"""A raw TCP client and a WebSocket client share a room, each in a process of its own, through a server in a third.

Both are the SDK as an application uses it. What is compared is what each of them heard and shows, never what the server
says of itself.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.snapshot_reader import Snapshot
from protocol.errors import Refusal
from protocol.schema import Channel, Emote, Gone, Joined, Objects, Roster, Said, Status, Welcome
from tests.integration.client_process import ClientProcess, NotDone, Vector
from tests.integration.conftest import LOBBY, RunningServer

Enter = Callable[..., list[ClientProcess]]

MILLIMETRE = 0.001
HALF_A_DEGREE = math.radians(0.5)
REST_TICKS = 10  # half a second: whatever was on its way has come, and motion is shown to its end

BOTH_WAYS = pytest.mark.parametrize("transports", [("tcp", "ws"), ("ws", "tcp")], ids=" to ".join)


class Troupe:
    """Clients that go from test to test: starting a process takes longer than most of what it does here."""

    def __init__(self, server: RunningServer, stack: contextlib.ExitStack) -> None:
        self._server = server
        self._stack = stack
        self._idle: dict[str, list[ClientProcess]] = {"tcp": [], "ws": []}
        self._numbers = itertools.count(1)
        self._rooms = itertools.count(1)

    def enter(self, room: str, transports: tuple[str, ...]) -> list[ClientProcess]:
        """Let a client into the room for each transport named."""
        clients = [self._cast(transport) for transport in transports]
        for client in clients:
            client.enter(room)
        return clients

    def release(self, clients: list[ClientProcess]) -> None:
        """Take clients back; they stay in their last room until they are sent into another."""
        for client in clients:
            self._idle[client.name.split()[0]].append(client)

    def new_room(self) -> str:
        """Name a room nobody has been in."""
        return f"room-{next(self._rooms)}"

    def _cast(self, transport: str) -> ClientProcess:
        if self._idle[transport]:
            return self._idle[transport].pop()
        client = ClientProcess(self._server.url(transport), f"{transport} {next(self._numbers)}")
        self._stack.callback(_see_off, client)
        return client


def _see_off(client: ClientProcess) -> None:
    assert client.stop() == 0, f"{client.name} ended badly"


@pytest.fixture(scope="module")
def troupe() -> Iterator[Troupe]:
    """One server and a few clients of it for all tests here."""
    running = RunningServer("--allow-guests", *LOBBY)
    with contextlib.ExitStack() as stack:
        yield Troupe(running, stack)
    assert running.stop() == 0
    running.check_log()


@pytest.fixture
def enter(troupe: Troupe) -> Iterator[Enter]:
    """Let clients, one for each transport named, into a room that is the test's own."""
    room, present = troupe.new_room(), []

    def start(*transports: str) -> list[ClientProcess]:
        newcomers = troupe.enter(room, transports)
        present.extend(newcomers)
        return newcomers

    yield start
    troupe.release(present)


def meet(*clients: ClientProcess) -> None:
    """Wait until all of them know, and see, each other."""
    for client, other in itertools.permutations(clients, 2):
        client.until(lambda: other.name in client.people and other.entity in client.sights, f"{other.name} in sight")  # noqa: B023  it is called at once


def watch_to_rest(watcher: ClientProcess, entity: int) -> dict[str, Any]:
    """Wait until an entity has stopped for a while; return what the watcher shows of it then."""

    def is_at_rest() -> bool:
        snapshots = watcher.all(Snapshot)
        last = max((snapshot.tick for snapshot in snapshots if entity in _updated(snapshot)), default=math.inf)
        return snapshots[-1].tick >= last + REST_TICKS

    watcher.until(is_at_rest, f"entity {entity} at rest")
    return watcher.sights[entity]


def _updated(snapshot: Snapshot) -> set[int]:
    return {record.entity for record in snapshot.records}


def apart(one: Vector, other: Vector) -> float:
    """The largest difference along an axis, as the protocol rounds each by itself."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


# --- roster -----------------------------------------------------------------------------------------------------------


def test_each_has_the_other_in_its_roster(enter: Enter) -> None:
    """Both list the same two people, guests without a country; a change of status and a departure are told."""
    tess, will = enter("tcp", "ws")
    meet(tess, will)
    assert tess.people == will.people
    assert {person.entity for person in tess.people.values()} == {tess.entity, will.entity}
    assert all(person.guest and not person.country and not person.agency for person in tess.people.values())
    assert tess.all(Roster)[0].people[0].name == tess.name, "one's own entry comes first"

    will.do("status", Status.BUSY)
    tess.until(lambda: tess.people[will.name].status == Status.BUSY, "the change of status")
    entity = will.entity
    will.do("leave")
    tess.until(lambda: will.name not in tess.people, "the departure")
    assert tess.all(Gone)[-1].entities == [entity]
    tess.until(lambda: entity not in tess.sights, "the avatar to leave")


# --- motion -----------------------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_one_walks_and_the_other_shows_it_where_it_is(enter: Enter, transports: tuple[str, str]) -> None:
    """On the way the avatar is drawn on its line; once it has stopped, within a millimetre of the truth."""
    walker, watcher = enter(*transports)
    meet(walker, watcher)
    start = watcher.sights[walker.entity]["drawn"]
    truth = walker.do("walk", (start["x"] - 2.3456, 0.0, start["z"]), 3.0)

    watcher.until(lambda: watcher.sights[walker.entity]["held_mm"][0] == round(truth["x"] * 1000), "the last step")
    drawn = watch_to_rest(watcher, walker.entity)["drawn"]
    assert apart(place_of(drawn), place_of(truth)) <= MILLIMETRE
    way = [place_of(sight["drawn"]) for sight in watcher.history(walker.entity)]
    assert all(apart(place, (place[0], start["y"], start["z"])) <= MILLIMETRE for place in way)
    assert len(way) > REST_TICKS
    assert math.remainder(drawn["yaw"] - truth["yaw"], math.tau) == pytest.approx(0, abs=HALF_A_DEGREE)
    assert sum(walker.entity in _updated(snapshot) for snapshot in watcher.all(Snapshot)) > 5, "it is no leap"
    assert watcher.view["resyncs"] == walker.view["resyncs"] == 0


@BOTH_WAYS
def test_a_headset_shows_head_and_hands(enter: Enter, transports: tuple[str, str]) -> None:
    """A desktop avatar that becomes a tracked one is shown with its parts, within a millimetre."""
    wearer, watcher = enter(*transports)
    meet(wearer, watcher)
    truth = wearer.do("hold_out", (0.0123, 1.6547, -0.05), (-0.3, 1.1, -0.45), (0.31, 1.2468, -0.4))
    watcher.until(lambda: watcher.sights[wearer.entity]["drawn"]["parts"], "head and hands")
    drawn = watch_to_rest(watcher, wearer.entity)["drawn"]
    assert apart(place_of(drawn), place_of(truth)) <= MILLIMETRE
    for shown, meant in zip(drawn["parts"], truth["parts"], strict=True):
        assert apart(shown["position"], meant["position"]) <= MILLIMETRE


def place_of(pose: dict[str, Any]) -> Vector:
    """The root of a pose as a puppet describes it."""
    return pose["x"], pose["y"], pose["z"]


# --- chat -------------------------------------------------------------------------------------------------------------


def test_chat_reaches_the_room_those_nearby_or_one_person(enter: Enter) -> None:
    """Each channel is heard by exactly those it is for, the speaker included, in the order it was said."""
    tess, will, far = enter("tcp", "ws", "ws")
    meet(tess, will, far)
    start = tess.sights[far.entity]["drawn"]
    far.do("teleport", (start["x"], 0.0, start["z"] + 14.0))

    tess.do("chat", "good morning, everybody · صباح الخير")
    tess.do("chat", "you here", Channel.NEARBY)
    will.do("chat", "between us", Channel.DIRECT, tess.entity)
    far.do("chat", "hello from afar")
    everything = [
        (tess.entity, Channel.ROOM, "good morning, everybody · صباح الخير"),
        (tess.entity, Channel.NEARBY, "you here"),
        (will.entity, Channel.DIRECT, "between us"),
        (far.entity, Channel.ROOM, "hello from afar"),
    ]
    for listener, heard in [(tess, everything), (will, everything), (far, [everything[0], everything[3]])]:
        listener.until(lambda: "hello from afar" in listener.texts(), "the last word")  # noqa: B023  it is called at once
        assert [(said.entity, said.channel, said.text) for said in listener.all(Said)] == heard


# --- objects ----------------------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_an_object_changes_hands(enter: Enter, transports: tuple[str, str]) -> None:
    """Spawned, grabbed, carried, put down, grabbed by the other: the version grows with every step, and both agree."""
    giver, taker = enter(*transports)
    meet(giver, taker)
    giver.do("walk", (0.0, 0.0, 2.0), 5.0)
    taker.do("walk", (1.0, 0.0, 2.0), 5.0)
    folder = giver.do("spawn", "folder", (0.5, 1.0, 1.5))
    taker.until(lambda: folder in taker.things and folder in taker.sights, "the folder")

    giver.do("grab", folder)
    with pytest.raises(NotDone) as held:
        taker.do("grab", folder)
    assert held.value.code is Refusal.HELD

    giver.do("carry", folder, (0.5, 1.25, 2.25))
    taker.until(lambda: taker.sights[folder]["held_mm"] == [500, 1250, 2250], "the folder in its new place")
    drawn = watch_to_rest(taker, folder)["drawn"]
    assert apart(place_of(drawn), (0.5, 1.25, 2.25)) <= MILLIMETRE

    giver.do("release", folder, (0.6, 0.0, 2.0))
    taker.until(lambda: taker.things[folder].holder == 0, "the folder to be free")
    taker.do("grab", folder)
    with pytest.raises(NotDone) as not_held:
        giver.do("release", folder, (0.6, 0.0, 2.0))
    assert not_held.value.code is Refusal.NOT_HELD

    history = [(1, 0), (2, giver.entity), (3, 0), (4, taker.entity)]
    for client in (giver, taker):
        client.until(lambda: client.things[folder].version == 4, "the last change of hands")  # noqa: B023  it is called at once
        told = [thing for objects in client.all(Objects) for thing in objects.things if thing.entity == folder]
        assert [(thing.version, thing.holder) for thing in told] == history
    assert giver.things == taker.things
    assert (taker.things[folder].x, taker.things[folder].y, taker.things[folder].z) == (600, 0, 2000)


# --- block ------------------------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_a_block_hides_two_from_each_other_until_it_is_undone(enter: Enter, transports: tuple[str, str]) -> None:
    """Roster, sight and chat, both ways; a third sees both all the time; then both are back, where they are by then."""
    tess, will, third = enter(*transports, "tcp")
    meet(tess, will, third)
    users = {client: third.people[client.name].user for client in (tess, will)}
    tess.do("block", users[will], True)
    for one, other in ((tess, will), (will, tess)):
        one.until(lambda: other.name not in one.people and other.entity not in one.sights, "the other to vanish")  # noqa: B023  it is called at once
        assert one.all(Gone)[-1].entities == [other.entity]
    assert {tess.name, will.name} <= third.people.keys()
    with pytest.raises(NotDone) as unknown:
        will.do("chat", "can you hear me?", Channel.DIRECT, tess.entity)
    assert unknown.value.code is Refusal.UNKNOWN_ENTITY

    tess.do("chat", "not for everybody")
    will.do("chat", "nor this")
    start = third.sights[will.entity]["drawn"]
    truth = will.do("walk", (start["x"], 0.0, start["z"] + 1.0), 5.0)
    third.until(lambda: third.sights[will.entity]["held_mm"][2] == round(truth["z"] * 1000), "the walk")
    assert third.texts() == ["not for everybody", "nor this"]

    tess.do("block", users[will], False)
    meet(tess, will)
    tess.do("chat", "there you are")
    will.until(lambda: "there you are" in will.texts(), "the first word again")
    assert tess.texts() == ["not for everybody", "there you are"]
    assert will.texts() == ["nor this", "there you are"]
    assert tess.sights[will.entity]["held_mm"] == [round(axis * 1000) for axis in place_of(truth)]


# --- resume -----------------------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_a_killed_socket_costs_nothing(enter: Enter, transports: tuple[str, str]) -> None:
    """The process lives and comes back: the same entity, and exactly the events a witness heard meanwhile."""
    lost, friend, witness = enter(*transports, "ws")
    meet(lost, friend, witness)
    entity, place = lost.entity, witness.sights[lost.entity]["held_mm"]
    friend.do("chat", "before")
    for client in (lost, witness):
        client.until(lambda: client.texts() == ["before"], "the last word before")  # noqa: B023  it is called at once
    seen, witnessed = len(lost.events), len(witness.events)

    lost.do("cut")
    lost.until(lambda: not lost.view["is_online"], "the end of the connection")
    for other in (friend, witness):
        other.until(lambda: other.people[lost.name].away, "the avatar to turn away")  # noqa: B023  it is called at once
    assert witness.sights[entity]["held_mm"] == place, "an avatar that is away stays where it was"

    live_on(friend, enter)
    friend.do("chat", "for you alone", Channel.DIRECT, entity)
    friend.do("chat", "after")
    witness.until(lambda: witness.texts()[-1] == "after", "the last word after")
    assert len(lost.events) == seen, "nothing gets through"

    lost.do("mend")
    for other in (friend, witness, lost):
        other.until(lambda: other.people[lost.name].away is False, "the avatar to be back")  # noqa: B023  it is called at once
    lost.until(lambda: lost.sights.keys() == (witness.sights.keys() | {witness.entity}) - {entity}, "the view")
    assert [welcome.resumed for welcome in lost.all(Welcome)] == [True]
    assert len(lost.all(Joined)) == 1, "it did not have to join again"
    assert lost.entity == witness.people[lost.name].entity == entity

    first = lost.events[0].seq
    assert [event.seq for event in lost.events] == list(range(first, first + len(lost.events))), "none missing or twice"
    missed = [unnumbered(event) for event in lost.events[seen:]]
    private = [event for event in missed if isinstance(event, Said) and event.channel == Channel.DIRECT]
    assert [said.text for said in private] == ["for you alone"]
    missed.remove(private[0])
    assert missed == [unnumbered(event) for event in witness.events[witnessed:]]

    back = lost.heard[lost.heard.index(lost.all(Welcome)[0]) :]
    view = next(heard for heard in back if isinstance(heard, Snapshot))
    assert view.is_full
    assert back.index(lost.all(Said)[-1]) < back.index(view), "what was missed comes before the view"

    lost.do("chat", "here I am again")
    friend.until(lambda: friend.texts()[-1] == "here I am again", "a word from the same avatar")
    assert friend.all(Said)[-1].entity == entity


def live_on(friend: ClientProcess, enter: Enter) -> None:
    """Let everything happen that makes an event: words, a gesture, a status, an object, a visitor."""
    friend.do("chat", "where is everybody?")
    friend.do("gesture", Emote.WAVE)
    friend.do("status", Status.IN_COURSE)
    x, y, z = place_of(friend.do("walk", (0.0, 0.0, 2.0), 5.0))
    folder = friend.do("spawn", "folder", (x, y + 1.0, z))
    friend.do("grab", folder)
    (visitor,) = enter("tcp")
    friend.until(lambda: visitor.name in friend.people, "the visitor")
    visitor.do("chat", "only passing through")
    visitor.do("leave")
    friend.until(lambda: visitor.name not in friend.people, "the visitor to leave")
    friend.do("release", folder, (x, y, z))


def unnumbered(event: Any) -> Any:
    """An event as it would be on anybody's lane."""
    return replace(event, seq=0)
