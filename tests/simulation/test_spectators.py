"""Spectators see all that they may, and nothing that reaches anybody else is about them: no frame, list or count.

Through a hub and the wire, with renewed tokens and resumed sessions; and in a crowd that comes and goes.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.oracle import Violation
from benchmarks.snapshot_reader import Snapshot
from presence.identity import SPECTATOR
from protocol import schema
from protocol.errors import Refusal
from protocol.schema import (
    Chat,
    Despawn,
    Done,
    Error,
    Gesture,
    Gone,
    GoTo,
    Grab,
    Joined,
    Move,
    Objects,
    Release,
    Renew,
    Roster,
    Said,
    SetStatus,
    Spawn,
    Teleport,
    Welcome,
)
from tests.hubs import Desk, Line
from tests.rooms import world
from tests.simulation.crowd import Actor, Crowd
from tests.simulation.told import all_of, mentioned, read

PLACE = world(props={"kinds": [{"kind": "cup", "grabbable": True}]})
NEARBY = 1
DIRECT = 2


class Hall:
    """A spectator, and a witness who is told of nothing but themselves."""

    def __init__(self, *roles: str) -> None:
        self.desk = Desk({"stage": PLACE})
        self.witness, self.watcher = self._enter("u-witness"), self._enter("u-watcher", *roles)
        self.entity = self.watcher.last(Joined).entity
        self.seq = 0
        self.desk.tick(8)

    def _enter(self, user: str, *roles: str) -> Line:
        line = self.desk.member(user, roles=frozenset(roles))
        line.join()
        return line

    def renew(self, *roles: str) -> None:
        """Have the watcher show a token with these roles, and run a tick."""
        self.watcher.send(Renew(100, self.desk.token("u-watcher", roles=frozenset(roles))))
        self.desk.tick()

    def told(self, line: Line, ticks: int = 1) -> list[Any]:
        """Run ticks, in each of which the watcher takes a step; return what somebody is told in them."""
        heard = len(line.heard)
        for _ in range(ticks):
            self.seq += 1
            self.watcher.pose(self.seq, self.seq / 100)
            self.desk.tick()
        return [read(message) for message in line.heard[heard:]]

    def listed(self) -> set[str]:
        """Whom the directory lists for the witness."""
        assert self.witness.session is not None
        found = self.desk.hub.visible_people(self.witness.session.identity)
        return {person.user for _, people in found for person in people}

    def is_known(self) -> bool:
        """Whether anything that the witness was ever told is about the watcher."""
        return self.entity in mentioned([read(message) for message in self.witness.heard])


def test_nothing_that_a_spectator_does_reaches_anybody() -> None:
    """It comes, walks, jumps, is lost, comes back and goes: others are told nothing, not one byte."""
    hall = Hall(SPECTATOR)
    writes = hall.witness.writes
    assert hall.told(hall.witness, 20) == []
    hall.watcher.send(Teleport(1, 0, 3000, 0, 0, 0))
    hall.desk.tick()
    hall.watcher.lose()
    hall.desk.tick(8)
    back = hall.desk.line()
    token = hall.desk.token("u-watcher", roles=frozenset({SPECTATOR}))
    back.hello(token=token, resume=hall.watcher.last(Welcome).resume)
    assert back.last(Welcome).resumed
    hall.desk.tick(8)
    assert hall.witness.writes == writes
    assert hall.listed() == {"u-witness"}
    back.send(schema.Bye())
    hall.desk.tick(8)
    assert hall.witness.writes == writes
    assert not hall.is_known()


def test_a_spectator_sees_and_hears() -> None:
    """Roster with itself first, poses, and chat of every channel that reaches where it stands."""
    hall = Hall(SPECTATOR)
    assert list(hall.watcher.people) == ["u-watcher", "u-witness"]
    subject = hall.witness.last(Joined).entity
    assert subject in mentioned([m for m in map(read, hall.watcher.heard) if isinstance(m, Snapshot)])
    hall.witness.send(Chat(1, 0, 0, "to all"))
    hall.witness.send(Chat(2, NEARBY, 0, "to those near"))
    hall.witness.pose(1, 0.5)
    told = hall.told(hall.watcher)
    assert [said.text for said in all_of(told, Said)] == ["to all", "to those near"]
    assert subject in mentioned(all_of(told, Snapshot))


def test_a_spectator_only_looks() -> None:
    """What others would see or hear is refused in plain words; to go to a person is to move, and nobody's harm."""
    hall = Hall(SPECTATOR)
    place = (0, 0, 0, 0)
    for message in (
        Chat(1, 0, 0, "boo"),
        Chat(2, DIRECT, hall.witness.last(Joined).entity, "boo"),
        Gesture(3, 0),
        SetStatus(4, 1),
        Spawn(5, "cup", *place),
        Grab(6, 9),
        Move(9, 1, *place),
        Release(8, 9, 1, *place),
        Despawn(9, 9, 1),
    ):
        hall.watcher.send(message)
    hall.desk.tick()
    refused = hall.watcher.all(Error)
    assert [error.ref for error in refused] == [1, 2, 3, 4, 5, 6, 0, 8, 9]
    assert {(error.code, error.reason) for error in refused} == {(Refusal.NOT_ALLOWED, "spectators only look")}
    hall.watcher.send(GoTo(10, hall.witness.last(Joined).entity))
    hall.desk.tick()
    assert hall.watcher.last(Done).ref == 10
    assert not hall.is_known()


def test_a_spectator_is_unknown_to_whoever_names_it() -> None:
    """As if nobody were there: to go to it, to whisper to it, to mute it."""
    hall = Hall(SPECTATOR)
    hall.witness.send(GoTo(1, hall.entity))
    hall.witness.send(Chat(2, DIRECT, hall.entity, "psst"))
    hall.desk.tick()
    assert [(error.ref, error.code) for error in hall.witness.all(Error)] == [
        (1, Refusal.UNKNOWN_ENTITY),
        (2, Refusal.UNKNOWN_ENTITY),
    ]
    assert hall.watcher.all(Said) == []


def test_a_role_that_is_gained_hides_at_its_tick() -> None:
    """One `gone`, one leave, and nothing after it; what was in the hands of the new spectator is back in the room."""
    hall = Hall()
    assert hall.is_known()
    hall.watcher.send(Spawn(1, "cup", 0, 0, 0, 0))
    hall.desk.tick()
    cup = hall.watcher.last(Done).entity
    hall.watcher.send(Grab(2, cup))
    hall.desk.tick()
    hall.watcher.send(Chat(3, 0, 0, "too late"))
    heard = len(hall.witness.heard)
    hall.renew(SPECTATOR)
    told = [read(message) for message in hall.witness.heard[heard:]]
    assert [gone.entities for gone in all_of(told, Gone)] == [[hall.entity]]
    assert [snapshot.leaves for snapshot in all_of(told, Snapshot)] == [[hall.entity]]
    assert [[(thing.entity, thing.holder) for thing in each.things] for each in all_of(told, Objects)] == [[(cup, 0)]]
    assert all_of(told, Said) == []
    assert hall.entity not in mentioned(hall.told(hall.witness, 8))
    assert hall.listed() == {"u-witness"}


def test_a_role_that_is_dropped_shows_at_its_tick() -> None:
    """The roster names who was there all the while; its avatar comes into sight where it stands."""
    hall = Hall(SPECTATOR)
    heard = len(hall.witness.heard)
    hall.renew()
    told = [read(message) for message in hall.witness.heard[heard:]]
    assert [[person.user for person in roster.people] for roster in all_of(told, Roster)] == [["u-watcher"]]
    assert hall.listed() == {"u-witness", "u-watcher"}
    told += hall.told(hall.witness, 8)
    assert hall.entity in {entity for snapshot in all_of(told, Snapshot) for entity, _ in snapshot.enters}
    hall.watcher.send(Chat(1, 0, 0, "hello"))
    hall.desk.tick()
    assert hall.witness.last(Said).text == "hello"


def test_a_spectator_has_a_seat() -> None:
    """It costs as much as everybody else who looks."""
    hall = Hall(SPECTATOR)
    for number in range(8):
        hall.desk.guest().join(ref=number)
    late = hall.desk.guest()
    late.send(schema.Join(1, "lobby", ""))
    assert [error.code for error in late.all(Error)] == [Refusal.ROOM_FULL]


class Suspicious(Crowd):
    """A crowd that looks in everything it is told for those who were spectators ever since they came."""

    def __init__(self, seed: int) -> None:
        super().__init__(Random(seed), look_every_ticks=4)
        self.seen = 0  # how often spectators were told of others
        self._shown: set[int] = set()  # who was no spectator at some time: events may be late

    def tick(self) -> list[Violation]:
        """Note who is shown, then go on."""
        self._shown |= {actor.entity for actor in self.actors if not actor.is_spectator}
        return super().tick()

    def _learn(self, actor: Actor, events: list[Any]) -> None:
        super()._learn(actor, events)
        others = [entity for entity in mentioned(map(read, events)) if entity != actor.entity]
        spectators = {each.entity for each in self.actors} - self._shown
        assert spectators.isdisjoint(others), f"{actor.identity.user} was told of {spectators.intersection(others)}"
        self.seen += len(others) if actor.is_spectator else 0


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_a_crowd_is_never_told_of_its_spectators(seed: int) -> None:
    """And they are told what the oracle expects of everybody: all that they may see."""
    crowd = Suspicious(seed)
    for _ in range(150):
        assert crowd.live() == []
        people = crowd.room.people_for(crowd.actors[0].identity, crowd.actors[0].blocks) if crowd.actors else ()
        spectators = {actor.identity.user for actor in crowd.actors if actor.is_spectator}
        assert spectators.isdisjoint(person.user for person in people)


def test_spectators_of_a_crowd_see_it() -> None:
    """The crowd above has some, and they are told of others."""
    crowd = Suspicious(1)
    for _ in range(300):
        assert crowd.live() == []
    assert crowd.seen > 500
