"""The web SDK, built and run by Node, in one room with the Python SDK on a real server."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from presence_client import Client, Part, Pose, Room, connect
from protocol.records import Section
from protocol.schema import Cause, Channel, Emote, Gestured, Said
from tests.integration.conftest import ROOT, RunningServer
from tests.web_sdk import NODE, built_sdk

PUPPET = Path(__file__).with_name("webxr_puppet.mjs")
PATIENCE_S = 20.0
SETTLED_M = 0.002  # what quantisation and floats of 32 bits leave


@pytest.fixture(scope="module", autouse=True)
def sdk() -> Path:
    """The SDK, built from its present sources."""
    return built_sdk()


class NotDone(Exception):
    """The web client could not do what it was told."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['name']}: {error['reason']}")
        self.name, self.code = error["name"], error["code"]


class Puppet:
    """A web client in a process of its own, told what to do."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[tuple[str, Any]] = []
        self._process = process
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    async def do(self, deed: str, *args: Any) -> Any:
        """Give an order and return its answer. Raises NotDone."""
        answer = asyncio.get_running_loop().create_future()
        ident = len(self._answers)
        self._answers[ident] = answer
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": ident, "deed": deed, "args": args}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    def heard(self, event: str) -> list[Any]:
        """List what came with one event so far."""
        return [value for name, value in self.events if name == event]

    async def pose_of(self, entity: int) -> Any:
        """Say where it shows an entity now; None for what is not in sight."""
        return next((pose for pose in await self.do("poses") if pose["entity"] == entity), None)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "event" in said:
                self.events.append((said["event"], said["value"]))
            elif "error" in said:
                self._answers[said["id"]].set_exception(NotDone(said["error"]))
            else:
                self._answers[said["id"]].set_result(said["value"])

    async def end(self) -> None:
        """Let the process end, without a word to the server."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader


@asynccontextmanager
async def puppet(server: RunningServer, name: str) -> AsyncIterator[Puppet]:
    """A web client, which is open."""
    process = await asyncio.create_subprocess_exec(
        NODE, PUPPET, server.http_url, name, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    web = Puppet(process)
    await web.do("open")
    try:
        yield web
        await web.do("close")
    finally:
        await web.end()
    assert process.returncode == 0


async def until(is_so: Callable[[], object | Awaitable[object]]) -> Any:
    """Wait for what happens in other processes; returns what it became."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = is_so()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)


Meeting = Callable[[Puppet, int, Client, Room], Awaitable[None]]


def meet(server: RunningServer, room: str, meeting: Meeting) -> None:
    """Bring a web client (Ada) and a Python client over raw TCP (Ben) into one room, a few metres apart."""

    async def run() -> None:
        async with puppet(server, "Ada") as web, connect(server.tcp_url, name="Ben") as python:
            ada = (await web.do("join", room, "plaza"))["self"]
            ben = await python.join(room)
            await until(lambda: ada in ben.people)
            await meeting(web, ada, python, ben)

    asyncio.run(run())


def distance(one: Any, other: Any) -> float:
    """Between two positions, metres."""
    return math.dist(tuple(one), tuple(other))


def is_shown(room: Room, entity: int, at: Any) -> bool:
    """Whether the Python client shows an entity at a place."""
    pose = room.pose_of(entity)
    return pose is not None and distance(pose.position, at) < SETTLED_M


def test_both_see_each_other_walk(server: RunningServer) -> None:
    """Where each says it stands is where the other shows it, while it walks and after."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        start = (await web.do("own"))["position"]
        walking = asyncio.create_task(web.do("walk", start[0] + 3, start[2] + 1, 1.5))
        seen, loop = [], asyncio.get_running_loop()
        while not walking.done():
            if (pose := ben.pose_of(ada)) is not None:
                seen.append((loop.time(), pose.position))
            await asyncio.sleep(0.02)
        for (before_s, before), (after_s, after) in pairwise(seen):
            assert distance(before, after) < (after_s - before_s) * 2.5 + 0.05, "shown in jumps"
        end = (await web.do("own"))["position"]
        await until(lambda: is_shown(ben, ada, end))

        at = Pose(start[0] - 1, 0, start[2] + 2, yaw=2.0)
        for part in range(1, 41):
            ben.move_to(Pose(start[0] - part / 40, 0, start[2] + part / 20, yaw=2.0))
            await asyncio.sleep(0.05)
        shown = await until(lambda: settled(web, ben.entity, at))
        assert shown["body"] == Section.ROOT
        assert shown["yaw"] == pytest.approx(2.0, abs=0.001)
        assert web.heard("correction") == []

    meet(server, "walk", meeting)


async def settled(web: Puppet, entity: int, at: Pose) -> Any:
    """What the web client shows of an entity, once it is at its place."""
    pose = await web.pose_of(entity)
    return pose if pose and distance(pose["position"], at.position) < SETTLED_M else None


def test_head_and_hands_go_both_ways(server: RunningServer) -> None:
    """A tracked avatar is one to the other side, at the same place in its frame."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        part = {"position": [0.1, 1.6, -0.2], "orientation": [0, 0, 0, 1]}
        await web.do("track", {"head": part, "left": part, "right": part})
        await until(lambda: has_head_at(ben, ada, (0.1, 1.6, -0.2)))
        head = Part((0.0, 1.7, 0.1))
        ben.move_to(Pose(*ben.pose.position, parts=(head, head, head)))
        there = await until(lambda: tracked(web, ben.entity))
        assert there["head"] == pytest.approx([0.0, 1.7, 0.1], abs=0.001)

    meet(server, "hands", meeting)


def has_head_at(room: Room, entity: int, at: tuple[float, float, float]) -> bool:
    """Whether the Python client shows an entity with its head there, in its frame."""
    pose = room.pose_of(entity)
    return pose is not None and pose.parts is not None and distance(pose.parts[0].position, at) < SETTLED_M


async def tracked(web: Puppet, entity: int) -> Any:
    """What the web client shows of an entity, once that has head and hands."""
    pose = await web.pose_of(entity)
    return pose if pose and pose["body"] == Section.TRACKED else None


def test_words_and_gestures_go_both_ways(server: RunningServer) -> None:
    """What one says the other hears, in every channel; and emotes."""

    async def meeting(web: Puppet, ada: int, python: Client, ben: Room) -> None:
        said: list[Said] = []
        waved: list[Gestured] = []
        python.on(Said, said.append)
        python.on(Gestured, waved.append)
        await web.do("chat", Channel.ROOM, "bonjour à tous")
        await web.do("chat", Channel.DIRECT, "for you", ben.entity)
        await web.do("gesture", Emote.WAVE)
        await until(lambda: len(said) == 2 and waved)
        assert [(one.entity, one.text) for one in said] == [(ada, "bonjour à tous"), (ada, "for you")]
        await ben.chat("مرحبا", to=ada)
        await ben.gesture(Emote.NOD)
        await until(lambda: web.heard("gestured")[-1:] == [{"entity": ben.entity, "emote": Emote.NOD}])
        last = web.heard("said")[-1]
        assert (last["person"]["name"], last["text"], last["channel"]) == ("Ben", "مرحبا", Channel.DIRECT)
        with pytest.raises(NotDone) as refused:
            await web.do("chat", Channel.DIRECT, "who?", 60_000)
        assert refused.value.name == "unknown_entity"

    meet(server, "words", meeting)


def test_an_object_is_handed_over(server: RunningServer) -> None:
    """Spawned, carried and put down by one, taken by the other; each sees who holds it."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        x, _, z = (await web.do("own"))["position"]
        thing = await web.do("spawn", "folder", [x + 0.5, 1, z])
        await web.do("grab", thing)
        await until(lambda: thing in ben.things and ben.things[thing].holder == ada)
        await web.do("move", thing, [x + 0.7, 1.2, z])
        await until(lambda: is_shown(ben, thing, (x + 0.7, 1.2, z)))
        await web.do("release", thing)
        await until(lambda: ben.things[thing].holder == 0)
        await ben.teleport((x + 1, 0, z))
        await ben.grab(thing)
        held = await until(lambda: held_by(web, thing, ben.entity))
        assert held["prop"] == "folder"
        with pytest.raises(NotDone) as refused:
            await web.do("grab", thing)
        assert refused.value.name == "held"
        await ben.despawn(thing)
        await until(lambda: any(thing in change["gone"] for change in web.heard("things")))

    meet(server, "objects", meeting)


async def held_by(web: Puppet, thing: int, holder: int) -> Any:
    """The web client's entry of a thing, once this person holds it."""
    entry = next(entry for entry in await web.do("things") if entry["entity"] == thing)
    return entry if entry["holder"] == holder else None


def test_a_block_hides_both_from_each_other(server: RunningServer) -> None:
    """From the roster and from sight, and undone it brings both back."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        user = await until(lambda: user_of(web, ben.entity))
        await until(lambda: web.pose_of(ben.entity))
        await web.do("block", user, True)
        await until(lambda: ada not in ben.people)
        await until(lambda: has_lost(web, ben.entity))
        assert [person["entity"] for person in await web.do("people")] == [ada]
        await web.do("block", user, False)
        await until(lambda: ada in ben.people)
        await until(lambda: web.pose_of(ben.entity))

    meet(server, "blocks", meeting)


async def has_lost(web: Puppet, entity: int) -> bool:
    """Tell whether an entity is out of the web client's sight."""
    return await web.pose_of(entity) is None


async def user_of(web: Puppet, entity: int) -> str | None:
    """Who an entity is, once the web client knows."""
    return next((person["user"] for person in await web.do("people") if person["entity"] == entity), None)


def test_a_cut_is_resumed(server: RunningServer) -> None:
    """The same avatar comes back, with what was said meanwhile and where it stands."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        x, y, z = (await web.do("own"))["position"]
        await web.do("cut")
        await until(lambda: ben.people[ada].away)
        await ben.chat("are you there?")
        await until(lambda: web.heard("connection")[-1]["phase"] == "online")
        phases = [state["phase"] for state in web.heard("connection")]
        assert phases == ["connecting", "online", "waiting", "connecting", "online"]
        await until(lambda: [said["text"] for said in web.heard("said")] == ["are you there?"])
        await until(lambda: not ben.people[ada].away)
        await web.do("place", x + 1, y, z, 1.0)
        await until(lambda: is_shown(ben, ada, (x + 1, y, z)))
        await until(lambda: web.pose_of(ben.entity))
        network = await web.do("network")
        assert (network["reconnects"], network["resyncs"], network["corrections"]) == (1, 0, 0)
        assert len(web.heard("joined")) == 1

    meet(server, "cut", meeting)


def test_the_server_has_the_last_word_on_where_one_stands(server: RunningServer) -> None:
    """A step too far is corrected, a teleport in reach is a jump for others, and one may go to somebody."""

    async def meeting(web: Puppet, ada: int, _python: Client, ben: Room) -> None:
        x, y, z = (await web.do("own"))["position"]
        await web.do("place", x + 4, y, z, 0.0)
        await until(lambda: web.heard("correction"))
        assert web.heard("correction")[0]["cause"] == Cause.TOO_FAST
        assert (await web.do("own"))["position"] == pytest.approx([x, y, z])
        await web.do("teleport", x + 4, y, z, 0.5)
        assert (await web.do("own"))["position"] == pytest.approx([x + 4, y, z])
        await until(lambda: is_shown(ben, ada, (x + 4, y, z)))
        await until(lambda: went(web, ben.entity))
        assert distance((await web.do("own"))["position"], ben.pose.position) < 2.5
        with pytest.raises(NotDone) as refused:
            await web.do("teleport", x + 400, y, z, 0.0)
        assert refused.value.name in {"out_of_reach", "too_soon"}

    meet(server, "places", meeting)


async def went(web: Puppet, entity: int) -> bool:
    """Go to somebody; False while the server's cool-down between jumps lasts."""
    try:
        await web.do("goTo", entity)
    except NotDone as error:
        if error.name != "too_soon":
            raise
        return False
    return True


def test_the_readme_program_runs(server: RunningServer, tmp_path: Path) -> None:
    """The first program of the SDK's README is a whole program, and does what it says."""
    readme = (ROOT / "clients/webxr/sdk/README.md").read_text()
    program = re.search(r"```js\n(.*?)```", readme, re.DOTALL)
    assert program, "the README shows a program"
    code = program[1].replace("ws://localhost:8080", server.ws_url)
    code = code.replace('"@presence-hub/client"', json.dumps((ROOT / "clients/webxr/sdk/dist/index.js").as_uri()))
    script = tmp_path / "program.mjs"
    script.write_text(code)

    async def run() -> tuple[bytes, int | None]:
        process = await asyncio.create_subprocess_exec(NODE, script, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await process.communicate()
        return said, process.returncode

    assert asyncio.run(run()) == (b"Ada: hello from the web\n1 here: Ada\n", 0)
