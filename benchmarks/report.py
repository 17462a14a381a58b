"""One page from any number of results: for a browser, a phone and paper, and the same in short as Markdown.

Pure: results go in, text comes out. The page needs nothing but itself. What there is no result of has no section.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from benchmarks.charts import COLOURS, bars, lines, number, ranges, stacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    Result = dict[str, Any]
    Rows = list[tuple[str, ...]]

_CDF_TO_MS = 200.0  # latencies beyond are not drawn; their figures are in the table

_HELD = {"open_files": "descriptors", "sessions": "sessions", "rooms": "rooms"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --page: #fff; --card: #f4f6f9; --rule: #d3d9e2; --bad: #b3261e;
  --c0: #0b62c4; --c1: #7d8da3; --c2: #c8501e; --c3: #1f8a4c; --c4: #8a3fb3; --c5: #b08900;
  --c6: #00838f; --c7: #ad1457; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --page: #12161d; --card: #1b212b; --rule: #394352;
  --bad: #ff8a80; --c0: #5aa9ff; --c1: #8d9bb0; --c2: #ff9463; --c3: #5fd08c; --c4: #cf93f2; --c5: #e5c04a;
  --c6: #4dd0e1; --c7: #f48fb1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; color: var(--ink); background: var(--page);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr)); }
section { background: var(--card); border-radius: .5rem; padding: 1rem; break-inside: avoid; min-width: 0; }
section.wide { grid-column: 1 / -1; overflow-x: auto; }
p { margin: .25rem 0 .75rem; } .bad { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; font-size: .9rem; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; }
svg { display: block; width: 100%; height: auto; max-width: 30rem; font-size: 13px; fill: var(--ink); }
svg .rule { stroke: var(--rule); } svg polyline { fill: none; stroke-width: 2; }
@media print { :root { color-scheme: light; --ink: #000; --page: #fff; --card: #fff; --rule: #999; --bad: #a00;
  --c0: #0b62c4; --c1: #7d8da3; --c2: #c8501e; --c3: #1f8a4c; --c4: #8a3fb3; --c5: #b08900; --c6: #00838f;
  --c7: #ad1457; } body { font-size: 11pt; } section { border: 1px solid var(--rule); } }
"""
_COLOURS = "".join(f"svg .c{k} {{ fill: var(--c{k}) }} svg .l{k} {{ stroke: var(--c{k}) }}\n" for k in range(COLOURS))


def html(results: Sequence[Result]) -> str:
    """Write the page."""
    sections = [
        *_headline(results),
        *_peers(results),
        *_latency(results),
        *_by_size(results),
        *_stages(results),
        *_capacity(results),
        *_comparisons(results),
        *_soaks(results),
        _section("Every run", _table(_RUN_COLUMNS, _run_rows(results)), is_wide=True),
        _section("Where", _table(("", ""), _where(results)), is_wide=True),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Presence: benchmarks</title>'
        f"<style>{_STYLE}{_COLOURS}</style></head><body>"
        f"<header><h1>Presence: benchmarks</h1>{_warning(results)}</header>"
        f"<main>{''.join(sections)}</main></body></html>\n"
    )


def markdown(results: Sequence[Result]) -> str:
    """Write the summary."""
    parts = ["# Presence: benchmarks"]
    parts += [f"- {name} does not count: {why}" for name, why in _invalid(results)]
    parts.append(run_table(results))
    for result in results:
        if "peers" in result:
            parts += [f"## Servers side by side: {_named(result)}", peer_table(result)]
        if result["scenario"] == "capacity":
            parts += [f"## {_named(result)}", capacity_table(result)]
        if result["scenario"] == "soak":
            parts += [f"## {_named(result)}", markdown_table(("", ""), _soak_rows(result))]
        if result["scenario"] == "compare":
            parts += [
                f"## New to old: {result['verdict']}",
                markdown_table(_COMPARISON_COLUMNS, _comparison_rows(result)),
            ]
    parts += ["## Where", markdown_table(("", ""), _where(results))]
    return "\n\n".join(parts) + "\n"


def run_table(results: Sequence[Result]) -> str:
    """Write runs of scenarios as a table in Markdown; other results are passed over."""
    return markdown_table(_RUN_COLUMNS, _run_rows(results))


def peer_table(result: Result) -> str:
    """Write the servers that a run was measured beside."""
    return markdown_table(_PEER_COLUMNS, _peer_rows(result))


def capacity_table(result: Result) -> str:
    """Write how many people each server holds."""
    return markdown_table(_CAPACITY_COLUMNS, _capacity_rows(result))


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write any table in Markdown."""
    lines_of = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in lines_of)


# --- sections ---------------------------------------------------------------------------------------------------------


def _headline(results: Sequence[Result]) -> list[str]:
    runs = [result for result in results if result.get("cpu_us_per_update")]
    if not runs:
        return []
    last = runs[-1]
    rows: Rows = [
        ("CPU per delivered update", _number(last["cpu_us_per_update"], "µs")),
        ("bytes per update, framing included", _number(last["bytes_per_update"])),
        (
            "latency, half and 99 of 100",
            f"{_number(last['latency_ms']['p50'])} and {_number(last['latency_ms']['p99'])} ms",
        ),
        ("wrong, missing or surplus records", f"{last['oracle_violations']} of {last['oracle_comparisons']:,}"),
    ]
    return [_section(_named(last), _table(("", ""), rows))]


def _peers(results: Sequence[Result]) -> list[str]:
    drawn = []
    for result in results:
        if "peers" not in result:
            continue
        peers, where = result["peers"], _named(result)
        p99 = {name: (told["latency_ms"] or {}).get("p99") for name, told in peers.items()}
        for what, unit, values in (
            ("CPU per update", "µs", {name: told["cpu_us_per_update"] for name, told in peers.items()}),
            ("Bytes per update", "bytes", {name: told["bytes_per_update"] for name, told in peers.items()}),
            ("99 of 100 updates are younger than", "ms", p99),
        ):
            drawn.append(_section(f"{what}, {where}", bars(values, unit)))
        against = [f"{name} does not count: {told['invalid']}" for name, told in peers.items() if told["invalid"]]
        words = "".join(f'<p class="bad">{escape(each)}</p>' for each in against)
        table = _table(_PEER_COLUMNS, _peer_rows(result))
        drawn.append(_section(f"Servers side by side: {where}", words + table, is_wide=True))
    return drawn


def _latency(results: Sequence[Result]) -> list[str]:
    """Draw latencies of servers side by side; of our last run, where there are no others."""
    drawn = []
    runs = [result for result in results if result.get("latency_percentiles_ms")]
    for result in [run for run in runs if "peers" in run] or runs[-1:]:
        told = result.get("peers", {"presence": result})
        series = {
            name: [(ms, float(share)) for share, ms in each["latency_percentiles_ms"].items()]
            for name, each in told.items()
            if each.get("latency_percentiles_ms")
        }
        chart = lines(series, "ms from pose to update", "% of updates", x_most=_CDF_TO_MS)
        drawn.append(_section(f"Latency, {_named(result)}", chart))
    return drawn


def _by_size(results: Sequence[Result]) -> list[str]:
    """Draw CPU against people, for scenarios that were run at several sizes."""
    runs: dict[str, dict[int, Result]] = {}
    for result in results:
        if result.get("server_cpu") and "avatars" in result["parameters"]:
            runs.setdefault(result["scenario"], {})[result["parameters"]["avatars"]] = result
    several = {name: dict(sorted(sizes.items())) for name, sizes in runs.items() if len(sizes) > 1}
    if not several:
        return []
    cores = {name: [(n, 100 * each["server_cpu"]) for n, each in sizes.items()] for name, sizes in several.items()}
    costs = {
        name: [(n, each["cpu_us_per_update"]) for n, each in sizes.items() if each["cpu_us_per_update"]]
        for name, sizes in several.items()
    }
    return [
        _section("CPU against people", lines(cores, "people", "% of a core")),
        _section("Price of an update against people", lines(costs, "people", "µs per update")),
    ]


def _stages(results: Sequence[Result]) -> list[str]:
    rows = {
        f"{row['avatars']:,} {row['layout']}": {
            stage: spent["median_us"] / 1000 for stage, spent in row["stages"].items()
        }
        for result in results
        for row in result.get("rows", ())
        if not row["unavailable"]
    }
    return [_section("A tick by stage, in memory", stacked(rows, "ms"))] if rows else []


def _capacity(results: Sequence[Result]) -> list[str]:
    drawn = []
    for result in results:
        if result["scenario"] == "capacity":
            promise, told = result["promise"], result["capacity"]
            words = (
                f"<p>p99 below {promise['p99_ms']:g} ms, {promise['delivered_share']:.0%} delivered, nothing wrong: "
                "from what always held to what never did.</p>"
            )
            chart = ranges({name: (each["holds"], each["fails"]) for name, each in told.items()}, "people")
            drawn.append(_section(_named(result), words + chart))
    return drawn


def _comparisons(results: Sequence[Result]) -> list[str]:
    return [
        _section(
            f"New to old: {result['verdict']}", _table(_COMPARISON_COLUMNS, _comparison_rows(result)), is_wide=True
        )
        for result in results
        if result["scenario"] == "compare"
    ]


def _soaks(results: Sequence[Result]) -> list[str]:
    """Draw what a server held over time."""
    drawn = []
    for result in results:
        if result["scenario"] == "soak":
            told = result["series"]
            minutes = [at_s / 60 for at_s in told["at_s"]]
            series = {name: list(zip(minutes, told[key], strict=True)) for key, name in _HELD.items()}
            least = min(told["memory_mib"])  # of some 200 MiB, what is added would not show
            grown = {
                f"above {least:,.0f} MiB": [
                    (at, mib - least) for at, mib in zip(minutes, told["memory_mib"], strict=True)
                ]
            }
            words = "".join(f'<p class="bad">Left behind: {escape(leak)}</p>' for leak in result["leaks"])
            table = _table(("", ""), _soak_rows(result))
            drawn.append(_section(f"Memory over time, {_named(result)}", words + lines(grown, "minutes", "MiB")))
            drawn.append(
                _section(f"What was held over time, {_named(result)}", lines(series, "minutes", "number") + table)
            )
    return drawn


# --- rows, for both forms ---------------------------------------------------------------------------------------------

_RUN_COLUMNS = (
    "run",
    "µs per update",
    "bytes per update",
    "p50 ms",
    "p99 ms",
    "delivered",
    "CPU",
    "tick p99 ms",
    "KiB per person",
    "violations",
    "counts",
)
_PEER_COLUMNS = (
    "server",
    "µs per update",
    "times ours",
    "bytes per update",
    "times ours",
    "p50 ms",
    "p99 ms",
    "delivered",
    "CPU",
    "counts",
)
_CAPACITY_COLUMNS = ("server", "holds", "does not hold", "runs")
_COMPARISON_COLUMNS = ("figure", "old", "new", "ratio", "90 % interval", "p", "verdict")


def _run_rows(results: Sequence[Result]) -> Rows:
    return [
        (
            _named(result),
            _number(result["cpu_us_per_update"]),
            _number(result["bytes_per_update"]),
            _number(result["latency_ms"]["p50"]),
            _number(result["latency_ms"]["p99"]),
            _share(result["updates_delivered"] / result["updates_expected"] if result["updates_expected"] else None),
            _share(result["server_cpu"]),
            _number(result["tick_ms"]["p99"]),
            _number(result["server_memory_kib_per_avatar"]),
            str(result["oracle_violations"]),
            "no" if result["invalid"] else "yes",
        )
        for result in results
        if "latency_ms" in result
    ]


def _peer_rows(result: Result) -> Rows:
    return [
        (
            name,
            _number(told["cpu_us_per_update"]),
            _number(told["cpu_to_presence"]),
            _number(told["bytes_per_update"]),
            _number(told["bytes_to_presence"]),
            *(_number((told["latency_ms"] or {}).get(percentile)) for percentile in ("p50", "p99")),
            _share(told["delivered_share"]),
            _share(told["server_cpu"]),
            "yes" if told["valid"] else "no",
        )
        for name, told in result["peers"].items()
    ]


def _capacity_rows(result: Result) -> Rows:
    return [
        (name, _number(told["holds"]), _number(told["fails"]), str(len(told["runs"])))
        for name, told in result["capacity"].items()
    ]


def _comparison_rows(result: Result) -> Rows:
    return [
        (
            name,
            _number(told["old"]),
            _number(told["new"]),
            f"{told['ratio']:.3f}",
            f"{told['interval'][0]:.3f} to {told['interval'][1]:.3f}",
            _number(told["p"]),
            told["verdict"],
        )
        for name, told in result["figures"].items()
    ]


def _soak_rows(result: Result) -> Rows:
    growth = result["memory_mib_per_hour"]
    said = (
        None if growth is None else f"{growth['slope']:.1f} MiB an hour ({growth['low']:.1f} to {growth['high']:.1f})"
    )
    return [
        ("memory grows by", said or "too few samples to say"),
        ("left behind", "; ".join(result["leaks"]) or "nothing"),
        ("rounds, and sessions resumed", f"{result['rounds']}, {result['resumes']}"),
        ("wrong, missing or surplus records", f"{result['oracle_violations']} of {result['oracle_comparisons']:,}"),
    ]


def _where(results: Sequence[Result]) -> Rows:
    """Say on what machine and commits, each once."""
    found = {
        (name, str(result["environment"][name]))
        for result in results
        for name in ("processor", "cores", "system", "python", "commit")
    }
    return sorted(found)


def _invalid(results: Sequence[Result]) -> list[tuple[str, str]]:
    return [(_named(result), result["invalid"]) for result in results if result["invalid"]]


def _named(result: Result) -> str:
    if result["scenario"] == "capacity":
        return f"capacity of one core, {result['of']}"
    avatars = result["parameters"].get("avatars")
    return f"{result['scenario']}, {avatars:,} people" if isinstance(avatars, int) else str(result["scenario"])


def _number(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{number(value)} {unit}".rstrip()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


# --- forms ------------------------------------------------------------------------------------------------------------


def _warning(results: Sequence[Result]) -> str:
    return "".join(
        f'<p class="bad">{escape(name)} does not count: {escape(why)}</p>' for name, why in _invalid(results)
    )


def _section(title: str, body: str, *, is_wide: bool = False) -> str:
    kind = ' class="wide" tabindex="0"' if is_wide else ""  # who has no mouse scrolls it too
    return f"<section{kind}><h2>{escape(title)}</h2>{body}</section>"


def _table(columns: Sequence[str], rows: Rows) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if any(columns) else ''}{body}</table>"
