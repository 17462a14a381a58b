"""What README.md and docs/performance.md quote of the recorded results: each block begins with its commands.

Pure: results go in by name, blocks of Markdown come out by name. `recorded` says which commands made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import cost_model
from benchmarks.charts import number
from benchmarks.report import capacity_table, markdown_table, peer_table, run_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Result = dict[str, Any]
    Results = Mapping[str, Result]

_FULL = 2 / 3  # of a core: where to stop


def readme(results: Results) -> dict[str, str]:
    """Write the blocks of README.md."""
    run, held = results["plaza-400"], results["capacity-plaza"]
    latency = run["latency_ms"]
    rows = [
        ("CPU per delivered update (one neighbour's new pose at one client)", f"{number(run['cpu_us_per_update'])} µs"),
        ("share of the core", f"{run['server_cpu']:.0%}"),
        ("bytes per update, all headers of WebSocket included", number(run["bytes_per_update"])),
        (
            "latency, from a pose to its arrival at another client",
            f"p50 {_ms(latency['p50'])}, p99 {_ms(latency['p99'])}",
        ),
        ("wrong, missing or surplus records found", _violations(run)),
    ]
    parts = [
        _commands(run),
        markdown_table(("", ""), rows),
        _beside(run["peers"]),
        f"How many people one core holds with p99 below {_promise(held)}:",
        _commands(held),
        capacity_table(held),
        _where([run, held]),
    ]
    return {"how fast": "\n\n".join(parts)}


def performance(results: Results) -> dict[str, str]:
    """Write the blocks of docs/performance.md."""
    return {
        "machine": _where(list(results.values())),
        "one core": _runs(results, "plaza-400", "plaza-1000", "plaza-2000"),
        "other servers": _other_servers(results["plaza-400"]),
        "capacity": "\n\n".join(_capacity(results[name]) for name in ("capacity-plaza", "capacity-crush")),
        "cost model": _cost_model(results),
        "floor": _floor(results["plaza-1000"]),
        "other loads": _runs(results, "tracked-400", "crush-1000", "idle-2000"),
        "crowd": _crowd(results["crush-1000"]),
        "storm": _storm(results["storm-500"]),
    }


# --- blocks -----------------------------------------------------------------------------------------------------------


def _runs(results: Results, *names: str) -> str:
    chosen = [results[name] for name in names]
    checked = ", ".join(f"{_violations(run)} ({run['scenario']}, {_people(run)})" for run in chosen)
    return f"{_commands(*chosen)}\n\n{run_table(chosen)}\n\nWrong, missing or surplus records: {checked}."


def _other_servers(result: Result) -> str:
    peers = result["peers"]
    against = [f"{name} does not count: {told['invalid']}." for name, told in peers.items() if told["invalid"]]
    known = {package: version for told in _told(result) for package, version in told["versions"].items()}
    versions = f"Versions: {', '.join(f'{package} {known[package]}' for package in sorted(known))}."
    return "\n\n".join([_commands(result), peer_table(result), *against, versions])


def _beside(peers: Result) -> str:
    """Say in a sentence what other servers that count need."""
    told = [
        f"{name} {_3(each['cpu_to_presence'])} and {_3(each['bytes_to_presence'])}"
        for name, each in peers.items()
        if name != "presence" and each["valid"]
    ]
    return (
        "Other servers in the same call, under the same load, need so many times our CPU and our bytes for an update: "
        f"{', '.join(told)}. They are asked to do less, and may not have kept up: "
        "[docs/performance.md](docs/performance.md) has all of it side by side."
    )


def _capacity(result: Result) -> str:
    found = result["capacity"]
    open_ended = [f"No upper edge: {name}, {told['invalid']}." for name, told in found.items() if told["invalid"]]
    words = f"In the {result['of']}, p99 below {_promise(result)}:"
    return "\n\n".join([_commands(result), words, capacity_table(result), *open_ended])


def _cost_model(results: Results) -> str:
    few, many, most, tracked, idle = (
        results[name] for name in ("plaza-400", "plaza-1000", "plaza-2000", "tracked-400", "idle-2000")
    )
    model = cost_model.fit(few, many, most, tracked)
    interval_ms, said = 1000 / model.tick_hz, model.share(_count(most))
    idle_us = idle["server_cpu"] * 1e6 / _count(idle)
    rows = [
        ("room in which people move", f"{_3(model.tick_ms)} ms a tick", "", f"{_3(model.server_kib / 1024)} MiB"),
        (
            f"client, with {_3(model.updates)} updates a tick",
            f"{_3(model.person_us)} µs a tick",
            f"{_3(model.down_bytes_per_s / 1e3)} kB/s down, {_3(model.up_bytes_per_s / 1e3)} kB/s up",
            f"{_3(model.person_kib)} KiB",
        ),
        ("client where everybody stands still", f"{_3(idle_us)} µs a second", "", ""),
        ("update", f"{_3(model.update_us)} µs", f"{_3(model.update_bytes)} bytes", ""),
        ("byte more in an update", f"{_3(model.byte_ns)} ns", "1 byte", ""),
    ]
    out_mbit = model.down_bytes_per_s * _count(many) * 8 / 1e6
    formula = f"    CPU of a tick = {_3(model.tick_ms)} ms + {_3(model.person_us)} µs × people, of {interval_ms:g} ms"
    sentences = (
        f"So {model.people(_FULL):,} people take two thirds of a core, which is where to stop: beyond, a burst of "
        f"joins or a busy neighbour shows in latency. For {_people(most)} people the line says {_percent(said)} of a "
        f"core, and {_percent(most['server_cpu'])} were measured. {_people(many)} are sent {_3(out_mbit)} Mbit/s."
    )
    table = markdown_table(("per", "CPU", "bytes", "memory"), rows)
    return "\n\n".join([_commands(few, many, most, tracked, idle), table, formula, sentences])


def _floor(result: Result) -> str:
    floor_us = result["floor_cpu_us_per_update"]
    rows = [
        ("this server", f"{_3(result['cpu_us_per_update'])} µs"),
        ("the bare server", f"{_3(floor_us)} µs"),
        ("times", _3(result["cpu_to_floor"])),
    ]
    return _facts(result, rows, "CPU per update")


def _crowd(result: Result) -> str:
    crowd, used = result["crowd"], result["crowd"]["budget_used"]
    rows = [
        (
            f"share of its budget ({_3(crowd['budget_bytes_per_s'] / 1e3)} kB/s) that an observer is sent",
            f"{_percent(used['mean'])}, at the most {_percent(used['max'])}",
        ),
        ("least share of those within its radius that an observer holds", _percent(crowd["coverage_min"])),
        *(
            (f"for how long a change of {whom} waits", _staleness(crowd[key]))
            for whom, key in (
                ("one's nearest thirty", "staleness_nearest_30_ms"),
                ("anybody within the radius", "staleness_within_radius_ms"),
                ("anybody held", "staleness_ms"),
            )
        ),
    ]
    return _facts(result, rows)


def _storm(result: Result) -> str:
    storm = result["storm"]
    rows = [
        ("who come at once", f"{storm['joiners']:,}, onto {_people(result)} who walk about"),
        ("in, half and all of them", f"after {_ms(storm['in_ms']['p50'])} and {_ms(storm['in_ms']['max'])}"),
        ("longest time without a snapshot for who was there before", _ms(storm["longest_gap_ms"])),
    ]
    return _facts(result, rows)


# --- words ------------------------------------------------------------------------------------------------------------


def _facts(result: Result, rows: Sequence[tuple[str, str]], of: str = "") -> str:
    return f"{_commands(result)}\n\n{markdown_table((of, ''), rows)}"


def _commands(*results: Result) -> str:
    return "\n".join(f"    {result['command']}" for result in results)


def _where(results: Sequence[Result]) -> str:
    """Say on what machine, with which versions, and of which commit: once for all results that agree."""
    measured: dict[str, list[str]] = {}
    for result in results:
        where = result["environment"]
        place = (
            f"on {where['cores']} cores of {where['processor']}, {where['system']}, Python {where['python']}, "
            f"at commit `{where['commit']}`"
        )
        measured.setdefault(place, []).append(f"`{result['command']}`")
    node = sorted(
        {told["versions"]["node"] for result in results for told in _told(result) if "node" in told["versions"]}
    )
    other = f" Other servers ran on Node {', '.join(node)}." if node else ""
    if len(measured) == 1:
        return f"Measured {next(iter(measured))}.{other}"
    return "\n".join(
        [f"Measured at several times.{other}\n", *(f"- {place}: {', '.join(what)}" for place, what in measured.items())]
    )


def _told(result: Result) -> list[Result]:
    """List the servers of a run that were there."""
    return [told for told in result.get("peers", {}).values() if told["versions"]]


def _promise(result: Result) -> str:
    promise = result["promise"]
    return f"{promise['p99_ms']:g} ms, {promise['delivered_share']:.0%} of what is due delivered, and nothing wrong"


def _violations(run: Result) -> str:
    return f"{run['oracle_violations']} of {run['oracle_comparisons']:,}"


def _people(result: Result) -> str:
    return f"{_count(result):,}"


def _count(result: Result) -> int:
    people: int = result["parameters"]["avatars"]
    return people


def _staleness(told: dict[str, float | None] | None) -> str:
    return "–" if told is None or told["p99"] is None else f"p99 {_ms(told['p99'])}, at the most {_ms(told['max'])}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms"


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _3(value: float) -> str:
    """Say a figure to three places."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  three places
