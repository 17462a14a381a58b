"""The command line: what people type, what they read, and the exit code."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import presence
import presence_client
from presence import cli, enquiry, keys, logs
from presence.config import Settings
from presence.identity import Verifier


@pytest.fixture(autouse=True)
def _clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("PRESENCE_") or name in {"PORT", "TCP_PORT"}]:
        monkeypatch.delenv(variable)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Stand in for the server, which keeps the settings it was started with and ends with code 7."""
    started: list[Settings] = []

    def run(settings: Settings) -> int:
        started.append(settings)
        return 7

    monkeypatch.setattr(presence, "server", SimpleNamespace(run=run), raising=False)
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    return started


def stand_in(monkeypatch: pytest.MonkeyPatch, package: object, module: str, **functions: Callable[..., int]) -> None:
    """Put functions in the place of a module."""
    monkeypatch.setattr(package, module, SimpleNamespace(**functions), raising=False)


# --- the command as a whole -------------------------------------------------------------------------------------------


def test_the_module_runs_and_knows_its_version() -> None:
    """`python -m presence` is the installed command."""
    done = subprocess.run([sys.executable, "-m", "presence", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"presence {presence.__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    """--help answers at once: no array, web or key library is loaded for it."""
    heavy = {"aiohttp", "cryptography", "numpy", "structlog", "prometheus_client"}
    code = "import sys\nfrom presence import cli\ntry: cli.main(['serve', '--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("words", [[], ["nothing"], ["serve", "--nothing"], ["serve", "--por", "1"], ["token"]])
def test_bad_usage_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown, missing and abbreviated words are refused, not guessed."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage: presence" in capsys.readouterr().err


def test_ctrl_c_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupting prints no trace."""

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    stand_in(monkeypatch, presence_client, "terminal", main=interrupted)
    assert cli.main(["connect", "ws://localhost"]) == 130


def test_a_reader_that_goes_away_is_no_crash() -> None:
    """`presence config | head -1` prints no trace."""
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "presence", "config"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


# --- serve and config -------------------------------------------------------------------------------------------------


def test_serve_runs_the_server_with_the_settings(served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags and variables reach the server, and its exit code comes back."""
    monkeypatch.setenv("PORT", "9000")
    assert cli.main(["serve", "--allow-guests", "--tick-hz", "10"]) == 7
    assert [(settings.port, settings.tick_hz) for settings in served] == [(9000, 10)]


def test_serve_with_bad_settings_starts_nothing(served: list[Settings], capsys: pytest.CaptureFixture[str]) -> None:
    """Every problem is one line, and the code is 2."""
    assert cli.main(["serve", "--port", "abc", "--bots", "-1"]) == 2
    assert served == []
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["presence: port", "presence: bots"]


def test_serve_that_nobody_could_enter_starts_nothing(
    served: list[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither keys nor guests: said before the start, with what to do."""
    assert cli.main(["serve"]) == 2
    assert served == []
    assert "nobody could enter" in capsys.readouterr().err


def test_config_prints_each_setting_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """A person sees what is set and why, in columns."""
    assert cli.main(["config", "--tick-hz", "10"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["tick_hz"].split() == ["tick_hz", "10", "Hz", "flag", "--tick-hz"]
    assert lines["port"].split() == ["port", "8080", "default"]


def test_config_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A program sees the same."""
    assert cli.main(["config", "--json", "--bots", "3"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["bots"] == {"value": 3, "unit": "", "source": "flag --bots"}


def test_config_that_is_wrong_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Checking settings before a roll-out is what it is for."""
    assert cli.main(["config", "--host", "0.0.0.0"]) == 2  # noqa: S104 -- refused without TLS
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "plain text is refused" in captured.err


# --- token ------------------------------------------------------------------------------------------------------------


def test_a_token_opens_the_door_its_key_set_guards(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the token is on stdout; what it says is what was asked for."""
    words = ["--user", "anna", "--name", "Anna Lind", "--agency", "NCB", "--country", "SE", "--roles", "moderator, a"]
    assert cli.main(["token", *words, "--grants", "lab", "--ttl", "30m", "--dir", "pair"]) == 0
    captured = capsys.readouterr()
    assert "--keys-file pair/jwks.json" in captured.err
    held = keys.parse_key_set(Path("pair/jwks.json").read_bytes())
    now = time.time()
    identity = Verifier(held, audience="presence", rng=random.Random(1)).verify(captured.out.strip(), "", now)
    assert (identity.user, identity.name, identity.agency, identity.country) == ("anna", "Anna Lind", "NCB", "SE")
    assert (identity.roles, identity.grants) == (frozenset({"moderator", "a"}), frozenset({"lab"}))
    assert identity.token_id
    assert now + 1700 < identity.expires_at < now + 1801


def test_a_second_token_is_signed_with_the_same_key(capsys: pytest.CaptureFixture[str]) -> None:
    """The pair is made once; a server that was started with it takes later tokens too."""
    for _ in range(2):
        assert cli.main(["token", "--user", "anna", "--dir", "pair"]) == 0
    first, second = capsys.readouterr().out.split()
    assert first.split(".")[0] == second.split(".")[0]
    assert first != second


def test_a_token_can_be_signed_with_a_named_key(capsys: pytest.CaptureFixture[str]) -> None:
    """--key takes the place of the development pair, and makes none."""
    keys.write_private(Path("key.pem"), keys.pem_of(keys.new_key_pair().private_key))
    assert cli.main(["token", "--user", "anna", "--key", "key.pem"]) == 0
    assert capsys.readouterr().out.count(".") == 2
    assert not cli.DEVELOPMENT_FOLDER.exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--user", "anna", "--country", "se"], '"country"'),
        (["--user", "guest:1"], "kept for guests"),
        (["--user", "anna", "--roles", "Big Boss"], '"roles"'),
        (["--user", "anna", "--ttl", "0"], "expired"),
        (["--user", "anna", "--key", "none.pem"], "cannot read the private key none.pem"),
    ],
)
def test_a_token_that_no_server_would_take_is_not_printed(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistake is told where it was made."""
    assert cli.main(["token", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert problem in captured.err


@pytest.mark.parametrize("lifetime", ["soon", "h", "-5", "1.5h", ""])
def test_a_lifetime_that_is_no_time_is_bad_usage(lifetime: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message shows how times are written."""
    with pytest.raises(SystemExit):
        cli.main(["token", "--user", "anna", f"--ttl={lifetime}"])
    assert "such as 90s, 30m, 8h or 7d" in capsys.readouterr().err


# --- the others -------------------------------------------------------------------------------------------------------


def test_a_development_certificate_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Its paths, names, end and fingerprint: what a person needs to use and to trust it."""
    assert cli.main(["dev-certificate", "tls"]) == 0
    out = capsys.readouterr().out
    assert "tls/certificate.pem" in out
    assert "localhost, 127.0.0.1" in out
    assert "SHA-256" in out
    assert cli.main(["dev-certificate", "tls/certificate.pem"]) == 2
    assert "cannot write a certificate" in capsys.readouterr().err


def test_worlds_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """A shipped world is good, another file is not."""
    shipped = Path(presence.__file__).parent / "worlds/plaza.json"
    assert cli.main(["world", "check", str(shipped)]) == 0
    assert cli.main(["world", "check", "none.json"]) == 1
    assert "none.json" in capsys.readouterr().out


def test_frames_are_decoded_from_a_file_or_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The decoder gets the bytes, and its exit code comes back."""

    def decode(stream: io.BufferedIOBase, out: io.TextIOBase) -> int:
        out.write(stream.read().hex())
        return 3

    stand_in(monkeypatch, presence, "wire", decode=decode)
    Path("frame").write_bytes(b"\x93\x01")
    assert cli.main(["wire", "decode", "frame"]) == 3
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\x92")))
    assert cli.main(["wire", "decode", "-"]) == 3
    assert capsys.readouterr().out == "930192"
    assert cli.main(["wire", "decode", "none"]) == 2
    assert "cannot read none" in capsys.readouterr().err


def test_connect_hands_its_words_to_the_terminal_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads its own flags, --help among them."""
    handed: list[Any] = []

    def client(words: list[str]) -> int:
        handed.append(words)
        return 5

    stand_in(monkeypatch, presence_client, "terminal", main=client)
    assert cli.main(["connect", "--help", "ws://localhost"]) == 5
    assert handed == [["--help", "ws://localhost"]]


# --- explain ----------------------------------------------------------------------------------------------------------


def answering(monkeypatch: pytest.MonkeyPatch, is_held: bool) -> list[tuple[Any, ...]]:
    """Stand in for the server that is asked; what it was asked is kept."""
    asked: list[tuple[Any, ...]] = []

    async def ask(*words: Any) -> dict[str, Any]:
        asked.append(words)
        return {"is_held": is_held, "sentences": ["Ann sees Bob.", "They are near."]}

    monkeypatch.setattr(enquiry, "ask", ask)
    return asked


def test_explain_prints_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the answer, as that of grep is."""
    asked = answering(monkeypatch, is_held=True)
    monkeypatch.setenv("PRESENCE_TOKEN", "t")
    words = ["explain", "--room", "hq", "--observer", "u-ann", "--subject", "7"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == "Ann sees Bob.\nThey are near.\n"
    parameters = {"room": "hq", "observer": "u-ann", "subject": "7"}
    assert asked == [("http://127.0.0.1:8082", "/ops/explain", parameters, "t")]
    answering(monkeypatch, is_held=False)
    assert cli.main(words) == 1


def test_explain_prints_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For machines, and about a tick of the past."""
    asked = answering(monkeypatch, is_held=False)
    words = ["explain", "--room", "hq", "--observer", "1", "--subject", "2", "--tick", "90", "--json"]
    assert cli.main(words) == 1
    assert json.loads(capsys.readouterr().out)["is_held"] is False
    assert asked[0][2]["tick"] == "90"


def test_explain_without_an_answer_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """And says why."""
    words = ["explain", "--room", "hq", "--observer", "1", "--subject", "2", "--url", "http://example.org"]
    assert cli.main(words) == 2
    assert "must use https:// beyond this machine" in capsys.readouterr().err
