"""`python -m benchmarks COMMAND`: measure the server and check it while it is measured; compare, and report."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import capacity, client_frames, commits, engine, floor, recorded, report, shares, soak, stages
from benchmarks.commits import Turns, read
from benchmarks.comparison import SLOWER, print_comparison
from benchmarks.environment import describe_environment
from benchmarks.parameters import RINGS, Parameters
from benchmarks.patience import NotLetIn
from benchmarks.peers.catalogue import PEERS, chosen
from benchmarks.peers.measure import TICK_HZ, beside, own_figures, unmeasured
from benchmarks.peers.measure import run as run_peer
from benchmarks.progress import Progress
from benchmarks.remote import TOKEN_VARIABLE, read_tokens, remote
from benchmarks.scenarios import SCENARIOS
from benchmarks.table import print_table
from protocol.records import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.scenario import Scenario

    Show = Callable[[dict[str, Any]], None]

FAILED = 1
BAD_USAGE = 2

_OURS, _FLOOR = "presence", "floor"

PROFILE = (  # ten minutes; the last plaza is the one that stands at the top of the report
    "stages --avatars 100 500 1000",
    "plaza --avatars 100 --seconds 8",
    "plaza --avatars 200 --seconds 8",
    "plaza --avatars 600 --seconds 8",
    "capacity plaza --start 500 --repeats 2 --seconds 6",
    "plaza --avatars 400 --seconds 10 --warmup 6 --peers all",
)

_COMMANDS = {
    "stages": "what each stage of a tick costs, in memory",
    "capacity": "how many people a server holds: p99 below 100 ms, 99 % delivered, nothing wrong",
    "soak": "whether a server that runs for long leaves anything behind: memory, descriptors, sessions, rooms",
    "join": "one result of the shares that several machines took of a run",
    "compare": "whether two versions differ: two files of results, or two commits run in turn",
    "report": "one page for a browser, and a summary in Markdown, from files of results",
    "profile": "ten minutes of measurements, and the report on them",
    "record": "measure what README.md and docs/performance.md quote, into benchmarks/results",
    "quote": "write those results into the pages that quote them",
    "list": "what there is to measure, and with what",
}

_OPTIONS = {  # of single scenarios
    "side_m": "side of the square that everybody is on",
    "joiners": "people who come all at once",
    "rate": "arrivals, and as many departures, a second",
    "slow_share": "share of the avatars that read slowly",
    "slow_bytes": "bytes a second that each of those reads",
    "pairs": "how often to measure with and without them",
}
_SOAK = {
    "rate": "arrivals, and as many departures, a second",
    "round-s": "seconds measured of each round",
    "every-s": "seconds between two samples",
    "warmup-minutes": "left out of memory's slope",
    "most-mib-per-hour": "that memory may grow",
    "seed": "of everything random",
}
_TURNS = {  # of a comparison of commits
    "pairs": "pairs of runs",
    "avatars": "people of the plaza that each runs; 0 for stages alone",
    "seconds": "how long to measure it",
    "stage-avatars": "people in memory, whose stages are timed",
    "ticks": "ticks of those",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what was asked. Returns 0 for a valid run without violations, 1 for any other, 2 for bad usage.

    A comparison returns 1 where the new version is really slower.
    """
    arguments = vars(_parser().parse_args(argv))
    try:
        code: int = arguments["do"](arguments)
    except ValueError as problem:
        print(f"benchmarks: {problem}", file=sys.stderr)
        return BAD_USAGE
    except RuntimeError as problem:
        print(f"benchmarks: {problem}", file=sys.stderr)
        return FAILED
    return code


def _measure(arguments: dict[str, Any]) -> int:
    """Carry out a command that has a result, and print it."""
    result, show = arguments["carry_out"](arguments)
    if arguments["json"]:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    return _code(result)


def _code(result: dict[str, Any]) -> int:
    is_bad = result.get("oracle_violations") or result.get("leaks") or result.get("verdict") == SLOWER
    return 0 if result["invalid"] is None and not is_bad else FAILED


def _list(_arguments: dict[str, Any]) -> int:
    for what, named in (
        ("Scenarios", {scenario.name: scenario.what for scenario in SCENARIOS.values()}),
        ("Servers for --peers", {peer.name: peer.what for peer in PEERS.values()}),
        ("Commands", _COMMANDS),
    ):
        print(f"{what}\n" + "\n".join(f"  {name:<13}{meaning}" for name, meaning in named.items()))
    return 0


def _profile(arguments: dict[str, Any]) -> int:
    """Measure what a report is about, one after the other, and write it with every result beside it."""
    folder: Path = arguments["into"]
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for number, words in enumerate(PROFILE):
        print(f"{number + 1} of {len(PROFILE)}: {words}", file=sys.stderr)
        result = _carried_out(words)
        (folder / f"{number + 1}-{result['scenario']}.json").write_text(json.dumps(result, indent=2), encoding="utf-8")
        results.append(result)
    _write_report(folder, results)
    return max(map(_code, results))


def _carried_out(words: str) -> dict[str, Any]:
    """Carry out a command of our own lists."""
    asked = vars(_parser().parse_args(words.split()))
    result: dict[str, Any]
    result, _ = asked["carry_out"](asked)
    return result


def _record(arguments: dict[str, Any]) -> int:
    """Measure what is quoted, one after the other; what does not count is refused, and what was there stays."""
    names = arguments["names"] or list(recorded.COMMANDS)
    if unknown := [name for name in names if name not in recorded.COMMANDS]:
        raise ValueError(f"no result is called {unknown[0]}, there are: {', '.join(recorded.COMMANDS)}")
    if (describe_environment()["commit"] or "+").endswith("+"):
        raise ValueError("a result names the commit it is of: commit what you changed")
    refused = 0
    for number, name in enumerate(names):
        words = recorded.COMMANDS[name]
        print(f"{number + 1} of {len(names)}, {name}: {words}", file=sys.stderr)
        try:
            result = _carried_out(words)
            reason = recorded.against(result)
        except RuntimeError as problem:  # the others may count
            reason = str(problem)
        if reason:
            print(f"benchmarks: {name} is refused, what was there stays: {reason}", file=sys.stderr)
            refused += 1
        else:
            print(recorded.write(name, recorded.trimmed(words, result)))
    return FAILED if refused else 0


def _quote(arguments: dict[str, Any]) -> int:
    stale = recorded.stale()
    for path, text in stale.items():
        if arguments["check"]:
            print(f"benchmarks: {path} is stale: run `python -m benchmarks quote`", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(path)
    return FAILED if arguments["check"] and stale else 0


def _report(arguments: dict[str, Any]) -> int:
    _write_report(arguments["into"], [read(path) for path in arguments["files"]])
    return 0


def _write_report(folder: Path, results: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("report.html", report.html(results)), ("report.md", report.markdown(results))):
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


def _run_scenario(scenario: Scenario, arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    arguments["rings"] = arguments["rings"] or ("default" if arguments["url"] else "off")
    asked = Parameters(**{field.name: arguments[field.name] for field in fields(Parameters) if field.name in arguments})
    peers = chosen(arguments["peers"]) if arguments.get("peers") else []
    progress = Progress()
    if asked.rings == "default" and scenario.is_strict:
        raise ValueError(
            f"{scenario.name} can be judged with --rings off alone, of a server that is set to --rings "
            f"{scenario.radius_m:g}:1 and a budget for everybody"
        )
    for needs_url in ("token", "metrics_url", "share"):
        if arguments[needs_url] and not arguments["url"]:
            raise ValueError(f"--{needs_url.replace('_', '-')} belongs to --url")
    if arguments["share"]:
        return _run_share(scenario, asked, arguments, progress), _print_share
    if arguments["url"]:
        return _run_elsewhere(scenario, asked, arguments, progress), print_table
    result = _measured(scenario, asked, progress, with_floor=arguments.get("floor", False))
    return (beside(result, peers, scenario, asked, progress) if peers else result), print_table


def _run_elsewhere(
    scenario: Scenario, asked: Parameters, arguments: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """Measure a server that runs already."""
    tokens = _prepared(scenario, asked, arguments)

    def run(parameters: Parameters) -> dict[str, Any]:  # each time in a new room
        server = remote(arguments["url"], tokens, arguments["metrics_url"])
        return engine.measure(scenario, parameters, server, progress)

    return run(asked) if scenario.repeat is None else scenario.repeat(run, asked)


def _prepared(scenario: Scenario, asked: Parameters, arguments: dict[str, Any]) -> tuple[str, ...]:
    """Make ready to measure a server that runs already; returns the tokens to come in with."""
    for beside_it in ("floor", "peers"):
        if arguments.get(beside_it):
            raise ValueError(f"--{beside_it} is measured on the machine of the server: not with --url")
    engine.allow_many_sockets()
    return read_tokens(arguments["token"], os.environ, len(scenario.guests(asked)))


def _run_share(scenario: Scenario, asked: Parameters, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Take a share of a run of several machines."""
    if arguments["start"] is None or arguments["evidence"] is None or arguments["metrics_url"]:
        raise ValueError("--share needs --start and --evidence, and goes without --metrics-url")
    share = shares.Share.read(arguments["share"], arguments["start"])
    tokens = _prepared(scenario, asked, arguments)
    server = remote(arguments["url"], tokens, None, share.room(scenario.name, asked.seed))
    return shares.contribute(scenario, asked, server, share, arguments["evidence"], progress)


def _print_share(result: dict[str, Any]) -> None:
    print(f"share {result['share']} is in {result['evidence']}: join it with the others")


def _run_soak(arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    asked = soak.Soak(**{field.name: arguments[field.name] for field in fields(soak.Soak)})
    return soak.run(asked, Progress()), soak.print_soak


def _run_join(arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    return shares.join(arguments["files"], Progress()), print_table


def _run_stages(arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    asked = stages.Sizes(tuple(arguments["avatars"]), arguments["ticks"], arguments["seed"], arguments["cpu"])
    return stages.measure(asked, Progress()), stages.print_stages


def _run_capacity(arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    """Find the capacity of one server after the other."""
    scenario, progress, promise = SCENARIOS[arguments["of"]], Progress(), capacity.Promise()
    starts = dict(_server_and_start(words, arguments["start"]) for words in arguments["servers"].split(","))
    if arguments["repeats"] < 1 or min(starts.values()) < 2:  # noqa: PLR2004  nobody to see
        raise ValueError("repeats must be at least 1, and start at least 2")
    names = list(starts)
    peers = {peer.name: peer for name in names if name not in (_OURS, _FLOOR) for peer in chosen(name)}
    own: list[dict[str, Any]] = []
    if _FLOOR in names and names[0] != _OURS:
        raise ValueError(f"the {_FLOOR} writes frames as long as those of {_OURS}: name {_OURS} before it")

    def measure(name: str, avatars: int) -> dict[str, Any]:
        asked = Parameters(avatars=avatars, seconds=arguments["seconds"], warmup=arguments["warmup"])
        if name == _FLOOR:
            return _bare(asked, own[-1], progress)
        try:
            if name != _OURS:
                return run_peer(peers[name], scenario, asked, progress)
            own.append(own_figures(engine.run(scenario, asked, progress)))
            return own[-1]
        except NotLetIn:
            raise  # says how many it holds
        except RuntimeError as problem:
            return unmeasured(name, problem)

    found = {
        name: capacity.find(partial(measure, name), promise, capacity.Search(start, arguments["repeats"]))
        for name, start in starts.items()
    }
    asked = {name: arguments[name] for name in ("seconds", "warmup", "repeats")} | {"start": starts}
    return capacity.describe(found, scenario.name, promise, asked), capacity.print_capacity


def _server_and_start(words: str, usual: int) -> tuple[str, int]:
    """Read a server's name, and how many people its search begins with if that stands behind a colon."""
    name, colon, start = words.partition(":")
    if colon and not start.isdecimal():
        raise ValueError(f"{words} is not of the form NAME or NAME:PEOPLE")
    return name, int(start) if colon else usual


def _bare(asked: Parameters, own: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Measure the floor under so many people, with the neighbours and the frames that a run of this server had."""
    engine.allow_many_sockets()
    neighbours = own["neighbours_mean"]
    plan = floor.FloorPlan(
        clients=asked.avatars,
        pose_bytes=client_frames.POSE_BYTES[Section.ROOT_INPUT],
        frame_bytes=round(own["bytes_per_update"] * neighbours),
        tick_hz=TICK_HZ,
        warmup_s=asked.warmup,
        seconds=asked.seconds,
        server_cpu=asked.server_cpu,
        load_cpu=asked.generator_cpu,
    )
    return floor.figures(floor.measure(plan, progress), asked.avatars, neighbours)


def _run_comparison(arguments: dict[str, Any]) -> tuple[dict[str, Any], Show]:
    if arguments["commits"] is None:
        if len(arguments["files"]) != 2:  # noqa: PLR2004  an old one and a new one
            raise ValueError("name two files of results, or two --commits")
        old, new = arguments["files"]
        return commits.compare_files(old, new), print_comparison
    asked = Turns(**{field.name: arguments[field.name] for field in fields(Turns)})
    old, new = arguments["commits"]
    return commits.compare_commits(old, new, asked, Progress()), print_comparison


def _measured(scenario: Scenario, asked: Parameters, progress: Progress, *, with_floor: bool) -> dict[str, Any]:
    def run(parameters: Parameters) -> dict[str, Any]:
        return engine.run(scenario, parameters, progress)

    if scenario.repeat is not None:
        return scenario.repeat(run, asked)
    if not with_floor:
        return run(asked)

    def bare(result: dict[str, Any]) -> floor.Floor:
        plan = floor.FloorPlan(
            clients=asked.avatars,
            pose_bytes=round(result["parameters"]["pose_bytes"]),
            frame_bytes=round(result["bytes_per_update"] * result["updates_delivered"] / result["snapshots"]),
            tick_hz=result["parameters"]["tick_hz"],
            warmup_s=1.0,
            seconds=asked.seconds,
            server_cpu=asked.server_cpu,
            load_cpu=asked.generator_cpu,
        )
        return floor.measure(plan, progress)

    return floor.beside(lambda: run(asked), bare)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for scenario in SCENARIOS.values():
        _add_scenario(subparsers.add_parser(scenario.name, help=scenario.what, description=scenario.what), scenario)
    for name, add in (
        ("stages", _add_stages),
        ("capacity", _add_capacity),
        ("soak", _add_soak),
        ("join", _add_join),
        ("compare", _add_comparison),
        ("report", _add_report),
        ("profile", _add_profile),
        ("record", _add_record),
        ("quote", _add_quote),
        ("list", lambda asked: asked.set_defaults(do=_list)),
    ):
        add(subparsers.add_parser(name, help=_COMMANDS[name], description=_COMMANDS[name]))
    return parser


def _add_scenario(asked: argparse.ArgumentParser, scenario: Scenario) -> None:
    asked.add_argument("--avatars", type=int, required=True, metavar="N", help="how many people")
    asked.add_argument("--seconds", type=float, required=True, metavar="S", help="how long to measure")
    asked.add_argument("--warmup", type=float, default=3.0, metavar="S", help="seconds left out before (default: 3)")
    asked.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    what = "whether those further away are told of more rarely (default: off; with --url: default)"
    asked.add_argument("--rings", choices=RINGS, help=what)
    asked.add_argument("--observers", type=int, default=64, help="people whose every record is checked (default: 64)")
    asked.add_argument("--generators", type=int, default=1, help="generator processes (default: 1)")
    _add_cores(asked)
    asked.add_argument("--url", metavar="ws://HOST:PORT", help="measure a server that runs there, instead of one here")
    what = f"with --url: tokens, one a line, - for stdin (default: the one in {TOKEN_VARIABLE}; else as guests)"
    asked.add_argument("--token", metavar="FILE", help=what)
    asked.add_argument("--metrics-url", metavar="URL", help="with --url: the page of metrics of that server")
    what = "with --url: take the K-th of N shares of the clients, the others being other machines'"
    asked.add_argument("--share", metavar="K/N", help=what)
    what = "with --share: when all begin, such as 2030-01-31T12:00:00Z; late enough for everybody to be in"
    asked.add_argument("--start", metavar="TIME", help=what)
    asked.add_argument("--evidence", type=Path, metavar="FILE", help="with --share: where to write what was seen")
    for name, default in scenario.options.items():
        flag, what = f"--{name.replace('_', '-')}", f"{_OPTIONS[name]} (default: {default:g})"
        asked.add_argument(flag, type=type(default), default=default, metavar="N", help=what)
    if scenario.has_floor:
        asked.add_argument(
            "--floor", action="store_true", help="also measure what the system calls alone cost, three times in turn"
        )
    if scenario.has_peers:
        asked.add_argument(
            "--peers", metavar="NAMES", help=f"also measure other servers: all, or some of {','.join(PEERS)}"
        )
    _add_json(asked)
    asked.set_defaults(carry_out=partial(_run_scenario, scenario))


def _add_stages(asked: argparse.ArgumentParser) -> None:
    usual = stages.Sizes(cpu=None)
    asked.add_argument(
        "--avatars", type=int, nargs="+", default=usual.avatars, metavar="N", help="sizes (default: 100 1000 5000)"
    )
    asked.add_argument("--ticks", type=int, default=usual.ticks, metavar="N", help="ticks to time (default: 30)")
    asked.add_argument("--seed", type=int, default=usual.seed, help="of the walks (default: 1)")
    asked.add_argument("--cpu", type=_core, default=0, metavar="CORE", help="core to run on (default: 0)")
    _add_json(asked)
    asked.set_defaults(carry_out=_run_stages)


def _add_capacity(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("of", choices=[scenario.name for scenario in SCENARIOS.values() if scenario.has_peers])
    asked.add_argument(
        "--servers",
        default=_OURS,
        metavar="NAMES",
        help=f"{_OURS} (the default) and any of {','.join([_FLOOR, *PEERS])}; NAME:N begins with N people",
    )
    asked.add_argument("--start", type=int, default=200, metavar="N", help="how many to begin with (default: 200)")
    asked.add_argument("--repeats", type=int, default=3, metavar="N", help="runs at each edge (default: 3)")
    asked.add_argument("--seconds", type=float, default=8.0, metavar="S", help="how long to measure (default: 8)")
    asked.add_argument("--warmup", type=float, default=5.0, metavar="S", help="seconds left out before (default: 5)")
    _add_json(asked)
    asked.set_defaults(carry_out=_run_capacity)


def _add_soak(asked: argparse.ArgumentParser) -> None:
    usual = soak.Soak(avatars=0, minutes=1)
    asked.add_argument("--avatars", type=int, required=True, metavar="N", help="how many stay while others come and go")
    asked.add_argument("--minutes", type=float, required=True, metavar="M", help="how long, at least")
    for flag, what in _SOAK.items():
        default = getattr(usual, flag.replace("-", "_"))
        asked.add_argument(f"--{flag}", type=type(default), default=default, metavar="N", help=f"{what} ({default:g})")
    _add_cores(asked)
    _add_json(asked)
    asked.set_defaults(carry_out=_run_soak)


def _add_join(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("files", type=Path, nargs="+", metavar="EVIDENCE", help="what each machine wrote")
    _add_json(asked)
    asked.set_defaults(carry_out=_run_join)


def _add_comparison(asked: argparse.ArgumentParser) -> None:
    usual = Turns()
    asked.add_argument("files", type=Path, nargs="*", metavar="JSON", help="results of the old version and of the new")
    asked.add_argument("--commits", nargs=2, metavar=("OLD", "NEW"), help="run these on this machine instead")
    for flag, what in _TURNS.items():
        default = getattr(usual, flag.replace("-", "_"))
        asked.add_argument(f"--{flag}", type=type(default), default=default, metavar="N", help=f"{what} ({default:g})")
    _add_json(asked)
    asked.set_defaults(carry_out=_run_comparison)


def _add_report(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("files", type=Path, nargs="+", metavar="JSON", help="results")
    _add_folder(asked)
    asked.set_defaults(do=_report)


def _add_profile(asked: argparse.ArgumentParser) -> None:
    _add_folder(asked)
    asked.set_defaults(do=_profile)


def _add_record(asked: argparse.ArgumentParser) -> None:
    what = f"which results (default: all): {', '.join(recorded.COMMANDS)}"
    asked.add_argument("names", nargs="*", metavar="NAME", help=what)
    asked.set_defaults(do=_record)


def _add_quote(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("--check", action="store_true", help="change nothing; name stale pages and exit 1")
    asked.set_defaults(do=_quote)


def _add_folder(asked: argparse.ArgumentParser) -> None:
    usual = Path("build/bench")
    asked.add_argument("--into", type=Path, default=usual, metavar="DIR", help=f"where to write (default: {usual})")


def _add_cores(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("--server-cpu", type=_core, default=0, metavar="CORE", help="core of the server (default: 0)")
    asked.add_argument("--generator-cpu", type=_core, default=1, metavar="CORE", help="core of the load (default: 1)")


def _add_json(asked: argparse.ArgumentParser) -> None:
    asked.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    asked.set_defaults(do=_measure)


def _core(text: str) -> int | None:
    return None if text == "any" else int(text)


if __name__ == "__main__":
    sys.exit(main())
