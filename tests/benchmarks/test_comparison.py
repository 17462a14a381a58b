"""Two runs of the same version are called equal nine times out of ten, and a slower stage is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.comparison import ALPHA, MIN_PAIRS, compare, figures, p_values, print_comparison

STAGES = ("drain", "simulate", "select", "encode", "fan_out")
PAIRS = 10


def turn(factors: dict[str, float], rng: np.random.Generator, noise: float = 0.03) -> list[dict[str, Any]]:
    """Make the results of one turn: figures that vary together, as on a busy machine, and by themselves."""
    together = rng.standard_t(3) * noise

    def spent(name: str) -> dict[str, float]:
        return {"p25_us": 1000 * factors.get(name, 1.0) * float(np.exp(together + rng.standard_t(3) * noise))}

    row = {
        "avatars": 500,
        "layout": "spread",
        "stages": {stage: spent(stage) for stage in STAGES},
        "tick": spent("tick"),
    }
    plaza = {
        "cpu_us_per_update": spent("plaza")["p25_us"] / 1000,
        "bytes_per_update": 11.0,
        "latency_ms": {"p99": 70.0},
    }
    return [
        {"scenario": "stages", "invalid": None, "rows": [row]},
        {"scenario": "plaza", "invalid": None} | plaza,
    ]


def judged(factors: dict[str, float], seed: int, pairs: int = PAIRS) -> dict[str, Any]:
    """Compare a version with one in which some figures are so many times as large."""
    rng = np.random.default_rng(seed)
    return compare([turn({}, rng) for _ in range(pairs)], [turn(factors, rng) for _ in range(pairs)])


def test_the_same_version_is_called_equal_nine_times_out_of_ten() -> None:
    """Over all figures together, with noise that has heavy tails."""
    wrong = sum(judged({}, seed)["verdict"] != "equal" for seed in range(200))
    assert wrong <= 200 * ALPHA + 13  # three deviations of a coin that comes up one time in ten


def test_a_stage_that_is_a_tenth_slower_is_found() -> None:
    """It alone, at nearly every try, however much less noise the others have."""
    found = [judged({"encode": 1.1}, seed, pairs=20)["figures"] for seed in range(40)]
    assert sum(told["stages 500 spread encode µs"]["verdict"] == "slower" for told in found) >= 36
    assert sum(told["stages 500 spread drain µs"]["verdict"] == "equal" for told in found) >= 36


def test_what_never_varies_is_compared_too() -> None:
    """Bytes are the same in every run; one byte more is real."""
    told = judged({}, 1)["figures"]["plaza bytes per update"]
    assert (told["ratio"], told["verdict"]) == (1.0, "equal")
    rng = np.random.default_rng(1)
    new = [
        [each | ({"bytes_per_update": 12.0} if "bytes_per_update" in each else {}) for each in turn({}, rng)]
    ] * PAIRS
    told = compare([turn({}, rng) for _ in range(PAIRS)], new)["figures"]["plaza bytes per update"]
    assert (told["ratio"], told["verdict"]) == (1.0909, "slower")
    assert told["p"] == round(2 / 2**PAIRS, 4)


def test_a_faster_version_is_called_faster() -> None:
    """Less is better everywhere."""
    told = judged(dict.fromkeys((*STAGES, "tick", "plaza"), 0.7), 2)
    assert told["verdict"] == "faster"
    low, high = told["figures"]["stages 500 spread tick µs"]["interval"]
    assert low < 0.7 < high < 1


def test_what_is_too_small_to_matter_is_equal() -> None:
    """However sure: one per cent."""
    rng = np.random.default_rng(3)
    old = [turn({}, rng, noise=1e-5) for _ in range(PAIRS)]
    new = [turn(dict.fromkeys(STAGES, 1.01), rng, noise=1e-5) for _ in range(PAIRS)]
    told = compare(old, new)["figures"]["stages 500 spread encode µs"]
    assert told["p"] <= ALPHA
    assert told["verdict"] == "equal"


def test_few_runs_prove_nothing() -> None:
    """A ratio is told all the same."""
    told = judged({"encode": 2.0}, 4, pairs=MIN_PAIRS - 1)
    assert told["verdict"] == "unknown"
    encode = told["figures"]["stages 500 spread encode µs"]
    assert 1.5 < encode["ratio"] < 3
    assert (encode["p"], encode["verdict"]) == (None, "unknown")


def test_many_pairs_are_drawn_from() -> None:
    """Where there are too many ways of exchanging pairs to go through all of them."""
    logs = np.random.default_rng(8).normal((0, 0, 0.05), 0.01, (30, 3))
    chances = p_values(logs)
    assert chances[2] < 0.001
    assert chances[0] > ALPHA


def test_only_what_both_have_is_compared() -> None:
    """Figures that are missing, or null in an idle room, are left out."""
    idle = {"scenario": "idle", "cpu_us_per_update": None, "bytes_per_update": None, "latency_ms": {"p99": 3.0}}
    assert figures([idle]) == {"idle p99 ms": 3.0}
    unavailable = {"scenario": "stages", "rows": [{"avatars": 9, "layout": "spot", "unavailable": "too many"}]}
    assert figures([unavailable]) == {}
    with pytest.raises(ValueError, match="no figure in common"):
        compare([[idle]], [[unavailable]])


def test_the_table_says_what_differs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And whether it counts at all."""
    monkeypatch.setenv("COLUMNS", "200")
    print_comparison(judged({"encode": 2.0}, 6) | {"invalid": "the machine was busy"})
    said = capsys.readouterr().out
    assert said.index("the machine was busy") < said.index("10 pairs: slower")
    assert "90% interval" in said
    print_comparison(judged({}, 6, pairs=1) | {"invalid": None})
    assert "1 pair: unknown" in capsys.readouterr().out
