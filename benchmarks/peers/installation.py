"""Installs peers on demand, as their lock files say, into build/peers: nothing of them is needed by anything else.

Node's packages and Python's stand in one folder each, with a stamp that holds the lock they were installed from.
Programs are copied there too, since Node looks for packages beside the file that wants them.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.peers.catalogue import Peer

_HERE = Path(__file__).resolve().parent
_CACHE = _HERE.parents[1] / "build/peers"
_TIMEOUT_S = 600

# uWebSockets.js asks for glibc 2.38; where this machine's is older, Debian 13's is put beside it and used for it alone.
_LEAST_LIBC = (2, 38)
_LIBC_SUITE = "trixie"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


class PeerError(RuntimeError):
    """A peer cannot be had or started here; the reason is in plain words."""


def command(peer: Peer, words: Sequence[str]) -> list[str]:
    """Install a peer if that has not been done, and return the command that runs it. Raises PeerError."""
    if not peer.is_node:
        return [str(_python()), str(_HERE / peer.program), *words]
    folder = _node_packages()
    for source in (*_HERE.glob("*.mjs"), *_HERE.glob("*/*.mjs")):
        target = folder / source.relative_to(_HERE)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target)
    return [*(_newer_libc() if peer.needs_libc else ()), str(_node()), str(folder / peer.program), *words]


def versions(peer: Peer) -> dict[str, str]:
    """Say which versions of a peer's packages are locked, and what runs them."""
    if peer.is_node:
        locked = json.loads((_HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        return {"node": _said_by([str(_node()), "--version"]).removeprefix("v")} | {
            name: locked[f"node_modules/{name}"]["version"] for name in peer.packages
        }
    pins = (_HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split(" ", 1)[0].split("==") for line in pins if "==" in line)
    return {"python": platform.python_version()} | {name: locked[name] for name in peer.packages}


def _node() -> Path:
    """Find the Node that builds the web client."""
    node = Path(sys.executable).parent / "node"
    if not node.exists():
        raise PeerError("Node is not installed: make .venv/node.stamp")
    return node.resolve()


def _node_packages() -> Path:
    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_HERE / name, folder / name)
        node = Path(sys.executable).parent
        environ = os.environ | {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
        _run(
            [str(node / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            folder,
            environ,
        )

    _node()
    return _installed("node", "package-lock.json", install)


def _python() -> Path:
    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", str(folder)], folder, os.environ)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(_HERE / "requirements.txt")], folder, os.environ)

    return _installed("python", "requirements.txt", install) / "bin/python"


def _installed(name: str, lock: str, install: Callable[[Path], None]) -> Path:
    """Return the folder where packages stand; it is made anew when the lock is another one."""
    folder, wanted = _CACHE / name, (_HERE / lock).read_text(encoding="utf-8")
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        stamp.write_text(wanted, encoding="utf-8")
    return folder


def _newer_libc() -> list[str]:
    """Return what a command must begin with to run with a C library that is new enough; nothing where it is."""
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split("."))) >= _LEAST_LIBC:
        return []
    folder = _CACHE / "libc"
    libraries = folder / _LIBRARIES
    if not libraries.exists():
        if shutil.which("mmdebstrap") is None:
            raise PeerError(
                f"its binaries need glibc 2.38, here is {version}: install mmdebstrap, which brings another"
            )
        _CACHE.mkdir(parents=True, exist_ok=True)
        debian = ["mmdebstrap", "--quiet", "--variant=extract", "--include=libc6", _LIBC_SUITE, str(folder), _mirror()]
        _run(debian, _CACHE, os.environ)
    ours = f"/{_LIBRARIES}"
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", f"{libraries}:{ours}"]


def _mirror() -> str:
    """Find where this machine's apt takes Debian from."""
    listed = _said_by(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"])
    mirrors = [line.rpartition("|")[2] for line in listed.splitlines() if line.startswith("Debian|Debian|")]
    if not mirrors:
        raise PeerError("its binaries need another C library, and apt lists no Debian mirror: apt-get update")
    return mirrors[0]


def _said_by(words: Sequence[str]) -> str:
    return subprocess.run(words, capture_output=True, check=True, text=True, timeout=_TIMEOUT_S).stdout.strip()


def _run(words: Sequence[str], folder: Path, environ: os._Environ[str] | dict[str, str]) -> None:
    try:
        subprocess.run(words, cwd=folder, env=environ, capture_output=True, check=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.CalledProcessError as failure:
        raise PeerError(f"{Path(words[0]).name} failed: {failure.stderr.strip()[-500:]}") from None
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise PeerError(f"{Path(words[0]).name} failed: {problem}") from None
