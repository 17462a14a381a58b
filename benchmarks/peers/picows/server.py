"""picows on uvloop with a hand-written grid in plain Python: server.py PORT RADIUS_MM TICK_HZ.

A record is 17 bytes, little-endian: id u16, x y z i32 in mm, yaw u16, pitch i8. A pose as it comes in is the same
without the id. Records are stored packed, so that an observer's message is one join.
"""

from __future__ import annotations

import asyncio
import sys
from struct import Struct
from urllib.parse import parse_qs, urlsplit

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

_PLACE = Struct("<iii")
_POSE_BYTES = 15


class Member(WSListener):  # type: ignore[misc]
    """Somebody who is there."""

    def __init__(self, ident: int, members: set[Member]) -> None:
        self.x = self.y = self.z = 0
        self.head = ident.to_bytes(2, "little")
        self.record = self.head + bytes(_POSE_BYTES)
        self._members = members

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Come in."""
        self.transport = transport
        self._members.add(self)

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Take a pose."""
        if frame.msg_type == WSMsgType.BINARY:
            pose = frame.get_payload_as_bytes()
            self.x, self.y, self.z = _PLACE.unpack_from(pose)
            self.record = self.head + pose

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """Go."""
        self._members.discard(self)


def tell_everybody(members: set[Member], radius: int) -> None:
    """Send everybody the records of those who are near."""
    cells: dict[tuple[int, int], list[Member]] = {}
    for member in members:
        cells.setdefault((member.x // radius, member.z // radius), []).append(member)
    limit = radius * radius
    around = {
        (x, z): [other for dx in (-1, 0, 1) for dz in (-1, 0, 1) for other in cells.get((x + dx, z + dz), ())]
        for x, z in cells
    }
    for cell, inside in cells.items():
        others = around[cell]
        for member in inside:
            x, y, z = member.x, member.y, member.z
            near = [
                other.record
                for other in others
                if (other.x - x) ** 2 + (other.z - z) ** 2 + (other.y - y) ** 2 <= limit and other is not member
            ]
            if near:
                member.transport.send(WSMsgType.BINARY, b"".join(near))


async def serve(port: int, radius: int, hz: float) -> None:
    """Let people in, and tick for ever, on a schedule that does not drift."""
    members: set[Member] = set()

    def member(request: WSUpgradeRequest) -> Member:
        return Member(int(parse_qs(urlsplit(request.path.decode()).query)["number"][0]), members)

    await ws_create_server(member, "127.0.0.1", port, backlog=1024)
    loop = asyncio.get_running_loop()
    at = loop.time()
    while True:
        at = max(at + 1 / hz, loop.time() - 1 / hz)
        await asyncio.sleep(at - loop.time())
        tell_everybody(members, radius)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
