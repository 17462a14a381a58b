"""Tests that would not notice a broken rule are worth nothing: each rule is broken once, and its test must fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.mutations import MUTATIONS, Mutation

COMPILED = tuple(f"presence/{name}.py" for name in ("kernels", "sockets", "streams"))  # mutated as Python

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("presence", "protocol", "clients", "benchmarks", "tests", "pyproject.toml")
TESTS_FAILED = 1  # pytest's exit code; anything else but 0 means that nothing was tested
PATIENCE_S = 300

each_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.breaks.replace(" ", "-"))


@each_mutation
def test_a_mutation_has_one_place_and_a_test(mutation: Mutation) -> None:
    """The list is not stale: its text occurs exactly once, and the test it names is there."""
    assert (ROOT / mutation.file).read_text().count(mutation.before) == 1
    assert mutation.before != mutation.after
    file, _, name = mutation.killed_by.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what is tested and its tests to a folder of their own, where every named test passes as things are."""
    folder = tmp_path_factory.mktemp("mutations")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, folder)
    code, output = run(folder, sorted({mutation.killed_by for mutation in MUTATIONS}))
    assert code == 0, output
    return folder


def run(folder: Path, tests: Iterable[str], **variables: str) -> tuple[int, str]:
    """Run some tests in a folder, with more variables set; return pytest's exit code and what it said."""
    # No bytecode: a mutated file of the same size and second would run as the old one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    options = ["-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=unshrunk"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)],
        cwd=folder,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.long
@each_mutation
def test_a_broken_rule_is_noticed(copy: Path, mutation: Mutation) -> None:
    """With the rule broken, its test fails: it runs, and says so."""
    file = copy / mutation.file
    whole = file.read_text()
    file.write_text(whole.replace(mutation.before, mutation.after))
    try:
        # A broken loop need not be compiled to be found out: that takes longer than running it as it is.
        variables = {"NUMBA_DISABLE_JIT": "1"} if mutation.file in COMPILED else {}
        code, output = run(copy, [mutation.killed_by], **variables)
    finally:
        file.write_text(whole)
    assert code == TESTS_FAILED, f"nobody noticed that {mutation.breaks}:\n{output}"
