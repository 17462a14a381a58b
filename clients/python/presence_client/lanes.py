"""What a client keeps of the lanes: which events it has, which it owes an acknowledgement, how many bytes came on each.

The events lane is exact: every event once, in order, over any number of reconnects. Pure; `now` is an argument.
"""

from __future__ import annotations

from protocol.errors import Close, ProtocolError
from protocol.schema import MESSAGES, Lane

# The server asks for an acknowledgement at least every 32 events or every second; half of it leaves room for delay.
ACK_EVERY_EVENTS = 16
ACK_AFTER_S = 0.5


class EventLane:
    """Sequence bookkeeping of the events lane."""

    def __init__(self) -> None:
        self.last = 0  # newest event received
        self._acked = 0
        self._owed_since = 0.0

    def restart(self) -> None:
        """A new session begins: its events count from 1."""
        self.last = self._acked = 0

    def receive(self, seq: int, now: float) -> bool:
        """Take note of an event; False means that it came before and must be ignored.

        Raises ProtocolError(MALFORMED) where an event is missing, which a correct server never lets happen.
        """
        if seq <= self.last:
            return False
        if seq != self.last + 1:
            raise ProtocolError(Close.MALFORMED, f"event {seq} came after event {self.last}: one is missing")
        if self.last == self._acked:
            self._owed_since = now
        self.last = seq
        return True

    def due_ack(self, now: float) -> int | None:
        """Return the sequence to acknowledge now, if it is time; it counts as acknowledged from here on."""
        owed = self.last - self._acked
        if owed == 0 or (owed < ACK_EVERY_EVENTS and now - self._owed_since < ACK_AFTER_S):
            return None
        self._acked = self.last
        return self.last


class Traffic:
    """Bytes and messages received, by lane, and bytes sent; transport framing not counted."""

    def __init__(self) -> None:
        # by message type; the last slot is for what is no message
        self._bytes = [0] * (_MAX_FIXINT + 2)
        self._messages = [0] * (_MAX_FIXINT + 2)
        self.sent_bytes = 0
        self.sent_messages = 0

    def received(self, type_: int, size: int) -> None:
        """Count one payload from the server, of a type as `peek_type` reads it."""
        self._bytes[type_] += size
        self._messages[type_] += 1

    def sent(self, payload: bytes) -> None:
        """Count one payload to the server."""
        self.sent_bytes += len(payload)
        self.sent_messages += 1

    @property
    def received_bytes(self) -> dict[Lane, int]:
        """Bytes by lane."""
        return _by_lane(self._bytes)

    @property
    def received_messages(self) -> dict[Lane, int]:
        """Messages by lane."""
        return _by_lane(self._messages)


def _by_lane(by_type: list[int]) -> dict[Lane, int]:
    """Add up by lane; what is no message counts as control."""
    sums = dict.fromkeys(Lane, 0)
    for type_, count in enumerate(by_type):
        if count:
            sums[MESSAGES[type_].lane if type_ in MESSAGES else Lane.CONTROL] += count
    return sums


_FIXARRAY = 0x90
_MAX_FIXINT = 0x7F
_UINT_WIDTHS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}


def peek_type(payload: bytes) -> int:
    """Read a message's type without decoding it; -1 where there is none to be read this way."""
    if len(payload) < 2 or payload[0] & 0xF0 != _FIXARRAY or payload[1] > _MAX_FIXINT:  # noqa: PLR2004 - two bytes
        return -1
    return payload[1]


def peek_seq(payload: bytes) -> int:
    """Read the sequence of an events-lane message without decoding the rest of it.

    Raises ProtocolError(MALFORMED) where there is none.
    """
    first = payload[2:3]
    if first and first[0] <= _MAX_FIXINT:
        return first[0]
    width = _UINT_WIDTHS.get(first[0], 0) if first else 0
    if not width or len(payload) < 3 + width:
        raise ProtocolError(Close.MALFORMED, "an event without a sequence")
    return int.from_bytes(payload[3 : 3 + width], "big")
