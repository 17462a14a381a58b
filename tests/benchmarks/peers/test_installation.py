"""Peers are pinned by hash, and what cannot be installed says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.peers import installation
from benchmarks.peers.catalogue import PEERS, Peer, chosen
from benchmarks.peers.installation import PeerError, command, versions

FOLDER = Path(installation.__file__).parent
EXACT = re.compile(r"(npm:@[a-z./-]+@)?[0-9]+\.[0-9]+\.[0-9]+")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install into a folder of the test's own, with a stand-in for everything that would be run."""
    monkeypatch.setattr(installation, "_CACHE", tmp_path)
    monkeypatch.setattr(installation, "_run", lambda words, *_rest: noted(tmp_path, words[0]))
    monkeypatch.setattr(installation, "_node", lambda: Path("/bin/node"))
    return tmp_path


def noted(cache: Path, program: str) -> None:
    """Remember that something was run."""
    with (cache / "ran").open("a") as notes:
        notes.write(f"{program}\n")


def ran(cache: Path) -> list[str]:
    """List the programs that were run to install."""
    return [Path(line).name for line in (cache / "ran").read_text().split()]


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_every_peer_has_its_program_and_locked_packages(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a result says of versions is what the lock says."""
    monkeypatch.setattr(installation, "_said_by", lambda _words: "v24.0.0")
    monkeypatch.setattr(installation, "_node", lambda: Path("node"))
    assert (FOLDER / peer.program).exists()
    assert versions(peer).keys() == {"node" if peer.is_node else "python", *peer.packages}


def test_node_packages_are_pinned_by_hash_and_name_no_host() -> None:
    """As everywhere in this repository."""
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    assert [name for name, version in wanted.items() if not EXACT.fullmatch(version)] == []
    text = (FOLDER / "package-lock.json").read_text()
    entries = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert [name for name, entry in entries.items() if "integrity" not in entry] == []
    assert not re.search(r'"resolved": "[^"]*://|registry', text)


def test_python_packages_are_pinned_by_hash_and_name_no_host() -> None:
    """Every pin has a hash."""
    text = (FOLDER / "requirements.txt").read_text()
    pins = re.findall(r"^[a-z0-9-]+==\S+", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9-]+==.*\n    --hash=sha256:", text, re.MULTILINE)) > 0
    assert "://" not in text


def test_what_is_installed_is_not_installed_again(cache: Path) -> None:
    """Until the lock is another one."""
    program = command(PEERS["ws"], ["1"])
    assert program == ["/bin/node", str(cache / "node/ws/server.mjs"), "1"]
    assert (cache / "node/grid.mjs").exists()
    command(PEERS["socketio"], [])
    assert ran(cache) == ["npm"]
    (cache / "node/installed").write_text("another lock")
    command(PEERS["ws"], [])
    assert ran(cache) == ["npm", "npm"]


def test_python_peers_have_an_environment_of_their_own(cache: Path) -> None:
    """Nothing of them reaches the server's."""
    python, program, _ = command(PEERS["picows"], ["1"])
    assert python == str(cache / "python/bin/python")
    assert program.endswith("picows/server.py")


@pytest.mark.parametrize(("version", "brings_its_own"), [("2.36", True), ("2.38", False), ("2.41", False)])
def test_an_old_c_library_gives_way(
    version: str, *, brings_its_own: bool, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the peers alone that need another one, and only where this one is too old."""
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", version))
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/mmdebstrap")
    monkeypatch.setattr(installation, "_said_by", lambda _words: "Other|Debian|x\nDebian|Debian|mirror")
    started = command(PEERS["colyseus-uws"], [])[0]
    assert started.startswith(str(cache / "libc")) is brings_its_own
    assert command(PEERS["colyseus-ws"], [])[0] == "/bin/node"


def test_what_cannot_be_had_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.31"))
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(PeerError, match="install mmdebstrap"):
        command(PEERS["colyseus-uws"], [])
    assert cache.exists()


def test_peers_are_chosen_by_name() -> None:
    """One, several or all of them; a wrong name is answered with the right ones."""
    assert chosen("all") == list(PEERS.values())
    assert [peer.name for peer in chosen("ws,picows")] == ["ws", "picows"]
    with pytest.raises(ValueError, match=r"no peer is called wsx, there are: colyseus-ws"):
        chosen("wsx")
