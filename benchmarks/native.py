"""C beside Python: compiles a source file of this repository when it is first needed, or has changed since.

Libraries are kept in `build/`, under names that say what they were made from, so that a stale one is never loaded.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import tempfile
from pathlib import Path

COMPILER = "cc"
FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-fPIC", "-shared"]
FOLDER = Path(__file__).resolve().parents[1] / "build"
_COMPILE_S = 120.0  # a second, on a machine with nothing else to do
_PACKAGES = "Debian: apt install gcc libc6-dev"


class CompilerError(RuntimeError):
    """There is no library, and its words say why."""


def library(source: Path) -> Path:
    """Return the shared library of a C file, compiled if need be. Raises CompilerError.

    Cost: a second for a new source, else reading it. Several processes may call this at once.
    """
    made_from = [source.read_bytes(), *(flag.encode() for flag in FLAGS), platform.machine().encode()]
    name = f"{source.stem}-{hashlib.sha256(b'|'.join(made_from)).hexdigest()[:16]}.so"
    target = FOLDER / name
    if not target.exists():
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            fresh = Path(folder) / name
            _compile(source, fresh)
            fresh.replace(target)
    return target


def _compile(source: Path, target: Path) -> None:
    command = [COMPILER, *FLAGS, os.fspath(source), "-o", os.fspath(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_COMPILE_S)
    except FileNotFoundError:
        raise CompilerError(f"{source.name} needs a C compiler, and there is no `{COMPILER}` ({_PACKAGES})") from None
    except subprocess.TimeoutExpired:
        raise CompilerError(f"`{COMPILER}` did not finish {source.name} within {_COMPILE_S:.0f} s") from None
    if done.returncode:
        raise CompilerError(f"`{COMPILER}` could not compile {source.name} ({_PACKAGES}):\n{done.stderr.strip()}")
