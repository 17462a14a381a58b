"""One small play, always the same: what a seeded crowd does in a room, and a digest of every byte the room writes.

The record in golden_trace.txt has a line for each tick: its number, how many writes and bytes, and the beginning of
their SHA-256. Every number that goes in is an integer, or a time that doubles add up the same everywhere. After a
change that is meant to change bytes, look at which ticks differ, then write the record anew with

    python -m tests.simulation.golden_trace
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from presence.room import RoomSettings
from protocol import schema
from protocol.errors import Refused
from protocol.framing import Framing
from tests.rooms import Stage, Visitor, identity, world, zone

if TYPE_CHECKING:
    from presence.world import World

RECORD = Path(__file__).with_suffix(".txt")
SEED = 1923
TICKS = 240
DIGEST_CHARACTERS = 16

MOST_PEOPLE = 12
REACH_MM = 900


def plaza() -> World:
    """Make a place with a wall, something that lies about, and a zone of every kind."""
    return world(
        bounds={"min": [-30, -2, -30], "max": [30, 8, 30]},
        spawns=[(0, 0, 0), (4, 0, -4), (-6, 0, 6)],
        walls=[{"from": [2, 2], "to": [2, 9], "base": 0, "height": 3}],
        clearances=["vault"],
        zones=[
            zone("vault", (5, 0, 5), (12, 3, 12), clearance=["vault"]),
            zone("cell", (-12, 0, -12), (-5, 3, -5), isolated=True),
            zone("booth", (5, 0, -12), (12, 3, -5), speech_private=True, capacity=2),
        ],
        props={
            "kinds": [{"kind": "bag", "grabbable": True}, {"kind": "sign", "grabbable": False}],
            "objects": [{"kind": "sign", "position": [0, 2, -1]}, {"kind": "bag", "position": [1, 0, 0]}],
        },
    )


class Actor(Visitor):
    """A visitor with a place of its own, in millimetres."""

    x, y, z = 0, 0, 0
    is_tracked = False


class Play:
    """A room, the people in it, and the dice that say what they do."""

    def __init__(self, seed: int = SEED) -> None:
        self.dice = Random(seed)
        self.stage = Stage(plaza(), RoomSettings(capacity=MOST_PEOPLE, interest_radius_mm=8000))
        self.actors: list[Actor] = []
        self.heard: set[type] = set()
        self._came = 0

    def tick(self) -> str:
        """Let everybody act, run a tick, and return its line of the record."""
        if len(self.actors) < MOST_PEOPLE and self._happens(300):
            self._enter()
        for actor in list(self.actors):
            self._act(actor)
        report = self.stage.tick()
        digest, writes, size = hashlib.sha256(), 0, 0
        for actor in self.actors:
            digest.update(actor.user.encode())
            for data in actor.written:
                digest.update(data)
                writes, size = writes + 1, size + len(data)
            self.heard.update(map(type, actor.heard))
            for correction in actor.all(schema.Correction):
                actor.x, actor.y, actor.z = correction.x, correction.y, correction.z
        return f"{report.tick:3} {writes:2} {size:5} {digest.hexdigest()[:DIGEST_CHARACTERS]}"

    # --- what may happen ----------------------------------------------------------------------------------------------

    def _is_here(self, actor: Actor) -> bool:
        return actor in self.actors and not actor.is_lost

    def _happens(self, per_mille: int) -> bool:
        return self.dice.randrange(1000) < per_mille

    def _some(self, reach: int) -> int:
        return self.dice.randrange(-reach, reach + 1)

    def _enter(self) -> None:
        self._came += 1
        roles = ["moderator"] if self._came % 5 == 1 else []
        grants = ["vault"] if self._came % 2 else []
        framing = Framing.WEBSOCKET if self._came % 3 else Framing.TCP
        actor = Actor(identity(f"u{self._came}", roles, grants), framing)
        try:
            self.stage.admit(actor)
        except Refused:
            return  # a moderator has locked the room
        actor.x, actor.y, actor.z = self.stage.room.state.entities.position[actor.row].tolist()
        actor.is_tracked = self._came % 4 == 0
        self.actors.append(actor)

    def _act(self, actor: Actor) -> None:
        if actor.is_lost:
            if self._happens(100):
                self.stage.resume(actor)
            return
        if self._happens(15):
            actor.is_writable = False
        elif self._happens(300):
            actor.is_writable = True
        if self._happens(800):
            self._walk(actor)
        for deed, per_mille in (
            (self._jump, 15),
            (self._speak, 30),
            (self._handle, 60),
            (self._change, 20),
            (self._part, 10),
        ):
            if self._happens(per_mille) and self._is_here(actor):
                deed(actor)

    def _walk(self, actor: Actor) -> None:
        step = 5000 if self._happens(15) else 250  # now and then faster than anybody can
        actor.x, actor.z = actor.x + self._some(step), actor.z + self._some(step)
        actor.y = self._some(40) if self._happens(100) else actor.y
        actor.is_tracked ^= self._happens(10)
        at, yaw, age = (
            (actor.x / 1000, actor.y / 1000, actor.z / 1000),
            self.dice.randrange(65536),
            self.dice.randrange(20),
        )
        if actor.is_tracked:
            head, hand, turn = 1600 + self._some(60), self._some(150), self.dice.randrange(2**32)
            self.stage.reach(actor, at, yaw=yaw, age=age, head_y=head, left_x=hand, right_orientation=turn)
        else:
            self.stage.walk(actor, at, yaw=yaw, age=age, pitch=self._some(127))

    def _jump(self, actor: Actor) -> None:
        actor.seq += 1
        actor.x, actor.y, actor.z = actor.x + self._some(9000), 0, actor.z + self._some(9000)
        self.stage.send(actor, schema.Teleport, actor.seq, actor.x, actor.y, actor.z, self.dice.randrange(65536))

    def _speak(self, actor: Actor) -> None:
        whom = self.dice.choice(self.actors).entity
        if self._happens(300):
            self.stage.send(actor, schema.Gesture, self.dice.choice(list(schema.Emote)))
        else:
            self.stage.send(actor, schema.Chat, self.dice.choice(list(schema.Channel)), whom, f"word {whom} é")

    def _handle(self, actor: Actor) -> None:
        """Do something with an object; much of it is refused, which is written too."""
        place = (actor.x + self._some(REACH_MM), actor.y, actor.z + self._some(REACH_MM))
        turn = self.dice.randrange(2**32)
        mine = [thing for thing in actor.things.values() if thing.holder == actor.entity]
        if mine:
            thing = self.dice.choice(mine)
            cls = self.dice.choice([schema.Move, schema.Move, schema.Release, schema.Despawn])
            pose = () if cls is schema.Despawn else (*place, turn)
            self.stage.send(actor, cls, thing.entity, thing.version, *pose)
        elif actor.things and self._happens(600):
            self.stage.send(actor, schema.Grab, self.dice.choice(sorted(actor.things)))
        else:
            self.stage.send(actor, schema.Spawn, "bag", *place, turn)

    def _change(self, actor: Actor) -> None:
        other = self.dice.choice(self.actors)
        deed = self.dice.randrange(5)
        if deed == 0 and other is not actor:
            self.stage.block(actor, other, is_blocked=other.user not in actor.blocks)
        elif deed == 1:
            actor.identity = identity(
                actor.user, sorted(actor.identity.roles), () if actor.identity.grants else ("vault",)
            )
            self.stage.room.refresh(actor.row)
        elif deed == 2:
            self.stage.send(actor, schema.Resync)
        elif deed == 3:
            self.stage.send(actor, schema.SetStatus, self.dice.choice(list(schema.Status)))
        else:
            action = self.dice.choice(
                [schema.Action.MUTE, schema.Action.UNMUTE, schema.Action.LOCK, schema.Action.UNLOCK]
            )
            self.stage.send(actor, schema.Moderate, action, other.entity, "order")

    def _part(self, actor: Actor) -> None:
        if self._happens(300):
            self.stage.exit(actor)
            self.actors.remove(actor)
        else:
            self.stage.lose(actor)


def trace() -> list[str]:
    """Play the play; return the lines of its record."""
    play = Play()
    return [play.tick() for _ in range(TICKS)]


if __name__ == "__main__":
    RECORD.write_text("\n".join(trace()) + "\n")
