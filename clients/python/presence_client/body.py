"""The body of a bot with a headset: head and hands that go with what it does.

Pure; metres, relative to the avatar's root. Whoever stands still keeps still to the millimetre: it costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace

from presence_client.pose import Part, Pose, Quaternion

STANDING_M = 1.62  # eyes above the ground
SITTING_M = 1.18
STRIDE_M = 1.4  # two steps
SWING_M = 0.14


def tracked(pose: Pose, walked_m: float, *, is_seated: bool, raised: float = 0.0) -> Pose:
    """Give an avatar's pose head and hands.

    walked_m: how far it has walked, which swings the arms. raised: how far its right hand is up, 0 to 1.
    """
    phase = math.sin(walked_m * math.tau / STRIDE_M)
    eyes = (SITTING_M if is_seated else STANDING_M) + 0.015 * abs(phase)
    rest_y, rest_z = (0.72, -0.34) if is_seated else (0.84, -0.08)
    head = Part((0.0, eyes, -0.06), _tilted(pose.pitch))
    left = Part((-0.24, rest_y + 0.03 * abs(phase), rest_z + SWING_M * phase), _tilted(-0.4))
    low, high = (0.24, rest_y + 0.03 * abs(phase), rest_z - SWING_M * phase), (0.3, eyes + 0.28, -0.22)
    x, y, z = (a + (b - a) * raised for a, b in zip(low, high, strict=True))
    right = Part((x, y, z), _tilted(-0.4 + 1.7 * raised))
    return replace(pose, parts=(head, left, right))


def _tilted(pitch: float) -> Quaternion:
    return (math.sin(pitch / 2), 0.0, 0.0, math.cos(pitch / 2))
