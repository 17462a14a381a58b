"""Bots: any number of lifelike walkers in one process, over one shared timer.

    python -m presence_client.bots ws://localhost:8080 --count 100 --room lobby

They see nothing, so that a thousand cost little: they send poses, acknowledge events and mind corrections. The
process ends with the last bot, on a signal, and, where standard input is a pipe, when that closes: bots die with
whoever started them. Exit code 1 if no bot could enter.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl
import stat
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random

import uvloop

from presence_client.client import Client, connect
from presence_client.errors import BusyError, ClientError, OfflineError, RefusedError
from presence_client.events import Ended, RoomLost
from presence_client.pulse import Pulse
from presence_client.transport import split_url
from presence_client.walker import Walker
from protocol.schema import Correction, Emote, Joined

ENTER_EVERY_S = 0.01  # a hundred a second: a crowd arriving, not a storm
ENTERING_AT_ONCE = 16
PULSE_SLICES = 5
TALK_EVERY_S = (8.0, 40.0)
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


class Bot:
    """One bot, from entering the room until its session ends."""

    def __init__(self, client: Client, rng: Random, pulse: Pulse) -> None:
        self._client = client
        self._rng = rng
        self._pulse = pulse
        self._walker: Walker | None = None
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def live(self, room: str, world: str, *, talks: bool) -> str:
        """Enter, and stay until there is no way back in; returns why. Raises ClientError where there is no way in."""
        self._client.on(Joined, self._start)
        self._client.on(RoomLost, self._end)
        self._client.on(Ended, self._end)
        self._client.on(Correction, self._turn_round)
        await self._client.join(room, world)
        self._pulse.add(self._walk)
        talking = asyncio.create_task(self._talk()) if talks else None
        try:
            return await self._over
        finally:
            self._pulse.remove(self._walk)
            if talking is not None:
                talking.cancel()

    def _start(self, _joined: Joined) -> None:
        pose = self._client.session.motion.pose
        assert pose is not None, "whoever joined stands somewhere"
        self._walker = Walker(pose, self._rng, asyncio.get_running_loop().time())

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
            room.move_to(self._walker.step(now))

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
            await room.gesture(self._rng.choice(list(Emote)))


class Crowd:
    """All bots of a process."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
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
                reason = await Bot(client, rng, pulse).live(arguments.room, arguments.world, talks=arguments.talk)
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
        arguments.tls = ssl.create_default_context(cafile=arguments.cafile) if arguments.cafile else None
    except ValueError as error:
        sys.stderr.write(f"bots: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"bots: cannot use {arguments.cafile}: {error.strerror}\n")
        return 2
    return uvloop.run(run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m presence_client.bots", description="Avatars that walk about.", allow_abbrev=False
    )
    parser.add_argument("url", metavar="URL", help="ws://host:port, wss://…, tcp://host:port or tcps://…")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--room", default="lobby", help="room to walk in (default: %(default)s)")
    parser.add_argument("--world", default="", help="world to make the room from if it does not exist yet")
    parser.add_argument("--talk", action="store_true", help="chat and gesture now and then")
    parser.add_argument("--seed", type=int, metavar="N", help="walk the same ways every time")
    parser.add_argument("--cafile", type=Path, metavar="PEM", help="certificates to trust besides the system's")
    return parser


if __name__ == "__main__":
    sys.exit(main())
