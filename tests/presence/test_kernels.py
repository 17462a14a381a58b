"""Compiled loops: what they need of the machine. What they do is tested where they are called from."""

from __future__ import annotations

import pytest
from numba.core import caching

from presence import kernels


def doubled(number: int) -> int:
    """Twice a number."""
    return number * 2


def test_where_nothing_can_be_kept_loops_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose user may write nowhere starts, if later."""

    def refuse(_locator: object) -> None:
        raise PermissionError

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)  # noqa: SLF001  no other way to be nobody
    loop = kernels.compiled("(i8,)")(doubled)  # the loops themselves take seconds to compile
    assert loop(21) == 42
