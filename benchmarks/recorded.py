"""Results that stand in the repository: which commands make them, what of each is kept, and the pages that quote them.

Touches files: results are read and written here. What the pages say of them is worded in `quotes`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import quotes
from protocol.generate import filled

if TYPE_CHECKING:
    Result = dict[str, Any]

_ROOT = Path(__file__).resolve().parents[1]
FOLDER = _ROOT / "benchmarks/results"
PAGES = {_ROOT / "README.md": quotes.readme, _ROOT / "docs/performance.md": quotes.performance}

COMMANDS = {  # by the name of the result; all of them together take some 40 minutes
    "plaza-400": "plaza --avatars 400 --seconds 10 --warmup 10 --peers all",
    "plaza-1000": "plaza --avatars 1000 --seconds 10 --rings off --floor",
    "plaza-2000": "plaza --avatars 2000 --seconds 10",
    "tracked-400": "tracked --avatars 400 --seconds 10",
    "crush-1000": "crush --avatars 1000 --seconds 10",
    "idle-2000": "idle --avatars 2000 --seconds 10",
    "storm-500": "storm --avatars 300 --joiners 500 --seconds 15",
    "capacity-plaza": "capacity plaza --servers presence:3000,colyseus-uws:480,floor:4000 --repeats 1 --seconds 4",
    "capacity-crush": "capacity crush --servers presence:240,colyseus-uws:120 --repeats 2 --seconds 4",
}

_BULK = (  # fills files, and no page needs it
    "latency_percentiles_ms",
    "oracle_first_violations",
    "not_measured",
    "rounds",
    "cpu_us_per_update_rounds",
)
_OF_A_RUN = ("avatars", "holds", "latency_ms", "delivered_share", "wrong", "invalid")  # of a capacity


def against(result: Result) -> str | None:
    """Say why a result is not to be kept; None where it is. A capacity that is open above is: it is a lower bound."""
    if result["scenario"] == "capacity":
        return _against_capacity(result["capacity"])
    violations = result["oracle_violations"]
    return f"{violations} violations" if violations else result["invalid"]


def _against_capacity(found: dict[str, Result]) -> str | None:
    for server, told in found.items():
        if told["holds"] is None:
            return told["invalid"] or f"{server} holds nobody"
    own = found["presence"]["runs"] if "presence" in found else []
    return next((f"{run['wrong']} violations with {run['avatars']} people" for run in own if run["wrong"]), None)


def trimmed(words: str, result: Result) -> Result:
    """Return what is kept of a result, with the command that made it. words: those after `python -m benchmarks`."""
    kept: Result = {"command": f"python -m benchmarks {words}"} | _without_bulk(result)
    for told in kept.get("capacity", {}).values():
        told["runs"] = [{key: run[key] for key in _OF_A_RUN} for run in told["runs"]]
    return kept


def write(name: str, result: Result) -> Path:
    """Write a trimmed result to its file."""
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read() -> dict[str, Result]:
    """Read every result that stands there, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def stale() -> dict[Path, str]:
    """Return the pages that do not say what the results do, each as it should be.

    Raises ValueError where a result is missing, or a page lacks a block.
    """
    results = read()
    if missing := COMMANDS.keys() - results.keys():
        raise ValueError(f"there is no result {min(missing)}: run `python -m benchmarks record {min(missing)}`")
    fresh = {path: filled(path.read_text(encoding="utf-8"), quote(results)) for path, quote in PAGES.items()}
    return {path: text for path, text in fresh.items() if path.read_text(encoding="utf-8") != text}


def _without_bulk(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_bulk(each) for key, each in value.items() if key not in _BULK}
