"""Several runs of one scenario told as one result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    Result = dict[str, Any]


def merged(chosen: Result, results: Sequence[Result], reasons: Sequence[str] = ()) -> Result:
    """Describe `chosen`, one of `results`: invalid if any of them was, with the violations of all.

    reasons: what else speaks against the whole.
    """
    against = [each["invalid"] for each in results if each["invalid"]] + list(reasons)
    return chosen | {
        "invalid": "; ".join(against) or None,
        "oracle_violations": sum(each["oracle_violations"] for each in results),
        "oracle_first_violations": next((e for each in results if (e := each["oracle_first_violations"])), []),
        "oracle_self_test": all(each["oracle_self_test"] for each in results),
    }
