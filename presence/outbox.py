"""The events lane of one session: numbering, keeping until acknowledged, and repeating after a resume.

Owns the order and the numbers. Never writes: whoever has a socket takes the framed bytes with `take`. The log is
bounded by count and by bytes; when an event does not fit, the outbox is `is_full` for good, takes no more, and its
owner closes the session as slow, since a gap would break the promise that nothing on this lane is lost.
"""

from __future__ import annotations

from collections import deque

from protocol.codec import SharedEvent
from protocol.errors import Close, ProtocolError
from protocol.framing import Framing, frame

# A lively room produces ten events a second for one session: this is minutes of them, more than the resume window.
MAX_EVENTS = 4096
MAX_BYTES = 4 * 1024 * 1024


class Outbox:
    """Numbered events of one session, over all its connections."""

    __slots__ = ("_bytes", "_first", "_log", "_unwritten", "framing", "is_full")

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.is_full = False
        self._log: deque[bytes] = deque()  # payloads not acknowledged yet
        self._first = 1  # number of the first of them
        self._bytes = 0
        self._unwritten: list[bytes] = []

    def __len__(self) -> int:
        return len(self._log)

    @property
    def last(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self._first + len(self._log) - 1

    def add(self, event: SharedEvent) -> None:
        """Number an event and queue it."""
        if self.is_full:
            return
        payload = event.numbered(self.last + 1)
        if len(self._log) >= MAX_EVENTS or self._bytes + len(payload) > MAX_BYTES:
            self.is_full = True
            return
        self._log.append(payload)
        self._bytes += len(payload)
        self._unwritten.append(payload)

    def take(self) -> bytes:
        """Return, framed, what was queued since the last call; b"" when there is nothing."""
        if not self._unwritten:
            return b""
        framed = b"".join([frame(self.framing, payload) for payload in self._unwritten])
        self._unwritten.clear()
        return framed

    def acknowledge(self, seq: int) -> None:
        """Forget the events up to `seq`. One that was acknowledged before is no news.

        Raises ProtocolError(MALFORMED) for an event that was not written yet.
        """
        if seq > self.last - len(self._unwritten):
            raise ProtocolError(Close.MALFORMED, f"ack of event {seq}, which was not sent")
        self._forget(seq)

    def can_replay(self, last_event: int) -> bool:
        """Tell whether every event after `last_event` is still here."""
        return not self.is_full and self._first - 1 <= last_event <= self.last

    def replay(self, last_event: int, framing: Framing) -> None:
        """Start over on a new connection that has the events up to `last_event`: queue the others again, in order.

        `can_replay(last_event)` holds.
        """
        self.framing = framing
        self._forget(last_event)
        self._unwritten = list(self._log)

    def _forget(self, seq: int) -> None:
        while self._first <= seq:
            self._bytes -= len(self._log.popleft())
            self._first += 1
