"""What speaks against a small run on a machine that others use too, and what does not."""

from __future__ import annotations

from typing import Any

# What a busy machine may do to a run: the figures would not count, but what was delivered must be right all the same.
_MACHINE = ("the generator sent", "the server waited", "the generator used", "slow readers were told")
_ITS_CONSEQUENCES = ("joiners were in before", "nobody came, or nobody left")  # where it was that busy


def reasons_beside_the_machine(result: dict[str, Any]) -> list[str]:
    """List what speaks against a run and is not the machine's fault."""
    reasons = result["invalid"].split("; ") if result["invalid"] else []
    others = [reason for reason in reasons if not reason.startswith(_MACHINE)]
    if others == reasons:
        return others
    return [reason for reason in others if not any(words in reason for words in _ITS_CONSEQUENCES)]
