"""What tests that run the load generator need: its hot half is compiled when it is first used."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import native

needs_compiler = pytest.mark.skipif(
    shutil.which(native.COMPILER) is None, reason="needs a C compiler: the Debian packages of packages.apt"
)
