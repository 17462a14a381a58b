"""Two people who walk about in the lobby and check everything they are shown: one on WebSocket, one on raw TCP.

A process of its own, so that nothing else in a test delays it. Each of the two keeps what snapshots and events tell it
by SPEC.md's rules, with the oracle's reader, and compares: the digest with what is held, what is held with what is
known, the other's poses with what the other sent. It ends when its standard input does, and writes what it saw as JSON;
the first thing that is wrong ends it with exit code 1 and the reason.

    python -m tests.integration.bystanders WS_URL TCP_URL
"""

from __future__ import annotations

import json
import math
import select
import sys
import time
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from benchmarks.replica import Replica
from benchmarks.snapshot_reader import Part, Pose, read_snapshot
from protocol import schema
from protocol.plain import pack_section
from protocol.records import Section
from protocol.schema import Closing, Correction, Gone, Objects, Ping, Roster
from tests.integration.peer import Peer

STEP_S = 0.05
STEP_MM = 75  # a walker's
ACK_EVERY_S = 0.25
PING_EVERY_S = 1.0
PARTS = ("head", "left", "right")


class Wrong(Exception):
    """Something that no correct server shows."""


class View:
    """What one client holds and knows. Raises Wrong for what no correct server tells (SPEC sections 10.6 and 12)."""

    def __init__(self) -> None:
        self.replica = Replica()
        self.known: set[int] = set()
        self.tick = self.time_ms = self.ack = 0
        self.updated: set[int] = set()  # by the last snapshot

    def note(self, message: Any) -> None:
        """Take an event."""
        match message:
            case Roster(people=people):
                self.known |= {person.entity for person in people}
            case Objects(things=things):
                self.known |= {thing.entity for thing in things}
            case Gone(entities=entities):
                self.known -= set(entities)

    def apply(self, data: bytes) -> None:
        """Take a snapshot."""
        snapshot = read_snapshot(data)
        faults = self.replica.apply(snapshot)
        if snapshot.tick <= self.tick:
            faults.append(f"comes after tick {self.tick}")
        if unknown := self.replica.held.keys() - self.known:
            faults.append(f"{unknown} are held but not known")
        if faults:
            raise Wrong(f"tick {snapshot.tick}: {'; '.join(faults)}")
        self.tick, self.time_ms, self.ack = snapshot.tick, snapshot.time_ms, snapshot.ack
        self.updated = {record.entity for record in snapshot.records}

    def pose_of(self, entity: int) -> Pose | None:
        """Return the pose of an entity, None while it is not held."""
        held = self.replica.held.get(entity)
        return held.pose if held else None


@dataclass
class Seen:
    """What one bystander saw. Gaps are between snapshots, in ms of the room's clock; behind is counted in poses.

    longest_nap_ms: how much later than asked its own process was woken, the machine's share in every gap.
    """

    snapshots: int = 0
    updates: int = 0  # poses of the other
    events: int = 0
    most_held: int = 0
    longest_gap_ms: int = 0
    longest_nap_ms: int = 0
    most_behind: int = 0


class Bystander:
    """One of them. `truth` numbers every pose it has sent."""

    def __init__(self, url: str, *, is_tracked: bool, rng: Random) -> None:
        self.seen = Seen()
        self.truth: dict[Pose, int] = {}
        self.seq = 0
        self._peer = Peer(url)
        self._peer.hello(name="Bystander")
        joined = self._peer.join()
        self.entity = joined.entity
        self._radius_mm = rng.randint(700, 1200)
        self._centre = (rng.randint(-2500, -1500), rng.randint(2500, 3500))
        self._place = (joined.x, joined.z)
        self._angle = 0.0
        self._is_tracked = is_tracked
        self._rng = rng
        self._view = View()
        self._shown = 0  # newest pose of the other that was shown
        self._last_ms: int | None = None
        self._acked_at = self._pinged_at = 0.0

    def step(self, now: float) -> None:
        """Walk on, and say so; answer for what was received."""
        rng = self._rng
        self.seq += 1
        self._walk()
        x, z = self._place
        values = {"seq": self.seq, "x": x, "z": z, "yaw": rng.getrandbits(16), "pitch": rng.randint(-127, 127)}
        parts: tuple[Part, ...] = ()
        if self._is_tracked:
            reach = 2900 if rng.random() < 0.1 else 60
            parts = tuple(
                Part((rng.randint(-reach, reach), 900, rng.randint(-60, 60)), rng.getrandbits(32)) for _ in PARTS
            )
            for name, part in zip(PARTS, parts, strict=True):
                values |= {f"{name}.{axis}": value for axis, value in zip("xyz", part.place, strict=True)}
                values[f"{name}.orientation"] = part.orientation
        kind, body = (Section.TRACKED_INPUT, Section.TRACKED) if parts else (Section.ROOT_INPUT, Section.ROOT)
        self.truth[Pose(body, (x, 0, z), values["yaw"], values["pitch"], parts)] = self.seq
        self._peer.send(schema.Pose(pack_section(kind, [values])))
        if now - self._acked_at > ACK_EVERY_S:
            self._acked_at = now
            self._peer.acknowledge()
        if now - self._pinged_at > PING_EVERY_S:
            self._pinged_at = now
            self._peer.send(Ping(int(now * 1e6)))

    def listen(self, other: Bystander) -> None:
        """Read what has come, and check it against what the other has sent by now."""
        for message in self._peer.everything_for(0.0):
            match message:
                case schema.Snapshot(data=data):
                    self._view.apply(data)
                    self._compare(other)
                case Correction() | Closing():
                    raise Wrong(f"did nothing wrong, and got {message}")
                case _:
                    self._view.note(message)
        events = self._peer.events
        if events != list(range(events[0], events[-1] + 1)):
            raise Wrong("events with a gap")
        self.seen.events += len(events) - 1
        del events[:-1]

    def leave(self) -> None:
        """Go home."""
        self._peer.vanish()

    def _walk(self) -> None:
        """Take a step: to the circle first, then along it."""
        self._angle += STEP_MM / self._radius_mm
        goal = tuple(
            centre + self._radius_mm * turn(self._angle)
            for centre, turn in zip(self._centre, (math.cos, math.sin), strict=True)
        )
        distance = math.dist(goal, self._place)
        share = min(1.0, 2 * STEP_MM / distance) if distance else 0.0
        x, z = (round(here + (there - here) * share) for here, there in zip(self._place, goal, strict=True))
        self._place = (x, z)

    def _compare(self, other: Bystander) -> None:
        seen, view = self.seen, self._view
        seen.snapshots += 1
        seen.most_held = max(seen.most_held, len(view.replica.held))
        if self._last_ms is not None:
            seen.longest_gap_ms = max(seen.longest_gap_ms, view.time_ms - self._last_ms)
        self._last_ms = view.time_ms
        if view.ack > self.seq:
            raise Wrong(f"pose {view.ack} is acknowledged, {self.seq} was sent")
        pose = view.pose_of(other.entity)
        if pose is None or (other.entity not in view.updated and not self._shown):
            return
        shown = other.truth.get(pose)
        if shown is None and self._shown:
            raise Wrong(f"tick {view.tick}: the other never was at {pose}")
        if shown is not None and shown < self._shown:
            raise Wrong(f"tick {view.tick}: pose {shown} is shown after {self._shown}")
        if shown is not None:
            seen.updates += shown > self._shown
            self._shown = shown
            seen.most_behind = max(seen.most_behind, other.seq - shown)


def watch(ws_url: str, tcp_url: str) -> dict[str, Any]:
    """Walk about until standard input ends; say what both have seen. Raises Wrong."""
    rng = Random(7)
    one = Bystander(ws_url, is_tracked=False, rng=rng)
    other = Bystander(tcp_url, is_tracked=True, rng=rng)
    _say("watching")
    due = time.monotonic()
    while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
        now = time.monotonic()
        for each in (one, other):
            each.seen.longest_nap_ms = max(each.seen.longest_nap_ms, round(1000 * (now - due)))
            each.step(now)
        due = max(due + STEP_S, now)
        one.listen(other)
        other.listen(one)
    one.leave()
    other.leave()
    return {"websocket": asdict(one.seen), "tcp": asdict(other.seen)}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Watch, and write what was seen."""
    try:
        _say(json.dumps(watch(*sys.argv[1:])))
    except (Wrong, ValueError) as wrong:
        _say(json.dumps({"wrong": str(wrong)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
