"""One timer for many: everybody's turn once a period, spread out, never in a burst."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from presence_client.pulse import Pulse
from tests.clients.timeless import run


def test_every_beat_comes_once_a_period() -> None:
    """In a second of 50 ms periods each member is called twenty times."""
    beats: dict[int, list[float]] = {number: [] for number in range(7)}

    async def main() -> None:
        async with Pulse(0.05, slices=3) as pulse:
            for called in beats.values():
                pulse.add(called.append)
            await asyncio.sleep(1.001)

    run(main())
    for called in beats.values():
        assert 19 <= len(called) <= 20
        assert all(0.049 < later - earlier < 0.051 for earlier, later in pairwise(called))
    assert len({called[0] for called in beats.values()}) == 3


def test_who_is_removed_is_not_called_again() -> None:
    """Also not by a beat that is just being given."""
    called: list[str] = []

    async def main() -> None:
        async with Pulse() as pulse:

            def once(_now: float) -> None:
                called.append("once")
                pulse.remove(once)

            pulse.add(once)
            await asyncio.sleep(1)

    run(main())
    assert called == ["once"]


def test_a_late_period_is_not_made_up_for() -> None:
    """After the loop was held up for a second there is one beat, not twenty."""
    called: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def hold_up(now: float) -> None:
            called.append(now)
            if len(called) == 1:
                loop._selector_of_ours.now += 1.0  # type: ignore[attr-defined]  # noqa: SLF001 - time passes at once

        async with Pulse(0.05) as pulse:
            pulse.add(hold_up)
            await asyncio.sleep(1.2)

    run(main())
    assert 1.0 <= called[1] - called[0] <= 1.06
    assert len(called) <= 6
