"""The server's clocks, as well as a client can know them.

Every pong gives one estimate of the offset between the two clocks, wrong by at most half of its round trip; the pong
with the shortest round trip of the last minute is believed. The reading is steered towards that estimate, never
stepped back: it is monotonic, and it follows a drifting clock because old pongs are forgotten. Pure; `now` is the
client's monotonic clock in seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0  # clocks drift apart by some 50 us/s: within a window by less than a network's jitter
MAX_PONGS = 128
MAX_SLEW = 0.05  # the reading runs at most 5 % faster or slower while it is being steered
STEP_BEYOND_S = 1.0  # an error this large is not drift (the machine slept): the reading steps forward


class SteadyReading:
    """A clock steered towards where it should be: it never goes back, and steps forward only over large errors."""

    def __init__(self) -> None:
        self._read_at = 0.0
        self._reading: float | None = None

    def read(self, target: float, now: float) -> float:
        """Read the clock, which should show `target`; call it with a `now` that does not go back. Seconds."""
        if self._reading is None:
            reading = target
        else:
            passed = now - self._read_at
            error = target - (self._reading + passed)
            slew = max(-MAX_SLEW * passed, min(MAX_SLEW * passed, error))
            reading = self._reading + passed + (error if error > STEP_BEYOND_S else slew)
        self._read_at, self._reading = now, reading
        return reading


@dataclass(frozen=True, slots=True)
class Probe:
    """What a ping and its pong showed: when it ended, its round trip, server clock minus ours; seconds."""

    at: float
    rtt_s: float
    offset_s: float


class ClockSync:
    """Estimates the server's clock from pongs."""

    def __init__(self) -> None:
        self._probes: deque[Probe] = deque(maxlen=MAX_PONGS)
        self._steady = SteadyReading()

    def receive(self, sent_us: int, received_us: int, replied_us: int, now: float) -> None:
        """Take one pong: our clock when we pinged, the server's when it received and replied; `now` on arrival."""
        sent, received, replied = sent_us / 1e6, received_us / 1e6, replied_us / 1e6
        rtt = max(now - sent - (replied - received), 0.0)
        offset = (received - sent + replied - now) / 2
        self._probes.append(Probe(now, rtt, offset))
        while self._probes[0].at < now - WINDOW_S:
            self._probes.popleft()

    @property
    def is_synced(self) -> bool:
        """Whether a pong has come."""
        return bool(self._probes)

    @property
    def rtt_s(self) -> float | None:
        """The shortest round trip of the last minute: the network without its queues."""
        return self._best.rtt_s if self._probes else None

    @property
    def round_trips_s(self) -> list[float]:
        """The round trips of the last minute, oldest first."""
        return [probe.rtt_s for probe in self._probes]

    def server_s(self, now: float) -> float:
        """Read the server's clock, seconds; never less than an earlier reading.

        Call it with a `now` that does not go back. Raises ValueError before the first pong.
        """
        if not self._probes:
            raise ValueError("no pong has come yet: the server's clock is unknown")
        return self._steady.read(now + self._best.offset_s, now)

    @property
    def _best(self) -> Probe:
        return min(self._probes, key=lambda probe: probe.rtt_s)
