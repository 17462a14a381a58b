"""The web client's SDK for tests: where Node is, and the SDK built from its present sources."""

from __future__ import annotations

import os
import subprocess
import sys
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKSPACE = ROOT / "clients/webxr"
SDK = WORKSPACE / "sdk"
NODE = Path(sys.prefix) / "bin/node"
LOCK = WORKSPACE / "node_modules/.sdk.lock"
BUILD_S = 120.0


def npm(*arguments: str) -> str:
    """Run npm in the workspace and return what it says. Raises AssertionError with that where it fails."""
    environment = os.environ | {"PATH": f"{NODE.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [NODE.with_name("npm"), *arguments],
        cwd=WORKSPACE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@cache
def built_sdk() -> Path:
    """Build the SDK unless it is newer than its sources; returns where it is. Workers wait for each other."""
    built = SDK / "dist"
    with LOCK.open("w") as lock:
        flock(lock, LOCK_EX)
        entry = built / "index.js"
        sources = [SDK / "package.json", *WORKSPACE.glob("tsconfig*.json"), *SDK.glob("tsconfig*.json")]
        newest = max(file.stat().st_mtime for file in [*sources, *(SDK / "src").rglob("*.ts")])
        if not entry.exists() or entry.stat().st_mtime <= newest:
            npm("run", "build", "--workspace", "sdk", "--silent")
    return built
