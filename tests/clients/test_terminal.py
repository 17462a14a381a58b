"""`presence connect` says in plain words, and with its exit code, what did not work."""

from __future__ import annotations

import json
import socket

import pytest

from presence_client import terminal


@pytest.fixture
def nowhere() -> str:
    """A URL where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{free.getsockname()[1]}"


def test_nobody_there_is_exit_code_1(nowhere: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error says what the matter is; standard output stays empty."""
    assert terminal.main([nowhere, "--plain"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"presence connect: cannot reach {nowhere[5:]}: nothing listens there\n"


def test_a_probe_that_fails_is_still_one_json_object(nowhere: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script reads the reason where it would have read the measurement."""
    assert terminal.main([nowhere, "--seconds", "1", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "url": nowhere,
        "connected": False,
        "error": f"cannot reach {nowhere[5:]}: nothing listens there",
        "code": None,
    }
    assert printed.err == ""


@pytest.mark.parametrize("words", [["http://localhost"], ["ws://localhost", "--cafile", "/nowhere.pem"]])
def test_bad_usage_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A URL that is none, or a certificate file that is not there, is said so before connecting."""
    assert terminal.main(words) == 2
    assert capsys.readouterr().err.startswith("presence connect: ")


@pytest.mark.parametrize("words", [[], ["ws://localhost", "--seconds", "0"], ["ws://localhost", "--seconds", "soon"]])
def test_arguments_that_make_no_sense_leave_through_usage(words: list[str]) -> None:
    """As with every command, argparse explains and exits with 2."""
    with pytest.raises(SystemExit) as caught:
        terminal.main(words)
    assert caught.value.code == 2
