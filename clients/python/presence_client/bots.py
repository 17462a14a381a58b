"""Bots: any number of lifelike people in one process, over one shared timer.

    python -m presence_client.bots ws://localhost:8080 --count 100 --room hq
    python -m presence_client.bots ws://localhost:8080 --count 200 --seated --near 0,0,-40 --within 25

They read the world they are in from the server, walk its ways, take its seats, and know of each other. Of others they
see nothing, so that a thousand cost little: they send poses, acknowledge events and mind corrections. The process ends
with the last bot, on a signal, and, where standard input is a pipe, when that closes: bots die with whoever started
them. Exit code 1 if no bot could enter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import signal
import ssl
import stat
import sys
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import uvloop

from presence_client import body
from presence_client.client import Client, connect
from presence_client.errors import BusyError, ClientError, OfflineError, RefusedError
from presence_client.events import Ended, RoomLost
from presence_client.ground import Ground, Seat
from presence_client.pose import Vector
from presence_client.pulse import Pulse
from presence_client.room import Room
from presence_client.transport import split_url
from presence_client.walker import ROAM_M, Company, Sitter, Walker
from protocol.schema import Correction, Emote, Joined

ENTER_EVERY_S = 0.01  # a hundred a second: a crowd arriving, not a storm
ENTERING_AT_ONCE = 16
PULSE_SLICES = 5
TALK_EVERY_S = (8.0, 40.0)
READ_WITHIN_S = 10.0
HOP_M = 14.0  # teleports reach 15 m, every half second
HOP_EVERY_S = 0.6
MOST_HOPS = 40
RAISED_S = 2.5  # how long a hand is up with an emote
TRACKED = 0.25  # of the bots: as many as have a headset
FIRST_NAMES = ("Ada", "Bao", "Chioma", "Diego", "Elif", "Farid", "Grace", "Hana", "Ivo", "Jun", "Kofi", "Leila", "Mina")
LINES = (
    "Good morning.",
    "Has the briefing started?",
    "I will be at the fountain.",
    "Can you hear me well?",
    "See you at the course.",
    "What a place!",
    "One moment, please.",
)


@dataclass(frozen=True, slots=True)
class Manner:
    """What a bot is like."""

    talks: bool = False
    is_tracked: bool = False  # with a headset


class Scene:
    """What the bots of one process share: the world they read, its seats, and who else of them is there.

    worlds: where world documents are: a server's http address, a folder, or None for nowhere. near, within_m: where
    they stay; where they come in, if it is None.
    """

    def __init__(
        self,
        worlds: str | None = None,
        *,
        near: Vector | None = None,
        within_m: float = ROAM_M,
        is_seated: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.near = near
        self.within_m = within_m
        self.company = Company()
        self._worlds = worlds
        self._is_seated = is_seated
        self._tls = tls
        self._grounds: dict[str, asyncio.Task[Ground | None]] = {}
        self._seats: dict[str, list[Seat]] = {}

    async def ground(self, world: str) -> Ground | None:
        """The ground of a world, read once; None where it cannot be had."""
        if self._worlds is None:
            return None
        if world not in self._grounds:
            self._grounds[world] = asyncio.create_task(asyncio.to_thread(self._read, self._worlds, world))
        return await asyncio.shield(self._grounds[world])

    def take_seat(self, world: str, ground: Ground, rng: Random) -> Seat | None:
        """Take a seat near where the bots stay, if they sit and one is left."""
        if not self._is_seated:
            return None
        if world not in self._seats:
            around = self.near
            near = [s for s in ground.seats if around is None or math.dist(s.position, around) <= self.within_m]
            self._seats[world] = near
        seats = self._seats[world]
        return seats.pop(rng.randrange(len(seats))) if seats else None

    def _read(self, worlds: str, world: str) -> Ground | None:
        try:
            return Ground(_document(worlds, world, self._tls), self.near)
        except (OSError, ValueError, LookupError, TypeError) as error:
            sys.stderr.write(f"bots: walking about without knowing the world {world}: {error}\n")
            return None


def _document(worlds: str, world: str, tls: ssl.SSLContext | None) -> Any:
    if urlsplit(worlds).scheme not in ("http", "https"):
        return json.loads(Path(worlds, f"{world}.json").read_text("utf-8"))
    url = f"{worlds.rstrip('/')}/v1/worlds/{world}"
    with urllib.request.urlopen(url, timeout=READ_WITHIN_S, context=tls) as answer:  # noqa: S310  the scheme was checked
        return json.load(answer)


class Bot:
    """One bot, from entering the room until its session ends."""

    def __init__(
        self, client: Client, rng: Random, pulse: Pulse, scene: Scene | None = None, manner: Manner | None = None
    ) -> None:
        self._client = client
        self._rng = rng
        self._pulse = pulse
        self._scene = scene or Scene()
        self._manner = manner or Manner()
        self._walker: Walker | None = None
        self._seat: Seat | None = None
        self._settling: asyncio.Task[None] | None = None
        self._raised_at = -math.inf
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def live(self, room: str, world: str) -> str:
        """Enter, and stay until there is no way back in; returns why. Raises ClientError where there is no way in."""
        self._client.on(Joined, self._start)
        self._client.on(RoomLost, self._end)
        self._client.on(Ended, self._end)
        self._client.on(Correction, self._turn_round)
        await self._client.join(room, world)
        self._pulse.add(self._walk)
        talking = asyncio.create_task(self._talk()) if self._manner.talks else None
        try:
            return await self._over
        finally:
            self._pulse.remove(self._walk)
            self._stop()
            if talking is not None:
                talking.cancel()

    def _start(self, joined: Joined) -> None:
        self._stop()
        self._settling = asyncio.create_task(self._settle(joined.world))

    def _stop(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        if self._walker is not None:
            self._scene.company.members.pop(self._walker, None)
            self._walker = None

    async def _settle(self, world: str) -> None:
        """Learn the way about, go to where the bots stay, and begin to live there."""
        scene, rng, now = self._scene, self._rng, asyncio.get_running_loop().time
        ground = await scene.ground(world)
        room = self._client.room
        if ground is not None and room is not None:
            self._seat = self._seat or scene.take_seat(world, ground, rng)
            goal = self._seat.position if self._seat is not None else None
            if goal is None and scene.near is not None:
                goal = ground.somewhere(rng, scene.near, scene.within_m)
            if goal is not None:
                with suppress(ClientError):  # it stays where it got to
                    await self._travel(room, ground, goal)
        pose = self._client.session.motion.pose
        if pose is None:
            return
        if self._seat is not None and math.dist(pose.position, self._seat.position) < 0.01:  # noqa: PLR2004  1 cm
            self._walker = Sitter(pose, rng, now())
        else:
            roam_m = scene.within_m if scene.near is not None else ROAM_M
            self._walker = Walker(pose, rng, now(), ground, scene.company, roam_m)
            scene.company.members[self._walker] = None

    async def _travel(self, room: Room, ground: Ground, goal: Vector) -> None:
        """Go somewhere by teleports, over places that are known to be free. Raises ClientError when one is refused."""
        yaw = self._seat.yaw if self._seat is not None else self._rng.uniform(0.0, math.tau)
        for _ in range(MOST_HOPS):
            here = room.pose.position
            if math.dist(here, goal) <= HOP_M:
                await room.teleport(goal, yaw)
                return
            hop = ground.hop(here, goal, HOP_M)
            if hop is None:
                return
            await room.teleport(hop, yaw)
            await asyncio.sleep(HOP_EVERY_S)

    def _end(self, end: RoomLost | Ended) -> None:
        if not self._over.done():
            self._over.set_result(end.reason)

    def _turn_round(self, _correction: Correction) -> None:
        pose = self._client.session.motion.pose
        if self._walker is not None and pose is not None:
            self._walker.correct(pose, asyncio.get_running_loop().time())

    def _walk(self, now: float) -> None:
        room = self._client.room
        if room is not None and self._walker is not None and self._client.is_online:
            pose = self._walker.step(now)
            if self._manner.is_tracked:
                since = now - self._raised_at
                raised = max(0.0, min(since * 3, (RAISED_S - since) * 3, 1.0))
                is_seated = isinstance(self._walker, Sitter)
                pose = body.tracked(pose, self._walker.walked_m, is_seated=is_seated, raised=raised)
            room.move_to(pose)

    async def _talk(self) -> None:
        """Say or show something now and then; whatever keeps it from that, it tries again later."""
        while True:
            await asyncio.sleep(self._rng.uniform(*TALK_EVERY_S))
            with suppress(RefusedError, OfflineError, BusyError):
                await self._speak_up()

    async def _speak_up(self) -> None:
        room = self._client.room
        if room is None:
            return
        if self._rng.random() < 0.5:  # noqa: PLR2004 - as often one as the other
            await room.chat(self._rng.choice(LINES))
        else:
            self._raised_at = asyncio.get_running_loop().time()
            await room.gesture(self._rng.choice(list(Emote)))


class Crowd:
    """All bots of a process."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._scene = Scene(
            arguments.worlds,
            near=arguments.near,
            within_m=arguments.within,
            is_seated=arguments.seated,
            tls=arguments.tls,
        )
        self._gate = asyncio.Semaphore(ENTERING_AT_ONCE)
        self._ends: Counter[str] = Counter()
        self._entered = 0

    async def run(self) -> int:
        """Let everybody in, and wait until they are all gone. Returns the exit code."""
        async with Pulse(slices=PULSE_SLICES) as pulse, asyncio.TaskGroup() as group:
            for number in range(self._arguments.count):
                group.create_task(self._one(number, pulse))
                await asyncio.sleep(ENTER_EVERY_S)
        for reason, count in self._ends.most_common():
            sys.stderr.write(f"{count} of {self._arguments.count} bots ended: {reason}\n")
        return 0 if self._entered else 1

    async def _one(self, number: int, pulse: Pulse) -> None:
        arguments = self._arguments
        rng = Random(f"{arguments.seed}/{number}" if arguments.seed is not None else None)
        name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {number + 1}"
        try:
            async with AsyncExitStack() as stack:
                async with self._gate:
                    way_in = connect(arguments.url, name=name, tls=arguments.tls, watch=False, pulse=pulse)
                    client = await stack.enter_async_context(way_in)
                self._entered += 1
                manner = Manner(talks=arguments.talk, is_tracked=rng.random() < arguments.tracked)
                reason = await Bot(client, rng, pulse, self._scene, manner).live(arguments.room, arguments.world)
                self._ends[reason] += 1
        except ClientError as error:
            self._ends[str(error)] += 1


async def run(arguments: argparse.Namespace) -> int:
    """Run the bots until they end, or the process is told to stop."""
    loop = asyncio.get_running_loop()
    crowd = asyncio.create_task(Crowd(arguments).run())
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, crowd.cancel)
    if _is_pipe(sys.stdin.fileno()):
        loop.add_reader(sys.stdin.fileno(), _end_with_parent, loop, crowd)
    with suppress(asyncio.CancelledError):
        return await crowd
    return 0


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _end_with_parent(loop: asyncio.AbstractEventLoop, crowd: asyncio.Task[int]) -> None:
    """Standard input has something to say: nothing but its end matters."""
    if not os.read(sys.stdin.fileno(), 1024):
        loop.remove_reader(sys.stdin.fileno())
        crowd.cancel()


def main(argv: Sequence[str] | None = None) -> int:
    """Run bots until stopped. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        split_url(arguments.url)
        arguments.worlds = arguments.worlds or _worlds_of(arguments.url)
        arguments.tls = ssl.create_default_context(cafile=arguments.cafile) if arguments.cafile else None
    except ValueError as error:
        sys.stderr.write(f"bots: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"bots: cannot use {arguments.cafile}: {error.strerror}\n")
        return 2
    return uvloop.run(run(arguments))


def _worlds_of(url: str) -> str | None:
    """Where a server's worlds are, if that follows from its address."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme)
    return f"{scheme}://{parts.netloc}" if scheme else None


def _place(text: str) -> Vector:
    try:
        x, y, z = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no place: write x,y,z in metres") from None
    return (x, y, z)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m presence_client.bots", description="Avatars that walk about.", allow_abbrev=False
    )
    parser.add_argument("url", metavar="URL", help="ws://host:port, wss://…, tcp://host:port or tcps://…")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--room", default="hq", help="room to walk in (default: %(default)s)")
    parser.add_argument("--world", default="", help="world to make the room from if it does not exist yet")
    parser.add_argument("--near", type=_place, metavar="X,Y,Z", help="stay around this place (default: the way in)")
    parser.add_argument("--within", type=float, default=10.0, metavar="M", help="how near (default: %(default)g)")
    parser.add_argument("--seated", action="store_true", help="take the seats there, as long as there are any")
    parser.add_argument(
        "--tracked",
        type=float,
        default=TRACKED,
        metavar="SHARE",
        help="how many of them have a headset, 0 to 1 (default: %(default)g)",
    )
    parser.add_argument(
        "--worlds",
        metavar="ADDRESS",
        help="where worlds are read: http://host:port or a folder (default: from the server, over WebSocket)",
    )
    parser.add_argument("--talk", action="store_true", help="chat and gesture now and then")
    parser.add_argument("--seed", type=int, metavar="N", help="walk the same ways every time")
    parser.add_argument("--cafile", type=Path, metavar="PEM", help="certificates to trust besides the system's")
    return parser


if __name__ == "__main__":
    sys.exit(main())
