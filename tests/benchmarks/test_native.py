"""C sources are compiled when they are needed, and problems with that are told in words."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import native
from tests.benchmarks.compiler import needs_compiler

SWITCHBOARD = Path(native.__file__).with_name("switchboard.c")
STRICT = ["-Werror", "-Wconversion", "-Wshadow", "-Wpointer-arith", "-Wundef", "-Wstrict-prototypes"]
# Runs the tests of the switchboard with it compiled to report whatever is undefined, and end.
SANITIZED = """
import sys, pytest
from benchmarks import native
native.FLAGS += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests/benchmarks/test_switchboard.py"]))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep libraries somewhere else."""
    monkeypatch.setattr(native, "FOLDER", tmp_path / "build")
    return tmp_path


def answering(folder: Path, number: int) -> Path:
    """Write a source with a function that returns a number."""
    source = folder / "answer.c"
    source.write_text(f"int answer(void) {{ return {number}; }}\n")
    return source


def answer(library: Path) -> int:
    """Ask it."""
    return int(ctypes.CDLL(str(library)).answer())


@needs_compiler
def test_a_source_is_compiled_once(folder: Path) -> None:
    """The second time, the library is there; nothing else is left behind."""
    source = answering(folder, 1)
    library = native.library(source)
    assert answer(library) == 1
    made = library.stat().st_mtime_ns
    assert native.library(source) == library
    assert library.stat().st_mtime_ns == made
    assert list(library.parent.iterdir()) == [library]


@needs_compiler
def test_a_changed_source_or_other_flags_are_another_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale one is never loaded."""
    first = native.library(answering(folder, 1))
    second = native.library(answering(folder, 2))
    assert answer(second) == 2
    monkeypatch.setattr(native, "FLAGS", [*native.FLAGS, "-O1"])
    assert len({first, second, native.library(answering(folder, 2))}) == 3


@needs_compiler
def test_what_the_compiler_says_is_passed_on(folder: Path) -> None:
    """With what might be missing, and without a library."""
    source = folder / "wrong.c"
    source.write_text('#include "nowhere.h"\n')
    with pytest.raises(native.CompilerError, match=r"could not compile wrong\.c .*libc6-dev(.|\n)*nowhere\.h"):
        native.library(source)
    assert list(native.FOLDER.iterdir()) == []


def test_no_compiler_is_told_in_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to install."""
    monkeypatch.setattr(native, "COMPILER", "no-such-compiler")
    with pytest.raises(native.CompilerError, match=r"needs a C compiler, .* \(Debian: apt install gcc libc6-dev\)"):
        native.library(answering(folder, 1))


@needs_compiler
def test_nothing_is_to_be_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every warning that is on anywhere here would be an error."""
    monkeypatch.setattr(native, "FLAGS", [*native.FLAGS, *STRICT])
    assert native.library(SWITCHBOARD).exists()


@needs_compiler
@pytest.mark.long
def test_nothing_undefined_happens() -> None:
    """Whatever the tests of the switchboard do to it: no byte outside its buffers, no overflow, no misaligned read."""
    runtime = subprocess.run(
        [native.COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(runtime).is_absolute():
        pytest.skip("this compiler has no sanitizers")
    done = subprocess.run(
        [sys.executable, "-c", SANITIZED],
        cwd=SWITCHBOARD.parents[1],
        env=os.environ | {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
