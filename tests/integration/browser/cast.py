"""People for pictures and crowds: avatars that stand where a world's spawn points put them, and do what they are told.

They run in a thread of their own, over the Python SDK, and leave when the cast is dismissed.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Self

from presence_client import Client, Part, connect
from presence_client.pulse import Pulse
from protocol.schema import Emote, Status
from tests.integration.browser.visitor import Vector

ENTRANCE_S = 120.0
PULSE_SLICES = 5


@dataclass(frozen=True)
class Role:
    """One of the cast: the token (or, for a guest, the name) and what is done once everybody stands."""

    token: str = ""
    name: str = ""
    status: Status = Status.AVAILABLE
    says: str = ""
    emote: Emote | None = None
    hands: tuple[Vector, Vector, Vector] | None = None  # head, left and right, relative to the feet: a tracked body
    pitch: float = 0.0


class Cast:
    """Everybody in one room; `with Cast(url, "hq", roles) as cast`. They take the spawn points in their order."""

    def __init__(self, url: str, room: str, roles: list[Role], world: str = "") -> None:
        self._url, self._room, self._roles, self._world = url, room, roles, world
        self._clients: list[Client] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._play(),), daemon=True)
        self._is_on = threading.Event()
        self._over = asyncio.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_on.wait(ENTRANCE_S), "the cast is not on in time"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def perform(self) -> None:
        """Let everybody say their line and show their emote, now."""

        async def all_of_them() -> None:
            await asyncio.gather(*map(_perform, self._roles, self._clients))

        asyncio.run_coroutine_threadsafe(all_of_them(), self._loop).result(ENTRANCE_S)

    async def _play(self) -> None:
        try:
            async with Pulse(slices=PULSE_SLICES) as pulse, AsyncExitStack() as stack:
                for role in self._roles:
                    way_in = connect(self._url, token=role.token, name=role.name, watch=False, pulse=pulse)
                    client = await stack.enter_async_context(way_in)
                    self._clients.append(client)
                    await _take_place(role, client, self._room, self._world)
                self._is_on.set()
                await self._over.wait()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self._failure = error
        finally:
            self._is_on.set()


async def _take_place(role: Role, client: Client, room_name: str, world: str) -> None:
    room = await client.join(room_name, world)
    parts = None
    if role.hands is not None:
        head, left, right = (Part(at) for at in role.hands)
        parts = (head, left, right)
    room.move_to(replace(room.pose, pitch=role.pitch, parts=parts))
    if role.status != Status.AVAILABLE:
        await room.status(role.status)


async def _perform(role: Role, client: Client) -> None:
    room = client.room
    assert room is not None
    if role.says:
        await room.chat(role.says)
    if role.emote is not None:
        await room.gesture(role.emote)
