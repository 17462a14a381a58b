"""The exact oracle accepts what is right and finds each kind of mistake, byte by byte."""

from __future__ import annotations

import pytest

from benchmarks.oracle import ExactOracle, Written, Zone, is_near
from benchmarks.snapshot_reader import Pose, Triple
from protocol.codec import encode
from protocol.framing import Framing, frame
from protocol.records import Section
from protocol.schema import Cause, Correction, Gone, Person, Roster, Snapshot
from tests.benchmarks.packing import section, snapshot

STARTED_AT = 100.0
ROOM = Zone((5_000, 0, -1_000), (7_000, 3_000, 1_000), requires=frozenset({"restricted"}))
BOOTH = Zone((-3_000, 0, -1_000), (-1_000, 3_000, 1_000), is_isolated=True)


@pytest.mark.parametrize(
    ("other", "is_held", "expected"),
    [
        ((10_000, 0, 0), False, True),
        ((6_000, 0, 8_000), False, True),
        ((10_000, 1, 0), False, False),
        ((10_000, 1, 0), True, True),
        ((6_900, 0, 9_200), True, True),
        ((11_500, 0, 1), True, False),
        ((0, 11_501, 0), True, False),
    ],
)
def test_nearness_is_exact_to_the_millimetre(other: Triple, is_held: bool, expected: bool) -> None:
    """Enter at the radius, stay up to 1.15 times it, both included, in three dimensions."""
    assert is_near((0, 0, 0), other, 10_000, is_held) is expected


def person(entity: int) -> Person:
    """Make a roster entry."""
    return Person(entity, 1, f"user-{entity}", "", "", "", [], True, 0, False, False)


class Scene:
    """Two people three metres apart, and what a faultless server writes to the first of them."""

    def __init__(self, *zones: Zone) -> None:
        self.oracle = ExactOracle(10_000, 20, zones, STARTED_AT)
        self.tick = 0
        for entity, x in ((1, 0), (2, 3_000)):
            self.oracle.join(entity, 1, f"user-{entity}", Pose(Section.ROOT, (x, 0, 0)), (), STARTED_AT)

    @property
    def now(self) -> float:
        """Server clock at this tick."""
        return STARTED_AT + self.tick * 0.05

    def walk(self, seq: int, place: Triple) -> None:
        """Let person 2 stand somewhere else from the next tick on, sampled at that tick."""
        self.oracle.accept(2, seq, Pose(Section.ROOT, place), self.now + 0.05)

    def told(self, *payloads: bytes) -> list[str]:
        """Run a tick in which person 1 is written `payloads` and person 2 cannot be; return what is wrong."""
        self.tick += 1
        stream = b"".join(frame(Framing.TCP, payload) for payload in payloads)
        found = self.oracle.judge(self.tick, self.now, {1}, {1: Written(stream, Framing.TCP)})
        assert all(violation.tick == self.tick for violation in found)
        return [violation.what for violation in found]

    def data(self, *sections: bytes, held: tuple[int, ...] = (2,), flags: int = 0) -> bytes:
        """Make a snapshot of the next tick as person 1 should get it."""
        number = self.tick + 1
        whole = snapshot(
            *sections, tick=number, time_ms=number * 50, held=tuple((entity, 1) for entity in held), flags=flags
        )
        return encode(Snapshot(whole))

    def begin(self) -> Scene:
        """Play the first tick: the roster, and a full snapshot with person 2."""
        roster = encode(Roster(1, [person(1), person(2)]))
        assert self.told(roster, self.data(ENTER, root(3_000, age=12), flags=1)) == []
        return self


ENTER = section(Section.ENTER, {"id": 2, "generation": 1})


def root(x: int, age: int = 0, flags: int = 0) -> bytes:
    """Pack person 2's absolute record; age in steps of 4 ms."""
    return section(Section.ROOT, {"id": 2, "place": (x, 0, 0), "age": age, "flags": flags})


def step(dx: int, age: int = 0) -> bytes:
    """Pack person 2's delta record."""
    return section(Section.ROOT_DELTA, {"id": 2, "shift": (dx, 0, 0), "age": age})


def test_a_faultless_server_is_left_in_peace() -> None:
    """Enter, steps, silence, a jump, a leave: nothing to say about any of them."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    assert scene.told(scene.data(step(100))) == []
    assert scene.told() == []
    scene.oracle.jump(2, 2, (4_000, 0, 0), 0, scene.now + 0.05)
    assert scene.told(scene.data(root(4_000, flags=1))) == []
    scene.oracle.leave(2)
    assert scene.told(encode(Gone(2, [2])), scene.data(section(Section.LEAVE, {"id": 2}), held=())) == []
    assert scene.oracle.comparisons > 0


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ((step(101),), "holds 2 as"),
        ((step(100, age=1),), "ms old"),
        ((root(3_100),), "came whole"),
        ((), "was told of []: missing [2]"),
        ((section(Section.LEAVE, {"id": 2}),), "lost [2]: missing [], surplus [2]"),
        ((section(Section.ROOT, {"id": 2, "place": (3_100, 0, 0)}, {"id": 2, "place": (3_100, 0, 0)}),), "two records"),
    ],
)
def test_a_wrong_step_is_found(sections: tuple[bytes, ...], fault: str) -> None:
    """A step told wrongly in any way is said to be wrong in that way."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    assert any(fault in what for what in scene.told(scene.data(*sections)))


def test_silence_about_a_step_is_found() -> None:
    """Somebody moved, and the observer was not told."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    assert scene.told() == ["was not told what happened"]


def test_idle_talk_is_found() -> None:
    """Nothing happened, and yet there is a snapshot."""
    scene = Scene().begin()
    assert scene.told(scene.data()) == ["was told although nothing happened"]


def test_five_seconds_of_silence_need_a_word() -> None:
    """After them a snapshot confirms what is held, at the next whole second and not later."""
    scene = Scene().begin()
    for _ in range(-(scene.tick + 1) % 20 + 5 * 20):
        assert scene.told() == []
    assert scene.told() == ["was not told what happened"]
    assert scene.told(scene.data()) == ["was told although nothing happened"]
    for _ in range(18 + 5 * 20):
        assert scene.told() == []
    assert scene.told(scene.data()) == []


def test_a_delta_without_its_base_is_found() -> None:
    """Who missed a step must be sent the whole pose, even if the sum would come out right."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    scene.tick += 1
    scene.oracle.judge(scene.tick, scene.now, set(), {})
    scene.walk(2, (3_200, 0, 0))
    assert scene.told(scene.data(step(200))) == ["2 came as a delta without reason"]


def test_poses_into_a_full_socket_are_found() -> None:
    """Who cannot be written to gets no snapshot."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    framed = frame(Framing.TCP, scene.data(step(100)))
    scene.tick += 1
    found = scene.oracle.judge(scene.tick, scene.now, set(), {1: Written(framed, Framing.TCP)})
    assert [violation.what for violation in found] == ["was written poses although its socket is full or gone"]


def test_a_jump_without_its_flag_is_found() -> None:
    """A discontinuity that does not say so would be smoothed over."""
    scene = Scene().begin()
    scene.oracle.jump(2, 1, (4_000, 0, 0), 0, scene.now + 0.05)
    assert scene.told(scene.data(root(4_000))) == ["2: flags 0, although its jump is True"]


def test_a_refresh_that_does_not_come_is_found() -> None:
    """A subject that keeps moving is sent whole once in a round of 64 ticks, which depends on its id."""
    scene = Scene().begin()
    found = []
    for seq in range(1, 70):
        scene.walk(seq, (3_000 + seq, 0, 0))
        found += [(scene.tick, what) for what in scene.told(scene.data(step(1)))]
    assert found[0] == (64 - 2 * 5, "2 came as a delta without reason")


def test_isolation_hides_at_once() -> None:
    """Who steps into an isolated zone is lost, at any distance."""
    scene = Scene(BOOTH).begin()
    scene.walk(1, (-1_000, 0, 0))
    assert any("lost []: missing [2]" in what for what in scene.told(scene.data(root(-1_000))))


def test_clearance_hides_from_view_and_knowledge() -> None:
    """Who steps into a restricted zone is lost, and no longer known of, unless the observer is cleared."""
    leave = section(Section.LEAVE, {"id": 2})
    scene = Scene(ROOM).begin()
    scene.walk(1, (5_000, 0, 0))
    assert scene.told(encode(Gone(2, [2])), scene.data(leave, held=())) == []
    scene = Scene(ROOM).begin()
    scene.walk(1, (5_000, 0, 0))
    assert scene.told(scene.data(leave, held=())) == ["knows of [1, 2]: missing [], surplus [2]"]
    scene = Scene(ROOM).begin()
    scene.oracle.grant(1, ["restricted"])
    scene.walk(1, (5_000, 0, 0))
    assert scene.told(scene.data(step(2_000))) == []


def test_a_block_hides_at_once() -> None:
    """Whoever asked for it."""
    for one, other in ((1, "user-2"), (2, "user-1")):
        scene = Scene().begin()
        scene.oracle.block(one, other, is_blocked=True)
        assert "lost []: missing [2], surplus []" in scene.told(encode(Gone(2, [2])), scene.data())


def test_a_correction_must_come_and_be_true() -> None:
    """With the sequence, the cause and the place where the avatar stands; and it keeps its ack."""
    for cause, faults in ((Cause.WALL, []), (Cause.TOO_FAST, ["corrections [[9, 2, 0, 0, 0, 0]]"])):
        scene = Scene().begin()
        scene.oracle.reject(1, 9, Cause.WALL)
        told = encode(Snapshot(snapshot(tick=2, time_ms=100, ack=9, held=((2, 1),))))
        found = scene.told(encode(Correction(9, cause, 0, 0, 0, 0)), told)
        assert [what.partition(",")[0] for what in found] == [fault.partition(",")[0] for fault in faults]


@pytest.mark.parametrize("mend", [{"tick": 3}, {"time_ms": 102}, {"ack": 1}, {"flags": 1}, {"held": ()}])
def test_a_wrong_header_is_found(mend: dict[str, object]) -> None:
    """Tick, time, ack, FULL and digest are all checked."""
    scene = Scene().begin()
    scene.walk(1, (3_100, 0, 0))
    right: dict[str, object] = {"tick": 2, "time_ms": 100, "held": ((2, 1),)}
    assert scene.told(encode(Snapshot(snapshot(step(100), **(right | mend)))))  # type: ignore[arg-type]


def test_events_come_before_poses() -> None:
    """A snapshot is the last thing written in a tick."""
    scene = Scene()
    full = scene.data(ENTER, root(3_000, age=12), flags=1)
    assert scene.told(full, encode(Roster(1, [person(1), person(2)]))) == ["something follows the snapshot"]


def test_what_cannot_be_read_is_found() -> None:
    """A broken snapshot is a violation, not a crash."""
    assert Scene().told(encode(Snapshot(b"short"))) == ["shorter than its header"]
