"""The reference jitter buffer: when to show what, so that motion is smooth although packets are not.

Two parts. `Playout` decides which moment of room time is shown now: behind the newest snapshot by two ticks (one
until the next sample exists, one because samples are up to a tick older than their snapshot) plus the jitter lately
measured, and it gets there by running up to 10 % fast or slow, so that nobody is seen to jump. `PoseBuffer` keeps the
last samples of every entity and reads poses at that moment.

Rules for reading one entity at moment `m`, which every SDK follows (tests/clients/jitter_cases.json shows them in
numbers):

1. Samples stand at their sample time: snapshot time minus the record's age.
2. Between two samples the pose is interpolated; a gap of more than `PAUSE_MS` is a pause, and motion fills only its
end. Head and hands that the earlier sample lacks are those of the later one.
3. To a sample marked as a jump nothing is interpolated: the earlier pose holds until the jump's time.
4. Before the oldest sample the oldest holds.
5. Beyond the newest sample the motion of the last two goes on for `COAST_MS` and then eases back to the newest, until
   `REST_MS`; and not at all where a later snapshot said nothing of the entity, for then it rests.
6. Where an entity becomes a dot, or is one no longer, its samples start over.

Pure; local times are the client's monotonic clock in milliseconds.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from presence_client.pose import Part, Pose, Quaternion, Vector
from protocol import records
from protocol.records import Section

if TYPE_CHECKING:
    from presence_client.view import Applied, Columns, Ids

Floats = NDArray[np.float64]

DELAY_TICKS = 2
MAX_DELAY_MS = 500.0
WINDOW_MS = 10_000.0  # clocks drift by less than a millisecond within it
JITTER_SNAPSHOTS = 128  # about six seconds of a busy room
JITTER_QUANTILE = 0.95
MAX_SLEW = 0.1
SETTLE_MS = 500.0  # a small error is steered away within about this time
SNAP_MS = 1000.0  # beyond this the moment shown jumps: the machine slept, or the room is another one

PAUSE_MS = 150.0
COAST_MS = 50.0
REST_MS = 150.0
SAMPLES = 16  # at 20 Hz, 800 ms: more than the longest delay


class Playout:
    """Which moment of room time to show."""

    def __init__(self, tick_ms: float) -> None:
        self.tick_ms = tick_ms
        self._fastest: deque[tuple[float, float]] = deque()  # rising transits: the window's minimum stands first
        self._transits: deque[float] = deque(maxlen=JITTER_SNAPSHOTS)
        self._at: float | None = None
        self._moment = 0.0
        self._pace = 1.0

    def receive(self, time_ms: int, now_ms: float) -> None:
        """Take note of a snapshot of room time `time_ms` that arrived now."""
        transit = now_ms - time_ms
        self._transits.append(transit)
        while self._fastest and self._fastest[-1][1] >= transit:
            self._fastest.pop()
        self._fastest.append((now_ms, transit))
        while self._fastest[0][0] < now_ms - WINDOW_MS:
            self._fastest.popleft()
        self.advance(now_ms)

    def advance(self, now_ms: float) -> None:
        """Steer towards the moment that should be shown now. Call it at least every tick."""
        if not self._fastest:
            return
        target = self.room_ms(now_ms) - self.delay_ms
        if self._at is None or abs(target - self.moment_ms(now_ms)) > SNAP_MS:
            self._moment, self._pace = target, 1.0
        else:
            self._moment = self.moment_ms(now_ms)
            self._pace = 1.0 + max(-MAX_SLEW, min(MAX_SLEW, (target - self._moment) / SETTLE_MS))
        self._at = now_ms

    @property
    def is_running(self) -> bool:
        """Whether a snapshot has come."""
        return self._at is not None

    @property
    def jitter_ms(self) -> float:
        """How much later than the fastest a snapshot arrives: the 95th percentile of the last ones."""
        if not self._transits:
            return 0.0
        ordered = sorted(self._transits)
        return max(ordered[int(JITTER_QUANTILE * (len(ordered) - 1))] - self._base, 0.0)

    @property
    def delay_ms(self) -> float:
        """How far behind the newest moment to show."""
        return min(DELAY_TICKS * self.tick_ms + self.jitter_ms, MAX_DELAY_MS)

    def room_ms(self, now_ms: float) -> float:
        """Room time as the fastest snapshots tell it: late by the network's shortest way here."""
        return now_ms - self._base

    def moment_ms(self, now_ms: float) -> float:
        """The room time to show at `now_ms`; changes nothing, so any time near the last `advance` may be asked for."""
        return self._moment if self._at is None else self._moment + (now_ms - self._at) * self._pace

    @property
    def _base(self) -> float:
        return self._fastest[0][1] if self._fastest else 0.0


# name, dtype, shape of one element; slots of a ring for each entity id
_RINGS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("_times", np.float64, ()),
    ("_jumps", np.bool_, ()),
    ("_position", np.int32, (3,)),
    ("_yaw", np.uint16, ()),
    ("_pitch", np.int8, ()),
    ("_orientation", np.uint32, ()),
    ("_parts", np.int16, (3, 3)),
    ("_part_orientations", np.uint32, (3,)),
)
_POSE_RINGS = tuple(name for name, _dtype, _shape in _RINGS[2:])


class PoseBuffer:
    """The last samples of every entity in sight."""

    _times: Floats
    _jumps: NDArray[np.bool_]
    _position: NDArray[np.int32]
    _yaw: NDArray[np.uint16]
    _pitch: NDArray[np.int8]
    _orientation: NDArray[np.uint32]
    _parts: NDArray[np.int16]
    _part_orientations: NDArray[np.uint32]

    def __init__(self) -> None:
        self._newest_ms = 0.0
        self._allocate(64)

    def _allocate(self, capacity: int) -> None:
        for name, dtype, shape in _RINGS:
            setattr(self, name, np.zeros((capacity, SAMPLES, *shape), dtype))
        self._count = np.zeros(capacity, np.intp)  # samples ever pushed; the newest is at (count - 1) % SAMPLES
        self._spoken_ms = np.zeros(capacity)  # time of the last snapshot that had a record of it
        self._body = np.zeros(capacity, np.uint8)

    def push(self, applied: Applied, columns: Columns) -> None:
        """Take over the samples of one applied snapshot from the view's columns."""
        self._reach(columns.capacity)
        self._newest_ms = applied.time_ms
        if applied.is_full:
            self._count[:] = 0
        self._count[applied.left] = 0
        self._count[applied.entered] = 0
        ids = applied.updated
        if not len(ids):
            return
        self._count[ids[(self._body[ids] == Section.DOT) != (columns.body[ids] == Section.DOT)]] = 0
        count = self._count[ids]
        times = applied.sampled_ms.astype(np.float64)
        newest = self._times[ids, (count - 1) % SAMPLES]
        # A sample that is not newer than the last one (ages are rounded) takes its place.
        is_later = (count == 0) | (times > newest)
        count += is_later
        self._count[ids] = count
        slots = (count - 1) % SAMPLES
        self._times[ids, slots] = np.where(is_later, times, newest)
        self._jumps[ids, slots] = applied.jumped
        self._spoken_ms[ids] = applied.time_ms
        self._spread_parts(ids, columns)
        self._body[ids] = columns.body[ids]
        for ring in _POSE_RINGS:
            getattr(self, ring)[ids, slots] = getattr(columns, ring[1:])[ids]

    def _spread_parts(self, ids: Ids, columns: Columns) -> None:
        """Show who puts a headset on as in the first sample with head and hands; older ones had none."""
        new = ids[(columns.body[ids] == Section.TRACKED) & (self._body[ids] != Section.TRACKED)]
        if len(new):
            self._parts[new] = columns.parts[new][:, None]
            self._part_orientations[new] = columns.part_orientations[new][:, None]

    def _reach(self, capacity: int) -> None:
        old = len(self._count)
        if capacity <= old:
            return
        kept = {name: getattr(self, name) for name in (*(ring[0] for ring in _RINGS), "_count", "_spoken_ms", "_body")}
        self._allocate(capacity)
        for name, column in kept.items():
            getattr(self, name)[:old] = column

    def knows(self, entity: int) -> bool:
        """Tell whether there is a sample of `entity`."""
        return entity < len(self._count) and bool(self._count[entity])

    def roots(self, ids: Ids, moment_ms: float) -> tuple[Floats, Floats]:
        """Read where `ids` (all known) stand at a moment: (n, 3) metres, and (n,) yaw in radians.

        Cost: some 15 numpy calls whatever the number of entities.
        """
        earlier, later, part = self._bracket(ids, moment_ms)
        start = self._position[ids, earlier] / 1000.0
        end = self._position[ids, later] / 1000.0
        yaw = records.yaw_radians(self._yaw[ids, earlier])
        turn = _shortest(records.yaw_radians(self._yaw[ids, later]) - yaw)
        return start + (end - start) * part[:, None], (yaw + turn * part) % (2 * np.pi)

    def pose(self, entity: int, moment_ms: float) -> Pose:
        """Read one known entity's whole pose at a moment."""
        ids = np.array([entity], np.intp)
        (earlier,), (later,), (part,) = self._bracket(ids, moment_ms)
        root, yaw = self.roots(ids, moment_ms)
        x, y, z = root[0].tolist()
        body = self._body[entity]
        if body == Section.THING:
            ends = self._orientation[entity, [earlier, later]]
            return Pose(x, y, z, orientation=_turned(records.unpack_orientations(ends), part))
        pitches = records.pitch_radians(self._pitch[entity, [earlier, later]])
        pitch = float(pitches[0] + (pitches[1] - pitches[0]) * part)
        parts = self._parts_at(entity, earlier, later, part) if body == Section.TRACKED else None
        return Pose(x, y, z, float(yaw[0]), min(max(pitch, -np.pi / 2), np.pi / 2), parts)

    def _parts_at(self, entity: int, earlier: int, later: int, part: float) -> tuple[Part, Part, Part]:
        start, end = self._parts[entity, earlier] / 1000.0, self._parts[entity, later] / 1000.0
        positions = start + (end - start) * part
        packed = self._part_orientations[entity, [earlier, later]]
        head, left, right = (
            Part(_vector(positions[i]), _turned(records.unpack_orientations(packed[:, i]), part)) for i in range(3)
        )
        return head, left, right

    def _bracket(self, ids: Ids, moment_ms: float) -> tuple[Ids, Ids, Floats]:
        """Choose two slots of each entity's ring, and how far between them the moment lies (beyond 1: coasting)."""
        count = self._count[ids]
        held = np.minimum(count, SAMPLES)
        # the ring in order of age, newest first; slots that hold nothing come last
        ages = np.arange(SAMPLES)
        slots = (count[:, None] - 1 - ages) % SAMPLES
        times = np.where(ages < held[:, None], self._times[ids[:, None], slots], np.inf)
        is_past = times <= moment_ms
        newest_past = np.where(is_past.any(axis=1), is_past.argmax(axis=1), held - 1)
        rows = np.arange(len(ids))
        is_beyond = newest_past == 0
        # between two samples, or the last two where the moment is beyond the newest
        first = np.where(is_beyond, np.minimum(1, held - 1), newest_past)
        second = np.where(is_beyond, 0, np.maximum(newest_past - 1, 0))
        earlier, later = slots[rows, first], slots[rows, second]
        start, end = times[rows, first], times[rows, second]
        is_jump = self._jumps[ids, later]
        between = _between(start, end, moment_ms, is_jump)
        coasting = self._coasting(ids, start, end, moment_ms, is_jump)
        return earlier, later, np.where(is_beyond, coasting, between)

    def _coasting(self, ids: Ids, start: Floats, end: Floats, moment_ms: float, is_jump: NDArray[np.bool_]) -> Floats:
        """How far beyond its newest sample each entity is shown, counted in steps between its last two; 1 is there."""
        gap = end - start
        may_coast = (gap > 0) & (gap <= PAUSE_MS) & ~is_jump & (self._spoken_ms[ids] >= self._newest_ms)
        beyond = moment_ms - end
        easing = COAST_MS * (REST_MS - beyond) / (REST_MS - COAST_MS)
        reach = np.clip(np.minimum(beyond, easing), 0.0, COAST_MS)
        return 1.0 + np.where(may_coast, reach, 0.0) / np.where(gap > 0, gap, 1.0)


def _between(start: Floats, end: Floats, moment_ms: float, is_jump: NDArray[np.bool_]) -> Floats:
    start = np.maximum(start, end - PAUSE_MS)
    length = np.where(end > start, end - start, 1.0)
    return np.where(is_jump, 0.0, np.clip((moment_ms - start) / length, 0.0, 1.0))


def _shortest(angles: Floats) -> Floats:
    """Wrap turns to the shorter way round."""
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _vector(xyz: Floats) -> Vector:
    x, y, z = xyz.tolist()
    return (x, y, z)


def _turned(ends: Floats, part: float) -> Quaternion:
    """Interpolate between two unit quaternions along the chord, the shorter way."""
    start, end = ends
    if np.dot(start, end) < 0:
        end = -end
    mixed = start + (end - start) * part
    x, y, z, w = (mixed / np.linalg.norm(mixed)).tolist()
    return (x, y, z, w)
