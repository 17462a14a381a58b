"""A crowd that lives in a room: people who walk, stall, block, jump and carry things, told to room and oracle alike.

Plays both ends of a Room in memory, with a clock of its own. Knows the rules of movement well enough to say which of
its own poses are fair; everything else it learns from what the room writes, as a client would.
"""

from __future__ import annotations

import json
import math
from copy import copy
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.oracle import ExactOracle, Violation, Written, Zone
from benchmarks.snapshot_reader import Part, Pose, Triple, payloads
from presence.identity import INSTRUCTOR, SPECTATOR, Identity
from presence.outbox import Outbox
from presence.rings import Detail, Ring
from presence.room import Room, RoomSettings
from presence.world import World
from protocol import records, schema
from protocol.codec import decode
from protocol.framing import Framing
from protocol.records import DTYPES, Section
from protocol.schema import Cause, Sender

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocol.codec import SharedEvent

TICK_S = 0.05
RADIUS_MM = 10_000
BOUND_MM = 24_000
TELEPORT_REACH_MM = 15_000
MAX_CREDIT_MM = 3000
CLEARANCES = ("restricted", "sealed")
SPECTATORS = 0.15  # of those who come
VIEWERS = {SPECTATOR, INSTRUCTOR}  # who may look from elsewhere
TEAMS = ((), (), ("red",), ("red", "blue"))
# Places whose distance is exactly the entering radius, and exactly 1.15 times it: the last millimetre that counts.
EDGES = ((10_000, 0), (6_000, 8_000), (11_500, 0), (6_900, 9_200))

ZONES = (
    Zone((-6_000, 0, -6_000), (-1_000, 4_000, -1_000), is_isolated=True),
    Zone((2_000, 0, 2_000), (8_000, 4_000, 8_000), requires=frozenset(CLEARANCES)),
    Zone((-8_000, 0, 2_000), (-3_000, 4_000, 7_000), is_isolated=True, requires=frozenset(CLEARANCES[:1])),
)


def world() -> World:
    """Make a world as wide as two radii, with the zones above and something to carry."""
    return World.parse(
        json.dumps(
            {
                "name": "stage",
                "title": dict.fromkeys(("en", "fr", "es", "ar"), "Stage"),
                "bounds": {"min": [-BOUND_MM // 1000] * 3, "max": [BOUND_MM // 1000] * 3},
                "clearances": list(CLEARANCES),
                "zones": [
                    {
                        "name": f"zone-{number}",
                        "min": [edge / 1000 for edge in zone.low],
                        "max": [edge / 1000 for edge in zone.high],
                        "isolated": zone.is_isolated,
                        "clearance": sorted(zone.requires),
                    }
                    for number, zone in enumerate(ZONES)
                ],
                "spawns": [
                    {"position": place, "yaw": 0} for place in ([0, 0, 0], [9.9, 0, 0], [0, 0, 14], [-12, 0, -9])
                ],
                "props": {"kinds": [{"kind": "cone", "grabbable": True}]},
            }
        )
    )


def zone_at(place: Triple) -> Zone | None:
    """Find the first zone that holds a place."""
    return next((zone for zone in ZONES if zone.holds(place)), None)


Deeds = tuple[tuple["Callable[[Crowd, Actor], None]", float], ...]


@dataclass(slots=True)
class Cone:
    """An object that somebody holds."""

    entity: int
    version: int  # 0 until grabbed
    place: Triple


@dataclass(eq=False)
class Actor:
    """A member, and what its client knows."""

    identity: Identity
    outbox: Outbox
    blocks: set[str] = field(default_factory=set)
    budget_bytes_per_s: float = math.inf
    stream: bytearray = field(default_factory=bytearray)
    is_connected: bool = True
    is_stalled: bool = False
    socket: int = -1
    row: int = -1
    entity: int = 0
    seq: int = 0
    pose: Pose = Pose(Section.ROOT, (0, 0, 0))  # noqa: RUF009  a named tuple never changes
    last_pose_at: float = 0.0
    jump_ready_at: float = 0.0
    cone: Cone | None = None

    @property
    def is_spectator(self) -> bool:
        """Whether nobody is shown it."""
        return SPECTATOR in self.identity.roles

    @property
    def framing(self) -> Framing:
        """How its connection is framed."""
        return self.outbox.framing

    @property
    def is_writable(self) -> bool:
        """Whether its socket takes more."""
        return self.is_connected and not self.is_stalled

    @property
    def writer(self) -> Callable[[bytes | memoryview], None] | None:
        """Where its frames go."""
        return self.stream.extend if self.is_writable else None

    def count_overrun(self, poses: int, _now: float) -> None:
        """Never send too fast."""
        raise AssertionError(f"{poses} poses too many")

    def send_event(self, event: SharedEvent) -> None:
        """Queue an event."""
        self.outbox.add(event)

    def pending(self) -> bytes:
        """Take the events not yet written; a full socket takes none."""
        return self.outbox.take() if self.is_writable else b""


class Crowd:
    """Actors in one room, and the oracle that is told all they do."""

    def __init__(self, rng: Random, look_every_ticks: int = 1, dots_beyond_mm: int | None = None) -> None:
        """dots_beyond_mm: how far away one must be to be told of as a dot; None: nobody is."""
        self.rng = rng
        self.now = 1000.0
        self.tick_at = self.now + TICK_S
        settings = RoomSettings(interest_radius_mm=RADIUS_MM, look_every_ticks=look_every_ticks)
        if dots_beyond_mm is not None:
            rings = Ring(dots_beyond_mm, 0, Detail.FULL), Ring(2 * RADIUS_MM, 0, Detail.DOT)
            settings = replace(settings, rings=rings)
        self.room = Room("stage", world(), settings, self.now)
        self.facts = RADIUS_MM, settings.tick_hz, ZONES, self.now, look_every_ticks, dots_beyond_mm
        self.oracle = ExactOracle(*self.facts)
        self.actors: list[Actor] = []
        self._met = 0
        self._ref = 0
        self._fate = Random(copy(rng).random())  # of the server; what people do does not follow from it
        self._is_stretched = False
        self._rest = 0  # ticks for which nobody does anything
        self._asked: dict[int, Any] = {}  # by ref: commands about objects not yet answered

    # --- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> Actor:
        """Somebody new comes in."""
        self._met += 1
        user = f"user-{self._met}"
        grants = frozenset(self.rng.choice((CLEARANCES, CLEARANCES[:1], ())))
        roles = frozenset({SPECTATOR} if self.rng.random() < SPECTATORS else ())
        teams = frozenset(self.rng.choice(TEAMS))
        identity = Identity(user, user, "", "", roles, grants, False, token_id="", expires_at=np.inf, teams=teams)
        actor = Actor(identity, Outbox(self.rng.choice(list(Framing))))
        actor.row = self.room.join(actor, 0, self.now)
        framed = actor.outbox.take()
        actor.stream += framed
        joined = decode(payloads(framed, actor.framing)[0], Sender.SERVER)
        assert isinstance(joined, schema.Joined)
        actor.entity = joined.entity
        actor.pose = Pose(Section.ROOT, (joined.x, joined.y, joined.z), joined.yaw)
        actor.last_pose_at = self.now
        self.oracle.join(joined.entity, joined.generation, user, actor.pose, grants, self.now)
        self.oracle.hide(joined.entity, actor.is_spectator)
        self._tell_of_pins(actor)
        self.actors.append(actor)
        return actor

    def leave(self, actor: Actor) -> None:
        """Somebody goes for good."""
        self.room.leave(actor.row, self.now)
        self.oracle.leave(actor.entity)
        self.actors.remove(actor)

    def lose(self, actor: Actor) -> None:
        """Somebody's connection breaks: they stay where they are."""
        if actor.is_connected:
            actor.is_connected = False
            self.room.set_away(actor.row)

    def resume(self, actor: Actor) -> None:
        """Somebody lost is back, on a new connection."""
        if not actor.is_connected:
            actor.is_connected, actor.is_stalled = True, False
            actor.stream.clear()
            self.room.resume(actor.row)
            self.oracle.resume(actor.entity)

    def stall(self, actor: Actor) -> None:
        """Somebody's socket is full from now on, or empty again."""
        actor.is_stalled = actor.is_connected and not actor.is_stalled
        self.room.heed(actor.row)
        if actor.is_writable:
            actor.stream += actor.pending()

    def resync(self, actor: Actor) -> None:
        """Somebody asks to start over."""
        if actor.is_connected:
            self.room.receive(actor.row, schema.Resync())
            self.oracle.resume(actor.entity)

    # --- moving -------------------------------------------------------------------------------------------------------

    def walk(self, actor: Actor) -> None:
        """Take a fair step, or stand still with other hands."""
        way = 5000 * min(self.now - actor.last_pose_at, 0.5)
        x, y, z = actor.pose.place
        heading = self.rng.choice((0.0, self.rng.uniform(0, 2 * math.pi)))
        if self.rng.random() < 0.9:
            x, z = x + int(way * math.cos(heading)), z + int(way * math.sin(heading))
        if self.rng.random() < 0.1:
            y = min(max(y + int(self.rng.uniform(-0.5, 0.5) * way), -400), 400)
        self.pose(actor, self._body(actor)._replace(place=(x, y, z)))

    def rush(self, actor: Actor) -> None:
        """Claim to be further away than anybody walks."""
        x, y, z = actor.pose.place
        self.pose(actor, actor.pose._replace(place=(x + self.rng.choice((-1, 1)) * 4000, y, z)))

    def pose(self, actor: Actor, pose: Pose) -> None:
        """Send a pose, and tell the oracle what must come of it."""
        if not actor.is_connected:
            return
        actor.seq += self.rng.randint(1, 3)
        age = self.rng.choice((0, 0, 1, 5, 255))
        at = self.now
        kind, record = _record(actor.seq, pose, age)
        self.room.inbox.add_pose(kind, actor.row, record, at)
        cause = self._verdict(actor, pose.place)
        if cause is None:
            actor.pose, actor.last_pose_at = pose, at
            self.oracle.accept(actor.entity, actor.seq, pose, at - age * records.AGE_STEP_MS / 1000)
        else:
            self.oracle.reject(actor.entity, actor.seq, cause)

    def jump(self, actor: Actor) -> None:
        """Teleport somewhere near."""
        x, _, z = actor.pose.place
        self._jump_to(actor, (x + self.rng.randint(-8000, 8000), 0, z + self.rng.randint(-8000, 8000)))

    def measure(self, actor: Actor) -> None:
        """Teleport to where somebody is just still in view, or just not any more."""
        x, y, z = self.rng.choice(self.actors).pose.place
        across, along = self.rng.choice(EDGES)
        beyond = self.rng.choice((0, 1))
        self._jump_to(actor, (x + self.rng.choice((-1, 1)) * (across + beyond), y, z + along))

    def visit(self, actor: Actor) -> None:
        """Teleport into a zone."""
        zone = self.rng.choice(ZONES)
        x, z = (self.rng.randint(zone.low[axis], zone.high[axis]) for axis in (0, 2))
        self._jump_to(actor, (x, 0, z))

    def _jump_to(self, actor: Actor, target: Triple) -> None:
        """Teleport, if that is fair."""
        is_ready = self.now >= actor.jump_ready_at and actor.is_connected
        is_in_reach = math.dist(target, actor.pose.place) <= TELEPORT_REACH_MM and _is_in_bounds(target)
        if not (is_ready and is_in_reach and self._may_enter(actor, target)):
            return
        actor.seq += 1
        yaw = self.rng.randrange(65536)
        self.room.receive(actor.row, schema.Teleport(0, actor.seq, *target, yaw))
        actor.jump_ready_at = self.now + 0.6
        actor.pose = actor.pose._replace(place=target, yaw=yaw)
        self.oracle.jump(actor.entity, actor.seq, target, yaw, self.tick_at)

    def _verdict(self, actor: Actor, place: Triple) -> Cause | None:
        if not _is_in_bounds(place):
            return Cause.OUT_OF_BOUNDS
        if math.dist(place, actor.pose.place) > MAX_CREDIT_MM:
            return Cause.TOO_FAST
        return None if self._may_enter(actor, place) else Cause.ZONE_CLEARANCE

    def _may_enter(self, actor: Actor, place: Triple) -> bool:
        zone = zone_at(place)
        return zone is None or zone is zone_at(actor.pose.place) or zone.requires <= actor.identity.grants

    def _body(self, actor: Actor) -> Pose:
        """Turn a little, and sometimes change between desk and headset."""
        is_tracked = (actor.pose.body is Section.TRACKED) != (self.rng.random() < 0.03)
        yaw = self.rng.choice((actor.pose.yaw, self.rng.randrange(65536)))
        pitch = self.rng.choice((actor.pose.pitch, self.rng.randint(-127, 127)))
        if not is_tracked:
            return Pose(Section.ROOT, actor.pose.place, yaw, pitch)
        reach = self.rng.choice((0, 20, 127, 128, 900))
        old = actor.pose.parts or (Part((0, 0, 0), 0),) * 3
        return Pose(Section.TRACKED, actor.pose.place, yaw, pitch, tuple(self._part(part, reach) for part in old))

    def _part(self, old: Part, reach: int) -> Part:
        x, y, z = (
            min(max(edge + self.rng.randint(-reach, reach), -3000), 3000) if reach else edge for edge in old.place
        )
        return Part((x, y, z), self.rng.choice((old.orientation, self.rng.randrange(2**32))))

    # --- who may see whom ---------------------------------------------------------------------------------------------

    def block(self, actor: Actor) -> None:
        """Block somebody, or unblock them."""
        other = self.rng.choice(self.actors)
        if other is actor or actor.identity.user in other.blocks:
            return
        actor.blocks ^= {other.identity.user}
        self.room.refresh(actor.row)
        self.oracle.block(actor.entity, other.identity.user, other.identity.user in actor.blocks)

    def regrade(self, actor: Actor) -> None:
        """Give somebody a clearance, or take it away."""
        grants = actor.identity.grants ^ {self.rng.choice(CLEARANCES)}
        actor.identity = replace(actor.identity, grants=grants)
        self.room.refresh(actor.row)
        self.oracle.grant(actor.entity, grants)

    def vanish(self, actor: Actor) -> None:
        """Make somebody whose hands are empty a spectator, or one who is shown."""
        if actor.cone is None and actor.is_writable:
            actor.identity = replace(actor.identity, roles=actor.identity.roles ^ {SPECTATOR})
            self._renewed(actor)
            self.oracle.hide(actor.entity, actor.is_spectator)

    def regroup(self, actor: Actor) -> None:
        """Give somebody other teams, and now and then make them an instructor, who is pinned for everybody."""
        roles = actor.identity.roles ^ ({INSTRUCTOR} if self.rng.random() < 0.3 else set())
        actor.identity = replace(actor.identity, roles=roles, teams=frozenset(self.rng.choice(TEAMS)))
        self._renewed(actor)
        self._tell_of_pins(actor)

    def _renewed(self, actor: Actor) -> None:
        """Let a token with other roles hold: who has lost the role sees from nowhere else any longer."""
        self.room.refresh(actor.row)
        if not VIEWERS & actor.identity.roles:
            for number in range(schema.MAX_VIEWPOINTS):
                self.oracle.look_from(actor.entity, number, None)

    def look_from(self, actor: Actor) -> None:
        """See from somewhere near somebody as well, or from the leaving radius of them, or no longer from there."""
        if not (actor.is_connected and VIEWERS & actor.identity.roles):
            return
        number, is_on = self.rng.randrange(schema.MAX_VIEWPOINTS), self.rng.random() < 0.8
        x, y, z = self.rng.choice(self.actors).pose.place
        across, along = self.rng.choice((*EDGES, (0, 0)))
        place = x + self.rng.choice((-1, 1)) * across, y, z + along
        if _is_in_bounds(place):
            self.room.receive(actor.row, schema.LookFrom(0, number, is_on, *place))
            self.oracle.look_from(actor.entity, number, place if is_on else None)

    def _tell_of_pins(self, actor: Actor) -> None:
        teams, is_instructor = actor.identity.teams, INSTRUCTOR in actor.identity.roles
        self.oracle.pin(actor.entity, {"everybody", *teams}, {*teams, *({"everybody"} if is_instructor else ())})

    # --- things -------------------------------------------------------------------------------------------------------

    def handle(self, actor: Actor) -> None:
        """Do what comes next with an object: put one down, take it, carry it about, remove it."""
        if actor.is_spectator:
            return
        place, orientation = self._at_hand(actor), self.rng.randrange(2**32)
        cone = actor.cone
        if not (actor.is_writable and _is_cleared(actor, place)) or (cone and not _is_cleared(actor, cone.place)):
            return
        if cone is None:
            self._ask(actor, schema.Spawn(self._next_ref(), "cone", *place, orientation))
        elif not cone.version:
            self._ask(actor, schema.Grab(self._next_ref(), cone.entity))
        elif self.rng.random() < 0.2:
            self._ask(actor, schema.Despawn(self._next_ref(), cone.entity, cone.version))
        else:
            self.room.receive(actor.row, schema.Move(cone.entity, cone.version, *place, orientation))
            self.oracle.move(cone.entity, place, orientation, self.tick_at)
            cone.place = place

    def _at_hand(self, actor: Actor) -> Triple:
        x, y, z = (min(max(edge + self.rng.randint(-500, 500), -BOUND_MM), BOUND_MM) for edge in actor.pose.place)
        return x, y, z

    def _next_ref(self) -> int:
        self._ref += 1
        return self._ref

    def _ask(self, actor: Actor, message: Any) -> None:
        self._asked[message.ref] = message
        self.room.receive(actor.row, message)

    def _learn(self, actor: Actor, events: list[Any]) -> None:
        """Take the answers to commands about objects; only what was carried out is a fact."""
        generations = {
            thing.entity: thing.generation
            for event in events
            if isinstance(event, schema.Objects)
            for thing in event.things
        }
        for event in events:
            asked = self._asked.pop(event.ref, None) if isinstance(event, schema.Done) else None
            if isinstance(asked, schema.Spawn):
                place = (asked.x, asked.y, asked.z)
                actor.cone = Cone(event.entity, 0, place)
                self.oracle.put(event.entity, generations[event.entity], place, asked.orientation, self.now)
            elif isinstance(asked, schema.Grab):
                assert actor.cone is not None
                actor.cone.version = event.version
            elif isinstance(asked, schema.Despawn):
                actor.cone = None
                self.oracle.remove(event.entity)
            elif isinstance(event, schema.Error):
                actor.cone = None  # out of reach, or no longer to be seen: leave it lying about

    # --- the server ---------------------------------------------------------------------------------------------------

    def stretch(self) -> None:
        """The server has too much to do from now on, or no longer."""
        self._is_stretched = not self._is_stretched
        self.room.stretch(self._is_stretched)
        self.oracle.stretch(self._is_stretched)

    # --- the clock ----------------------------------------------------------------------------------------------------

    def tick(self) -> list[Violation]:
        """Run one tick of the room, and let the oracle judge it."""
        self.now = self.tick_at
        self.tick_at += TICK_S
        report = self.room.tick(self.now)
        assert report.faults == []
        writable = {actor.entity for actor in self.actors if actor.is_writable}
        written = {}
        for actor in self.actors:
            stream = bytes(actor.stream)
            actor.stream.clear()
            written[actor.entity] = Written(stream, actor.framing)
            self._learn(actor, [decode(payload, Sender.SERVER) for payload in payloads(stream, actor.framing)])
        return self.oracle.judge(report.tick, self.now, writable, written)

    def live(self) -> list[Violation]:
        """Let everybody do something, then run a tick; now and then all rest for a while."""
        rng = self.rng
        if self._fate.random() < 0.1:
            self.stretch()
        if self._rest or rng.random() < 0.01:
            self._rest = self._rest - 1 if self._rest else 40
            return self.tick()
        if not self.actors or (len(self.actors) < 14 and rng.random() < 0.15):
            self.enter()
        for actor in list(self.actors):
            self._change_connection(actor)
        deeds = _MEASURING if rng.random() < 0.1 else _LIVING
        for actor in self.actors:
            for deed, chance in deeds:
                if rng.random() < chance:
                    self.now += 0.0005
                    deed(self, actor)
        return self.tick()

    def _change_connection(self, actor: Actor) -> None:
        chances = (
            (self.leave, 0.005),
            (self.lose, 0.01),
            (self.resume, 0.1),
            (self.stall, 0.2 if actor.is_stalled else 0.02),
        )
        for deed, chance in chances:
            if actor in self.actors and self.rng.random() < chance:
                deed(actor)


_LIVING: Deeds = (
    (Crowd.block, 0.01),
    (Crowd.regrade, 0.01),
    (Crowd.regroup, 0.01),
    (Crowd.vanish, 0.005),
    (Crowd.look_from, 0.05),
    (Crowd.resync, 0.005),
    (Crowd.jump, 0.01),
    (Crowd.visit, 0.05),
    (Crowd.walk, 0.7),
    (Crowd.rush, 0.01),
    (Crowd.walk, 0.1),
    (Crowd.handle, 0.1),
)
_MEASURING: Deeds = ((Crowd.measure, 0.4),)


def _is_in_bounds(place: Triple) -> bool:
    return all(abs(edge) <= BOUND_MM for edge in place)


def _is_cleared(actor: Actor, place: Triple) -> bool:
    zone = zone_at(place)
    return zone is None or zone.requires <= actor.identity.grants


def _record(seq: int, pose: Pose, age: int) -> tuple[Section, bytes]:
    """Pack the record of a pose message, and say of which kind it is."""
    kind = Section.TRACKED_INPUT if pose.body is Section.TRACKED else Section.ROOT_INPUT
    table = np.zeros(1, DTYPES[kind])
    root = (seq, *pose.place, pose.yaw, pose.pitch, age)
    table[0] = (*root, *((*part.place, part.orientation) for part in pose.parts))
    return kind, table.tobytes()
