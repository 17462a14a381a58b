"""presence.traffic: what went over the sockets since somebody last asked."""

from __future__ import annotations

from presence.traffic import Traffic
from protocol.errors import Refusal


def test_taking_starts_over() -> None:
    """Every figure is handed out once."""
    traffic = Traffic()
    traffic.received_poses += 34
    traffic.too_soon += 1
    traffic.messages["chat"] += 2
    traffic.refusals[Refusal.OVERLOADED] += 1
    taken = traffic.take()
    assert (taken.received_poses, taken.too_soon) == (34, 1)
    assert (taken.messages, taken.refusals) == ({"chat": 2}, {Refusal.OVERLOADED: 1})
    assert traffic == Traffic()
    traffic.messages["chat"] += 1
    assert taken.messages == {"chat": 2}
