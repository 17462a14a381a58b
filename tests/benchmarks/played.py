"""A benchmark run played in memory: a Room, its walkers, and the log that a generator would have kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.client_frames import by_kind, input_records
from benchmarks.evidence import Evidence, gather
from benchmarks.expectations import FullRate
from benchmarks.motion import Motion, Track, embody
from benchmarks.plan import FIRST_SEQ, FRAME_COLUMNS, Log, Visit
from benchmarks.sampled_oracle import LOOK_EVERY_TICKS, SampledOracle, Verdict
from benchmarks.snapshot_reader import payloads, read_snapshot
from benchmarks.walkers import walk
from presence.identity import Identity
from presence.outbox import Outbox
from presence.rings import Ring
from presence.room import Room, RoomSettings
from presence.world import World
from protocol.codec import decode
from protocol.framing import Framing
from protocol.records import SNAPSHOT_FULL, SNAPSHOT_STRETCHED
from protocol.schema import SPEC_OF, Sender, Snapshot

PERIOD_NS = 50_000_000
SIDE_M = 24.0
TICKS = 60
WARM_TICKS = 10
WINDOW_NS = (WARM_TICKS * PERIOD_NS, TICKS * PERIOD_NS)
LAG_NS = 3_000_000  # from a tick to a client
LEAD_NS = 20_000_000  # from a client to a tick


@dataclass(eq=False)
class Guest:
    """A member who writes down what it is sent."""

    identity: Identity
    blocks: set[str] = field(default_factory=set)
    budget_bytes_per_s: float = np.inf
    outbox: Outbox = field(default_factory=lambda: Outbox(Framing.WEBSOCKET))
    stream: bytearray = field(default_factory=bytearray)
    framing: Framing = Framing.WEBSOCKET
    socket: int = -1
    is_writable: bool = True

    def __post_init__(self) -> None:
        """Take events as they come."""
        self.send_event = self.outbox.add
        self.pending = self.outbox.take

    def count_overrun(self, poses: int, _now: float) -> None:
        """Never send too fast."""
        raise AssertionError(f"{poses} poses too many")

    @property
    def writer(self) -> Callable[[bytes | memoryview], None] | None:
        """Where frames go, while the socket takes more."""
        return self.stream.extend if self.is_writable else None


@dataclass
class Run:
    """A finished run, still open to tampering."""

    people: Motion
    log: Log

    def evidence(self) -> Evidence:
        """Gather what is known of it from outside."""
        first = np.array([self.log.visits[k].first_step for k in range(self.people.people)])
        return gather(self.people, [self.log], lambda who, seq: (seq - FIRST_SEQ + first[who]) * PERIOD_NS - LEAD_NS)

    def judged(self, window_ns: tuple[int, int] = WINDOW_NS, slow: frozenset[int] = frozenset()) -> Verdict:
        """Ask the oracle."""
        return SampledOracle(self.evidence(), FullRate(self.log.radius_mm), window_ns, slow).replay()

    def rows(self, number: int) -> np.ndarray[Any, Any]:
        """Find the logged snapshots of one client."""
        return np.flatnonzero(self.log.frames[:, 0] == number)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        """View one column of the log."""
        return self.log.frames[:, FRAME_COLUMNS.index(name)]

    def tamper(self, number: int, tick: int, data: bytes) -> None:
        """Let a sampled client have been sent something else at a tick."""
        self.log.sampled[number][tick - 1] = (self.log.sampled[number][tick - 1][0], data)


@dataclass(frozen=True)
class Script:
    """What is not as usual: people who walk about without a headset, send at every step, and are there all the time."""

    skip: frozenset[tuple[int, int]] = frozenset()  # (client, step) of poses that arrive together with the next one
    tracked: frozenset[int] = frozenset()
    still: frozenset[int] = frozenset()
    comes: Mapping[int, int] = field(default_factory=dict)  # first step
    goes: Mapping[int, int] = field(default_factory=dict)  # last step
    deaf: Mapping[int, range] = field(default_factory=dict)  # steps at which a socket is full
    ticks: int = TICKS
    busy: frozenset[int] = frozenset()  # steps at which the server has too much to do
    budget_bytes_per_s: int = 1_000_000_000
    asked: Mapping[int, int] = field(default_factory=dict)  # budgets that clients asked for, bytes a second
    rings: tuple[Ring, ...] = RoomSettings().rings

    def motion(self, walkers: int, seed: int) -> Motion:
        """Let people walk about, some with headsets; others stay where they begin."""
        rng, everybody = np.random.default_rng(seed), np.arange(walkers)
        track = walk(rng, walkers, SIDE_M, self.ticks, PERIOD_NS / 1e9)
        columns = (track.position_m, track.yaw, track.pitch)
        for column in columns:
            column[:, list(self.still)] = column[:1, list(self.still)]
        worn = np.isin(everybody, list(self.tracked))
        return embody(rng, Track(*columns), PERIOD_NS / 1e9, tracked=worn, swing_m=0.2)


def play(walkers: int, sampled: frozenset[int], seed: int = 1, **unusual: Any) -> Run:
    """Let people walk about in a room. unusual: parts of a Script."""
    stage = _Stage(walkers, sampled, seed, Script(**unusual))
    for step in range(stage.ticks):
        stage.play(step)
    stage.log.frames = np.array(stage.received, np.int64)
    return Run(stage.people, stage.log)


class _Stage:
    """A room, and who is in it."""

    def __init__(self, walkers: int, sampled: frozenset[int], seed: int, script: Script) -> None:
        self.people = script.motion(walkers, seed)
        self._script = script
        self.ticks = script.ticks
        self._in_order = sorted(range(walkers), key=lambda number: script.comes.get(number, 0))
        self._room = Room(
            "played",
            _world(self.people, self._in_order),
            RoomSettings(
                capacity=walkers,
                look_every_ticks=LOOK_EVERY_TICKS,
                budget_bytes_per_s=script.budget_bytes_per_s,
                rings=script.rings,
            ),
            0.0,
        )
        self._guests = [
            Guest(_identity(number), budget_bytes_per_s=script.asked.get(number, np.inf)) for number in range(walkers)
        ]
        self._rows: dict[int, int] = {}
        self._poses = {
            int(number): (kind, records[:, k])
            for kind, who in by_kind(self.people).items()
            for records in [input_records(kind, self.people, who, FIRST_SEQ)]
            for k, number in enumerate(who)
        }
        self.received: list[tuple[int, ...]] = []
        self.log = Log(
            frames=np.zeros(0, np.int64),
            sampled={number: [] for number in sampled},
            visits={},
            lateness_ns=np.zeros((script.ticks, walkers), np.int64),
            cpu_ns=0,
            troubles=[],
            radius_mm=self._room.settings.interest_radius_mm,
            tick_hz=self._room.settings.tick_hz,
        )

    def play(self, step: int) -> None:
        """Let people come, send, be told, and go."""
        script, now = self._script, step * PERIOD_NS / 1e9
        for number in [number for number in self._in_order if script.comes.get(number, 0) == step]:
            self._rows[number] = self._room.join(self._guests[number], 0, now)
            self.log.visits[number] = _visit(self._room, self._rows[number], step)
        for number in self._rows:
            self._guests[number].is_writable = step not in script.deaf.get(number, ())
            self._room.heed(self._rows[number])
            self._send(number, step, now)
        self._room.stretch(step in script.busy)
        self._room.tick(now)
        for number, guest in enumerate(self._guests):
            self.received += _logged(number, guest, step * PERIOD_NS + LAG_NS, self.log)
        for number in [number for number, last in script.goes.items() if last == step]:
            self._room.leave(self._rows.pop(number), now)
            self.log.visits[number].left_ns = step * PERIOD_NS

    def _send(self, number: int, step: int, now: float) -> None:
        """Send what a client sends at a step, and before it what it did not send at the last one."""
        first = self.log.visits[number].first_step
        for at, received in ((step - 1, now - 0.03), (step, now - 0.02)):
            is_due = ((number, at) in self._script.skip) == (at < step)
            if is_due and (at == first or number not in self._script.still):
                kind, records = self._poses[number]
                self._room.inbox.add_pose(kind, self._rows[number], records[at - first].tobytes(), received)


def _visit(room: Room, row: int, step: int) -> Visit:
    entities = room.state.entities
    x, y, z = entities.position[row].tolist()
    stop = (x, y, z, int(entities.yaw[row]))
    return Visit(int(entities.id[row]), int(entities.generation[row]), step * PERIOD_NS, [stop], step)


def _logged(number: int, guest: Guest, arrived_ns: int, log: Log) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for payload in payloads(bytes(guest.stream), Framing.WEBSOCKET):
        if payload[1] == SPEC_OF[Snapshot].type:
            data = decode(payload, Sender.SERVER).data
            found.append((number, arrived_ns, *_summary(data), len(payload) + 4))
            if number in log.sampled:
                log.sampled[number].append((arrived_ns, data))
    guest.stream.clear()
    return found


def _summary(data: bytes) -> tuple[int, ...]:
    """Return what a generator notes down of a snapshot: a room without objects has only records of avatars."""
    read = read_snapshot(data)
    flags = read.is_full * SNAPSHOT_FULL | read.is_stretched * SNAPSHOT_STRETCHED
    return read.tick, read.time_ms, read.ack, read.digest, flags, len(read.records)


def _identity(number: int) -> Identity:
    none: frozenset[str] = frozenset()
    return Identity(f"guest:{number}", "Walker", "", "", none, none, guest=True, token_id="", expires_at=np.inf)


def _world(people: Motion, in_order: list[int]) -> World:
    """Make a world whose spawn points are where each walk begins, in the order in which people come."""
    places = people.position_mm[0, in_order].tolist()
    spawns = [{"position": [x / 1000, 0, z / 1000], "yaw": 0} for x, _, z in places]
    bounds = {"min": [-50, -1, -50], "max": [50, 10, 50]}
    title = dict.fromkeys(("en", "fr", "es", "ar"), "Played")
    return World.parse(json.dumps({"name": "played", "title": title, "bounds": bounds, "spawns": spawns}))
