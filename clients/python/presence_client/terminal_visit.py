"""A visit to a room from the terminal: line by line, or as a live picture. Both take typed lines (`terminal_input`)."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live

from presence_client.client import Client
from presence_client.errors import ClientError
from presence_client.events import Ended, Offline, Online, RoomLost
from presence_client.keyboard import key_by_key, reading
from presence_client.meter import Meter
from presence_client.room import Room, bearing
from presence_client.terminal_input import HELP, Act, LineEditor, Quit, Unclear, understand
from presence_client.terminal_screen import Neighbour, Picture, amount, render
from protocol.schema import Channel, Emote, Gestured, Gone, Joined, Person, RoomState, Roster, Said, Status

REFRESH_HZ = 5.0
STATUS_EVERY_S = 5.0
LOG_LINES = 200

_CHANNELS = {Channel.ROOM: "", Channel.NEARBY: " (nearby)", Channel.DIRECT: " (to you alone)"}


async def stay(client: Client, seconds: float | None) -> None:
    """Wait until the time is up. Raises ClosedError where the session ends before."""
    with contextlib.suppress(TimeoutError):
        raise await asyncio.wait_for(client.wait_ended(), seconds)


async def _first_of(*waits: Any) -> None:
    """Wait for the first of these to end, and let its error out."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


class Visit:
    """Tells what happens as lines, and does what is typed."""

    def __init__(self, client: Client, room: Room, meter: Meter) -> None:
        self.client = client
        self.room = room
        self.meter = meter
        self.connection = "online"
        self._names = {entity: person.name for entity, person in room.people.items()}
        self._acting: set[asyncio.Task[None]] = set()
        for kind, tell in self._tellers().items():
            client.on(kind, tell)

    def say(self, line: str) -> None:
        """Show a line."""
        raise NotImplementedError

    def act(self, line: str) -> None:
        """Do what a typed line says. Raises Quit."""
        try:
            todo = understand(line)
        except Unclear as unclear:
            self.say(str(unclear))
            return
        if todo is not None:
            task = asyncio.create_task(self._try(todo))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)

    async def _try(self, todo: Act) -> None:
        try:
            await todo(self.room)
        except ClientError as error:
            self.say(f"! {error}")

    def network(self) -> str:
        """Describe the connection's quality in one line."""
        session, rates = self.client.session, self.meter.rates(asyncio.get_running_loop().time())
        trips = session.clock.round_trips_s
        ping = f"{trips[-1] * 1000:.1f} ms (best {min(trips) * 1000:.1f})" if trips else "not known yet"
        self._traffic = rates
        return (
            f"ping {ping} · jitter {session.playout.jitter_ms:.1f} ms · shown {session.playout.delay_ms:.0f} ms late"
            f" · {rates.snapshots:.1f} snapshots/s · {rates.records:.0f} poses/s"
        )

    def traffic(self) -> str:
        """Describe the bytes in one line; call after `network`."""
        lanes = ", ".join(f"{lane} {amount(rate)}" for lane, rate in self._traffic.received_bytes.items())
        total = sum(self._traffic.received_bytes.values())
        return f"in {amount(total)}/s ({lanes}) · out {amount(self._traffic.sent_bytes)}/s"

    def _tellers(self) -> dict[type[Any], Callable[[Any], None]]:
        return {
            Online: self._tell_online,
            Offline: self._tell_offline,
            Ended: lambda event: self.say(f"the session is over: {event.reason}"),
            RoomLost: lambda event: self.say(f"could not return to {event.room}: {event.reason}"),
            Joined: self._tell_joined,
            Roster: self._tell_roster,
            Gone: self._tell_gone,
            RoomState: lambda event: self.say("the room is locked" if event.locked else "the room is open"),
            Said: self._tell_said,
            Gestured: lambda event: self.say(f"* {self._name(event.entity)}: {Emote(event.emote).name.lower()}"),
        }

    def _tell_online(self, event: Online) -> None:
        self.connection = "online"
        self.say("back online" + (", in the same place" if event.resumed else ", in a new session"))

    def _tell_offline(self, event: Offline) -> None:
        self.connection = f"offline: {event.reason}"
        self.say(f"offline: {event.reason}; trying again in {event.retry_s:.1f} s")

    def _tell_joined(self, event: Joined) -> None:
        self._names.clear()
        self.say(f"entered {event.room} ({event.world}) as entity {event.entity}")

    def _tell_roster(self, event: Roster) -> None:
        for person in event.people:
            if person.entity not in self._names:
                self.say(f"+ {person.name} [{_badge(person)}], entity {person.entity}")
            self._names[person.entity] = person.name

    def _tell_gone(self, event: Gone) -> None:
        for entity in event.entities:
            if entity in self._names:
                self.say(f"- {self._names.pop(entity)}")

    def _tell_said(self, event: Said) -> None:
        self.say(f"{self._name(event.entity)}{_CHANNELS[Channel(event.channel)]}: {event.text}")

    def _name(self, entity: int) -> str:
        return self._names.get(entity, f"entity {entity}")


def _badge(person: Person) -> str:
    if person.guest:
        return "guest"
    return " ".join(filter(None, (person.agency, person.country))) or person.user


def _state(person: Person) -> str:
    words = [Status(person.status).name.lower().replace("_", " ")] if person.status else []
    words += ["connection lost"] if person.away else []
    words += ["muted"] if person.muted else []
    return ", ".join(words)


# --- line by line -----------------------------------------------------------------------------------------------------


class LineVisit(Visit):
    """Writes a line for everything that happens; reads chat from standard input, where that can be waited for."""

    def __init__(self, client: Client, room: Room, meter: Meter, write: Callable[[str], None]) -> None:
        super().__init__(client, room, meter)
        self._write = write

    def say(self, line: str) -> None:
        """Write a line."""
        self._write(line)

    async def run(self, seconds: float | None) -> None:
        """Stay. Raises ClosedError where the session ends by itself."""
        joined = self.room.joined
        self.say(f"entered {joined.room} ({joined.world}) as entity {joined.entity}")
        beat = asyncio.create_task(self._report())
        leaving = asyncio.Event()
        try:
            with reading(self._feed(LineEditor(), leaving)):
                await _first_of(stay(self.client, seconds), leaving.wait())
        finally:
            beat.cancel()

    def _feed(self, editor: LineEditor, leaving: asyncio.Event) -> Callable[[bytes], None]:
        def feed(data: bytes) -> None:
            try:
                for line in editor.feed(data):
                    self.act(line)
            except Quit:
                leaving.set()

        return feed

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            if self.client.room is self.room:
                people = f"{len(self.room.people)} people, {len(self.room.in_sight)} entities in sight"
                self.say(f"  {people} · {self.network()} · {self.traffic()}")


# --- live -------------------------------------------------------------------------------------------------------------


class LiveVisit(Visit):
    """Redraws the whole picture a few times a second, and has a line to type in."""

    def __init__(self, client: Client, room: Room, meter: Meter) -> None:
        self._log: deque[str] = deque([HELP], maxlen=LOG_LINES)
        self._editor = LineEditor()
        self._leaving = asyncio.Event()
        super().__init__(client, room, meter)

    def say(self, line: str) -> None:
        """Put a line into the log."""
        self._log.append(line)

    async def run(self, seconds: float | None) -> None:
        """Stay. Raises ClosedError where the session ends by itself."""
        console = Console()
        with Live(console=console, screen=True, auto_refresh=False) as live, key_by_key(), reading(self._feed):
            drawing = asyncio.create_task(self._draw(live, console))
            try:
                await _first_of(stay(self.client, seconds), self._leaving.wait())
            finally:
                drawing.cancel()

    def _feed(self, data: bytes) -> None:
        try:
            for line in self._editor.feed(data):
                self.act(line)
        except Quit:
            self._leaving.set()

    async def _draw(self, live: Live, console: Console) -> None:
        while True:
            live.update(render(self.picture(), console.height), refresh=True)
            await asyncio.sleep(1.0 / REFRESH_HZ)

    def picture(self) -> Picture:
        """Describe the present moment."""
        welcome = self.client.session.welcome
        is_here = self.client.room is self.room
        joined = self.room.joined if is_here else None
        me = f"{welcome.name}{' (guest)' if welcome.guest else ''}" if welcome else ""
        where = f"{joined.room} ({joined.world}), entity {joined.entity}" if joined else "in no room"
        return Picture(
            title=f"{me} · {where}",
            connection=self.connection,
            network=self.network(),
            traffic=self.traffic(),
            neighbours=_neighbours(self.room) if is_here else [],
            log=list(self._log),
            typed=self._editor.text,
        )


def _neighbours(room: Room) -> list[Neighbour]:
    own, here = room.entity, room.pose
    crowd = room.crowd()
    where = {int(entity): row.tolist() for entity, row in zip(crowd.ids, crowd.positions, strict=True)}
    found = []
    for entity, person in room.people.items():
        if entity != own:
            place = where.get(entity)
            distance = math.dist(here.position, place) if place else None
            angle = bearing(here, place) if place else None
            found.append(Neighbour(entity, person.name, _badge(person), _state(person), distance, angle))
    return found
