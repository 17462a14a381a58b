"""What `make` and `.ci/run` do where something is missing or fails, with stand-ins for what they call."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOOPS = ("presence/kernels.py", "presence/sockets.py", "presence/streams.py")
TOOLS = (
    "awk",
    "bash",
    "cat",
    "dirname",
    "env",
    "grep",
    "id",
    "make",
    "mktemp",
    "rm",
    "sed",
    "sh",
    "tail",
    "tee",
    "xargs",
)


class Machine:
    """A checkout's make files in a folder, and a PATH that holds only what is put there."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "programs"
        self.checkout.mkdir()
        self.programs.mkdir()
        for tool in TOOLS:
            path = shutil.which(tool)
            assert path is not None, tool
            (self.programs / tool).symlink_to(path)
        for name in ("Makefile", "packages.apt", "pyproject.toml", "requirements", ".ci", *LOOPS):
            source, target = ROOT / name, self.checkout / name
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def put(self, program: str, script: str) -> None:
        """Make `program` a shell script."""
        path = self.programs / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout; stdout and stderr come back together."""
        environ = {"PATH": str(self.programs), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(
            command,
            cwd=self.checkout,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with make and a shell, and nothing else."""
    return Machine(tmp_path)


def python(*, version_fits: bool, has_venv: bool) -> str:
    """Return a script that answers the questions the Makefile asks a Python."""
    return (
        f'case "$*" in *version_info*) exit {int(not version_fits)};; '
        f"*ensurepip*) exit {int(not has_venv)};; "
        '*"-m venv"*) echo "made by ${0##*/}";; esac'
    )


def test_no_python_is_one_clear_line(machine: Machine) -> None:
    """Without a Python, make says which ones would do."""
    done = machine.run("make", "run")
    assert done.returncode == 2
    assert "No Python 3.11, 3.12 or 3.13 found: install one, with its venv module." in done.stdout.splitlines()


def test_a_python_that_is_too_old_is_passed_over(machine: Machine) -> None:
    """An unsuitable python3 counts as none."""
    machine.put("python3", python(version_fits=False, has_venv=True))
    assert "No Python 3.11, 3.12 or 3.13 found" in machine.run("make", "run").stdout


def test_a_missing_venv_module_is_named_with_its_package(machine: Machine) -> None:
    """Debian splits venv from Python; make says what to install."""
    machine.put("python3", python(version_fits=True, has_venv=False))
    done = machine.run("make", "run")
    assert done.returncode == 2
    assert "python3 has no venv module: install it (Debian: apt install python3-venv)." in done.stdout.splitlines()


def test_the_newest_whole_python_makes_the_environment(machine: Machine) -> None:
    """A newer Python without venv gives way to an older one that has it."""
    machine.put("python3.13", python(version_fits=True, has_venv=False))
    machine.put("python3.12", python(version_fits=True, has_venv=True))
    machine.put("python3.11", python(version_fits=True, has_venv=True))
    assert "made by python3.12" in machine.run("make", ".venv/bin/pip").stdout


def test_missing_debian_packages_are_named_to_who_may_not_install_them(machine: Machine) -> None:
    """Without root, `make apt` lists what is missing and fails."""
    machine.put("dpkg-query", 'case "$*" in *buildah) printf "install ok installed";; *) exit 1;; esac')
    machine.put("apt-get", "echo must not run")
    (machine.programs / "id").unlink()
    machine.put("id", "echo 1000")
    done = machine.run("make", "apt")
    assert done.returncode == 2
    assert "only root can install them: chromium fonts-noto-core gcc git libc6-dev mmdebstrap" in done.stdout
    assert "must not run" not in done.stdout


def test_missing_debian_packages_are_installed_by_root(machine: Machine) -> None:
    """As root, `make apt` installs what is missing and nothing else."""
    machine.put("dpkg-query", 'case "$*" in *buildah) printf "install ok installed";; *) exit 1;; esac')
    machine.put("apt-get", 'echo "apt-get $*"')
    (machine.programs / "id").unlink()
    machine.put("id", "echo 0")
    done = machine.run("make", "apt")
    assert done.returncode == 0
    installing = done.stdout.splitlines()[-1]
    assert installing.startswith("apt-get install")
    assert installing.split()[-1] == "mmdebstrap"
    assert "buildah" not in installing


class BuiltMachine(Machine):
    """A machine on which everything was installed and built, with stand-ins for what that brought."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for tool in ("find", "touch"):
            (self.programs / tool).symlink_to(shutil.which(tool) or "")
        self.put("dpkg-query", 'printf "install ok installed"')
        self.put("npm", 'echo "npm $*"; case "$*" in *" test") exit ${VITEST:-0};; esac')
        (self.checkout / ".venv/bin").mkdir(parents=True)
        (self.checkout / "presence/web").mkdir(parents=True)
        sources = self.checkout / "clients/webxr/app/src"
        sources.mkdir(parents=True)
        for path in ("clients/webxr/package-lock.json", "clients/webxr/app/src/main.ts", ".venv/bin/pip"):
            self.age(path, 300)
        for stamp in ("run", "kernels", "node", "dev", "web", "web-dev"):
            self.age(f".venv/{stamp}.stamp", 200)
        self.age("presence/web/index.html", 100)
        for name in ("requirements", "pyproject.toml", *LOOPS):
            for each in (self.checkout / name, *(self.checkout / name).glob("*")):
                os.utime(each, (OLD, OLD))
        self.pytest(0)

    def age(self, path: str, seconds: int) -> None:
        """Make a file that is so old."""
        (self.checkout / path).touch()
        os.utime(self.checkout / path, (time.time() - seconds,) * 2)

    def pytest(self, code: int) -> None:
        """Let pytest end like this."""
        program = self.checkout / ".venv/bin/python"
        program.write_text(f"#!/bin/sh\necho '{PASSED}'; exit {code}\n")
        program.chmod(0o755)


OLD = 1_000_000_000


@pytest.mark.parametrize(("vitest", "code", "passes"), [(0, 0, True), (1, 0, False), (0, 1, False), (1, 1, False)])
def test_the_web_clients_tests_count_and_hide_no_others(
    tmp_path: Path, vitest: int, code: int, *, passes: bool
) -> None:
    """Whichever of the two fails, both run, and `make test` fails."""
    machine = BuiltMachine(tmp_path)
    machine.put("npm", f"echo vitest ran; exit {vitest}")
    machine.pytest(code)
    done = machine.run("make", "test")
    assert (done.returncode == 0) is passes
    assert "vitest ran" in done.stdout
    assert PASSED in done.stdout


def test_the_web_client_is_built_when_its_sources_changed(tmp_path: Path) -> None:
    """And only then; its packages are installed again only when their lock changed, all of them where all were."""
    machine = BuiltMachine(tmp_path)
    assert "npm" not in machine.run("make", "web").stdout
    machine.age("clients/webxr/app/src/main.ts", 0)
    built = machine.run("make", "web").stdout
    assert "run build" in built
    assert "ci" not in built.replace("clients", "")
    machine.age("clients/webxr/package-lock.json", -5)
    machine.put("npm", 'echo "npm $*" >&2')
    renewed = machine.run("make", "web").stdout
    assert " ci" in renewed
    assert "--omit=dev" not in renewed
    (machine.checkout / ".venv/web-dev.stamp").unlink()
    machine.age(".venv/web.stamp", 300)
    assert " ci --omit=dev" in machine.run("make", "web").stdout


PASSED = "===== 3 passed, 1 skipped in 61.20s (0:01:01) ====="
FAILED = "===== 1 failed, 2 passed in 0.12s ====="
SKIPPED = "===== 4 skipped in 0.12s ====="
NONE = "===== no tests ran in 0.01s ====="


@pytest.mark.parametrize(
    ("lint", "tests", "summary", "passes"),
    [
        (0, 0, PASSED, True),
        (1, 0, PASSED, False),
        (0, 1, FAILED, False),
        (0, 5, NONE, False),
        (0, 0, SKIPPED, False),
    ],
)
def test_ci_judges_and_ends_with_the_summary(
    machine: Machine, lint: int, tests: int, summary: str, *, passes: bool
) -> None:
    """`.ci/run` passes only if lint and tests did and some test ran; pytest's summary comes last."""
    (machine.checkout / "Makefile").write_text(f"lint:\n\t@exit {lint}\ntest:\n\t@echo '{summary}'; exit {tests}\n")
    done = machine.run(".ci/run")
    assert (done.returncode == 0) is passes
    assert done.stdout.splitlines()[-1] == summary
