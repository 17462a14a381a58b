"""Every kind of result becomes a table, with dashes for what there is not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.table import print_table

NOTHING = {"p50": None, "p99": None, "max": None}
SOME = {"p50": 1.0, "p99": 2.0, "max": 3.0}
RESULT: dict[str, Any] = {
    "scenario": "plaza",
    "invalid": None,
    "updates_expected": 1000,
    "updates_delivered": 990,
    "updates_coalesced": 5,
    "cpu_us_per_update": 0.9,
    "bytes_per_update": 11.1,
    "latency_ms": SOME,
    "pose_error": {"max_mm": 0.7, "max_degrees": 0.3},
    "oracle_comparisons": 100,
    "oracle_digest_comparisons": 50,
    "oracle_violations": 0,
    "oracle_first_violations": [],
    "oracle_self_test": True,
    "neighbours_mean": 32.1,
    "ticks": 40,
    "ticks_skipped": 1,
    "tick_ms": {"p50": 11.0, "p99": 42.0, "max": 55.0},
    "server_memory_kib_per_avatar": 20.0,
    "server_cpu": 0.5,
    "server_waited": 0.01,
    "generator_cpu": 0.4,
    "generator_lateness_ms": SOME,
    "parameters": {"avatars": 20, "seconds": 2.0},
}


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that shows a result, with changes, and says what was printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def show(**changed: Any) -> str:
        print_table(RESULT | changed)
        return capsys.readouterr().out

    return show


def test_a_good_run_says_what_it_found(shown: Any) -> None:
    """Each figure with its unit."""
    told = shown()
    for words in (
        "990 (99.00% of 1,000)",
        "0.9 µs",
        "20.0 KiB",
        "1.0 / 2.0 / 3.0 ms",
        "11.0 / 42.0 / 55.0 ms",
        "40, 1 skipped",
        "caught",
    ):
        assert words in told
    assert "counts for nothing" not in told


def test_what_speaks_against_a_run_comes_first(shown: Any) -> None:
    """Why it does not count, and what was wrong."""
    wrong = {"tick": 7, "observer": 3, "what": "held a ghost"}
    told = shown(invalid="the machine was busy", oracle_violations=1, oracle_first_violations=[wrong])
    assert told.index("the machine was busy") < told.index("held a ghost") < told.index("updates delivered")


def test_what_there_is_not_is_a_dash(shown: Any) -> None:
    """An idle room has no updates to divide by."""
    told = shown(cpu_us_per_update=None, bytes_per_update=None, latency_ms=NOTHING, updates_expected=0)
    assert "None" not in told
    assert told.count("–") == 3


def test_scenarios_and_the_floor_have_rows_of_their_own(shown: Any) -> None:
    """Only where they were measured."""
    storm = {"in": 4, "joiners": 5, "all_in_s": None, "in_ms": SOME, "longest_gap_ms": 80.0, "oldest_sample_ms": 52}
    churn = {"joins_per_s": 4.5, "leaves_per_s": 4.4, "ids_used": 30, "seats_taken": 31}
    floor = {"floor": {"cpu_us_per_client_tick": 12.0}, "floor_cpu_us_per_update": 0.4, "cpu_to_floor": 2.25}
    assert "4 of 5, all after –" in shown(storm=storm)
    assert "30 for 31 seats" in shown(churn=churn)
    told = shown(pairs=[], slow={"readers": 2, "told_share": 0.25}, others_p99_ratio=1.02)
    assert "told something at 25% of the ticks" in told
    assert "1.02 times" in told
    assert "2.25 times" in shown(**floor)
    assert "joiners" not in shown()


def test_peers_stand_in_a_table_of_their_own(shown: Any) -> None:
    """With what each has to say against itself."""
    good: dict[str, Any] = {
        "cpu_us_per_update": 2.0,
        "cpu_to_presence": 2.5,
        "bytes_per_update": 17.0,
        "bytes_to_presence": 1.5,
    }
    good |= {"latency_ms": SOME, "delivered_share": 0.998, "server_cpu": 0.7, "valid": True, "invalid": None}
    bad = dict.fromkeys(good) | {"valid": False, "invalid": "no Node here"}
    told = shown(peers={"ws": good, "picows": bad})
    assert "99.8%" in told
    assert "no Node here" in told
    assert "side" not in shown()
