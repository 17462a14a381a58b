"""`websockets` as a first version is often written: server.py PORT RADIUS_MM TICK_HZ.

JSON in metres, everybody compared with everybody at each tick, each client awaited in turn.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

people: dict[ServerConnection, dict[str, Any]] = {}


async def handle(socket: ServerConnection) -> None:
    """Remember the newest pose of one client."""
    try:
        async for message in socket:
            people[socket] = json.loads(message)
    finally:
        people.pop(socket, None)


async def main(port: int, radius_m: float, hz: float) -> None:
    """Let people in, and tell everybody who is near, so many times a second."""
    async with serve(handle, "127.0.0.1", port):
        while True:
            await asyncio.sleep(1 / hz)
            for socket, me in list(people.items()):
                near = [
                    other
                    for neighbour, other in people.items()
                    if neighbour is not socket
                    and math.dist((me["x"], me["y"], me["z"]), (other["x"], other["y"], other["z"])) <= radius_m
                ]
                await socket.send(json.dumps({"people": near}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]) / 1000, float(sys.argv[3])))
