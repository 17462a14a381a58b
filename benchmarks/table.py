"""A benchmark's result as a table for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


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
    table = Table(title=f"{result['scenario']}: {asked['avatars']} avatars, {asked['seconds']:g} s", show_header=False)
    for name, value in _rows(result):
        table.add_row(name, value)
    console.print(table)


def _floor_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    if "floor" not in result:
        return []
    floor = result["floor"]["cpu_us_per_client_tick"]
    return [
        ("floor: system calls alone", f"{result['floor_cpu_us_per_update']} µs ({floor} per client and tick)"),
        ("server CPU to floor", f"{result['cpu_to_floor']} times"),
    ]


def _rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    expected, delivered = result["updates_expected"], result["updates_delivered"]
    share = f" ({delivered / expected:.2%} of {expected:,})" if expected else ""
    return [
        ("updates delivered", f"{delivered:,}{share}"),
        ("updates coalesced", f"{result['updates_coalesced']:,}"),
        ("server CPU per update", f"{result['cpu_us_per_update']} µs"),
        *_floor_rows(result),
        ("server CPU", f"{result['server_cpu']:.1%} of a core, waited for it {result['server_waited']:.1%}"),
        ("server memory per avatar", f"{result['server_memory_kib_per_avatar']} KiB"),
        ("bytes per update", str(result["bytes_per_update"])),
        ("latency p50 / p99 / max", _milliseconds(result["latency_ms"])),
        ("pose error", f"{result['pose_error']['max_mm']} mm, {result['pose_error']['max_degrees']}°"),
        ("neighbours held", str(result["neighbours_mean"])),
        ("ticks", f"{result['ticks']}, {result['ticks_skipped']} skipped"),
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
    return f"{spread['p50']} / {spread['p99']} / {spread['max']} ms"
