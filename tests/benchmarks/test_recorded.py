"""Recording: what counts for nothing or found something wrong is refused, and of the rest only figures are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as command
from benchmarks import recorded

RUN: dict[str, Any] = {
    "scenario": "plaza",
    "invalid": None,
    "cpu_us_per_update": 0.9,
    "latency_percentiles_ms": {"50": 40.0},
    "oracle_violations": 0,
    "oracle_first_violations": [],
    "floor": {"cpu_us_per_client_tick": 20.0, "rounds": [{}]},
    "peers": {"ws": {"cpu_us_per_update": 1.0, "latency_percentiles_ms": {"50": 41.0}, "not_measured": ["much"]}},
}
CLIMBED: dict[str, Any] = dict.fromkeys(("latency_ms", "delivered_share", "invalid")) | {"avatars": 10, "wrong": 0}
HELD = {"holds": 500, "fails": 550, "invalid": None, "runs": [CLIMBED | {"holds": True, "tick_ms": {"p99": 1.0}}]}


def capacity(**found: dict[str, Any]) -> dict[str, Any]:
    """Make a capacity of some servers."""
    return {"scenario": "capacity", "invalid": None, "capacity": found}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let results be kept in a folder of their own, for one command, at a clean commit."""
    monkeypatch.setattr(recorded, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(recorded, "COMMANDS", {"one": "plaza --avatars 10 --seconds 1"})
    monkeypatch.setattr(command, "describe_environment", lambda: {"commit": "0123456789ab"})
    return tmp_path / "results"


def measures(monkeypatch: pytest.MonkeyPatch, result: dict[str, Any]) -> None:
    """Let every scenario have this result."""
    monkeypatch.setattr(command, "_run_scenario", lambda _scenario, _arguments: (result, print))


def test_what_is_kept_is_figures_and_the_command_that_made_them() -> None:
    """Percentiles, rounds, first violations and what is the same for every peer fill files."""
    assert recorded.trimmed("plaza --avatars 10", RUN) == {
        "command": "python -m benchmarks plaza --avatars 10",
        "scenario": "plaza",
        "invalid": None,
        "cpu_us_per_update": 0.9,
        "oracle_violations": 0,
        "floor": {"cpu_us_per_client_tick": 20.0},
        "peers": {"ws": {"cpu_us_per_update": 1.0}},
    }
    kept = recorded.trimmed("capacity plaza", capacity(presence=HELD))
    assert kept["capacity"]["presence"]["runs"] == [CLIMBED | {"holds": True}]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (RUN, None),
        (RUN | {"invalid": "the generator was late"}, "the generator was late"),
        (RUN | {"oracle_violations": 2}, "2 violations"),
        (capacity(presence=HELD, ws=HELD), None),
        (capacity(presence=HELD, ws=HELD | {"fails": None, "invalid": "with 600: starved"}), None),
        (capacity(presence=HELD, ws=HELD | {"holds": None}), "ws holds nobody"),
        (capacity(presence=HELD | {"runs": [CLIMBED | {"wrong": 3}]}), "3 violations with 10 people"),
        (capacity(ws=HELD | {"runs": [CLIMBED | {"wrong": 3}]}), None),
    ],
)
def test_what_counts_for_nothing_or_is_wrong_is_not_kept(result: dict[str, Any], reason: str | None) -> None:
    """A capacity that is open above is a lower bound, and what another server tells wrongly is its own affair."""
    assert recorded.against(result) == reason


def test_a_result_is_written_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stdout; which command is running stands on stderr."""
    measures(monkeypatch, RUN)
    assert command.main(["record"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{folder / 'one.json'}\n"
    assert said.err == "1 of 1, one: plaza --avatars 10 --seconds 1\n"
    assert recorded.read() == {"one": recorded.trimmed("plaza --avatars 10 --seconds 1", RUN)}


def test_a_refused_result_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the reason is said."""
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps({"command": "as it was"}))
    measures(monkeypatch, RUN | {"oracle_violations": 2})
    assert command.main(["record", "one"]) == command.FAILED
    assert "one is refused, what was there stays: 2 violations" in capsys.readouterr().err
    assert recorded.read() == {"one": {"command": "as it was"}}


def test_a_run_that_comes_to_nothing_does_not_end_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that did not start is one refusal more."""
    monkeypatch.setattr(recorded, "COMMANDS", dict.fromkeys(("one", "two"), "plaza --avatars 10 --seconds 1"))
    answers = iter([RuntimeError("it did not start"), (RUN, print)])

    def run(_scenario: object, _arguments: object) -> object:
        answer = next(answers)
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    monkeypatch.setattr(command, "_run_scenario", run)
    assert command.main(["record"]) == command.FAILED
    assert "one is refused, what was there stays: it did not start" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["two.json"]


@pytest.mark.parametrize("commit", [None, "0123456789ab+"])
def test_only_a_commit_is_measured(
    commit: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody can check out again is not recorded."""
    monkeypatch.setattr(command, "describe_environment", lambda: {"commit": commit})
    assert command.main(["record"]) == command.BAD_USAGE
    assert "commit what you changed" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.usefixtures("folder")
def test_an_unknown_result_is_said_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    assert command.main(["record", "two"]) == command.BAD_USAGE
    assert "no result is called two, there are: one" in capsys.readouterr().err


def test_a_page_is_written_from_the_results_and_checked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure that changed makes its page stale until it is written anew; what is around the block stays."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: figure -->\n<!-- end -->\nafter\n")
    monkeypatch.setattr(recorded, "PAGES", {page: lambda results: {"figure": str(results["one"]["server_cpu"])}})
    assert command.main(["quote"]) == command.BAD_USAGE
    assert "there is no result one: run `python -m benchmarks record one`" in capsys.readouterr().err
    for figure in ("0.25", "0.5"):
        folder.mkdir(exist_ok=True)
        (folder / "one.json").write_text(json.dumps({"server_cpu": float(figure)}))
        before = page.read_text()
        assert command.main(["quote", "--check"]) == command.FAILED
        assert f"{page} is stale" in capsys.readouterr().err
        assert page.read_text() == before
        assert command.main(["quote"]) == 0
        assert page.read_text() == f"before\n<!-- generated: figure -->\n{figure}\n<!-- end -->\nafter\n"
        assert command.main(["quote", "--check"]) == 0
