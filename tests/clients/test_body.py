"""The body of a bot with a headset."""

from __future__ import annotations

import math

from presence_client.body import tracked
from presence_client.pose import Pose, pack_body


def test_who_stands_keeps_still_and_who_walks_swings_their_arms() -> None:
    """So that somebody who stands costs nothing; everything stays within the protocol's bounds."""
    standing = tracked(Pose(), 3.0, is_seated=False)
    assert standing == tracked(Pose(), 3.0, is_seated=False)
    swings = [tracked(Pose(), walked / 10, is_seated=False).parts for walked in range(15)]
    hands = [parts[1].position[2] - parts[2].position[2] for parts in swings if parts is not None]
    assert max(hands) > 0.1
    assert min(hands) < -0.1
    assert len(pack_body(standing)) > len(pack_body(Pose()))


def test_who_sits_is_lower_and_a_raised_hand_is_above_the_head() -> None:
    """The head looks where the avatar does."""
    sitting = tracked(Pose(pitch=0.5), 0.0, is_seated=True, raised=1.0).parts
    standing = tracked(Pose(), 0.0, is_seated=False).parts
    assert sitting is not None
    assert standing is not None
    assert sitting[0].position[1] < standing[0].position[1] - 0.3
    assert sitting[2].position[1] > sitting[0].position[1]
    assert sitting[1].position[1] < sitting[0].position[1]
    assert 2 * math.asin(sitting[0].orientation[0]) == 0.5
