"""The Python SDK and the terminal client against a real server, over both transports."""

from __future__ import annotations

import asyncio
import json
import math
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from presence_client import Client, Offline, Online, Part, Pose, RefusedError, Room, connect, transport
from presence_client.room import bearing
from presence_client.transport import Link
from protocol.errors import Refusal
from protocol.schema import Cause, Correction, Joined, Lane, Said
from tests.integration.conftest import RunningServer, StartServer

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
PARTS = (Part((0, 1.6, 0)), Part((-0.3, 1, 0)), Part((0.3, 1, 0)))

BOTH_WAYS = pytest.mark.parametrize("transports", [("tcp", "ws"), ("ws", "tcp")], ids=" and ".join)
EITHER = pytest.mark.parametrize("transport", ["tcp", "ws"])

Meeting = Callable[[Client, Room, Client, Room], Awaitable[None]]


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what events bring about."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - some of it happens in other processes
            await asyncio.sleep(0.01)


class Cable:
    """Opens connections for one client, and can pull the plug of the present one."""

    def __init__(self) -> None:
        self._link: Link | None = None

    async def dial(self, url: str, receiver: transport.Receiver, tls: Any) -> Link:
        """Open a connection."""
        self._link = await transport.dial(url, receiver, tls)
        return self._link

    def pull(self) -> None:
        """Close the socket under the client, without a word."""
        assert self._link is not None
        self._link.abort()


@asynccontextmanager
async def entered(url: str, room: str, name: str, cable: Cable | None = None) -> AsyncIterator[tuple[Client, Room]]:
    """Connect a guest and let them into a room."""
    async with connect(url, name=name, dial=(cable or Cable()).dial) as client:
        yield client, await client.join(room)


def meet(server: RunningServer, transports: tuple[str, str], room: str, check: Meeting) -> None:
    """Let Ada and Bo meet in a room of their own."""

    async def main() -> None:
        async with (
            entered(server.url(transports[0]), room, "Ada") as (ada, hers),
            entered(server.url(transports[1]), room, "Bo") as (bo, his),
        ):
            await until(lambda: len(hers.people) == len(his.people) == 2)
            await check(ada, hers, bo, his)

    asyncio.run(main())


@BOTH_WAYS
def test_two_meet_talk_and_hand_an_object_over(server: RunningServer, transports: tuple[str, str]) -> None:
    """Roster, chat through an event stream, and one object in the hands of one, then of the other."""

    async def check(_ada: Client, hers: Room, bo: Client, his: Room) -> None:
        assert {person.name for person in his.people.values()} == {"Ada", "Bo"}
        heard = bo.events(Said)
        await hers.chat("take this")
        said = await anext(heard)
        assert (said.text, his.people[said.entity].name) == ("take this", "Ada")

        place = replace(hers.pose, x=hers.pose.x + 0.5, y=1.0)
        prop = next(iter(his.things.values())).prop
        thing = await hers.spawn(prop, place.position)
        await hers.grab(thing)
        with pytest.raises(RefusedError) as caught:
            await his.grab(thing)
        assert caught.value.code == Refusal.HELD
        hers.move(thing, (place.x, 1.5, place.z))
        await until(lambda: (shown := his.pose_of(thing)) is not None and shown.y == pytest.approx(1.5))
        await hers.release(thing)
        await his.teleport((place.x, 0.0, place.z + 1.0))
        await his.grab(thing)
        await until(lambda: hers.things[thing].holder == his.entity)
        await his.despawn(thing)
        await until(lambda: thing not in hers.things)

    meet(server, transports, f"hand-over-{transports[0]}", check)


@BOTH_WAYS
def test_one_goes_to_the_other_however_far(server: RunningServer, transports: tuple[str, str]) -> None:
    """Out of sight, beside them, looking at them; and both see it the same."""

    async def check(_ada: Client, hers: Room, _bo: Client, his: Room) -> None:
        for _ in range(2):
            await his.teleport((his.pose.x, 0.0, his.pose.z + 12.0))
            await asyncio.sleep(0.55)
        await until(lambda: his.entity not in hers.in_sight)
        await hers.go_to(his.entity)
        assert 0.5 < math.dist(hers.pose.position, his.pose.position) < 3.5
        assert abs(bearing(hers.pose, his.pose.position)) < 0.01
        await until(lambda: (shown := his.pose_of(hers.entity)) is not None and shown.position == hers.pose.position)

    meet(server, transports, f"going-{transports[0]}", check)


@BOTH_WAYS
def test_motion_is_shown_where_and_how_it_was(server: RunningServer, transports: tuple[str, str]) -> None:
    """A straight walk is shown as one: never backwards, without a leap, ending on the millimetre."""

    async def check(ada: Client, hers: Room, _bo: Client, his: Room) -> None:
        loop, start = asyncio.get_running_loop(), hers.pose
        corrections: list[Correction] = []
        ada.on(Correction, corrections.append)
        shown: list[Pose] = []
        began = loop.time()
        while (passed := loop.time() - began) < 2.5:
            hers.move_to(replace(start, z=start.z + 1.4 * min(passed, 2.0), yaw=math.pi))
            pose = his.pose_of(hers.entity)
            if pose is not None:
                shown.append(pose)
            await asyncio.sleep(1 / 60)
        assert corrections == []
        steps = [later.z - earlier.z for earlier, later in pairwise(shown)]
        assert min(steps) > -0.08  # the coasting of a stalled machine, eased back
        assert max(steps) < 0.7
        assert sum(step > 0 for step in steps) > 60
        await asyncio.sleep(0.5)
        last = his.pose_of(hers.entity)
        assert last is not None
        assert last.position == pytest.approx((start.x, start.y, hers.pose.z), abs=0.001)
        assert hers.pose.z == pytest.approx(start.z + 2.8)

    meet(server, transports, f"walk-{transports[0]}", check)


@EITHER
def test_a_leap_is_corrected(server: RunningServer, transport: str) -> None:
    """Who moves too fast is put back, and the room's own pose is the server's again."""

    async def main() -> None:
        async with entered(server.url(transport), f"leap-{transport}", "Ada") as (ada, room):
            corrections: list[Correction] = []
            ada.on(Correction, corrections.append)
            start = room.pose
            room.move_to(replace(start, x=start.x + 20.0))
            await until(lambda: corrections)
            assert corrections[0].cause == Cause.TOO_FAST
            assert room.pose.position == start.position

    asyncio.run(main())


@BOTH_WAYS
def test_a_block_works_both_ways_and_back(server: RunningServer, transports: tuple[str, str]) -> None:
    """The blocked and the blocking lose each other from roster and sight, and find each other again."""

    async def check(ada: Client, hers: Room, _bo: Client, his: Room) -> None:
        await until(lambda: his.entity in hers.in_sight and hers.entity in his.in_sight)
        user = hers.people[his.entity].user
        await ada.block(user)
        await until(lambda: len(hers.people) == len(his.people) == 1)
        await until(lambda: his.entity not in hers.in_sight and hers.entity not in his.in_sight)
        await ada.block(user, blocked=False)
        await until(lambda: len(hers.people) == len(his.people) == 2)
        await until(lambda: his.entity in hers.in_sight and hers.entity in his.in_sight)

    meet(server, transports, f"block-{transports[0]}", check)


@pytest.mark.alone
def test_who_asks_for_less_is_sent_less(server: RunningServer) -> None:
    """Two in one crowd, each within its own budget, over the real socket."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            entering = (entered(server.url("tcp"), "thrifty", f"Walker {k}") for k in range(24))
            crowd = [await stack.enter_async_context(each) for each in entering]
            (modest, hers), (generous, _) = crowd[:2]
            assert hers.joined.budget_bytes_per_s == 32_000
            await modest.set_budget(8_000)
            loop = asyncio.get_running_loop()

            async def sway(seconds: float) -> None:
                ends_at = loop.time() + seconds
                while loop.time() < ends_at:
                    for (_, room), pose in zip(crowd, still, strict=True):
                        room.move_to(replace(pose, z=pose.z + 0.2 * math.sin(3 * loop.time()), yaw=loop.time()))
                    await asyncio.sleep(0.04)

            def told(client: Client) -> int:
                return client.session.traffic.received_bytes[Lane.POSES]

            still = [replace(room.pose, parts=PARTS) for _, room in crowd]
            await sway(3.0)
            before = told(modest), told(generous)
            await sway(3.0)
            sent = told(modest) - before[0], told(generous) - before[1]
            assert 12_000 < sent[0] <= 1.1 * 24_000, sent  # a stalled machine reads a moment more than three seconds
            assert 1.2 * sent[0] < sent[1] <= 96_000, sent

    with ThreadPoolExecutor(1) as pool:  # browser tests, which are alone in this process too, leave this thread a loop
        pool.submit(asyncio.run, main()).result()


@BOTH_WAYS
def test_a_killed_socket_costs_no_event(server: RunningServer, transports: tuple[str, str]) -> None:
    """Bo's socket dies again and again while Ada talks: he stays the same entity and hears every word once."""

    async def main() -> None:
        cable, room = Cable(), f"resume-{transports[0]}"
        async with (
            entered(server.url(transports[0]), room, "Ada") as (_, hers),
            entered(server.url(transports[1]), room, "Bo", cable) as (bo, his),
        ):
            heard: list[str] = []
            online: list[Online] = []
            bo.on(Said, lambda said: heard.append(said.text))
            bo.on(Online, online.append)
            entity, words = his.entity, [str(number) for number in range(15)]
            for number, word in enumerate(words):
                if number % 5 == 2:
                    cable.pull()
                    await until(lambda: not bo.is_online)
                await hers.chat(word)
                if number % 5 == 4:
                    await until(lambda: bo.is_online)
            await until(lambda: len(heard) >= len(words))
            assert heard == words
            assert online == [Online(resumed=True)] * 3
            assert (his.entity, bo.room) == (entity, his)
            assert bo.session.resyncs == 0
            await his.chat("still here")

    asyncio.run(main())


def test_a_restart_of_the_server_is_survived(start_server: StartServer) -> None:
    """The server says that it goes away; once it is back, the client is in the same room, by itself."""
    first = start_server("--allow-guests")
    ports = ["--port", first.ws_url.rpartition(":")[2], "--tcp-port", first.tcp_url.rpartition(":")[2]]

    async def main() -> None:
        async with (
            entered(first.ws_url, "lobby", "Ada") as (ada, hers),
            entered(first.tcp_url, "lobby", "Bo") as (bo, his),
        ):
            noted: list[Any] = []
            for kind in (Offline, Online, Joined):
                ada.on(kind, noted.append)
            assert await asyncio.to_thread(first.stop) == 0
            await until(lambda: not ada.is_online and not bo.is_online)
            await asyncio.to_thread(start_server, "--allow-guests", *ports)
            await until(lambda: ada.is_online and bo.is_online)
            await until(lambda: len(hers.people) == len(his.people) == 2)
            assert noted[0].retry_s >= 1.0
            assert noted[-2:] == [Online(resumed=False), ada.session.joined]
            assert ada.room is hers
            await his.chat("back again")

    asyncio.run(main())


# --- the terminal client ----------------------------------------------------------------------------------------------


def terminal(*words: str, **more: Any) -> subprocess.Popen[str]:
    """Start `presence connect`."""
    command = [sys.executable, "-m", "presence", "connect", *words]
    return subprocess.Popen(command, cwd=ROOT, text=True, **more)


@EITHER
def test_a_probe_measures_the_connection(server: RunningServer, transport: str) -> None:
    """One JSON object: round trip, snapshots, bytes by lane, who is there."""
    probe = terminal(server.url(transport), "--room", "probed", "--seconds", "6", "--json", stdout=subprocess.PIPE)
    output, _ = probe.communicate(timeout=PATIENCE_S)
    assert probe.returncode == 0
    found = json.loads(output)
    assert (found["connected"], found["room"], found["guest"], found["breaks"], found["resyncs"]) == (
        True,
        "probed",
        True,
        0,
        0,
    )
    assert 0 < found["rtt_ms"]["min"] <= found["rtt_ms"]["median"] <= found["rtt_ms"]["max"] < 1000
    assert found["snapshots"] >= 2
    assert found["people"] == 1
    assert all(found["received_bytes"][lane] > 0 for lane in ("control", "events", "poses"))
    assert 5.5 < found["seconds"] < 14


def test_a_refused_room_is_exit_code_1_in_words(server: RunningServer) -> None:
    """The server's reason is what the person reads."""
    probe = terminal(server.ws_url, "--room", "new", "--world", "atlantis", stderr=subprocess.PIPE)
    _, complaint = probe.communicate(timeout=PATIENCE_S)
    assert probe.returncode == 1
    assert complaint.startswith("presence connect: ")
    assert "atlantis" in complaint
    assert "unknown_world" in complaint


def test_lines_are_said_and_heard(server: RunningServer) -> None:
    """Without a terminal, chat comes in and goes out as lines, until `/quit`."""
    visitor = terminal(
        server.tcp_url, "--room", "lines", "--name", "Pipe", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert visitor.stdin is not None
    assert visitor.stdout is not None
    write, read = visitor.stdin, visitor.stdout

    async def main() -> list[str]:
        async with entered(server.ws_url, "lines", "Ada") as (ada, room):
            heard = ada.events(Said)
            await until(lambda: len(room.people) == 2)
            write.write("hello from a pipe\n")
            write.flush()
            assert (await anext(heard)).text == "hello from a pipe"
            await room.chat("hello pipe")
            lines = []
            while "Ada: hello pipe" not in lines:
                lines.append((await asyncio.to_thread(read.readline)).rstrip())
            write.write("/quit\n")
            write.flush()
            await until(lambda: len(room.people) == 1)
            return lines

    with visitor:
        lines = asyncio.run(main())
        assert visitor.wait(PATIENCE_S) == 0
    assert lines[0].startswith("entered lines (")
    assert "Pipe: hello from a pipe" in lines


def test_the_live_picture_shows_who_is_there_and_lets_one_talk(server: RunningServer) -> None:
    """On a terminal: a roster with distances, the network's state, a line to type in; Ctrl-D leaves it as it was."""
    ours, theirs = pty.openpty()
    visitor = terminal(server.ws_url, "--room", "live", "--name", "Screen", stdin=theirs, stdout=theirs)
    os.close(theirs)

    async def main() -> str:
        seen = bytearray()
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, lambda: seen.extend(os.read(ours, 65_536)))
        async with entered(server.tcp_url, "live", "Ada") as (ada, room):
            heard = ada.events(Said)
            await until(lambda: b"Ada" in seen and b"snapshots/s" in seen)
            os.write(ours, "grüß dich\r".encode())
            assert (await anext(heard)).text == "grüß dich"
            await room.chat("hello screen")
            await until(lambda: b"hello screen" in seen)
            os.write(ours, b"\x04")
            await until(lambda: len(room.people) == 1)
        loop.remove_reader(ours)
        return seen.decode()

    with visitor:
        picture = asyncio.run(main())
        assert visitor.wait(PATIENCE_S) == 0
    os.close(ours)
    assert "guest" in picture
    assert "ping" in picture
