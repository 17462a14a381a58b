"""The command line: what cannot be run is refused in one line, before anything starts."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import BAD_USAGE, main
from benchmarks.parameters import Parameters


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--avatars", "1", "--seconds", "5"], "avatars is 1, it must be at least 2"),
        (["--avatars", "5", "--seconds", "0"], "seconds is 0.0"),
        (["--avatars", "5", "--seconds", "5", "--server-cpu", "4096"], "server_cpu is 4096"),
        (["--avatars", "5", "--seconds", "5", "--generators", "0"], "generators is 0"),
        (["--avatars", "5", "--seconds", "5", "--peers", "nobody"], "no peer is called nobody"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with exit code 2, and nothing on stdout."""
    assert main(["plaza", *words, "--json"]) == BAD_USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert problem in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["storm", "--joiners", "0"], "joiners is 0"),
        (["churn", "--rate", "0"], "rate is 0.0"),
        (["slow", "--slow-share", "0.6"], "slow_share is 0.6"),
        (["slow", "--pairs", "0"], "pairs is 0"),
        (["slow", "--rings", "default"], "slow can be judged with --rings off alone"),
        (["idle", "--url", "ws://127.0.0.1:9"], "idle can be judged with --rings off alone"),
    ],
)
def test_scenarios_refuse_what_makes_no_sense_for_them(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A storm of nobody is no storm."""
    asked = [*words, "--avatars", "5", "--seconds", "1", "--server-cpu", "any", "--generator-cpu", "any"]
    assert main(asked) == BAD_USAGE
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["plaza", "--joiners", "3"],
        ["idle", "--floor"],
        ["storm", "--floor"],
        ["crush", "--rate", "1"],
        ["storm", "--peers", "all"],
    ],
)
def test_options_belong_to_their_scenarios(words: list[str]) -> None:
    """Elsewhere they are not known, instead of being ignored."""
    with pytest.raises(SystemExit) as left:
        main([*words, "--avatars", "5", "--seconds", "1"])
    assert left.value.code == BAD_USAGE


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--servers", "presence,nobody"], "no peer is called nobody"),
        (["--repeats", "0"], "repeats must be at least 1"),
        (["--servers", "presence:1"], "start at least 2"),
        (["--servers", "presence:many"], "presence:many is not of the form NAME or NAME:PEOPLE"),
        (["--servers", "floor"], "name presence before it"),
    ],
)
def test_a_capacity_is_of_servers_that_there_are(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said before anything is measured."""
    assert main(["capacity", "plaza", *words]) == BAD_USAGE
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["unknown"], ["plaza"], ["plaza", "--avatars", "x", "--seconds", "1"]])
def test_bad_usage_exits_with_2(words: list[str]) -> None:
    """As every command here."""
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == BAD_USAGE


def test_the_measured_steps_follow_the_warm_up() -> None:
    """Seconds become steps of the 20 poses a second that everybody sends."""
    asked = Parameters(avatars=4, seconds=1.5, warmup=0.5, server_cpu=None, generator_cpu=None)
    assert asked.measured_steps == (10, 40)
    assert asked.phases_ns(4).tolist() == [0, 12_500_000, 25_000_000, 37_500_000]
