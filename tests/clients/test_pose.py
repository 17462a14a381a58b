"""An avatar's pose is packed exactly as the protocol's own tables lay it out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence_client.pose import Part, Pose, input_record, mm, pack_body, packed_orientation, turns
from protocol import records
from protocol.records import Section

METRES = st.floats(-4194.0, 4194.0)
REACH = st.floats(-3.0, 3.0)
QUATERNIONS = st.tuples(*[st.floats(-1.0, 1.0)] * 4)
PARTS = st.builds(Part, st.tuples(REACH, REACH, REACH), QUATERNIONS)
POSES = st.builds(
    Pose,
    METRES,
    METRES,
    METRES,
    st.floats(-20.0, 20.0),
    st.floats(-2.0, 2.0),
    st.none() | st.tuples(PARTS, PARTS, PARTS),
)


def parsed(record: bytes) -> tuple[Section, records.Table]:
    """Read the one section of an input record."""
    ((kind, table),) = records.read_sections(memoryview(record))
    assert len(table) == 1
    return kind, table


@given(POSES, st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
def test_a_record_reads_back_as_it_was_packed(pose: Pose, seq: int, age_s: float) -> None:
    """Every field lands where the protocol's table has it, quantised as the protocol quantises."""
    kind, table = parsed(input_record(pack_body(pose), seq, age_s))
    row = table[0]
    assert kind is (Section.ROOT_INPUT if pose.parts is None else Section.TRACKED_INPUT)
    assert row["seq"] == seq
    assert [row[axis] for axis in "xyz"] == records.millimetres(np.array(pose.position)).tolist()
    assert row["yaw"] == records.yaw_turns(np.array([pose.yaw]))[0]
    assert row["pitch"] == records.pitch_steps(np.array([pose.pitch]))[0]
    assert row["age"] == min(round(age_s * 250), 255)
    assert records.check_input(table, kind).all()
    for part, name in zip(pose.parts or (), records.PARTS, strict=False):
        assert [row[name][axis] for axis in "xyz"] == records.millimetres(np.array(part.position)).tolist()
        assert row[name]["orientation"] == packed_orientation(part.orientation)


def test_poses_that_quantise_alike_have_equal_bodies() -> None:
    """A tenth of a millimetre is no motion; a millimetre is."""
    still, nearly, moved = (pack_body(Pose(x)) for x in (1.0, 1.0001, 1.001))
    assert still == nearly
    assert still != moved


@pytest.mark.parametrize("x", [4194.304, -4194.304])
def test_a_pose_beyond_the_protocol_is_our_mistake(x: float) -> None:
    """What cannot be sent raises ValueError where it was made."""
    with pytest.raises(ValueError, match="beyond"):
        pack_body(Pose(x))


def test_a_hand_out_of_reach_is_our_mistake() -> None:
    """Head and hands stay within arm's reach of the root."""
    far = Part((0.0, 3.001, 0.0))
    with pytest.raises(ValueError, match="reach"):
        pack_body(Pose(parts=(far, far, far)))


def test_angles_wrap() -> None:
    """A yaw is the same however often one turned; the last step wraps to none."""
    assert turns(math.tau) == turns(0.0) == turns(-math.tau) == 0
    assert turns(-math.pi / 2) == 49_152
    assert turns(math.tau - 1e-6) == 0


def test_millimetres_round_to_the_nearest() -> None:
    """Quantisation is off by half a millimetre at most."""
    assert [mm(x) for x in (0.0004, 0.0006, -0.0006)] == [0, 1, -1]
