"""A benchmark's result as a table for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = list[tuple[str, str]]


_UNTOLD = {"p50": None, "p99": None, "max": None}
_OF_PROCESS = {
    "server_cpu": "CPU",
    "server_waited": "waiting for a core",
    "server_memory_kib_per_avatar": "memory",
    "tick_ms": "time of ticks",
}


def print_table(result: dict[str, Any]) -> None:
    """Print the figures of a run, and first of all whether they count."""
    console = Console()
    if result["invalid"]:
        console.print(f"[bold red]This run counts for nothing:[/] {result['invalid']}")
    if result["oracle_violations"]:
        console.print(f"[bold red]{result['oracle_violations']} violations[/], the first:")
        for violation in result["oracle_first_violations"]:
            console.print(f"  tick {violation['tick']}, observer {violation['observer']}: {violation['what']}")
    asked = result["parameters"]
    if asked.get("url"):
        missing = [words for key, words in _OF_PROCESS.items() if result[key] in (None, _UNTOLD)]
        unknown = f": {', '.join(missing)} not measured" if missing else ""
        console.print(f"Measured from outside, at {asked['url']}{unknown}")
    table = Table(title=f"{result['scenario']}: {asked['avatars']} avatars, {asked['seconds']:g} s", show_header=False)
    for part, rows in _OF_PARTS.items():
        for name, value in rows(result) if part in result else ():
            table.add_row(name, value)
    for name, value in _of_every_run(result):
        table.add_row(name, value)
    console.print(table)
    if "peers" in result:
        console.print(_peers(result["peers"]))


def _peers(peers: dict[str, dict[str, Any]]) -> Table:
    """Set servers side by side; one that does not count says why."""
    table = Table(title="Servers under the same load")
    for name in ("server", "µs per update", "times ours", "bytes per update", "times ours", "p99", "delivered", "CPU"):
        table.add_column(name, justify="left" if name == "server" else "right")
    for name, told in peers.items():
        latency = told["latency_ms"] or {"p99": None}
        table.add_row(
            name,
            _told(told["cpu_us_per_update"]),
            _told(told["cpu_to_presence"]),
            _told(told["bytes_per_update"]),
            _told(told["bytes_to_presence"]),
            _told(latency["p99"], "ms"),
            _share(told["delivered_share"]),
            _share(told["server_cpu"]),
        )
        if not told["valid"]:
            table.add_row(f"  [red]does not count:[/] {told['invalid']}")
    return table


def _share(value: float | None) -> str:
    return _told(None if value is None else f"{value:.1%}")


def _of_storm(result: dict[str, Any]) -> Rows:
    storm = result["storm"]
    return [
        ("joiners in", f"{storm['in']} of {storm['joiners']}, all after {_told(storm['all_in_s'], 's')}"),
        ("joiner in p50 / p99 / max", _milliseconds(storm["in_ms"])),
        ("longest gap at a witness", _told(storm["longest_gap_ms"], "ms")),
        ("oldest sample at a witness", _told(storm["oldest_sample_ms"], "ms")),
    ]


def _of_crowd(result: dict[str, Any]) -> Rows:
    crowd = result["crowd"]
    used = crowd["budget_used"]
    shares = None if used["min"] is None else f"{used['min']:.1%} / {used['mean']:.1%} / {used['max']:.1%}"
    return [
        ("budget used min / mean / max", _told(shares)),
        ("least share held within the radius", _told(crowd["coverage_min"])),
        *(
            (f"staleness of {whom}, p50 / p99 / max", _milliseconds(crowd[key]))
            for whom, key in (("the nearest 30", "staleness_nearest_30_ms"), ("all held", "staleness_ms"))
            if crowd[key] is not None
        ),
    ]


def _of_churn(result: dict[str, Any]) -> Rows:
    churn = result["churn"]
    return [
        ("joins / leaves a second", f"{churn['joins_per_s']} / {churn['leaves_per_s']}"),
        ("entity ids used", f"{churn['ids_used']} for {churn['seats_taken']} seats"),
    ]


def _of_pairs(result: dict[str, Any]) -> Rows:
    slow = result.get("slow", {"readers": 0, "told_share": 0.0})
    return [
        ("slow readers", f"{slow['readers']}, told something at {slow['told_share']:.0%} of the ticks"),
        ("the others' p99, with to without", f"{_told(result['others_p99_ratio'], 'times')} (median of pairs)"),
    ]


def _of_floor(result: dict[str, Any]) -> Rows:
    floor = result["floor"]["cpu_us_per_client_tick"]
    return [
        (
            "floor: system calls alone",
            f"{_told(result['floor_cpu_us_per_update'], 'µs')} ({floor} per client and tick)",
        ),
        ("server CPU to floor", _told(result["cpu_to_floor"], "times")),
    ]


_OF_PARTS: dict[str, Callable[[dict[str, Any]], Rows]] = {
    "storm": _of_storm,
    "crowd": _of_crowd,
    "churn": _of_churn,
    "pairs": _of_pairs,
    "floor": _of_floor,
}


def _of_every_run(result: dict[str, Any]) -> Rows:
    expected, delivered = result["updates_expected"], result["updates_delivered"]
    share = f" ({delivered / expected:.2%} of {expected:,})" if expected else ""
    return [
        ("updates delivered", f"{delivered:,}{share}"),
        ("updates coalesced", f"{result['updates_coalesced']:,}"),
        ("server CPU per update", _told(result["cpu_us_per_update"], "µs")),
        ("server CPU", f"{_share(result['server_cpu'])} of a core, waited for it {_share(result['server_waited'])}"),
        ("server memory per avatar", _told(result["server_memory_kib_per_avatar"], "KiB")),
        ("bytes per update", _told(result["bytes_per_update"])),
        ("latency p50 / p99 / max", _milliseconds(result["latency_ms"])),
        ("pose error", f"{result['pose_error']['max_mm']} mm, {result['pose_error']['max_degrees']}°"),
        ("neighbours held", _told(result["neighbours_mean"])),
        ("ticks", f"{result['ticks']}, {result['ticks_skipped']} skipped"),
        ("a tick takes p50 / p99 / max", _milliseconds(result["tick_ms"])),
        (
            "oracle",
            f"{result['oracle_comparisons']:,} records, {result['oracle_digest_comparisons']:,} digests compared",
        ),
        ("oracle violations", str(result["oracle_violations"])),
        ("oracle self-test", "caught" if result["oracle_self_test"] else "MISSED"),
        ("generator CPU", f"{result['generator_cpu']:.1%} of a core"),
        ("generator lateness", _milliseconds(result["generator_lateness_ms"])),
    ]


def _milliseconds(spread: dict[str, float | None]) -> str:
    return _told(None if spread["p50"] is None else f"{spread['p50']} / {spread['p99']} / {spread['max']}", "ms")


def _told(value: float | str | None, unit: str = "") -> str:
    """Say a value with its unit; a dash where there is none."""
    return "–" if value is None else f"{value} {unit}".rstrip()
