"""What an application does in a room, in metres and radians."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from presence_client import Client, ClientError, Pose, RefusedError, Room
from presence_client.room import bearing
from protocol.errors import Refusal
from protocol.schema import (
    Action,
    Block,
    Cause,
    Channel,
    Chat,
    Correction,
    Despawn,
    Done,
    Emote,
    Error,
    Gesture,
    GoTo,
    Grab,
    LookFrom,
    Moderate,
    Move,
    Objects,
    Release,
    SetBudget,
    SetStatus,
    Spawn,
    Status,
    Teleport,
    Thing,
)
from protocol.schema import Pose as PoseMessage
from tests.clients.fake_server import ENTITY, FakeServer
from tests.clients.test_client import visiting
from tests.clients.timeless import run

MUG = Thing(4, 1, "mug", 5, 0, 1000, 900, -500, 0)


def in_room(check: Callable[[FakeServer, Client, Room], Awaitable[None]]) -> None:
    """Run a check inside of a room of a fresh fake server."""

    async def main() -> None:
        server = FakeServer()
        async with visiting(server) as (client, _):
            assert client.room is not None
            await check(server, client, client.room)

    run(main())


def test_commands_say_what_they_mean() -> None:
    """Each method sends its message, quantised, and returns when it is done."""

    async def check(server: FakeServer, client: Client, room: Room) -> None:
        await room.chat("hello")
        await room.chat("psst", to=3)
        await room.chat("you there", channel=Channel.NEARBY)
        await room.gesture(Emote.WAVE)
        await room.status(Status.BUSY)
        await room.moderate(Action.KICK, 3, "noise")
        await client.block("user:3")
        await client.block("user:3", blocked=False)
        said = [(chat.channel, chat.target, chat.text) for chat in server.told_of(Chat)]
        assert said == [(Channel.ROOM, 0, "hello"), (Channel.DIRECT, 3, "psst"), (Channel.NEARBY, 0, "you there")]
        assert server.told_of(Gesture)[0].emote == Emote.WAVE
        assert server.told_of(SetStatus)[0].status == Status.BUSY
        assert server.told_of(Moderate)[0] == Moderate(server.told_of(Moderate)[0].ref, Action.KICK, 3, "noise")
        assert [block.blocked for block in server.told_of(Block)] == [True, False]
        await room.look_from((1.5, 2.0, -3.25), 1)
        await room.look_from(None)
        told = [(each.viewpoint, each.on, each.x, each.y, each.z) for each in server.told_of(LookFrom)]
        assert told == [(1, True, 1500, 2000, -3250), (0, False, 0, 0, 0)]
        await client.set_budget(16_000)
        assert server.told_of(SetBudget)[0].bytes_per_s == 16_000

    in_room(check)


def test_leaving_makes_the_room_useless() -> None:
    """After leaving, the room object says so instead of acting on another room."""

    async def check(_server: FakeServer, client: Client, room: Room) -> None:
        await room.leave()
        assert client.room is None
        with pytest.raises(ClientError, match="left"):
            _ = room.entity
        with pytest.raises(ClientError, match="left"):
            _ = room.pose
        again = await client.join("vault")
        assert again.name == "vault"
        with pytest.raises(ClientError, match="left"):
            _ = room.name

    in_room(check)


def test_a_teleport_takes_its_place_among_the_poses() -> None:
    """It has a sequence of its own, holds poses back until it is answered, and moves the avatar when done."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.answers = False
        jumping = asyncio.create_task(room.teleport((3.0, 0.0, -4.0), math.pi / 2))
        await asyncio.sleep(0.1)
        room.move_to(Pose(0.1))
        await asyncio.sleep(0.5)
        assert server.told_of(PoseMessage) == []
        (asked,) = server.told_of(Teleport)
        assert (asked.seq, asked.x, asked.y, asked.z, asked.yaw) == (1, 3000, 0, -4000, 16_384)
        server.say(Done(0, asked.ref, 0, 0))
        await jumping
        assert room.pose.position == (3.0, 0.0, -4.0)

    in_room(check)


def test_going_to_somebody_ends_where_the_server_says() -> None:
    """Poses are held back until the answer; the correction behind it is where they go on."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.answers = False
        going = asyncio.create_task(room.go_to(3))
        await asyncio.sleep(0.1)
        room.move_to(Pose(0.1))
        await asyncio.sleep(0.5)
        assert server.told_of(PoseMessage) == []
        (asked,) = server.told_of(GoTo)
        assert asked.entity == 3
        server.say(Done(0, asked.ref, 0, 0))
        server.say(Correction(0, Cause.MOVED, 3000, 0, -4000, 16_384))
        await going
        assert room.pose.position == (3.0, 0.0, -4.0)
        assert room.pose.yaw == pytest.approx(math.pi / 2)

    in_room(check)


def test_a_refused_teleport_leaves_the_avatar_where_it_is() -> None:
    """And poses flow again."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.answers = False
        jumping = asyncio.create_task(room.teleport((99.0, 0.0, 0.0)))
        await asyncio.sleep(0.1)
        server.say(Error(0, server.told_of(Teleport)[0].ref, Refusal.OUT_OF_REACH, "too far"))
        with pytest.raises(RefusedError):
            await jumping
        assert room.pose.position == (0.0, 0.0, 0.0)
        room.move_to(Pose(0.1))
        await asyncio.sleep(0.2)
        assert len(server.told_of(PoseMessage)) == 1

    in_room(check)


def test_an_object_from_spawn_to_despawn() -> None:
    """Places are quantised, versions follow the answers, moves flow at the sender's rate, a release keeps the place."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        assert await room.spawn("mug", (1.0, 0.9, -0.5)) == 0
        spawned = server.told_of(Spawn)[0]
        assert (spawned.prop, spawned.x, spawned.y, spawned.z) == ("mug", 1000, 900, -500)
        server.say(Objects(0, [MUG]))
        server.answers = False
        grabbing = asyncio.create_task(room.grab(4))
        await asyncio.sleep(0.1)
        server.say(Done(0, server.told_of(Grab)[0].ref, 4, 6))
        await grabbing
        server.answers = True
        for step in range(10):
            room.move(4, (1.0 + step * 0.01, 1.0, 0.0))
        await asyncio.sleep(0.2)
        moves = server.told_of(Move)
        assert [(move.entity, move.version, move.x) for move in moves] == [(4, 6, 1090)]
        await room.release(4)
        released = server.told_of(Release)[0]
        assert (released.version, released.x, released.y, released.z) == (6, 1090, 1000, 0)
        await room.despawn(4)
        assert server.told_of(Despawn)[0].version == 6

    in_room(check)


def test_a_release_may_name_its_place_or_keep_the_known_one() -> None:
    """Where the object was not moved, it is let go where it is, to the bit."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.say(Objects(0, [MUG]))
        await asyncio.sleep(0.01)
        await room.release(4)
        await room.release(4, (2.0, 0.0, 0.0))
        assert [release.x for release in server.told_of(Release)] == [1000, 2000]
        assert server.told_of(Release)[0].orientation == MUG.orientation

    in_room(check)


def test_an_unknown_object_is_said_to_be_unknown() -> None:
    """What is not in the room can be neither moved nor released."""

    async def check(_server: FakeServer, _client: Client, room: Room) -> None:
        with pytest.raises(ClientError, match="no object 77"):
            room.move(77, (0.0, 0.0, 0.0))
        with pytest.raises(ClientError, match="no object 77"):
            await room.release(77)

    in_room(check)


def test_poses_can_be_asked_for_one_by_one_or_all_at_once() -> None:
    """Oneself, people in sight, objects in sight and out of it; None for the rest."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.see(3, 5, time_ms=100)
        server.say(Objects(0, [MUG]))
        await asyncio.sleep(0.1)
        assert room.in_sight == [3, 5]
        seen = room.pose_of(3)
        assert seen is not None
        assert seen.position == (3.0, 0.0, 0.0)
        mug = room.pose_of(4)
        assert mug is not None
        assert mug.position == (1.0, 0.9, -0.5)
        assert room.pose_of(ENTITY) == room.pose
        assert room.pose_of(88) is None
        crowd = room.crowd()
        assert crowd.ids.tolist() == [3, 5]
        assert crowd.positions.tolist() == [[3.0, 0.0, 0.0], [5.0, 0.0, 0.0]]

    in_room(check)


def test_the_room_has_a_clock() -> None:
    """It is read from snapshots and the round trip, runs with real time, and is unknown before both."""

    async def check(server: FakeServer, _client: Client, room: Room) -> None:
        server.see(time_ms=10_000)
        await asyncio.sleep(0)
        started = room.time_s
        assert started == pytest.approx(10.0, abs=0.1)
        await asyncio.sleep(30)
        assert room.time_s == pytest.approx(started + 30, abs=0.1)
        await room.leave()
        with pytest.raises(ClientError, match="left"):
            _ = room.time_s

    in_room(check)


@pytest.mark.parametrize(
    ("yaw", "place", "expected"),
    [
        (0.0, (0.0, 0.0, -5.0), 0.0),
        (0.0, (-5.0, 0.0, 0.0), math.pi / 2),
        (0.0, (5.0, 3.0, 0.0), -math.pi / 2),
        (math.pi / 2, (-5.0, 0.0, 0.0), 0.0),
        (math.pi, (0.0, 0.0, -5.0), -math.pi),
    ],
)
def test_a_bearing_is_seen_from_the_viewer(yaw: float, place: tuple[float, float, float], expected: float) -> None:
    """0 is ahead, positive is to the left, whichever way one looks."""
    assert bearing(Pose(yaw=yaw), place) == pytest.approx(expected)
