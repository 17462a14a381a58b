"""What README.md and docs/performance.md say of speed is what the results say, and the commands beside it run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as command
from benchmarks import quotes, recorded

ROOT = Path(__file__).resolve().parents[2]
README, PERFORMANCE = ROOT / "README.md", ROOT / "docs/performance.md"
BLOCK = re.compile(r"<!-- generated: .+? -->.*?<!-- end -->", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`]+`|^    [^\n]*$", re.DOTALL | re.MULTILINE)
MEASURED = re.compile(r"\d[\d.,]*\s*(?:ns|µs|ms|%|[kKM]i?B|[kM]bit|bytes|times)\b")
MOST_BYTES = 20_000

# What is so because it was chosen, and not because it was measured.
CHOSEN = (
    "32 others within 10 m",
    "20 poses a second",
    "20 times a second",
    "11.5 m",
    "20 × 20 m",
    "256 kbit/s",
    "25 ms on average and 50 ms at worst",
)


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """Read what stands there."""
    return recorded.read()


def by_hand(text: str) -> str:
    """Return what is written by hand, without code and without what was chosen."""
    text = CODE.sub("", BLOCK.sub("", text))
    for words in CHOSEN:
        text = re.sub(r"\s+".join(map(re.escape, words.split())), "", text)
    return text


def test_the_pages_say_what_the_results_do(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m benchmarks quote` would change nothing."""
    assert command.main(["quote", "--check"]) == 0, capsys.readouterr().err


def test_no_figure_is_written_by_hand() -> None:
    """Where speed is spoken of there is no number but what was chosen; elsewhere in README none with a unit of it."""
    readme = README.read_text()
    how_fast = readme.split("## How fast\n", 1)[1].split("\n## ", 1)[0]
    for text in (how_fast, PERFORMANCE.read_text()):
        assert re.findall(r".*\d.*", by_hand(text)) == []
    assert MEASURED.findall(by_hand(readme)) == []


def test_a_figure_by_hand_is_seen() -> None:
    """The check above finds what it exists for, and lets pass what was chosen."""
    page = "<!-- generated: a -->\n1 µs\n<!-- end -->\nby 32 others\nwithin 10 m, `7 ms`\n\n    8 ms\n\nit takes 3 ms"
    assert MEASURED.findall(by_hand(page)) == ["3 ms"]
    assert re.findall(r"\d+", by_hand(page)) == ["3"]


def test_every_block_begins_with_commands_of_the_list(results: Mapping[str, Any]) -> None:
    """Of the results that it quotes, printed from them; only the machine has none."""
    ran = {result["command"] for result in results.values()}
    for name, block in (quotes.readme(results) | quotes.performance(results)).items():
        first = block.splitlines()[0]
        assert name == "machine" or first.removeprefix("    ") in ran
        assert {
            line.strip() for line in block.splitlines() if "python -m benchmarks" in line and line[:4] == "    "
        } <= ran


def test_there_is_a_result_for_each_command(results: Mapping[str, Any]) -> None:
    """And none that nothing renews."""
    assert list(results) == sorted(recorded.COMMANDS)


@pytest.mark.parametrize("name", recorded.COMMANDS)
def test_what_stands_beside_a_figure_runs(
    name: str, results: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line understands each command, that of the list and that of the result."""
    asked: list[dict[str, Any]] = []

    def note(arguments: dict[str, Any]) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setattr(command, "_measure", note)
    prefix = "python -m benchmarks "
    assert results[name]["command"].startswith(prefix)
    for words in (recorded.COMMANDS[name], results[name]["command"].removeprefix(prefix)):
        assert command.main(words.split()) == 0
    assert all(arguments["command"] == results[name]["scenario"] for arguments in asked)


@pytest.mark.parametrize("name", recorded.COMMANDS)
def test_a_result_counts_names_its_commit_and_is_small(name: str, results: Mapping[str, Any]) -> None:
    """Valid, nothing wrong found, of a commit that can be checked out."""
    result = results[name]
    assert recorded.against(result) is None
    assert re.fullmatch(r"[0-9a-f]{12}", result["environment"]["commit"])
    assert (recorded.FOLDER / f"{name}.json").stat().st_size < MOST_BYTES


SHORT = {"capacity-plaza"}
shorter = pytest.mark.xfail(reason="these are of short runs: `python -m benchmarks record` makes them anew")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[shorter] if name in SHORT else []) for name in recorded.COMMANDS]
)
def test_a_result_is_of_the_command_that_the_list_has(name: str, results: Mapping[str, Any]) -> None:
    """Who changes a command measures anew."""
    assert results[name]["command"] == f"python -m benchmarks {recorded.COMMANDS[name]}"
