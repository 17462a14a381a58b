"""Bots enter, walk, mind corrections, talk when asked, and end with those who started them."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from presence_client import Pulse, bots, connect
from presence_client.bots import Bot, Manner, Scene
from protocol import records
from protocol.errors import Close, Refusal
from protocol.records import Section
from protocol.schema import Cause, Chat, Correction, Error, Gesture, Join, Pose, Teleport
from tests.clients.fake_server import FakeServer
from tests.clients.test_ground import ROOMS
from tests.clients.timeless import run

CLIENT_FOLDER = Path(bots.__file__).resolve().parents[1]
ROOT = CLIENT_FOLDER.parents[1]


def walked(server: FakeServer) -> list[tuple[float, float]]:
    """List where the bot said it was, m."""
    tables = [next(iter(records.read_sections(memoryview(pose.record))))[1] for pose in server.told_of(Pose)]
    return [(table["x"][0] / 1000, table["z"][0] / 1000) for table in tables]


def live(server: FakeServer, seconds: float, *, talks: bool = False) -> None:
    """Let one bot live for a while."""

    async def main() -> None:
        async with (
            Pulse() as pulse,
            connect("tcp://nowhere:1", name="Bot", watch=False, pulse=pulse, dial=server.dial) as client,
        ):
            manner = Manner(talks=talks)
            living = asyncio.create_task(Bot(client, Random(2), pulse, manner=manner).live("lobby", ""))
            await asyncio.sleep(seconds)
            living.cancel()

    run(main())


def test_a_bot_walks_at_a_walking_pace() -> None:
    """It tells up to twenty poses a second while it walks, and none while it stands."""
    server = FakeServer()
    live(server, 120.0)
    path = walked(server)
    steps = [math.dist(a, b) for a, b in pairwise(path)]
    assert 30.0 < sum(steps) < 1.6 * 120
    assert max(steps) < 0.2
    assert 300 < len(path) < 2400
    assert server.told_of(Join)[0].room == "lobby"
    assert server.told_of(Chat) == server.told_of(Gesture) == []


def test_a_corrected_bot_goes_on_from_where_the_server_put_it() -> None:
    """After a correction the next pose is a step away from the authoritative place."""
    server = FakeServer()

    async def main() -> None:
        async with (
            Pulse() as pulse,
            connect("tcp://nowhere:1", watch=False, pulse=pulse, dial=server.dial) as client,
        ):
            living = asyncio.create_task(Bot(client, Random(2), pulse).live("lobby", ""))
            await asyncio.sleep(20.0)
            before = len(walked(server))
            server.say(Correction(before, Cause.WALL, 50_000, 0, 0, 0))
            await asyncio.sleep(20.0)
            assert math.dist(walked(server)[before + 1], (50.0, 0.0)) < 0.2
            living.cancel()

    run(main())


def test_a_talking_bot_chats_and_gestures() -> None:
    """When asked to, it does so now and then; a refusal does not stop it."""
    server = FakeServer()
    live(server, 600.0, talks=True)
    assert len(server.told_of(Chat)) >= 5
    assert len(server.told_of(Gesture)) >= 5


# --- bots that know their world ---------------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read worlds without a thread: time does not wait for one here."""

    async def to_thread(read: Callable[..., Any], *arguments: Any) -> Any:
        return read(*arguments)

    monkeypatch.setattr("asyncio.to_thread", to_thread)


SEAT = {"from": [4, 0, 2], "to": [4, 0, 2], "count": 1, "yaw": 90}


def settle(tmp_path: Path, server: FakeServer, *, count: int = 1, manner: Manner | None = None, **scene: Any) -> None:
    """Let bots live for a minute in two rooms with one seat, which they can read about."""
    (tmp_path / "plaza.json").write_text(json.dumps(ROOMS | {"seats": [SEAT]}))
    server.joined = replace(server.joined, x=-4000, y=0, z=-3000)

    async def main() -> None:
        known = Scene(str(tmp_path), **scene)
        async with Pulse() as pulse:
            await known.ground("plaza")
            for k in range(count):
                client = connect("tcp://nowhere:1", watch=False, pulse=pulse, dial=server.dial)
                async with client as entered:
                    living = asyncio.create_task(Bot(entered, Random(k), pulse, known, manner).live("lobby", ""))
                    await asyncio.sleep(60.0)
                    living.cancel()

    run(main())


@pytest.mark.usefixtures("at_once")
def test_bots_walk_through_doors_and_never_into_walls(tmp_path: Path) -> None:
    """Whoever knows the world stays off the wall, and gets to its other side."""
    server = FakeServer()
    settle(tmp_path, server, count=4)
    for (ax, az), (bx, bz) in pairwise(walked(server)):
        if math.dist((ax, az), (bx, bz)) < 0.2 and ax * bx <= 0:
            assert 2.0 < az < 3.0
    assert {x > 0 for x, _ in walked(server)} == {True, False}


@pytest.mark.usefixtures("at_once")
def test_a_seat_is_taken_by_one(tmp_path: Path) -> None:
    """By a jump, looking where it faces, and kept; the next one finds no seat and walks."""
    server = FakeServer()
    settle(tmp_path, server, count=2, is_seated=True)
    jumps = [(jump.x, jump.y, jump.z, jump.yaw) for jump in server.told_of(Teleport)]
    assert jumps == [(4000, 0, 2000, 16_384)]
    first = [place for place in walked(server) if place != (4.0, 2.0)]
    assert len(walked(server)) - len(first) > 10
    assert first


@pytest.mark.usefixtures("at_once")
def test_bots_stay_near_where_they_are_asked_to(tmp_path: Path) -> None:
    """They jump there and live there."""
    server = FakeServer()
    settle(tmp_path, server, near=(5.0, 0.0, -2.0), within_m=1.5)
    assert len(server.told_of(Teleport)) == 1
    assert max(math.dist(place, (5.0, -2.0)) for place in walked(server)) < 4.0


@pytest.mark.usefixtures("at_once")
def test_some_have_a_body(tmp_path: Path) -> None:
    """Poses with head and hands."""
    server = FakeServer()
    settle(tmp_path, server, manner=Manner(is_tracked=True))
    kinds = {next(iter(records.read_sections(memoryview(pose.record))))[0] for pose in server.told_of(Pose)}
    assert kinds == {Section.TRACKED_INPUT}


@pytest.mark.usefixtures("at_once")
def test_a_world_that_cannot_be_read_is_said_and_walked_anyway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for all bots."""
    server = FakeServer()
    server.joined = replace(server.joined, world="nowhere")
    settle(tmp_path, server, count=2)
    assert capsys.readouterr().err.count("without knowing the world nowhere") == 1
    assert len(walked(server)) > 100


def test_a_bot_without_a_way_back_ends() -> None:
    """Where its room cannot be entered again, a bot does not stand about in nothing."""
    server = FakeServer()

    async def main() -> str:
        async with (
            Pulse() as pulse,
            connect("tcp://nowhere:1", watch=False, pulse=pulse, dial=server.dial) as client,
        ):
            living = asyncio.create_task(Bot(client, Random(2), pulse).live("lobby", ""))
            await asyncio.sleep(1.0)
            server.resumes = server.answers = False
            server.link.vanish()
            await asyncio.sleep(5.0)
            server.say(Error(0, server.told_of(Join)[-1].ref, Refusal.ROOM_FULL, "this room is full"))
            return await living

    assert run(main()) == "this room is full"


def test_a_bot_that_is_sent_away_ends() -> None:
    """A close that is not to be mended ends the bot with its reason."""
    server = FakeServer()

    async def main() -> str:
        async with (
            Pulse() as pulse,
            connect("tcp://nowhere:1", watch=False, pulse=pulse, dial=server.dial) as client,
        ):
            living = asyncio.create_task(Bot(client, Random(2), pulse).live("lobby", ""))
            await asyncio.sleep(1.0)
            server.close(Close.KICKED, "no bots here")
            return await living

    assert run(main()) == "no bots here"


def test_a_place_is_three_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is said in plain words."""
    with pytest.raises(SystemExit):
        bots.main(["ws://localhost", "--near", "hall"])
    assert "hall is no place: write x,y,z in metres" in capsys.readouterr().err


def test_bad_usage_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A URL that is none is said so before anything starts."""
    assert bots.main(["http://localhost"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def silent_listener() -> socket.socket:
    """Listen without ever answering: bots stay in their handshake."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def start(url: str) -> subprocess.Popen[bytes]:
    """Start bots as a server does: with a pipe to their standard input."""
    path = os.pathsep.join((str(CLIENT_FOLDER), str(ROOT)))
    return subprocess.Popen(
        [sys.executable, "-m", "presence_client.bots", url, "--count", "3"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_bots_die_with_their_parent() -> None:
    """When the pipe to standard input closes, the process ends by itself, in good order."""
    with silent_listener() as listener, start(f"tcp://127.0.0.1:{listener.getsockname()[1]}") as process:
        listener.settimeout(30)
        listener.accept()[0].close()  # it runs
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def test_bots_that_cannot_enter_say_why() -> None:
    """Where nobody listens, the process ends with exit code 1 and counts the reasons."""
    with silent_listener() as listener:
        port = listener.getsockname()[1]
    with start(f"tcp://127.0.0.1:{port}") as process:
        assert process.wait(30) == 1
        assert isinstance(process.stderr, io.BufferedReader)
        assert process.stderr.read().decode() == (
            f"3 of 3 bots ended: cannot reach 127.0.0.1:{port}: nothing listens there\n"
        )
