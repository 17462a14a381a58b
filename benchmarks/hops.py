"""How one gets to a far place: in jumps that the protocol allows."""

from __future__ import annotations

HOP_MM = 14_000  # teleports reach 15 m
HOP_REST_S = 0.55  # and rest half a second


def hops(begin: tuple[int, int, int], end: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Divide the way from `begin` to `end` into equal hops within a teleport's reach; none where they are one place."""
    apart = sum((a - b) ** 2 for a, b in zip(begin, end, strict=True)) ** 0.5
    count = int(-(-apart // HOP_MM))
    return [
        (
            begin[0] + (end[0] - begin[0]) * hop // count,
            begin[1] + (end[1] - begin[1]) * hop // count,
            begin[2] + (end[2] - begin[2]) * hop // count,
        )
        for hop in range(1, count + 1)
    ]
