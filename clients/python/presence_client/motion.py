"""What a client tells of its own motion: its avatar's poses and the objects it holds, as rarely as exactness allows.

Nothing is sent while a pose is the same after quantisation; while it changes, the newest goes out at most `RATE_HZ`
times a second, and while it only trembles, four times; the last pose of a movement always goes out, so that everybody
sees where it ended (SPEC section 11.2). A correction is adopted: the pose becomes the server's and is not sent back.
Pure; `now` is seconds, monotonic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from presence_client.pose import Pose, input_record, is_noticeable, mm, pack_body, packed_orientation
from protocol import records
from protocol.schema import Correction, Joined, Move

RATE_HZ = 20.0  # the server's tick: more would be merged there
# How much earlier than its time a pose may go, as part of the interval: timers are late, and must not cost a frame.
_EARLY = 0.5
_TREMBLE_EVERY_S = 0.25


class PoseSender:
    """Decides when the avatar's own pose is sent, and numbers the poses."""

    def __init__(self, rate_hz: float = RATE_HZ) -> None:
        self._interval_s = 1.0 / rate_hz
        self._seq = 0
        self._pose: Pose | None = None
        self._body = b""
        self._sampled_at = 0.0
        self._sent_body = b""
        self._sent_at = -math.inf
        self._next_at = -math.inf
        self._is_paused = False

    @property
    def pose(self) -> Pose | None:
        """Where the avatar stands as far as the client knows; None outside a room."""
        return self._pose

    @property
    def seq(self) -> int:
        """The newest sequence given out."""
        return self._seq

    def move(self, pose: Pose, now: float) -> None:
        """Let the avatar's pose be `pose`, sampled now. Raises ValueError for one out of the protocol's bounds.

        Does nothing while a jump waits for its answer: such a pose belongs to the place that is being left.
        """
        if not self._is_paused:
            self._pose, self._body, self._sampled_at = pose, pack_body(pose), now

    def due(self, now: float) -> bytes | None:
        """Return the record to send now, or None. What is returned counts as sent."""
        if self._body == self._sent_body or self._is_paused or now < self._next_at:
            return None
        if now - self._sent_at < _TREMBLE_EVERY_S and not is_noticeable(self._body, self._sent_body):
            return None
        self._next_at = max(self._next_at + self._interval_s, now + self._interval_s * _EARLY)
        self._sent_body, self._sent_at = self._body, now
        return input_record(self._body, self.next_seq(), now - self._sampled_at)

    def next_seq(self) -> int:
        """Take the next pose sequence (a teleport needs one too)."""
        self._seq = (self._seq + 1) & 0xFFFFFFFF
        return self._seq

    def pause(self) -> None:
        """Send nothing and take no pose until `resume`."""
        self._is_paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._is_paused = False

    def start(self, joined: Joined) -> None:
        """Stand where the server put the avatar, in a room just entered. Sequences go on."""
        self._is_paused = False
        self._adopt(Pose(*_place(joined)))

    def correct(self, correction: Correction) -> None:
        """Adopt the place the server insists on; gaze, head and hands stay as they are.

        Poses still in the air are judged from there, and one may be accepted: the place is then sent again behind them.
        """
        x, y, z, yaw = _place(correction)
        self._adopt(replace(self._pose or Pose(), x=x, y=y, z=z, yaw=yaw))
        if self._seq != correction.seq:
            self.repeat()

    def jump(self, x: float, y: float, z: float, yaw: float) -> None:
        """Stand where a teleport that was carried out led."""
        self._adopt(replace(self._pose or Pose(), x=x, y=y, z=z, yaw=yaw))

    def stop(self) -> None:
        """Forget the pose: the avatar is in no room."""
        self._pose, self._body, self._sent_body = None, b"", b""

    def repeat(self) -> None:
        """Send the present pose again when it is next allowed: the connection broke and may have swallowed it."""
        self._sent_body = b""

    def _adopt(self, pose: Pose) -> None:
        self._pose = pose
        self._body = self._sent_body = pack_body(pose)


def _place(message: Joined | Correction) -> tuple[float, float, float, float]:
    yaw = message.yaw * (math.tau / records.YAW_TURN)
    return message.x / 1000, message.y / 1000, message.z / 1000, yaw


Place = tuple[int, int, int, int]  # an object's: x y z in millimetres, packed orientation


@dataclass(slots=True)
class _Grip:
    place: Place
    version: int
    is_due: bool


class ObjectSender:
    """Decides when poses of held objects are sent: the newest of each, at most once an interval."""

    def __init__(self, rate_hz: float = RATE_HZ) -> None:
        self._interval_s = 1.0 / rate_hz
        self._grips: dict[int, _Grip] = {}
        self._next_at = -math.inf

    def move(self, entity: int, version: int, place: Place) -> None:
        """Let a held object be at `place`."""
        grip = self._grips.get(entity)
        if grip is None or (grip.place, grip.version) != (place, version):
            self._grips[entity] = _Grip(place, version, is_due=True)

    def drop(self, entity: int) -> Place | None:
        """Forget a held object, sent or not, and return where it was moved last."""
        grip = self._grips.pop(entity, None)
        return grip.place if grip else None

    def clear(self) -> None:
        """Forget every object: nothing is held any more."""
        self._grips.clear()

    def due(self, now: float) -> list[Move]:
        """Return the moves to send now; they count as sent."""
        due = [(entity, grip) for entity, grip in self._grips.items() if grip.is_due]
        if not due or now < self._next_at:
            return []
        self._next_at = max(self._next_at + self._interval_s, now + self._interval_s * _EARLY)
        for _, grip in due:
            grip.is_due = False
        return [Move(entity, grip.version, *grip.place) for entity, grip in due]


def placed(pose: Pose) -> Place:
    """Quantise an object's pose."""
    return mm(pose.x), mm(pose.y), mm(pose.z), packed_orientation(pose.orientation)
