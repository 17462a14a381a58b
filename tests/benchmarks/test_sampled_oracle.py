"""From what clients sent and received alone, the oracle counts what was due and finds what was wrong."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.snapshot_reader import read_snapshot
from benchmarks.watched import corrupted
from protocol.records import MAX_DELTA_XZ, SNAPSHOT_HEADER, SNAPSHOT_STRETCHED, Section
from tests.benchmarks.packing import section, snapshot
from tests.benchmarks.played import LAG_NS, LEAD_NS, PERIOD_NS, TICKS, WARM_TICKS, WINDOW_NS, Run, play

WALKERS = 16
SAMPLED = frozenset({2, 7})
TICK = 30  # some tick within the window


@pytest.fixture
def run() -> Run:
    """A faultless run, fresh for each test."""
    return play(WALKERS, SAMPLED)


def nearest(run: Run, observer: int) -> int:
    """Find the walker nearest to an observer at TICK."""
    apart = np.linalg.norm(run.people.position_m[TICK] - run.people.position_m[TICK, observer], axis=1)
    return int(np.argsort(apart)[1])


def test_a_faultless_run_has_no_violation(run: Run) -> None:
    """Everything is compared, every update that was due was delivered, and the self-test bites."""
    verdict = run.judged()
    assert verdict.violations == []
    assert verdict.updates_delivered == pytest.approx(verdict.updates_expected, rel=0.001)
    assert verdict.updates_expected > 1000
    assert verdict.ticks == TICKS - WARM_TICKS
    assert verdict.observations == verdict.digest_comparisons == verdict.snapshots == verdict.ticks * WALKERS
    assert verdict.comparisons > verdict.ticks * len(SAMPLED)
    assert verdict.is_self_test_caught


def test_a_server_that_has_too_much_to_do_is_judged_by_what_it_says() -> None:
    """Its snapshots say when observers look around half as often; where they do not, that is late."""
    busy = play(WALKERS, SAMPLED, busy=frozenset((*range(15, 28), *range(40, TICKS))))
    assert busy.judged().violations == []
    busy.column("flags")[:] &= ~SNAPSHOT_STRETCHED
    assert busy.judged().violations


def test_errors_are_those_of_quantisation(run: Run) -> None:
    """Half a millimetre along each axis, a little over a third of a degree of gaze: no more, and not nothing."""
    verdict = run.judged()
    assert 0.4 < verdict.max_error_mm <= 0.5 * 2**0.5
    assert 0.2 < verdict.max_error_degrees <= 90 / 127 / 2 + 1e-9


def test_latency_counts_from_the_intended_sending(run: Run) -> None:
    """Sent 20 ms before the tick and received 3 ms after it."""
    latency_ms = run.judged().latency_ms
    assert np.median(latency_ms) == pytest.approx((LEAD_NS + LAG_NS) / 1e6)


def test_a_late_pose_is_coalesced_and_its_wait_counts(run: Run) -> None:
    """Two poses in one tick are one update; the overtaken one has waited a period longer."""
    late = nearest(run, 7)
    verdict, punctual = play(WALKERS, SAMPLED, skip=frozenset({(late, TICK)})).judged(), run.judged()
    assert verdict.violations == []
    assert verdict.updates_coalesced > 0
    assert verdict.updates_expected < punctual.updates_expected
    assert verdict.latency_ms.max() == pytest.approx((LEAD_NS + LAG_NS + PERIOD_NS) / 1e6, abs=11)


def test_updates_that_do_not_come_are_missed(run: Run) -> None:
    """What clients count is compared with what was due, for those who are not sampled too."""
    updates, row = run.column("updates"), run.rows(5)[TICK]
    updates[row] -= 1
    verdict = run.judged()
    assert verdict.updates_delivered == verdict.updates_expected - 1
    (violation,) = verdict.violations
    assert (violation.observer, violation.tick) == (5, TICK + 1)


def test_a_snapshot_that_does_not_come_is_missed(run: Run) -> None:
    """Whoever is told nothing while others nearby move is short of updates."""
    run.log.frames = np.delete(run.log.frames, run.rows(5)[TICK], axis=0)
    verdict = run.judged()
    assert verdict.snapshots == verdict.observations - 1
    assert verdict.violations


def test_a_wrong_millimetre_is_found(run: Run) -> None:
    """The smallest error a delta can have, once: from then on until the next absolute record."""
    data, is_record = corrupted(run.log.sampled[7][TICK - 1][1])
    assert is_record
    run.tamper(7, TICK, data)
    verdict = run.judged()
    assert {violation.observer for violation in verdict.violations} == {7}
    assert min(violation.tick for violation in verdict.violations) == TICK
    assert verdict.max_error_mm > 0.5 * 2**0.5


def test_a_lost_record_is_found(run: Run) -> None:
    """A snapshot without its records leaves everybody where they were."""
    data = run.log.sampled[2][TICK - 1][1]
    run.tamper(2, TICK, data[: SNAPSHOT_HEADER.itemsize])
    assert run.judged().violations


def test_an_unreadable_snapshot_is_found(run: Run) -> None:
    """Noise is a violation, not a crash."""
    run.tamper(2, TICK, run.log.sampled[2][TICK - 1][1] + b"\x00")
    assert "unreadable" in run.judged().violations[0].what


def test_a_wrong_digest_is_found_for_everybody(run: Run) -> None:
    """Even of somebody whose records nobody reads."""
    run.column("digest")[run.rows(5)[TICK]] ^= 1
    (violation,) = run.judged().violations
    assert (violation.observer, violation.tick) == (5, TICK + 1)


def test_a_pose_from_the_future_is_found(run: Run) -> None:
    """A server that moves somebody without having acknowledged their pose contradicts itself."""
    acks, row = run.column("ack"), run.rows(nearest(run, 7))[TICK]
    acks[row] -= 1
    assert any(violation.tick == TICK + 1 for violation in run.judged().violations)


def test_only_the_window_counts(run: Run) -> None:
    """Ticks before it set the scene, and are not counted."""
    begin, end = WINDOW_NS
    half = run.judged((begin, (begin + end) // 2))
    assert half.ticks == (TICKS - WARM_TICKS) // 2
    assert half.room_ms == (half.ticks - 1) * 50


def test_head_and_hands_are_compared_too() -> None:
    """In a room of headsets and desktops a faultless run has no violation, and errors are those of quantisation."""
    verdict = play(WALKERS, SAMPLED, tracked=frozenset(range(0, WALKERS, 2))).judged()
    assert verdict.violations == []
    assert verdict.is_self_test_caught
    assert 0.5 * 2**0.5 < verdict.max_error_mm <= 0.5 * 3**0.5
    assert 0.2 < verdict.max_error_degrees <= 90 / 127 / 2 + 1e-9


def test_a_hand_off_by_a_millimetre_is_found() -> None:
    """The last byte but five of a tracked delta is where the right hand went along Z."""
    run = play(WALKERS, SAMPLED, tracked=frozenset(range(WALKERS)))
    data = bytearray(run.log.sampled[7][TICK - 1][1])
    data[-6] ^= 1
    run.tamper(7, TICK, bytes(data))
    verdict = run.judged()
    assert {violation.observer for violation in verdict.violations} == {7}
    assert verdict.max_error_mm > 0.5 * 3**0.5


def test_who_comes_and_goes_is_held_meanwhile() -> None:
    """Somebody who comes late is expected from the first snapshot on, and no longer after the last."""
    run = play(WALKERS, SAMPLED, comes={5: 20, 2: 25}, goes={9: 40})
    verdict = run.judged()
    assert verdict.violations == []
    assert verdict.people == WALKERS - 1
    assert verdict.observations == (TICKS - WARM_TICKS) * WALKERS - 10 - 15 - (TICKS - 41)
    run.log.visits[9].left_ns = None
    assert run.judged().violations  # were it still there, others would have to hold it


def test_who_reads_slowly_is_judged_by_what_it_was_told() -> None:
    """Ticks at which it was told nothing are not missed, and nothing of it is counted."""
    slow = frozenset({7})
    run = play(WALKERS, SAMPLED, still=slow, deaf={7: range(20, 27)})
    verdict = run.judged(slow=slow)
    assert verdict.violations == []
    assert verdict.snapshots == (TICKS - WARM_TICKS) * (WALKERS - 1)
    assert verdict.updates_delivered == pytest.approx(verdict.updates_expected, rel=0.002)
    counted = run.judged()
    assert counted.updates_delivered < 0.999 * counted.updates_expected


@pytest.mark.parametrize("end", range(24, 34))
def test_who_reads_slowly_looks_around_once_it_can(end: int) -> None:
    """At whichever tick of its turn that is; who came or went meanwhile is known at once."""
    slow = frozenset({7})
    run = play(24, SAMPLED, 2, still=slow, deaf={7: range(20, end)})
    assert run.judged(slow=slow).violations == []


def test_a_room_without_motion_is_tested_by_its_digests() -> None:
    """Every few seconds everybody is told that nothing happened; the self-test falsifies a digest then."""
    ticks = 6 * TICKS
    run = play(WALKERS, SAMPLED, still=frozenset(range(WALKERS)), ticks=ticks)
    verdict = run.judged((WARM_TICKS * PERIOD_NS, ticks * PERIOD_NS))
    assert verdict.violations == []
    assert verdict.updates_expected == verdict.updates_delivered == 0
    assert verdict.comparisons > 0
    assert verdict.is_self_test_caught
    assert verdict.ticks > ticks / 3  # the silent ones between two snapshots included


def test_corruption_is_one_millimetre() -> None:
    """The self-test's frame differs in one record, by one millimetre, and is readable."""
    enter, root = section(Section.ENTER, {"id": 3}), section(Section.ROOT, {"id": 3, "place": (8, 0, 0)})
    moves = section(Section.ROOT_DELTA, {"id": 1, "shift": (MAX_DELTA_XZ, 0, 5)}, {"id": 2, "shift": (6, 7, 8)})
    wrong, is_record = corrupted(snapshot(enter, root, moves))
    assert is_record
    assert [delta.shift for delta in read_snapshot(wrong).deltas] == [(MAX_DELTA_XZ - 1, 0, 5), (6, 7, 8)]
    assert read_snapshot(wrong).absolutes[0].pose.place == (8, 0, 0)
    wrong, is_record = corrupted(snapshot(enter, root))
    assert is_record
    assert read_snapshot(wrong).absolutes[0].pose.place == (9, 0, 0)


def test_where_there_is_no_record_the_digest_is_falsified() -> None:
    """By its lowest bit."""
    wrong, is_record = corrupted(snapshot(held=((1, 1),)))
    assert not is_record
    assert read_snapshot(wrong).digest == read_snapshot(snapshot(held=((1, 1),))).digest ^ 1
