"""Events arrive once and in order, and are acknowledged in time."""

from __future__ import annotations

import pytest

from presence_client.lanes import ACK_AFTER_S, ACK_EVERY_EVENTS, EventLane, Traffic, peek_seq, peek_type
from protocol.codec import encode, share
from protocol.errors import ProtocolError
from protocol.schema import Goaway, Gone, Lane, Left, Snapshot


def test_an_event_that_came_before_is_ignored() -> None:
    """What a resumed session repeats although it had arrived is not delivered twice."""
    lane = EventLane()
    assert [lane.receive(seq, 0.0) for seq in (1, 2, 1, 2, 3)] == [True, True, False, False, True]
    assert lane.last == 3


def test_a_missing_event_is_the_servers_fault() -> None:
    """A gap cannot be mended by waiting: the lane is exact or it is broken."""
    lane = EventLane()
    lane.receive(1, 0.0)
    with pytest.raises(ProtocolError, match="event 3 came after event 1"):
        lane.receive(3, 0.0)


def test_an_acknowledgement_is_due_after_its_time() -> None:
    """A single event is acknowledged half a second later, once."""
    lane = EventLane()
    assert lane.due_ack(100.0) is None
    lane.receive(1, 100.0)
    lane.receive(2, 100.0 + ACK_AFTER_S / 2)
    assert lane.due_ack(100.0 + ACK_AFTER_S * 0.9) is None
    assert lane.due_ack(100.0 + ACK_AFTER_S) == 2
    assert lane.due_ack(200.0) is None


def test_an_acknowledgement_is_due_after_many_events() -> None:
    """A burst of events is acknowledged at once."""
    lane = EventLane()
    for seq in range(1, ACK_EVERY_EVENTS + 1):
        assert lane.due_ack(0.0) is None
        lane.receive(seq, 0.0)
    assert lane.due_ack(0.0) == ACK_EVERY_EVENTS


def test_a_new_session_counts_from_one() -> None:
    """The events of a session that was not resumed begin again."""
    lane = EventLane()
    lane.receive(1, 0.0)
    lane.restart()
    assert lane.receive(1, 0.0)


@pytest.mark.parametrize("seq", [1, 127, 128, 255, 256, 65_536, 2**32 - 1])
def test_type_and_sequence_can_be_read_without_decoding(seq: int) -> None:
    """However an event's sequence was packed, a peek finds what decoding would."""
    for payload in (encode(Gone(seq, [1, 2])), share(Gone(0, [1, 2])).numbered(seq)):
        assert (peek_type(payload), peek_seq(payload)) == (70, seq)


@pytest.mark.parametrize("payload", [b"", b"\x92", b"\x92\x46", b"\x92\x46\xce\x00\x00", b"\x92\x46\xa1x"])
def test_a_peek_at_less_than_an_event_is_refused(payload: bytes) -> None:
    """Cut or foreign payloads raise ProtocolError, and nothing else."""
    with pytest.raises(ProtocolError, match="without a sequence"):
        peek_seq(payload)


def test_traffic_counts_bytes_by_lane() -> None:
    """Every payload is counted on the lane of its message; what is no message, as control."""
    traffic = Traffic()
    payloads = [encode(Snapshot(bytes(17))), encode(Left(1, 1)), encode(Goaway("later", 1)), b"?"]
    for payload in payloads:
        traffic.received(peek_type(payload), len(payload))
    sizes = [len(payload) for payload in payloads]
    assert traffic.received_bytes[Lane.POSES] == sizes[0]
    assert traffic.received_bytes[Lane.EVENTS] == sizes[1]
    assert traffic.received_bytes[Lane.CONTROL] == sizes[2] + sizes[3]
    assert traffic.received_messages[Lane.CONTROL] == 2
