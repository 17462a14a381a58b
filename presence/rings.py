"""Rings: distance bands around an observer, each with its own rate and its own level of detail.

Plain data, and how it is written; `interest` looks distances up in it. The last ring has no outer bound of its own: who
is in sight at all is `interest`'s business too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


RATE_CLASSES = 6  # a record of rate class c is made every 2**c ticks
# how operators and authors of worlds write a ring, in words
RING_FORM = (
    "metres:ticks, metres:ticks:root or metres:ticks:dot, metres up to 8000 with three decimals at most, ticks one of "
    "1, 2, 4, 8, 16, 32"
)

_FORM = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?):(1|2|4|8|16|32)(?::(root|dot))?")
_FURTHEST_MM = 8_000_000  # from one end of the largest world to the other


class Detail(IntEnum):
    """How much of a subject is told, the least first."""

    DOT = 0  # about where it is, whatever it is
    ROOT = 1  # position, yaw and gaze, whatever its body
    FULL = 2  # head and hands as well, where it has them


@dataclass(frozen=True, slots=True)
class Ring:
    """One band: up to `reach_mm` from the observer, records of rate class `rate` (every 2**rate ticks) in `detail`."""

    reach_mm: int
    rate: int
    detail: Detail

    def __post_init__(self) -> None:
        """Refuse what views and `classify` cannot count in, as ValueError."""
        if not 0 < self.reach_mm <= _FURTHEST_MM or not 0 <= self.rate < RATE_CLASSES:
            raise ValueError(f"no ring: reach {self.reach_mm} mm, rate {self.rate}")

    @classmethod
    def parse(cls, text: str) -> Ring:
        """Read a ring as `str` writes it. Raises ValueError for what is not of the form RING_FORM."""
        form = _FORM.fullmatch(text)
        if form is None:
            raise ValueError(f"no ring: {text}")
        reach, ticks, detail = form.groups()
        return cls(round(float(reach) * 1000), int(ticks).bit_length() - 1, Detail[(detail or "full").upper()])

    def __str__(self) -> str:
        detail = "" if self.detail is Detail.FULL else f":{self.detail.name.lower()}"
        return f"{self.reach_mm / 1000:.7g}:{1 << self.rate}{detail}"


def are_nested(rings: Sequence[Ring]) -> bool:
    """Tell whether rings are listed from the inside out, and there is one at least."""
    return bool(rings) and all(inner.reach_mm < outer.reach_mm for inner, outer in pairwise(rings))
