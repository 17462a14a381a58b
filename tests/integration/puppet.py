"""A client in a process of its own that does what it is told over standard input; `client_process` holds the strings.

It is the SDK as an application would use it, and shows what such an application sees. One JSON object a line:

    in   {"id", "do", "with": [...]}            `do` names a method of `Puppet`
    out  {"answer": id, "value"}                it is done
         {"answer": id, "refused", "reason"}    it is not: the error's code, if it has one, and its words
         {"payload": base64}                    came off the socket just now; the SDK has not looked at it yet
         {"view": {...}}                        what the SDK shows, as often as that changes

The process ends with its standard input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from presence_client import Client, ClientError, Part, Pose, Pulse, Room, connect, transport
from presence_client.transport import Link, Receiver
from protocol.schema import Channel, Emote, Status

FRAME_S = 1 / 60  # a display's

Vector = tuple[float, float, float]


def tell(**what: Any) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Tap:
    """Listens to what a connection brings before its receiver does."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.lost = receiver.lost

    def received(self, payload: bytes) -> None:
        """Write a payload down, and hand it on."""
        tell(payload=base64.b64encode(payload).decode())
        self._receiver.received(payload)


class Cable:
    """The way to the server: it can be cut, and while it is cut nothing gets through."""

    def __init__(self) -> None:
        self._is_whole = asyncio.Event()
        self._is_whole.set()

    async def dial(self, url: str, receiver: Receiver, tls: ssl.SSLContext | None) -> Link:
        """Open a connection once the cable is whole."""
        await self._is_whole.wait()
        return await transport.dial(url, Tap(receiver), tls)

    def cut(self, port: int) -> None:
        """Shut every socket to a server's port, behind the back of whoever uses it."""
        self._is_whole.clear()
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # the listing is a descriptor too, and is gone by now
                if str(descriptor.readlink()).startswith("socket:"):
                    _shut_if_connected_to(port, int(descriptor.name))

    def mend(self) -> None:
        """Let connections through again."""
        self._is_whole.set()


def _shut_if_connected_to(port: int, descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as found:
        if found.family == socket.AF_INET and found.getpeername()[1] == port:
            found.shutdown(socket.SHUT_RDWR)


class Puppet:
    """What can be asked of the client; each public method is a deed."""

    def __init__(self, client: Client, cable: Cable) -> None:
        self._client = client
        self._cable = cable
        self._shown: dict[str, Any] = {}

    @property
    def _room(self) -> Room:
        assert self._client.room is not None, "join first"
        return self._client.room

    def show(self, _now: float) -> None:
        """Write down what an application would show, if it is not what it was."""
        shown = self._view()
        if shown != self._shown:
            self._shown = shown
            tell(view=shown)

    def _view(self) -> dict[str, Any]:
        room = self._client.room
        return {
            "is_online": self._client.is_online,
            "resyncs": self._client.session.resyncs,
            "room": room.name if room else "",
            "entity": room.entity if room else 0,
            "people": [asdict(person) for person in room.people.values()] if room else [],
            "things": [asdict(thing) for thing in room.things.values()] if room else [],
            "in_sight": [self._sight(room, entity) for entity in room.in_sight] if room else [],
        }

    def _sight(self, room: Room, entity: int) -> dict[str, Any]:
        """Describe one entity: what the server has said of it, and where it is drawn."""
        columns = self._client.session.view.columns
        drawn = room.pose_of(entity)
        assert drawn is not None, "what is in sight can be drawn"
        return {"entity": entity, "held_mm": columns.position[entity].tolist(), "drawn": asdict(drawn)}

    async def join(self, room: str) -> None:
        """Enter a room of the server's usual world."""
        await self._client.join(room)

    async def leave(self) -> None:
        """Leave the room."""
        await self._room.leave()

    async def walk(self, to: Vector, speed_m_s: float) -> dict[str, Any]:
        """Walk straight to a place, a step for each frame of a display. Returns the pose it ended with."""
        start, clock = self._room.pose, asyncio.get_running_loop().time
        began, seconds = clock(), math.dist(start.position, to) / speed_m_s
        yaw = math.atan2(start.x - to[0], start.z - to[2])
        while (part := min((clock() - began) / seconds, 1.0)) < 1.0:
            x, y, z = (a + (b - a) * part for a, b in zip(start.position, to, strict=True))
            self._room.move_to(replace(start, x=x, y=y, z=z, yaw=yaw))
            await asyncio.sleep(FRAME_S)
        return self._stand(replace(start, x=to[0], y=to[1], z=to[2], yaw=yaw))

    async def hold_out(self, head: Vector, left: Vector, right: Vector) -> dict[str, Any]:
        """Stand as somebody with a headset: head and hands where told. Returns the pose."""
        return self._stand(replace(self._room.pose, parts=(Part(head), Part(left), Part(right))))

    def _stand(self, pose: Pose) -> dict[str, Any]:
        self._room.move_to(pose)
        return asdict(pose)

    async def teleport(self, to: Vector) -> None:
        """Jump."""
        await self._room.teleport(to)

    async def chat(self, text: str, channel: int = Channel.ROOM, to: int = 0) -> None:
        """Say something."""
        await self._room.chat(text, channel=Channel(channel), to=to)

    async def gesture(self, emote: int) -> None:
        """Show an emote."""
        await self._room.gesture(Emote(emote))

    async def status(self, status: int) -> None:
        """Change one's status."""
        await self._room.status(Status(status))

    async def spawn(self, prop: str, position: Vector) -> int:
        """Put an object down."""
        return await self._room.spawn(prop, position)

    async def grab(self, entity: int) -> None:
        """Take an object."""
        await self._room.grab(entity)

    async def carry(self, entity: int, position: Vector) -> None:
        """Move an object one holds."""
        self._room.move(entity, position)

    async def release(self, entity: int, position: Vector) -> None:
        """Let go of an object."""
        await self._room.release(entity, position)

    async def block(self, user: str, blocked: bool) -> None:
        """Block somebody, or undo it."""
        await self._client.block(user, blocked=blocked)

    async def cut(self) -> None:
        """Lose the connection, and every attempt to open another one."""
        self._cable.cut(urlsplit(self._client.url).port or 0)

    async def mend(self) -> None:
        """Be able to connect again."""
        self._cable.mend()

    async def obey(self, line: bytes) -> None:
        """Do what a line says, and answer."""
        order = json.loads(line)
        try:
            value = await getattr(self, order["do"])(*order["with"])
        except ClientError as error:
            tell(answer=order["id"], refused=getattr(error, "code", None), reason=str(error))
        else:
            tell(answer=order["id"], value=value)


async def lines() -> AsyncIterator[bytes]:
    """Read standard input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


async def main(url: str, name: str) -> None:
    """Connect, and obey until standard input ends."""
    cable = Cable()
    token = os.environ.get("PRESENCE_TOKEN", "")
    async with Pulse() as pulse, connect(url, token=token, name=name, pulse=pulse, dial=cable.dial) as client:
        puppet = Puppet(client, cable)
        pulse.add(puppet.show)
        async with asyncio.TaskGroup() as deeds:
            async for line in lines():
                deeds.create_task(puppet.obey(line))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
