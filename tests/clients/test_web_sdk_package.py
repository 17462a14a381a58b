"""The web SDK's package holds what belongs, and nothing else comes with it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.web_sdk import NODE, SDK, built_sdk, npm

_IMPORTED = re.compile(r'^(?:import|export)\b[^"]*\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"', re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def dist() -> Path:
    """The SDK, built from its present sources."""
    return built_sdk()


def test_the_package_holds_the_build_and_its_readme_alone() -> None:
    """Each source as a module and its types, the README, and the manifest."""
    (packed,) = json.loads(npm("pack", "--workspace", "sdk", "--dry-run", "--json", "--silent"))
    files = {file["path"] for file in packed["files"]}
    modules = {path.relative_to(SDK / "src").with_suffix("").as_posix() for path in (SDK / "src").rglob("*.ts")}
    expected = {f"dist/{module}{suffix}" for module in modules for suffix in (".js", ".d.ts")}
    assert files - {"LICENSE"} == expected | {"README.md", "package.json"}


def test_nothing_is_imported_from_elsewhere(dist: Path) -> None:
    """No dependency, no framework, no renderer: every import is a file of the package."""
    imported = {"".join(found) for path in dist.rglob("*.js") for found in _IMPORTED.findall(path.read_text())}
    assert len(imported) > 10
    assert [name for name in imported if not name.startswith(("./", "../"))] == []
    manifest = json.loads((SDK / "package.json").read_text())
    assert "dependencies" not in manifest
    assert manifest["sideEffects"] is False


def test_only_the_edge_touches_the_platform() -> None:
    """Sockets, clocks, timers and chance come through `edge.ts`: everything else can be run by a test, and is."""
    platform = re.compile(
        r"\b(WebSocket|window|navigator|performance|Date|setInterval|setTimeout|Math\.random|fetch)\b"
    )
    not_code = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"|`[^`]*`", re.DOTALL)
    sources = (SDK / "src").rglob("*.ts")
    touching = [path.name for path in sources if platform.search(not_code.sub("", path.read_text()))]
    assert touching == ["edge.ts"]


def test_node_finds_the_package_by_its_name() -> None:
    """`import … from "@presence-hub/client"` works without any bundler."""
    code = (
        'import { Client, PoseTable } from "@presence-hub/client"; console.log(typeof Client, new PoseTable().count);'
    )
    found = subprocess.run(
        [NODE, "--input-type=module", "--eval", code], cwd=SDK, capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.stderr) == ("function 0\n", "")


def test_the_reference_is_written_from_the_sources() -> None:
    """`npm run docs` finds everything that the public surface refers to, and warns of nothing."""
    npm("run", "docs", "--workspace", "sdk", "--silent")
    pages = {page.stem for page in (SDK / "docs/classes").glob("*.html")}
    assert {"Client", "Room", "PoseTable", "OwnAvatar", "RefusedError", "WorldGeometry"} <= pages
