"""`python -m benchmarks SCENARIO`: measure the server and check it while it is measured."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import floor, plaza
from benchmarks.progress import Progress
from benchmarks.table import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
BAD_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a scenario. Returns 0 for a valid run without violations, 1 for any other, 2 for bad usage."""
    arguments = _parser().parse_args(argv)
    asked = {name: value for name, value in vars(arguments).items() if name not in ("scenario", "floor", "json")}
    try:
        result = _measured(plaza.Parameters(**asked), Progress(), with_floor=arguments.floor)
    except ValueError as problem:
        print(f"benchmarks: {problem}", file=sys.stderr)
        return BAD_USAGE
    except RuntimeError as problem:
        print(f"benchmarks: {problem}", file=sys.stderr)
        return FAILED
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_table(result)
    return 0 if result["invalid"] is None and not result["oracle_violations"] else FAILED


def _measured(asked: plaza.Parameters, progress: Progress, *, with_floor: bool) -> dict[str, Any]:
    if not with_floor:
        return plaza.run(asked, progress)

    def bare(result: dict[str, Any]) -> floor.Floor:
        plan = floor.FloorPlan(
            clients=asked.avatars,
            frame_bytes=round(result["bytes_per_update"] * result["updates_delivered"] / result["snapshots"]),
            tick_hz=result["parameters"]["tick_hz"],
            warmup_s=1.0,
            seconds=asked.seconds,
            server_cpu=asked.server_cpu,
            load_cpu=asked.generator_cpu,
        )
        return floor.measure(plan, progress)

    return floor.beside(lambda: plaza.run(asked, progress), bare)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    scenarios = parser.add_subparsers(dest="scenario", required=True, metavar="SCENARIO")
    asked = scenarios.add_parser("plaza", help="people walking about on a square, each with 32 others within 10 m")
    asked.add_argument("--avatars", type=int, required=True, metavar="N", help="how many people")
    asked.add_argument("--seconds", type=float, required=True, metavar="S", help="how long to measure")
    asked.add_argument("--warmup", type=float, default=3.0, metavar="S", help="seconds left out before (default: 3)")
    asked.add_argument("--seed", type=int, default=1, help="of the walks (default: 1)")
    asked.add_argument("--observers", type=int, default=64, help="people whose every record is checked (default: 64)")
    asked.add_argument("--generators", type=int, default=1, help="generator processes (default: 1)")
    asked.add_argument("--server-cpu", type=_core, default=0, metavar="CORE", help="core of the server (default: 0)")
    asked.add_argument("--generator-cpu", type=_core, default=1, metavar="CORE", help="core of the load (default: 1)")
    asked.add_argument(
        "--floor", action="store_true", help="also measure what the system calls alone cost, three times in turn"
    )
    asked.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser


def _core(text: str) -> int | None:
    return None if text == "any" else int(text)


if __name__ == "__main__":
    sys.exit(main())
