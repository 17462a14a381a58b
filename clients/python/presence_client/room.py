"""The room a client is in: who and what is there, where, and everything an avatar can do.

A thin face of `session.py` in metres and radians; holds no state of its own. After a break that ended in a new
session the same object goes on, with a new entity of its own. Commands raise what `Client.command` raises.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from presence_client.errors import ClientError
from presence_client.motion import Place, placed
from presence_client.pose import UPRIGHT, Pose, Quaternion, Vector, mm, turns
from protocol import records
from protocol.records import Section
from protocol.schema import (
    Action,
    Channel,
    Chat,
    Despawn,
    Done,
    Emote,
    Gesture,
    GoTo,
    Grab,
    Joined,
    Leave,
    LookFrom,
    Moderate,
    Person,
    Release,
    SetStatus,
    Spawn,
    Status,
    Teleport,
    Thing,
)

if TYPE_CHECKING:
    from presence_client.client import Client


class Crowd(NamedTuple):
    """Everything in sight at one moment: ids (n,), positions (n, 3) in metres, yaws (n,) in radians.

    is_dot: (n,) of whom nothing but the place is told, and that roughly, because they are far away.
    """

    ids: NDArray[np.intp]
    positions: NDArray[np.float64]
    yaws: NDArray[np.float64]
    is_dot: NDArray[np.bool_]


class Room:
    """The room, while the session is in it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = client.session

    # --- what is here -------------------------------------------------------------------------------------------------

    @property
    def joined(self) -> Joined:
        """What the server said on entering: room and world, the avatar's own entity, tick rate, interest radius.

        Raises ClientError after the room was left.
        """
        if self._client.room is not self or self._session.joined is None:
            raise ClientError("this room was left")
        return self._session.joined

    @property
    def name(self) -> str:
        """The room's name."""
        return self.joined.room

    @property
    def entity(self) -> int:
        """One's own entity id."""
        return self.joined.entity

    @property
    def people(self) -> dict[int, Person]:
        """The roster by entity id, oneself included; to read, not to change."""
        return self._session.view.people

    @property
    def things(self) -> dict[int, Thing]:
        """The objects by entity id; to read, not to change."""
        return self._session.view.things

    @property
    def is_locked(self) -> bool:
        """Whether the room is closed to newcomers."""
        return self._session.view.is_locked

    @property
    def time_s(self) -> float:
        """Seconds since the room was made, as on the server just now; never goes back.

        Chat messages and snapshots are stamped with it, in milliseconds. Raises ValueError before the first snapshot.
        """
        self.joined  # noqa: B018 - raises where the room was left
        return self._session.room_time_s(_now())

    @property
    def in_sight(self) -> list[int]:
        """The ids of everything close enough to be seen, oneself left out."""
        return [int(entity) for entity in self._session.view.held]

    @property
    def pose(self) -> Pose:
        """One's own pose, as far as the client knows."""
        pose = self._session.motion.pose
        if pose is None:
            raise ClientError("this room was left")
        return pose

    def pose_of(self, entity: int, at: float | None = None) -> Pose | None:
        """Where to show `entity` at loop time `at` (now): smooth, and somewhat in the past (`jitter.py`).

        None for what is not in sight, except objects, which then have the place they were last put at.
        """
        if entity == self.entity:
            return self.pose
        if self._session.view.holds(entity) and self._session.poses.knows(entity):
            return self._session.poses.pose(entity, self._moment_ms(at))
        thing = self.things.get(entity)
        return None if thing is None else _pose_of_thing(thing)

    def crowd(self, at: float | None = None) -> Crowd:
        """Where to show everything in sight at loop time `at` (now), at once: cheap at a thousand entities."""
        ids = self._session.view.held
        positions, yaws = self._session.poses.roots(ids, self._moment_ms(at))
        return Crowd(ids, positions, yaws, self._session.view.columns.body[ids] == Section.DOT)

    def is_dot(self, entity: int) -> bool:
        """Tell whether `entity` is in sight so far away that nothing but its place is told, and that roughly."""
        view = self._session.view
        return view.holds(entity) and bool(view.columns.body[entity] == Section.DOT)

    def _moment_ms(self, at: float | None) -> float:
        return self._session.playout.moment_ms((_now() if at is None else at) * 1000.0)

    # --- one's own avatar ---------------------------------------------------------------------------------------------

    def move_to(self, pose: Pose) -> None:
        """Let the avatar's pose be `pose`; call it as often as there is a new one (every frame).

        Sent only when it changed, at most 20 times a second, and four times while it only trembles. Where the server
        does not accept it, `Correction` is delivered and `pose` is the server's again: go on from there. Raises
        ValueError out of the protocol's bounds.
        """
        self._session.motion.move(pose, _now())

    async def teleport(self, position: Vector, yaw: float = 0.0) -> None:
        """Jump to a place in reach."""
        self._client.check_online()
        motion = self._session.motion
        x, y, z = (mm(axis) for axis in position)
        seq = motion.next_seq()
        motion.pause()
        try:
            await self._client.command(lambda ref: Teleport(ref, seq, x, y, z, turns(yaw)))
            motion.jump(x / 1000, y / 1000, z / 1000, yaw)
        finally:
            motion.resume()

    async def go_to(self, entity: int) -> None:
        """Jump to a free place beside a person one may see, facing them; `pose` tells where that is."""
        self._client.check_online()
        motion = self._session.motion
        motion.pause()  # until the answer, which a correction follows at once: poses belong to the place being left
        try:
            await self._client.command(lambda ref: GoTo(ref, entity))
        finally:
            motion.resume()

    async def look_from(self, position: Vector | None, viewpoint: int = 0) -> None:
        """See from a place too, metres, as far as one's roles allow it; None: from there no longer.

        viewpoint: which of the `MAX_VIEWPOINTS` one has.
        """
        x, y, z = (mm(axis) for axis in position or (0.0, 0.0, 0.0))
        await self._client.command(lambda ref: LookFrom(ref, viewpoint, position is not None, x, y, z))

    async def gesture(self, emote: Emote) -> None:
        """Show an emote."""
        await self._client.command(lambda ref: Gesture(ref, emote))

    async def status(self, status: Status) -> None:
        """Change one's own status."""
        await self._client.command(lambda ref: SetStatus(ref, status))

    async def leave(self) -> None:
        """Leave the room; the session goes on."""
        await self._client.command(Leave)

    # --- others -------------------------------------------------------------------------------------------------------

    async def chat(self, text: str, *, channel: Channel = Channel.ROOM, to: int = 0) -> None:
        """Say something: to the room, to those nearby, or, with `to`, to one person."""
        if to:
            channel = Channel.DIRECT
        await self._client.command(lambda ref: Chat(ref, channel, to, text))

    async def moderate(self, action: Action, target: int = 0, reason: str = "") -> None:
        """Act as a moderator: mute, unmute, pin, unpin or kick `target`, lock or unlock the room."""
        await self._client.command(lambda ref: Moderate(ref, action, target, reason))

    # --- objects ------------------------------------------------------------------------------------------------------

    async def spawn(self, prop: str, position: Vector, orientation: Quaternion = UPRIGHT) -> int:
        """Put a new object into the room, within reach; returns its entity id."""
        place = placed(Pose(*position, orientation=orientation))
        done: Done = await self._client.command(lambda ref: Spawn(ref, prop, *place))
        return done.entity

    async def grab(self, entity: int) -> None:
        """Take an object within reach that nobody holds."""
        await self._client.command(lambda ref: Grab(ref, entity))

    def move(self, entity: int, position: Vector, orientation: Quaternion = UPRIGHT) -> None:
        """Move a held object; the newest place is sent, at most 20 times a second. Not answered."""
        place = placed(Pose(*position, orientation=orientation))
        self._session.objects.move(entity, self._thing(entity).version, place)

    async def release(self, entity: int, position: Vector | None = None, orientation: Quaternion = UPRIGHT) -> None:
        """Let go of a held object, at `position` or where it was last moved."""
        thing = self._thing(entity)
        moved = self._session.objects.drop(entity)
        place = moved or self._place_of(thing)
        if position is not None:
            place = placed(Pose(*position, orientation=orientation))
        await self._client.command(lambda ref: Release(ref, entity, thing.version, *place))

    async def despawn(self, entity: int) -> None:
        """Remove an object one holds."""
        version = self._thing(entity).version
        self._session.objects.drop(entity)
        await self._client.command(lambda ref: Despawn(ref, entity, version))

    def _thing(self, entity: int) -> Thing:
        try:
            return self.things[entity]
        except KeyError:
            raise ClientError(f"there is no object {entity} here") from None

    def _place_of(self, thing: Thing) -> Place:
        view = self._session.view
        if not view.holds(thing.entity) or view.columns.body[thing.entity] != Section.THING:
            return thing.x, thing.y, thing.z, thing.orientation
        x, y, z = view.columns.position[thing.entity].tolist()
        return x, y, z, int(view.columns.orientation[thing.entity])


def _pose_of_thing(thing: Thing) -> Pose:
    x, y, z, w = records.unpack_orientations(np.array([thing.orientation]))[0].tolist()
    return Pose(thing.x / 1000, thing.y / 1000, thing.z / 1000, orientation=(x, y, z, w))


def bearing(viewer: Pose, position: Vector) -> float:
    """The angle from where `viewer` looks to `position`: radians, positive to the left, within half a turn."""
    ahead = math.atan2(viewer.x - position[0], viewer.z - position[2])
    return (ahead - viewer.yaw + math.pi) % math.tau - math.pi


def _now() -> float:
    return asyncio.get_running_loop().time()
