"""Poses as an application sees them (metres, radians), and the one record in which an avatar's own pose is sent.

Frame: right-handed, +Y up, -Z forward; yaw turns counter-clockwise seen from above, 0 looks along -Z; pitch is positive
upwards; quaternions are x y z w; head and hands are relative to the avatar's root. Pure.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from protocol import records
from protocol.records import DTYPES, Section

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Part:
    """A head or a hand, relative to the avatar's root; metres."""

    position: Vector
    orientation: Quaternion = UPRIGHT


@dataclass(frozen=True, slots=True)
class Pose:
    """Where something is and how it is turned.

    `parts` (head, left hand, right hand) makes an avatar a tracked one. `orientation` is an object's; an avatar's stays
    upright and has yaw and pitch instead.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    parts: tuple[Part, Part, Part] | None = None
    orientation: Quaternion = UPRIGHT

    @property
    def position(self) -> Vector:
        """x, y, z."""
        return (self.x, self.y, self.z)


# The numpy dtypes of `protocol.records` written as struct formats: one record packs ten times faster this way.
_HEAD = struct.Struct("<BBHI")  # section header, sequence
_ROOT = struct.Struct("<iiiHb")
_AGE = struct.Struct("<B")
_PART = struct.Struct("<hhhI")

# What a body that stands still trembles, below: SPEC section 11.2.
_TREMBLE_MM = 3
_TREMBLE_DEGREES = 1
_TREMBLE_YAW = _TREMBLE_DEGREES * records.YAW_TURN / 360
_TREMBLE_PITCH = _TREMBLE_DEGREES * records.PITCH_QUARTER / 90
_TREMBLE_DOT = math.cos(math.radians(_TREMBLE_DEGREES) / 2)


def pack_body(pose: Pose) -> bytes:
    """Quantise an avatar's pose: every byte of its input record but sequence and age. Equal bytes, equal poses.

    Raises ValueError for a pose outside the protocol's bounds.
    """
    root = _ROOT.pack(mm(pose.x), mm(pose.y), mm(pose.z), turns(pose.yaw), _pitch_steps(pose.pitch))
    return root if pose.parts is None else root + _pack_parts(pose.parts)


def is_noticeable(body: bytes, other: bytes) -> bool:
    """Tell whether two poses, as `pack_body` returns them, differ by more than a resting body trembles."""
    if len(body) != len(other):
        return True
    (*place, yaw, pitch), (*other_place, other_yaw, other_pitch) = _ROOT.unpack_from(body), _ROOT.unpack_from(other)
    turn = (yaw - other_yaw + records.YAW_TURN // 2) % records.YAW_TURN - records.YAW_TURN // 2
    if abs(turn) >= _TREMBLE_YAW or abs(pitch - other_pitch) >= _TREMBLE_PITCH or _is_apart(place, other_place):
        return True
    parts, other_parts = _PART.iter_unpack(body[_ROOT.size :]), _PART.iter_unpack(other[_ROOT.size :])
    return any(
        _is_apart(there, other_there) or _is_turned(orientation, other_orientation)
        for (*there, orientation), (*other_there, other_orientation) in zip(parts, other_parts, strict=True)
    )


def _is_apart(one: Sequence[int], other: Sequence[int]) -> bool:
    return any(abs(axis - other_axis) >= _TREMBLE_MM for axis, other_axis in zip(one, other, strict=True))


def _is_turned(one: int, other: int) -> bool:
    if one == other:
        return False
    quaternions = records.unpack_orientations(np.array([one, other]))
    return bool(abs(quaternions[0] @ quaternions[1]) <= _TREMBLE_DOT)


def input_record(body: bytes, seq: int, age_s: float) -> bytes:
    """Make the `record` of a `pose` message from what `pack_body` returned."""
    kind = Section.ROOT_INPUT if len(body) == _ROOT.size else Section.TRACKED_INPUT
    age = min(max(round(age_s * 1000 / records.AGE_STEP_MS), 0), records.MAX_AGE)
    root, parts = body[: _ROOT.size], body[_ROOT.size :]
    return _HEAD.pack(kind, DTYPES[kind].itemsize, 1, seq) + root + _AGE.pack(age) + parts


def mm(metres: float) -> int:
    """Round metres to millimetres. Raises ValueError beyond the protocol's bounds."""
    value = round(metres * 1000)
    if abs(value) > records.MAX_COORDINATE_MM:
        raise ValueError(f"{metres} m is beyond {records.MAX_COORDINATE_MM / 1000} m")
    return value


def turns(yaw: float) -> int:
    """Round a yaw in radians to turns / 65536."""
    return round(yaw * (records.YAW_TURN / math.tau)) % records.YAW_TURN


def packed_orientation(orientation: Quaternion) -> int:
    """Pack one quaternion as records carry it."""
    return int(records.pack_orientations(np.array([orientation]))[0])


def _pitch_steps(pitch: float) -> int:
    steps = round(pitch * (records.PITCH_QUARTER / (math.pi / 2)))
    return min(max(steps, -records.PITCH_QUARTER), records.PITCH_QUARTER)


def _pack_parts(parts: tuple[Part, Part, Part]) -> bytes:
    orientations = records.pack_orientations(np.array([part.orientation for part in parts]))
    return b"".join(
        _PART.pack(*(_part_mm(axis) for axis in part.position), int(orientation))
        for part, orientation in zip(parts, orientations, strict=True)
    )


def _part_mm(metres: float) -> int:
    value = round(metres * 1000)
    if abs(value) > records.MAX_PART_MM:
        raise ValueError(f"{metres} m is beyond the reach of an avatar, {records.MAX_PART_MM / 1000} m")
    return value
