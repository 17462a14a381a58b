"""The report: a section for what there is, nothing for what there is not, and what does not count said first."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as command
from benchmarks import report
from benchmarks.peers.measure import KEYS
from benchmarks.recorded import trimmed

SOME = {"p50": 40.0, "p99": 70.0, "max": 90.0}
ENVIRONMENT = {"processor": "a <fast> one", "cores": 2, "system": "Linux", "python": "3.11", "commit": "abc"}
PEER: dict[str, Any] = dict.fromkeys(KEYS) | {
    "valid": True,
    "cpu_us_per_update": 1.0,
    "cpu_to_presence": 1.0,
    "bytes_per_update": 11.0,
    "bytes_to_presence": 1.0,
    "latency_ms": SOME,
    "latency_percentiles_ms": {"0": 10.0, "50": 40.0, "100": 90.0},
    "delivered_share": 0.995,
    "server_cpu": 0.5,
}
GONE = dict.fromkeys(KEYS) | {"valid": False, "invalid": "no Node here"}


def plaza(avatars: int, **more: Any) -> dict[str, Any]:
    """Make a run of the plaza."""
    return {
        "scenario": "plaza",
        "invalid": None,
        "cpu_us_per_update": 0.9,
        "bytes_per_update": 11.1,
        "latency_ms": SOME,
        "latency_percentiles_ms": PEER["latency_percentiles_ms"],
        "updates_expected": 1000,
        "updates_delivered": 990,
        "server_cpu": avatars / 1000,
        "tick_ms": {"p50": 10.0, "p99": 20.0, "max": 30.0},
        "server_memory_kib_per_avatar": 23.0,
        "oracle_violations": 0,
        "oracle_comparisons": 12345,
        "parameters": {"avatars": avatars},
        "environment": ENVIRONMENT,
    } | more


STAGES = {
    "scenario": "stages",
    "invalid": None,
    "rows": [
        {"avatars": 100, "layout": "spread", "unavailable": None, "stages": {"select": {"median_us": 1500.0}}},
        {"avatars": 9999, "layout": "spread", "unavailable": "too many"},
    ],
    "parameters": {"avatars": [100]},
    "environment": ENVIRONMENT,
}
CAPACITY = {
    "scenario": "capacity",
    "invalid": None,
    "of": "crush",
    "promise": {"p99_ms": 100.0, "delivered_share": 0.99},
    "capacity": {"presence": {"holds": 500, "fails": 550, "runs": [{}] * 7}},
    "parameters": {},
    "environment": ENVIRONMENT,
}
SOAK = {
    "scenario": "soak",
    "invalid": None,
    "leaks": ["9 <sessions> when everybody had gone"],
    "oracle_violations": 0,
    "oracle_comparisons": 777,
    "rounds": 12,
    "resumes": 34,
    "memory_mib_per_hour": {"slope": 3.21, "low": 1.0, "high": 5.4},
    "series": {
        "at_s": [0.0, 60.0],
        "memory_mib": [180.0, 200.0],
        "open_files": [20, 40],
        "sessions": [0, 20],
        "rooms": [1, 9],
    },
    "parameters": {"avatars": 20},
    "environment": ENVIRONMENT,
}
COMPARISON = {
    "scenario": "compare",
    "invalid": None,
    "verdict": "slower",
    "figures": {
        "a | b": {"old": 1.0, "new": 2345.6, "ratio": 2.0, "interval": [1.5, 2.5], "p": None, "verdict": "slower"}
    },
    "parameters": {},
    "environment": ENVIRONMENT,
}
EVERYTHING = [
    STAGES,
    plaza(100),
    CAPACITY,
    COMPARISON,
    SOAK,
    plaza(200, peers={"presence": PEER, "ws": PEER, "picows": GONE}),
]


class Reader(HTMLParser):
    """Checks that every element is closed, and lists headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        assert all(name not in ("src", "href", "srcset") for name, _ in attrs), "the page must need nothing"
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over what opens and closes at once."""

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note headings."""
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def read(page: str) -> Reader:
    """Read a page."""
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_every_result_has_its_sections() -> None:
    """Plots of stages, latency, size and peers, the capacity, the comparison, and a table of every run."""
    headings = read(report.html(EVERYTHING)).headings
    for heading in (
        "CPU per update, plaza, 200 people",
        "Bytes per update, plaza, 200 people",
        "Latency, plaza, 200 people",
        "CPU against people",
        "A tick by stage, in memory",
        "capacity of one core, crush",
        "New to old: slower",
        "Memory over time, soak, 20 people",
        "What was held over time, soak, 20 people",
        "Every run",
        "Where",
    ):
        assert heading in headings


def test_what_there_is_not_has_no_section() -> None:
    """A page about one run has no empty plots."""
    headings = read(report.html([plaza(100)])).headings
    assert headings == ["plaza, 100 people", "Latency, plaza, 100 people", "Every run", "Where"]


def test_the_page_needs_nothing_and_has_two_lights() -> None:
    """No address of anything in it; colours for light, dark and paper."""
    page = report.html(EVERYTHING)
    assert not re.search(r"https?:|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "width=device-width" in page
    assert "a &lt;fast&gt; one" in page


def test_capacities_of_several_servers_and_scenarios_stand_in_one_report() -> None:
    """Each scenario has its section, each server its row in it; one that has no upper edge says which it is."""
    open_ended: dict[str, Any] = {"holds": 900, "fails": None, "runs": [{}] * 3}
    found = {"presence": open_ended, "colyseus-uws": {"holds": 440, "fails": 484, "runs": [{}] * 8}}
    plazas = CAPACITY | {"of": "plaza", "capacity": found, "invalid": "presence: with 1000: starved"}
    page, text = report.html([plazas, CAPACITY]), report.markdown([plazas, CAPACITY])
    assert {"capacity of one core, plaza", "capacity of one core, crush"} <= set(read(page).headings)
    for words in ("presence: 900 or more people", "colyseus-uws: 440 to 484 people", "presence: 500 to 550 people"):
        assert words in page
    plaza_part, crush_part = text.split("## capacity of one core, ")[1:]
    assert "| presence | 900 | – | 3 |\n| colyseus-uws | 440 | 484 | 8 |" in plaza_part
    assert "| presence | 500 | 550 | 7 |" in crush_part
    assert "capacity of one core, plaza does not count: presence: with 1000: starved" in text


def test_results_without_their_bulk_make_a_report_too() -> None:
    """What stands in the repository has no percentiles: then there is no such chart."""
    kept = [trimmed("plaza", result) for result in (plaza(100), EVERYTHING[-1])]
    headings = read(report.html(kept)).headings
    assert "Servers side by side: plaza, 200 people" in headings
    assert "CPU against people" in headings
    assert "Latency, plaza, 200 people" not in headings


def test_what_does_not_count_is_said_first() -> None:
    """In both forms; of a peer, beside its row."""
    results = [plaza(100, invalid="the generator used 95%"), EVERYTHING[-1]]
    page, text = report.html(results), report.markdown(results)
    assert page.index("plaza, 100 people does not count: the generator used 95%") < page.index("<main>")
    assert "picows does not count: no Node here" in page
    assert text.index("does not count: the generator used 95%") < text.index("| run |")


def test_the_summary_has_the_same_figures() -> None:
    """As tables that GitHub draws: as many cells in each row as there are columns."""
    text = report.markdown(EVERYTHING)
    assert "| ws | 1 | 1 | 11 | 1 | 40 | 70 | 99.5% | 50.0% | yes |" in text
    assert "| picows | – | – | – | – | – | – | – | – | no |" in text
    assert "| plaza, 100 people | 0.9 | 11.1 | 40 | 70 | 99.0% | 10.0% | 20 | 23 | 0 | yes |" in text
    assert "| presence | 500 | 550 | 7 |" in text
    assert "| memory grows by | 3.2 MiB an hour (1.0 to 5.4) |" in text
    assert "| left behind | 9 <sessions> when everybody had gone |" in text
    assert "| a / b | 1 | 2,346 | 2.000 | 1.500 to 2.500 | – | slower |" in text
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_a_report_is_written_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both forms, and their names on stdout."""
    (tmp_path / "a.json").write_text(json.dumps(plaza(100)))
    assert command.main(["report", str(tmp_path / "a.json"), "--into", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "out/report.html"), str(tmp_path / "out/report.md")]
    assert (tmp_path / "out/report.md").read_text() == report.markdown([plaza(100)])
    assert command.main(["report", str(tmp_path / "no.json"), "--into", str(tmp_path)]) == command.BAD_USAGE


def test_a_profile_keeps_every_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the report, and fails where one of them does not count."""
    answers = iter([plaza(100), plaza(200, invalid="late")])
    monkeypatch.setattr(command, "PROFILE", ("plaza --avatars 100 --seconds 1", "plaza --avatars 200 --seconds 1"))
    monkeypatch.setattr(command, "_run_scenario", lambda _scenario, _arguments: (next(answers), print))
    assert command.main(["profile", "--into", str(tmp_path)]) == command.FAILED
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "1-plaza.json",
        "2-plaza.json",
        "report.html",
        "report.md",
    ]


@pytest.mark.parametrize("words", command.PROFILE)
def test_the_profile_asks_for_what_there_is(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its lines is understood; carrying it out is another matter."""
    monkeypatch.setattr(command, "_measure", lambda arguments: len(arguments["command"]))
    assert command.main(words.split()) == len(words.split(maxsplit=1)[0])


def test_the_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """Scenarios, servers and commands, each with what it is."""
    assert command.main(["list"]) == 0
    said = capsys.readouterr().out
    for words in ("churn", "colyseus-uws", "capacity", "whether two versions differ"):
        assert words in said
