"""A change of clearance acts on one tick: in the one write of that tick everything restricted goes, or comes back.

Driven through a hub and the wire, in the zone of the plaza that asks for the clearance "restricted".
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.snapshot_reader import Snapshot
from presence.catalogue import load_worlds
from protocol import schema
from protocol.schema import Chat, Done, Gesture, Gone, Objects, Renew, Roster, Said, SetStatus, Spawn, Teleport, Welcome
from tests.hubs import Desk, Line, a_hello
from tests.rooms import Metres
from tests.simulation.told import all_of, mentioned, read

CLEARANCE = "restricted"
# From the plaza's spawn points to the restricted zone and its door, in jumps of at most 15 m.
WAY: tuple[Metres, ...] = ((-6, 0, 10), (-15, 0, 20), (-24, 0, 29))
DOOR: Metres = (-27, 0, 37)
INSIDE: Metres = (-33, 0, 37)


class Plaza:
    """An agent and an object in the restricted zone, an observer at its door, and a witness who stays cleared."""

    def __init__(self) -> None:
        self.desk = Desk(load_worlds(None), default_world="plaza", rooms={"lobby": "plaza"})
        self.agent, self.observer, self.witness = (self._enter(user) for user in ("u-agent", "u-observer", "u-witness"))
        self.subject = self.agent.last(schema.Joined).entity
        for line, place in ((self.agent, INSIDE), (self.observer, DOOR), (self.witness, DOOR)):
            for step in (*WAY, place):
                self.jump(line, step)
        self.agent.send(Spawn(1, "folder", *_mm(INSIDE), 0))
        self.tick()
        self.thing = self.agent.last(Done).entity
        self.hidden = {self.subject, self.thing}
        self.seq = 0

    def _enter(self, user: str) -> Line:
        line = self.desk.member(user, grants=frozenset({CLEARANCE}))
        line.join()
        return line

    def jump(self, line: Line, to: Metres) -> None:
        """Teleport, after the rest that the rules ask for."""
        self.desk.now += 0.5
        line.send(Teleport(9, 0, *_mm(to), 0))
        self.tick()
        assert line.last(Done).ref == 9

    def renew(self, *grants: str) -> None:
        """Have the observer show a token with these grants."""
        self.observer.send(Renew(100, self.desk.token("u-observer", grants=frozenset(grants))))

    def stir(self) -> None:
        """Have the agent do everything that others hear or see of."""
        self.seq += 1
        self.agent.pose(self.seq, INSIDE[0] + self.seq / 100, INSIDE[2])
        self.agent.send(Chat(1, schema.Channel.ROOM, 0, "for the cleared"))
        self.agent.send(Chat(2, schema.Channel.NEARBY, 0, "for the cleared nearby"))
        self.agent.send(Gesture(3, schema.Emote.POINT))
        self.agent.send(SetStatus(4, self.seq % 2))

    def tick(self) -> list[Any]:
        """Run a tick; return what the observer heard in it, snapshots read. It is written at once, or not at all."""
        heard, writes = len(self.observer.heard), self.observer.writes
        self.desk.tick()
        told = [read(message) for message in self.observer.heard[heard:]]
        assert self.observer.writes - writes == bool(told)
        return told

    def people_for(self, *grants: str) -> set[str]:
        """Whom the directory lists for a token of the observer with these grants."""
        viewer = self.desk.hub.identify(self.desk.token("u-observer", grants=frozenset(grants)), "", self.desk.now)
        return {person.user for _, people in self.desk.hub.visible_people(viewer) for person in people}


def _mm(place: Metres) -> tuple[int, int, int]:
    x, y, z = (round(axis * 1000) for axis in place)
    return x, y, z


@pytest.fixture
def plaza() -> Plaza:
    """The scene, with everybody knowing and seeing everybody."""
    made = Plaza()
    assert made.hidden <= set(mentioned([read(message) for message in made.observer.heard]))
    assert made.people_for(CLEARANCE) == {"u-agent", "u-observer", "u-witness"}
    return made


def test_a_downgrade_acts_on_its_tick(plaza: Plaza) -> None:
    """One write: `gone`, then the snapshot whose LEAVE names the same; nothing the subject does that tick is in it."""
    plaza.stir()
    plaza.renew()
    plaza.stir()
    told = plaza.tick()
    assert [set(gone.entities) for gone in all_of(told, Gone)] == [plaza.hidden]
    (snapshot,) = all_of(told, Snapshot)
    assert set(snapshot.leaves) == set(mentioned([snapshot])) == plaza.hidden
    assert told.index(all_of(told, Gone)[0]) < told.index(snapshot) == len(told) - 1
    assert plaza.hidden.isdisjoint(mentioned([one for one in told if not isinstance(one, Gone | Snapshot)]))
    assert plaza.people_for() == {"u-observer", "u-witness"}


def test_before_its_tick_nothing_of_it_shows_but_the_answer(plaza: Plaza) -> None:
    """The renewal is answered at once; the view is exact before the tick and after it, and never half way between."""
    plaza.stir()
    assert plaza.subject in set(mentioned(plaza.tick()))
    heard = len(plaza.observer.heard)
    plaza.renew()
    assert [type(message) for message in plaza.observer.heard[heard:]] == [Done]


def test_after_a_downgrade_the_restricted_is_never_mentioned(plaza: Plaza) -> None:
    """Moving, speaking, gesturing, a change of status, a reconnect: none of it leaves a trace in a hundred ticks."""
    plaza.renew()
    plaza.tick()
    told = []
    for round_ in range(100):
        plaza.stir()
        if round_ == 50:
            plaza.agent.lose()
            welcome = plaza.agent.last(Welcome)
            plaza.agent = plaza.desk.line()
            token = plaza.desk.token("u-agent", grants=frozenset({CLEARANCE}))
            plaza.agent.send(a_hello(token=token, resume=welcome.resume, last_event=0))
            assert plaza.agent.last(Welcome).resumed
        told += plaza.tick()
        plaza.desk.now += 0.5  # nobody talks faster than the limits allow
    assert plaza.hidden.isdisjoint(mentioned(told))
    assert [said.entity for said in plaza.witness.all(Said)].count(plaza.subject) > 100, "the cleared heard it all"


def test_an_upgrade_acts_on_its_tick(plaza: Plaza) -> None:
    """One write: roster and objects, what was said that tick, then the snapshot with ENTER and absolute records."""
    plaza.renew()
    plaza.tick()
    plaza.renew(CLEARANCE)
    plaza.stir()
    told = plaza.tick()
    (snapshot,) = all_of(told, Snapshot)
    assert told[-1] is snapshot
    assert dict(snapshot.enters).keys() == {record.entity for record in snapshot.absolutes} == plaza.hidden
    assert plaza.subject in set(mentioned(list(all_of(told, Roster))))
    assert plaza.thing in set(mentioned(list(all_of(told, Objects))))
    said = all_of(told, Said)
    assert [one.text for one in said] == ["for the cleared", "for the cleared nearby"]
    first_known = next(k for k, one in enumerate(told) if isinstance(one, Roster) and plaza.subject in mentioned([one]))
    assert first_known < told.index(said[0]), "nobody is heard before they are known"
    assert plaza.people_for(CLEARANCE) == {"u-agent", "u-observer", "u-witness"}


def test_who_enters_the_zone_goes_on_that_tick_and_returns_on_the_one_they_leave(plaza: Plaza) -> None:
    """The zone decides, not who renewed when."""
    plaza.renew()
    plaza.tick()
    for place, is_hidden in ((DOOR, False), (INSIDE, True), (DOOR, False)):
        plaza.desk.now += 0.5
        plaza.agent.send(Teleport(5, plaza.seq, *_mm(place), 0))
        told = plaza.tick()
        (snapshot,) = all_of(told, Snapshot)
        if is_hidden:
            assert [gone.entities for gone in all_of(told, Gone)] == [[plaza.subject]]
            assert snapshot.leaves == [plaza.subject]
            assert not snapshot.absolutes
        else:
            assert plaza.subject in set(mentioned(list(all_of(told, Roster))))
            assert plaza.subject in dict(snapshot.enters)
        assert ("u-agent" in plaza.people_for()) is not is_hidden


def test_a_stalled_observer_is_downgraded_before_it_is_shown_anything_more(plaza: Plaza) -> None:
    """What was said while it was cleared is still its to hear; poses it did not take are not."""
    plaza.observer.stall()
    plaza.stir()
    plaza.tick()
    plaza.renew()
    plaza.stir()
    assert plaza.tick() == []
    heard = len(plaza.observer.heard)
    plaza.observer.flow()
    plaza.stir()
    plaza.tick()
    told = [read(message) for message in plaza.observer.heard[heard:]]
    (snapshot,) = all_of(told, Snapshot)
    assert set(snapshot.leaves) == set(mentioned([snapshot])) == plaza.hidden
    assert [said.text for said in all_of(told, Said)] == ["for the cleared", "for the cleared nearby"]
    gone = told.index(all_of(told, Gone)[0])
    assert plaza.hidden.isdisjoint(mentioned(told[gone + 1 : -1]))


def test_a_resume_with_a_lower_token_comes_back_without_the_restricted(plaza: Plaza) -> None:
    """The first full snapshot knows nothing of them, and the `gone` stands before it."""
    welcome, last_event = plaza.observer.last(Welcome), plaza.observer.events[-1]
    plaza.observer.lose()
    plaza.tick()
    plaza.observer = plaza.desk.line()
    plaza.observer.send(a_hello(token=plaza.desk.token("u-observer"), resume=welcome.resume, last_event=last_event))
    assert plaza.observer.last(Welcome).resumed
    plaza.stir()
    told = plaza.tick()
    (snapshot,) = all_of(told, Snapshot)
    assert snapshot.is_full
    assert plaza.hidden.isdisjoint(mentioned([snapshot]))
    assert [set(gone.entities) for gone in all_of(told, Gone)] == [plaza.hidden]
    assert not all_of(told, Said)
