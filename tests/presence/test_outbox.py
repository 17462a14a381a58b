"""presence.outbox: the events lane of one session."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from presence import outbox
from presence.outbox import MAX_BYTES, MAX_EVENTS, Outbox
from protocol.codec import SharedEvent, decode, share
from protocol.errors import Close, ProtocolError
from protocol.framing import Framing, TcpReader, websocket_header
from protocol.schema import Left, Roster, Said, Sender

EVENT = share(Left(0, 7))
BIG = share(Said(0, 1, 0, "x" * 1000, 0))


def numbers(framed: bytes) -> list[int]:
    """Read the numbers of the events in what was written over raw TCP."""
    return [decode(payload, Sender.SERVER).seq for payload in TcpReader(2**20).feed(framed)]


def filled(count: int, event: SharedEvent = EVENT) -> Outbox:
    """Make an outbox with events nobody has taken yet."""
    made = Outbox(Framing.TCP)
    for _ in range(count):
        made.add(event)
    return made


def test_events_are_numbered_from_one_without_gaps() -> None:
    """Each event is taken once, in order."""
    box = filled(3)
    assert numbers(box.take()) == [1, 2, 3]
    assert box.take() == b""
    box.add(EVENT)
    assert numbers(box.take()) == [4]
    assert box.last == 4


def test_events_are_framed_for_the_transport() -> None:
    """A WebSocket session gets WebSocket frames."""
    box = Outbox(Framing.WEBSOCKET)
    box.add(EVENT)
    payload = EVENT.numbered(1)
    assert box.take() == websocket_header(len(payload)) + payload


def test_acknowledged_events_are_forgotten() -> None:
    """An ack is cumulative; a repeated or older one changes nothing."""
    box = filled(5)
    box.take()
    box.acknowledge(3)
    assert len(box) == 2
    box.acknowledge(2)
    box.acknowledge(3)
    assert len(box) == 2
    assert box.last == 5


@pytest.mark.parametrize("seq", [3, 4, 2**32 - 1])
def test_an_ack_of_what_was_not_sent_is_the_peers_fault(seq: int) -> None:
    """Neither an event still waiting nor one that does not exist can have arrived."""
    box = filled(2)
    box.take()
    box.add(EVENT)
    with pytest.raises(ProtocolError) as caught:
        box.acknowledge(seq)
    assert caught.value.code is Close.MALFORMED


def test_a_resume_repeats_exactly_what_was_missed() -> None:
    """Events after the last one received come again with their numbers, new ones behind them, on any transport."""
    box = filled(4)
    box.take()
    box.add(EVENT)
    assert box.can_replay(2)
    box.replay(2, Framing.TCP)
    assert numbers(box.take()) == [3, 4, 5]
    box.replay(4, Framing.WEBSOCKET)
    assert box.take() == websocket_header(len(EVENT.numbered(5))) + EVENT.numbered(5)


def test_a_resume_from_forgotten_or_future_events_is_impossible() -> None:
    """What was acknowledged is gone, and nobody has received what does not exist."""
    box = filled(4)
    box.take()
    box.acknowledge(2)
    assert [box.can_replay(seq) for seq in range(6)] == [False, False, True, True, True, False]


def test_a_client_that_received_nothing_gets_everything() -> None:
    """The welcome may be lost with the connection: last_event 0 repeats from the first event."""
    box = filled(2)
    box.take()
    assert box.can_replay(0)
    box.replay(0, Framing.TCP)
    assert numbers(box.take()) == [1, 2]


def test_too_many_unacknowledged_events_fill_it_for_good() -> None:
    """The event over the count is not taken in, no later one is, and it cannot be resumed from."""
    box = filled(MAX_EVENTS)
    assert not box.is_full
    box.add(EVENT)
    assert box.is_full
    box.acknowledge(0)
    assert box.last == MAX_EVENTS
    box.take()
    box.acknowledge(MAX_EVENTS)
    box.add(EVENT)
    assert box.last == MAX_EVENTS
    assert not box.can_replay(MAX_EVENTS)


def test_too_many_unacknowledged_bytes_fill_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound in bytes counts payloads, and acknowledged ones no more."""
    assert MAX_BYTES == 4 * 1024 * 1024
    monkeypatch.setattr(outbox, "MAX_BYTES", 3 * len(BIG.numbered(1)))
    box = filled(3, BIG)
    box.take()
    box.acknowledge(1)
    box.add(BIG)
    assert not box.is_full
    box.add(EVENT)
    assert box.is_full


class Lane(RuleBasedStateMachine):
    """A lane and its reader, who acknowledges, loses its connection and resumes at will."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Outbox(Framing.TCP)
        self.made = 0
        self.seen = 0
        self.acknowledged = 0

    @rule(event=st.sampled_from([EVENT, BIG, share(Roster(0, []))]))
    def something_happens(self, event: SharedEvent) -> None:
        """Queue an event."""
        self.box.add(event)
        self.made += 1

    @rule()
    def read(self) -> None:
        """Take and receive what waits."""
        for seq in numbers(self.box.take()):
            assert seq == self.seen + 1
            self.seen = seq

    @rule()
    def take_and_lose(self) -> None:
        """Take what waits, lose it on the way, and resume."""
        self.box.take()
        assert self.box.can_replay(self.seen)
        self.box.replay(self.seen, Framing.TCP)
        self.acknowledged = max(self.acknowledged, self.seen)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Acknowledge something received."""
        seq = data.draw(st.integers(0, self.seen))
        self.box.acknowledge(seq)
        self.acknowledged = max(self.acknowledged, seq)

    @invariant()
    def keeps_what_is_not_acknowledged(self) -> None:
        """Exactly the events after the last acknowledged one are kept."""
        assert len(self.box) == self.made - self.acknowledged
        assert self.box.last == self.made


TestLane = Lane.TestCase
