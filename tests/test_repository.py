"""Cheap promises of the repository: locked dependencies, decision pages of one form, one version."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import presence

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
HEADINGS = ["Context", "Choice", "Rejected", "The number that decided it"]
PIN = re.compile(r"([a-z0-9-]+)==([^ ;\\]+)(?: ; [^\\]+)?")
EXACT = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: Path) -> dict[str, str]:
    """Read a lock file into name and version; fails where a line is neither a pin nor a hash."""
    found = {}
    entries = lock.read_text().replace("\\\n", " ").splitlines()
    for entry in entries:
        requirement, *hashes = re.split(r"\s+(?=--hash)", entry.strip())
        pin = PIN.fullmatch(requirement)
        assert pin, entry[:80]
        assert hashes, f"{requirement} has no hash"
        assert all(HASH.fullmatch(each) for each in hashes), requirement
        found[pin[1]] = pin[2]
    return found


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_pin_by_hash_and_name_no_host(lock: Path) -> None:
    """Every package is pinned with its hashes, and where to get it is the installing machine's business."""
    assert pins(lock)
    assert not re.search(r"://|index|find-links|\.(com|org|io)\b", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_agree(lock: Path) -> None:
    """What is tested is what runs: a package has one version, whichever lock names it."""
    everything = pins(ROOT / "requirements/dev.txt")
    assert pins(lock).items() <= everything.items()


@pytest.mark.parametrize(
    ("table", "lock"), [("run", "run.txt"), ("dev", "dev.txt"), ("build", "build.txt"), ("web", "web.txt")]
)
def test_locks_are_fresh(table: str, lock: str) -> None:
    """Each requirement in pyproject.toml is met by its lock; `make lock` renews a stale one."""
    settings = project()
    declared = {
        "run": settings["project"]["dependencies"],
        "dev": settings["project"]["optional-dependencies"]["dev"],
        **settings["dependency-groups"],
    }
    pinned = pins(ROOT / "requirements" / lock)
    for requirement in map(Requirement, declared[table]):
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_npm_packages_are_pinned_by_hash_and_name_no_host() -> None:
    """The web client's too: exact versions in its manifests, an integrity for each package, and no address."""
    for manifest in (ROOT / "clients/webxr").glob("**/package.json"):
        if "node_modules" not in manifest.parts:
            declared = json.loads(manifest.read_text())
            wanted = declared.get("dependencies", {}) | declared.get("devDependencies", {})
            assert [name for name, version in wanted.items() if not EXACT.fullmatch(version)] == [], manifest
    text = (ROOT / "clients/webxr/package-lock.json").read_text()
    locked = {name: entry for name, entry in json.loads(text)["packages"].items() if "node_modules/" in name}
    assert [name for name, entry in locked.items() if not entry.get("link") and "integrity" not in entry] == []
    assert not re.search(r'"resolved": "[^"]*://|registry', text)


def test_the_version_is_said_once() -> None:
    """The package, its metadata, and the packages of the web client agree on the version."""
    assert presence.__version__ == project()["project"]["version"]
    for package in ("sdk", "app"):
        manifest = json.loads((ROOT / "clients/webxr" / package / "package.json").read_text())
        assert manifest["version"] == presence.__version__


def test_the_changelog_keeps_wire_changes_apart() -> None:
    """What a client must know about stands under a heading of its own."""
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("## [Unreleased]", 1)[1].split("\n## ", 1)[0]
    assert "### Wire" in unreleased


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_decisions_have_one_form(page: Path) -> None:
    """A decision is numbered, listed, and says what was chosen over what, and by which number."""
    text = page.read_text()
    assert re.fullmatch(r"[0-9]{4}-[a-z0-9-]+", page.stem)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert f"({page.name})" in (page.parent / "README.md").read_text()
