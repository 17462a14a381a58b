"""A bare Debian machine in a folder: made with mmdebstrap, entered with chroot.

Owns how such a root is made and entered, and how this machine's mirrors, the configurations of pip and npm, and
certificates reach it. The long tests of what works where nothing was installed by hand stand on it.
"""

from __future__ import annotations

import ast
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
# The mounts end with their process, and exec keeps the process: what is started is what runs inside.
ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'

skip_unless_possible = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("buildah", "mmdebstrap"))),
    reason="needs root, and the Debian packages of packages.apt",
)


def make_bare_root(root: Path, packages: Sequence[str]) -> None:
    """Install the smallest Debian with `packages` into `root`, from the mirrors this machine's apt uses."""
    subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            "--aptopt=Acquire::Check-Valid-Until false",
            platform.freedesktop_os_release()["VERSION_CODENAME"],
            str(root),
            "-",
        ],
        input="\n".join(_debian_sources()),
        text=True,
        check=True,
    )
    for shared in ("etc/resolv.conf", "etc/hosts"):
        shutil.copy(f"/{shared}", root / shared)
    _pass_pip_configuration_on(root)
    _pass_npm_configuration_on(root)


def entering(root: Path, *command: str) -> list[str]:
    """Return what runs `command` inside `root`, as the same process and in the same process group."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, str(root), *command]


def environment() -> dict[str, str]:
    """Return what a process inside sees of this machine's environment: its proxies, nothing else."""
    proxies = {name: value for name, value in os.environ.items() if name.lower() in PROXIES}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"} | proxies


def copy_checkout(destination: Path) -> None:
    """Copy what a clone would hold, plus files not added yet: nothing that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = REPOSITORY / name, destination / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


@contextmanager
def removed_afterwards(folder: Path) -> Iterator[Path]:
    """Hand out `folder` and delete it at the end: pytest would keep its hundreds of megabytes."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _debian_sources() -> list[str]:
    """List the one-line sources of Debian's own archives among those this machine's apt reads."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted({line.split("|", 1)[1] for line in listed.splitlines() if line.startswith("Debian|")})


def _pass_pip_configuration_on(root: Path) -> None:
    """Write pip's effective configuration, environment included, and the certificates into `root`."""
    shutil.copy(os.environ.get("SSL_CERT_FILE", f"/{CERTIFICATES}"), root / CERTIFICATES)
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        text = str(ast.literal_eval(value))
        if not text.startswith("/") and "file:" not in text:  # what lies on this machine's disk is not on the other's
            # pip lists the environment, which wins over files, first and in a section of its own.
            settings.setdefault(name.replace(":env:.", "global."), text)
    settings["global.cert"] = f"/{CERTIFICATES}"
    pip_conf = ConfigParser(interpolation=None)
    for name, value in settings.items():
        section, _, key = name.partition(".")
        pip_conf.read_dict({section: {key: value}})
    with (root / "etc/pip.conf").open("w") as file:
        pip_conf.write(file)


def _pass_npm_configuration_on(root: Path) -> None:
    """Write where npm finds packages, and the certificates, into root's home in `root`."""
    asked = [str(REPOSITORY / ".venv/bin/npm"), "config", "get", "registry"]
    path = f"{REPOSITORY / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    registry = subprocess.run(
        asked, cwd=root, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True
    ).stdout.strip()
    (root / "root/.npmrc").write_text(f"registry={registry}\ncafile=/{CERTIFICATES}\n")
