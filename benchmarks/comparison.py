"""Whether two versions differ, told from runs of both that took turns on one machine.

Pure: results go in, a verdict comes out. Every figure is one for which less is better. Runs are taken in pairs, one of
each version, next to each other in time, and a pair says one number for each figure: the logarithm of new over old.

**The test.** If nothing had changed, which of a pair is called new would be chance, and every way of exchanging the two
in some of the pairs as likely as the one that was seen. So all 2^n of them are gone through (or `MOST_FLIPS` drawn at
random), and for each the largest |t| over *all* figures is noted, t being the mean of a figure's logarithms over its
standard error. A figure's p is the share of those that reach its own |t|. Exchanging pairs as a whole keeps together
the figures that go together, and comparing with the largest keeps the promise for all of them at once: two runs of the
same version are called different in **any** figure at most `ALPHA` of the time, whatever the noise looks like.

**A real difference** is one with p at or below `ALPHA` and a ratio of at least `LEAST` away from 1: what is smaller is
nobody's business, however sure. The interval is the bootstrap's, `1 - ALPHA` for each figure by itself.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    Result = dict[str, Any]
    Run = Sequence[Result]  # the results of one version in one turn

ALPHA = 0.1
LEAST = 0.02
MIN_PAIRS = 6  # 2^6 ways: the smallest p there can be is 0.03

MOST_FLIPS = 1 << 12
_SEED = 1
_NEVER_STEADIER = 1e-4  # of a logarithm: figures that never vary have a t all the same
_BOOTSTRAPS = 2000

SLOWER, FASTER, EQUAL, UNKNOWN = "slower", "faster", "equal", "unknown"

Floats = NDArray[np.float64]


def compare(old: Sequence[Run], new: Sequence[Run]) -> Result:
    """Compare versions by runs: old[k] and new[k] were made next to each other.

    Returns `verdict`, `figures` by name, and `statistics`. With fewer than MIN_PAIRS the verdict is `unknown`: ratios
    are told, and nothing is called real. Raises ValueError where there is nothing that both have.
    """
    pairs = list(zip(old, new, strict=True))
    names = [name for name in figures(old[0]) if all(name in figures(run) for pair in pairs for run in pair)]
    if not names:
        raise ValueError("these results have no figure in common")
    before, after = (np.array([[figures(run)[name] for name in names] for run in runs]) for runs in (old, new))
    logs = np.log(after / before)
    chances = p_values(logs) if len(pairs) >= MIN_PAIRS else np.full(len(names), np.nan)
    told = {
        name: _figure(before[:, column], after[:, column], logs[:, column], float(chances[column]))
        for column, name in enumerate(names)
    }
    verdicts = {figure["verdict"] for figure in told.values()}
    overall = next(verdict for verdict in (UNKNOWN, SLOWER, FASTER, EQUAL) if verdict in verdicts)
    return {
        "verdict": overall,
        "figures": told,
        "statistics": {
            "pairs": len(pairs),
            "alpha": ALPHA,
            "least_difference": LEAST,
            "test": "sign flips of paired log ratios, largest |t| over all figures",
        },
    }


def figures(run: Run) -> dict[str, float]:
    """List what can be compared of one turn, by name: stages of a tick in µs, and what a scenario measured."""
    found: dict[str, float | None] = {}
    for result in run:
        scenario = result["scenario"]
        for row in result.get("rows", ()):
            place = f"{scenario} {row['avatars']} {row['layout']}"
            for stage, spent in (row.get("stages", {}) | {"tick": row.get("tick")}).items():
                found[f"{place} {stage} µs"] = spent and spent["p25_us"]
        found[f"{scenario} CPU µs per update"] = result.get("cpu_us_per_update")
        found[f"{scenario} bytes per update"] = result.get("bytes_per_update")
        found[f"{scenario} p99 ms"] = result.get("latency_ms", {}).get("p99")
    return {name: value for name, value in found.items() if value}


def p_values(logs: Floats) -> Floats:
    """Return each figure's chance of being as far from 0 as it is, if nothing had changed. logs: (pairs, figures).

    Cost: O(2^pairs x figures), at most MOST_FLIPS x figures.
    """
    pairs = len(logs)
    if 2**pairs <= MOST_FLIPS:
        signs = np.array(list(product((1.0, -1.0), repeat=pairs)))
    else:
        signs = np.random.default_rng(_SEED).choice((1.0, -1.0), (MOST_FLIPS, pairs))
        signs[0] = 1.0
    largest = _t(signs @ logs / pairs, logs).max(axis=1)
    seen = _t(logs.mean(axis=0), logs)
    chances: Floats = (largest[:, None] >= seen[None, :] * (1 - 1e-9)).mean(axis=0)
    return chances


def _t(means: Floats, logs: Floats) -> Floats:
    """Return |mean| over its standard error, for means under flipped signs: the squares stay as they are."""
    pairs = len(logs)
    spread = np.sqrt(np.maximum((logs**2).mean(axis=0) - means**2, 0) * pairs / max(1, pairs - 1))
    t: Floats = np.abs(means) / ((spread + _NEVER_STEADIER) / np.sqrt(pairs))
    return t


def _figure(before: Floats, after: Floats, logs: Floats, chance: float) -> Result:
    ratio = float(np.exp(logs.mean()))
    draws = np.random.default_rng(_SEED).integers(0, len(logs), (_BOOTSTRAPS, len(logs)))
    low, high = np.exp(np.percentile(logs[draws].mean(axis=1), (50 * ALPHA, 100 - 50 * ALPHA)))
    if np.isnan(chance):
        verdict = UNKNOWN
    elif chance > ALPHA or abs(ratio - 1) < LEAST:
        verdict = EQUAL
    else:
        verdict = SLOWER if ratio > 1 else FASTER
    return {
        "old": round(float(np.median(before)), 4),
        "new": round(float(np.median(after)), 4),
        "ratio": round(ratio, 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "p": None if np.isnan(chance) else round(chance, 4),
        "verdict": verdict,
    }


def print_comparison(result: Result) -> None:
    """Print every figure with its ratio, and what differs for real."""
    console = Console()
    if result["invalid"]:
        console.print(f"[bold red]This comparison counts for nothing:[/] {result['invalid']}")
    pairs = result["statistics"]["pairs"]
    table = Table(title=f"new to old, {pairs} {'pair' if pairs == 1 else 'pairs'}: {result['verdict']}")
    for name in ("figure", "old", "new", "ratio", f"{1 - ALPHA:.0%} interval", "p", ""):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name, told in result["figures"].items():
        low, high = told["interval"]
        chance = "–" if told["p"] is None else f"{told['p']:.3f}"
        cells = (f"{told['old']:g}", f"{told['new']:g}", f"{told['ratio']:.3f}", f"{low:.3f} to {high:.3f}", chance)
        table.add_row(name, *cells, told["verdict"])
    console.print(table)
