"""A room: one clock, one inbox, and the tick that turns what members send into what each of them sees.

    drain      inbox -> accepted poses and commands carried out
    simulate   consequences: permission refreshed, roster brought up to date
    select     who wants to see whom
    encode     what each is told, every record packed once
    fan_out    one write for each member: events, correction, snapshot

Owns its State and nothing outside it: no clock, no other room, and sockets by their number only. A member's fault is
reported, never raised; the caller of a tick closes that member and the room goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from presence import (
    budget,
    interest,
    kernels,
    moderation,
    movement,
    objects,
    pins,
    roster,
    snapshot,
    speech,
    viewpoints,
)
from presence.entities import Body
from presence.history import History
from presence.identity import INSTRUCTOR, SPECTATOR
from presence.inbox import Inbox
from presence.limits import pace_of
from presence.moderation import MODERATORS
from presence.permission import block, may_know
from presence.rings import RATE_CLASSES, Detail, Ring, are_nested
from presence.state import Report, Seat, State
from presence.views import NOTHING, STRETCH, Sightings, Views, is_turn, keys_of
from protocol.codec import encode
from protocol.errors import Close, ProtocolError, Refusal, Refused
from protocol.framing import Framing, frame
from protocol.schema import (
    SPEC_OF,
    Cause,
    Chat,
    Correction,
    Despawn,
    Gesture,
    GoTo,
    Grab,
    Joined,
    LookFrom,
    Moderate,
    Move,
    Person,
    Pose,
    Rate,
    Release,
    Resync,
    SetStatus,
    Spawn,
    Teleport,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from presence.entities import Mask, Rows
    from presence.identity import Identity
    from presence.inbox import Batch
    from presence.state import Member, WriteEach
    from presence.world import World

MAX_CAPACITY = 5000
QUIET_S = 5  # after which a snapshot is sent although nothing happened: what is held is confirmed
# Up to so many, everybody at once, tracked, entering at the same tick, with every object, fits one snapshot (60 KB
# of 64); in a larger room budgets must see to it.
_UNBUDGETED_CAPACITY = 1000
_MAX_BUDGET_BYTES_PER_S = 200_000
_SLOWEST_TICKS = 1 << RATE_CLASSES - 1  # after so many without a change everybody has been told everything
_LOOKS_EVERY_TICKS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What may differ between rooms."""

    capacity: int = _UNBUDGETED_CAPACITY
    tick_hz: int = 20
    interest_radius_mm: int = 10_000
    look_every_ticks: int = 1  # how often an observer looks around for who came near or went away
    rings: tuple[Ring, ...] = (Ring(reach_mm=1, rate=0, detail=Detail.FULL),)  # where the world says none
    own_rings: tuple[Ring, ...] = ()  # instead of the world's too
    budget_bytes_per_s: int = 1_000_000_000  # of snapshots, for each observer
    pinned_roles: frozenset[str] = frozenset({INSTRUCTOR})  # whoever has one of these is in sight at any distance
    viewpoint_roles: frozenset[str] = frozenset({INSTRUCTOR, SPECTATOR, *MODERATORS})  # may look from elsewhere too
    pose_rate: Rate | None = SPEC_OF[Pose].rate  # of each member; None: however often

    def __post_init__(self) -> None:
        """Check what the wire, the arena and the views rely on."""
        if not are_nested(self.rings) or (self.own_rings and not are_nested(self.own_rings)):
            raise ValueError("rings are listed from the inside out, one at least")
        if self.look_every_ticks not in _LOOKS_EVERY_TICKS:
            raise ValueError(f"observers look every {self.look_every_ticks} ticks, expected 1, 2, 4 or 8")
        if not 1 <= self.capacity <= MAX_CAPACITY:
            raise ValueError(f"room capacity is {self.capacity}, expected 1 to {MAX_CAPACITY}")
        if self.capacity > _UNBUDGETED_CAPACITY and self.budget_bytes_per_s > _MAX_BUDGET_BYTES_PER_S:
            raise ValueError(
                f"a room for {self.capacity} needs budgets of {_MAX_BUDGET_BYTES_PER_S} bytes/s at the most"
            )


class Room:
    """A shared space of one world."""

    def __init__(
        self, name: str, world: World, settings: RoomSettings, now: float, write_each: WriteEach | None = None
    ) -> None:
        self.name = name
        self.world = world
        self.settings = settings
        self.radius_mm = settings.interest_radius_mm if world.sight_mm is None else world.sight_mm
        self.rings = settings.own_rings or world.rings or settings.rings
        self.tick_number = 0
        self.is_stretched = False  # observers look around more rarely
        self.state = State(name, world, now, settings.pinned_roles, settings.viewpoint_roles)
        self.history = History(settings.look_every_ticks)
        self.inbox = Inbox()
        self._pace = (0.0, inf) if settings.pose_rate is None else pace_of(settings.pose_rate)
        self._write_each = write_each or _leave_to_writers
        self._views = Views(settings.look_every_ticks)
        self._joins = 0
        self._corrections: dict[int, int] = {}  # row -> cause, until it can be written
        self._stalled: set[int] = set()  # rows whose sockets were full at the last select
        # what one stage of a tick leaves to the next
        self._now = now
        self._required: NDArray[np.uint64]
        self._isolated: NDArray[np.int16]
        self._moved: Rows
        self._asked: Rows
        self._observers: Rows
        self._recovered: set[int]
        self._stirred_tick = 0  # the last at which somebody moved, came, went, was lost, or may see somebody else
        self._refocused: Rows
        self._wishes: snapshot.Wishes
        self._tables: snapshot.Tables
        objects.furnish(self.state, now)

    def __len__(self) -> int:
        """Count the seats taken, held ones included."""
        return len(self.state.seats)

    # --- members --------------------------------------------------------------------------------------------

    def join(self, member: Member, ref: int, now: float) -> int:
        """Give a member a seat at a spawn point, and queue `joined` for it. Returns its row.

        Raises Refused when the room is full (held seats count) or locked.
        """
        state = self.state
        if len(state.seats) >= self.settings.capacity:
            raise Refused(Refusal.ROOM_FULL, f"room {self.name} is full; try again later or another room")
        if state.is_locked and not moderation.may_moderate(member.identity):
            raise Refused(Refusal.ROOM_LOCKED, f"room {self.name} is closed to newcomers; ask a moderator")
        entities = state.entities
        try:
            row = entities.add(Body.ROOT, now)
        except OverflowError:
            raise Refused(Refusal.ROOM_FULL, f"room {self.name} has no entity id to spare; try again later") from None
        state.seats[row] = Seat(member)
        self.heed(row)
        spawn = self._joins % len(self.world.spawns_mm)
        self._joins += 1
        movement.place(entities, self.world, row, self.world.spawns_mm[spawn], now)
        entities.yaw[row] = self.world.spawn_yaw[spawn]
        self.allot(row)
        snapshot.introduce(entities, row, self.tick_number)
        entities.wants_full[row] = True
        entities.is_websocket[row] = member.framing is Framing.WEBSOCKET
        self.refresh(row)
        x, y, z = entities.position[row].tolist()
        joined = Joined(
            seq=0,
            ref=ref,
            room=self.name,
            world=self.world.name,
            world_digest=self.world.digest,
            entity=int(entities.id[row]),
            generation=int(entities.generation[row]),
            tick_hz=self.settings.tick_hz,
            radius_mm=self.radius_mm,
            x=x,
            y=y,
            z=z,
            yaw=int(entities.yaw[row]),
            locked=state.is_locked,
            budget_bytes_per_s=self.settings.budget_bytes_per_s,
        )
        state.tell([row], joined)
        return row

    def leave(self, row: int, now: float) -> None:
        """Take a member out: what it holds is returned, and others are told at the next tick."""
        state = self.state
        objects.drop_all(state, row)
        seat = state.seats.pop(row)
        state.writers.pop(row, None)
        objects.disown(state, seat.member)
        self.history.forget(state.entities, np.array([row]))
        state.entities.remove(row, now)
        state.changed_entries.add(row)
        state.with_events.discard(row)
        self._corrections.pop(row, None)

    def set_away(self, row: int) -> None:
        """Show a member as away: its connection is lost, its seat is held."""
        self.state.seats[row].is_away = True
        self.heed(row)
        self.state.changed_entries.add(row)
        self._stirred_tick = self.tick_number

    def resume(self, row: int) -> None:
        """Take a member back: the same entity, and a full snapshot next."""
        seat = self.state.seats[row]
        seat.is_away = False
        self.heed(row)
        self.state.entities.is_websocket[row] = seat.member.framing is Framing.WEBSOCKET
        self.state.changed_entries.add(row)
        self.state.entities.wants_full[row] = True
        self.state.with_events.add(row)

    def heard_at(self, row: int) -> float:
        """Return when a member's last pose came, as of the last tick; server clock, seconds."""
        return float(self.state.entities.heard_at[row])

    def heed(self, row: int) -> None:
        """Note whether a member's socket takes more, which the member says whenever it changes."""
        member, entities = self.state.seats[row].member, self.state.entities
        writer = member.writer
        entities.is_writable[row], entities.socket[row] = writer is not None, member.socket
        if writer is not None:
            self.state.writers[row] = writer
        else:
            self.state.writers.pop(row, None)

    def refresh(self, row: int) -> None:
        """Take over a member's identity and blocks, new or changed; who may see whom follows at the next tick."""
        state = self.state
        member = state.seats[row].member
        state.entities.grants[row] = self.world.clearance_bits(member.identity.grants)
        state.entities.is_unseen[row] = SPECTATOR in member.identity.roles
        if state.entities.is_unseen[row]:
            objects.drop_all(state, row)
        pins.update(state, row)
        viewpoints.update(state, row)
        if state.entities.has_blocks or member.blocks or any(seat.member.blocks for seat in state.seats.values()):
            self._refresh_blocks(row)
        state.changed_entries.add(row)
        state.changed_permissions.add(row)

    def _refresh_blocks(self, row: int) -> None:
        member, entities = self.state.seats[row].member, self.state.entities
        for other, seat in self.state.seats.items():
            is_blocked = other != row and moderation.is_blocked(member.identity, member.blocks, seat.member)
            block(entities, row, other, is_blocked)

    def allot(self, row: int) -> None:
        """Take over which budget a member asks for, new or changed; what it is told of follows at its next look."""
        settings, asked = self.settings, self.state.seats[row].member.budget_bytes_per_s
        self.state.entities.budget[row] = budget.allowed(asked, settings.budget_bytes_per_s) / settings.tick_hz
        self._stirred_tick = self.tick_number  # looks are not repeated as they were

    def people_for(self, viewer: Identity, blocks: AbstractSet[str]) -> list[Person]:
        """List whom somebody may know of who asks from outside the room: by clearance, and by blocks of either side."""
        state = self.state
        rows = state.seat_rows()
        bits = np.uint64(self.world.clearance_bits(viewer.grants))
        known = rows[may_know(state.entities, rows, bits)]
        return [
            roster.person(state, row)
            for row in known.tolist()
            if not moderation.is_blocked(viewer, blocks, state.seats[row].member)
        ]

    def view_of(self, row: int) -> Sightings:
        """List whom a member has been told that it sees, and in which records. Between two ticks."""
        view = self._views.of(self.state.entities, row)
        return view.where(self.state.entities.given[row, view.subjects])

    def slowest_ticks(self) -> int:
        """Return after how many ticks, at the latest, anybody who can be told is told of what it sees."""
        return 1 << self._views.slowest_rate()

    def stretch(self, is_stretched: bool) -> None:
        """Let observers look around more rarely, or as usual again, from the next tick on."""
        if is_stretched != self.is_stretched:
            self.is_stretched = is_stretched
            self._stirred_tick = self.tick_number  # whoever was passed over has a look to come

    # --- receiving ------------------------------------------------------------------------------------------

    def receive(self, row: int, message: Any) -> None:
        """Take a message that belongs to a room, decoded; poses go to the inbox as they are."""
        self.inbox.add(row, message)

    # --- the tick -------------------------------------------------------------------------------------------

    def tick(self, now: float) -> Report:
        """Run one whole tick. `now`: server clock, seconds, the time that the snapshots speak of."""
        if self.rest():
            return Report(tick=self.tick_number)
        self.drain(now)
        self.simulate()
        self.select()
        self.encode()
        return self.fan_out()

    def rest(self) -> bool:
        """Let a tick pass in which nothing happens, if this is one; tells whether it was. Cost: some 5 µs.

        Nobody sent anything, everybody was told everything, and it is no whole second, at which the silence is broken.
        """
        state, tick = self.state, self.tick_number + 1
        is_quiet = tick - self._stirred_tick > _SLOWEST_TICKS and tick % self.settings.tick_hz != 0
        to_tell = (state.with_events, state.early, state.changed_entries, state.changed_permissions, self._corrections)
        if not is_quiet or not self.inbox.is_empty or state.moved or self._stalled or any(to_tell):
            return False
        self.tick_number = self.history.tick = tick
        budget.let_fade(state.entities)
        return True

    def drain(self, now: float) -> None:
        """Apply poses and carry out commands, in order of arrival."""
        self.tick_number += 1
        self._now = now
        state = self.state
        state.report.tick = self.tick_number
        state.entities.recycle()
        self._required, self._isolated = state.entities.requires.copy(), state.entities.isolation.copy()
        has_moved = np.zeros(state.entities.capacity, np.bool_)
        for segment in self.inbox.take():
            for batch in segment.batches:
                has_moved[self._apply(batch)] = True
            for row, command in segment.commands:
                self._carry_out(row, command, now)
        moved = np.flatnonzero(has_moved)
        if state.moved:
            moved = np.union1d(moved, list(state.moved))  # the room may have grown meanwhile
            state.moved.clear()
        self._moved = moved[state.entities.is_alive[moved]]

    def simulate(self) -> None:
        """Follow up on what moved into or out of a zone with rules for sight, then bring the roster up to date."""
        entities, changed = self.state.entities, self.state.changed_permissions
        isolated: list[int] = []
        if len(self._moved):  # nobody else comes into another zone
            changed.update(_differing(entities.requires, self._required))
            isolated = _differing(entities.isolation, self._isolated)
        self._refocused = np.array(sorted(changed.union(isolated)), np.intp)
        roster.update(self.state)

    def select(self) -> None:
        """Find who can be written to, and what they want to see; who could not looks around as soon as it can."""
        entities, seats = self.state.entities, self.state.seats
        everybody, gone = self.state.seat_rows(), self._refocused
        if len(leaving := entities.leaving()):
            gone = np.union1d(gone, leaving)
        if len(self._moved) or len(gone) or self._stalled or entities.wants_full[everybody].any():
            self._stirred_tick = self.tick_number
        is_news = self.tick_number - self._stirred_tick <= _SLOWEST_TICKS
        self._asked = asked = everybody if is_news else everybody[self._is_owed(everybody)]
        is_writable = entities.is_writable[asked]
        stalled = {row for row in asked[~is_writable].tolist() if not seats[row].is_away}
        self._recovered, self._stalled = self._stalled - stalled, stalled
        self._observers = observers = self._views.order(entities, asked[is_writable])
        self.state.report.stalled = len(stalled)
        starts_over = entities.wants_full[observers]
        self.history.forget(entities, observers[starts_over])
        if starts_over.any():
            entities.forget_held(observers[starts_over])
        is_out_of_turn = np.zeros(entities.capacity, np.bool_)
        is_out_of_turn[self._refocused] = True
        is_out_of_turn[list(self._recovered)] = True
        looking = starts_over | is_out_of_turn[observers]
        turn_ticks = self._look_every_ticks
        if self.tick_number - self._stirred_tick <= turn_ticks:  # else nothing is new since anybody's last look
            looking |= is_turn(entities.id[observers], self.tick_number, turn_ticks)
        wanted = self._look(observers[looking]) if looking.any() else NOTHING
        holders, lost = interest.forbidden(entities, gone)
        is_told = np.zeros(entities.capacity, np.bool_)
        is_told[observers[~looking]] = True
        told = is_told[holders]
        lost_pairs = holders[told], lost[told]
        self._wishes = snapshot.Wishes(observers, looking, wanted, lost_pairs, is_news, turn_ticks)

    @property
    def _look_every_ticks(self) -> int:
        return self.settings.look_every_ticks * (STRETCH if self.is_stretched else 1)

    def _is_owed(self, rows: Rows) -> Mask:
        return snapshot.is_owed(self.state.entities, rows, self._quiet_since)

    @property
    def _quiet_since(self) -> int:
        """Whoever was told nothing since that tick is told that nothing happened; looked at once a second."""
        tick, tick_hz = self.tick_number, self.settings.tick_hz
        return tick - QUIET_S * tick_hz if tick % tick_hz == 0 else -1

    def encode(self) -> None:
        """Pack every record that somebody is due."""
        entities, tick = self.state.entities, self.tick_number
        self._tables = snapshot.encode(entities, self._views, self._wishes, self._moved, tick, self._now)
        stalled = np.fromiter(self._stalled, np.intp, len(self._stalled))
        self.history.note(
            entities,
            tick,
            self._refocused,
            self._asked,
            stalled,
            self._wishes,
            self._tables,
            self._look_every_ticks,
        )

    def fan_out(self) -> Report:
        """Write to every member what it is due: events, then a correction, then its snapshot, in one write.

        A member whose socket was full until now is written a copy: were it to fill up again, it would keep the arena.
        """
        state = self.state
        writers = state.writers
        frames = snapshot.lay_out(
            state.entities,
            self._tables,
            self.tick_number,
            state.time_ms(self._now),
            self._quiet_since,
            is_stretched=self.is_stretched,
        )
        budget.settle(state.entities, self._observers, frames, is_stretched=self.is_stretched)
        first = self._first_words()
        special = self._recovered | first.keys()
        starts, arena = self._write_at_once(frames, special), frames.arena.data
        left = np.flatnonzero(starts < frames.ends)
        rests = zip(frames.rows[left].tolist(), starts[left].tolist(), frames.ends[left].tolist(), strict=True)
        for row, start, end in rests:
            if row in special:
                writers[row](b"".join((first.pop(row, b""), arena[start:end])))
            else:
                writers[row](arena[start:end])
        for row, words in first.items():
            writers[row](words)
        return self._reported(frames)

    # --- inside ---------------------------------------------------------------------------------------------

    def _write_at_once(self, frames: snapshot.Frames, special: AbstractSet[int]) -> NDArray[np.int64]:
        """Write frames to the plain sockets of all but some rows, in one go. Returns where the rest of each begins."""
        sockets, starts = self.state.entities.socket[frames.rows], frames.starts.copy()
        some = sockets >= 0
        if special:
            some &= ~np.isin(frames.rows, list(special))
        starts[some] += self._write_each(sockets[some], frames.arena, starts[some], frames.ends[some])
        return starts

    def _look(self, looking: Rows) -> Sightings:
        """Find whom the observers `looking`, in the order of views, want to see."""
        entities, settings = self.state.entities, self.settings
        pairs = interest.select(entities, looking, self.radius_mm)
        rate, detail = interest.classify(self.rings, pairs.apart)
        ticks, is_stretched = settings.look_every_ticks, self.is_stretched
        ration = budget.grant(entities, looking, pairs, rate, detail, ticks, is_stretched=is_stretched)
        wanted = Sightings.new(pairs.observers, keys_of(pairs.subjects, ration.rate, detail))
        wanted = wanted.where(ration.is_admitted)
        entities.is_short[looking] = ration.is_short
        self.history.ration(entities, looking, is_short=bool(ration.is_short.any()))
        if len(wanted) < len(pairs.subjects):
            self._stirred_tick = self.tick_number  # the others are admitted at a later look
        return wanted

    def _first_words(self) -> dict[int, bytes]:
        """Collect what comes before the snapshot for members that can be written to: pending events and corrections."""
        state = self.state
        words: dict[int, bytes] = {}
        for row in [row for row in state.with_events if row in state.writers]:
            state.with_events.discard(row)
            if pending := state.seats[row].member.pending():
                words[row] = pending
        state.report.event_bytes += sum(map(len, words.values()))
        for row in [row for row in self._corrections if row in state.writers]:
            words[row] = words.get(row, b"") + self._correction(row, self._corrections.pop(row))
        return words

    def _correction(self, row: int, cause: int) -> bytes:
        entities = self.state.entities
        x, y, z = entities.position[row].tolist()
        self.state.report.corrections += 1
        correction = Correction(int(entities.ack[row]), cause, x, y, z, int(entities.yaw[row]))
        return frame(self.state.seats[row].member.framing, encode(correction))

    def _reported(self, frames: snapshot.Frames) -> Report:
        report, self.state.report = self.state.report, Report()
        report.snapshots = len(frames.rows)
        report.snapshot_bytes = int((frames.ends - frames.starts).sum())
        report.updates, report.enters, report.leaves = (
            self._tables.updates,
            self._tables.enters,
            self._tables.leaves,
        )
        return report

    def _apply(self, batch: Batch) -> Rows:
        """Apply one batch of poses; return the rows that moved."""
        entities = self.state.entities
        is_seated = entities.is_alive[batch.rows] & (entities.body[batch.rows] != Body.THING)
        is_paced = kernels.paced(batch.rows, batch.received, entities.paced_until, entities.heard_at, *self._pace)
        if not is_paced.all():
            self._count_overruns(batch.rows[is_seated & ~is_paced])
            is_seated &= is_paced
        for row in batch.rows[is_seated & ~batch.is_good].tolist():
            self._fault(row, ProtocolError(Close.MALFORMED, "pose: record out of bounds"))
        good = is_seated & batch.is_good
        self.state.report.poses += int(np.count_nonzero(good))
        moved, corrected, causes = movement.apply(
            entities, self.world, batch.kind, batch.rows[good], batch.table[good], batch.received[good]
        )
        for row, cause in zip(corrected.tolist(), causes.tolist(), strict=True):
            if self._corrections.get(row) != Cause.MOVED:  # poses it sent before it knew are no news
                self._corrections[row] = cause
        return moved

    def _count_overruns(self, rows: Rows) -> None:
        senders, counts = np.unique(rows, return_counts=True)
        for row, count in zip(senders.tolist(), counts.tolist(), strict=True):
            try:
                self.state.seats[row].member.count_overrun(count, self._now)
            except ProtocolError as error:
                self._fault(row, error)

    def _fault(self, row: int, error: ProtocolError) -> None:
        self.state.report.faults.append((self.state.seats[row].member, error))

    def _carry_out(self, row: int, command: Any, now: float) -> None:
        if row not in self.state.seats:
            return  # left after sending it
        try:
            if self.state.entities.is_unseen[row] and type(command) in _SHOWN:
                raise Refused(Refusal.NOT_ALLOWED, "spectators only look")  # noqa: TRY301  refused like all others
            if type(command) in _OWN:
                _OWN[type(command)](self, row, command, now)
            else:
                _RULES[type(command)](self.state, row, command, now)
        except Refused as refused:
            self.state.refuse(row, getattr(command, "ref", 0), refused)

    def _resync(self, row: int, _message: Resync, _now: float) -> None:
        self.state.entities.wants_full[row] = True

    def _teleport(self, row: int, message: Teleport, now: float) -> None:
        """Jump: the allowance is filled up, and others see a discontinuity."""
        state, entities = self.state, self.state.entities
        place = (message.x, message.y, message.z)
        target = np.array([place], dtype=np.int32)
        self._check_rested(row, now)
        if state.distance_mm(row, place) > movement.TELEPORT_REACH_MM:
            raise Refused(Refusal.OUT_OF_REACH, f"too far; jump at most {movement.TELEPORT_REACH_MM / 1000:.0f} m")
        if not self.world.in_bounds(target)[0]:
            raise Refused(Refusal.BAD_PLACE, "outside the world's bounds")
        if not self.world.on_floor(target)[0]:
            raise Refused(Refusal.BAD_PLACE, "no floor there; name a place within 0.3 m of a floor's height")
        if movement.zone_cause(entities, self.world, np.array([row]), target)[0] != movement.FINE:
            raise Refused(Refusal.NOT_ALLOWED, "that zone is full, or needs a clearance you do not have")
        self._jump(row, target[0], message.yaw, now)
        if movement.is_newer(np.array([message.seq], np.uint32), entities.ack[[row]])[0]:
            entities.ack[row] = message.seq
        state.done(row, message.ref)

    def _go_to(self, row: int, message: GoTo, now: float) -> None:
        """Jump to a free place beside a person; a correction tells the member where that is."""
        state, entities = self.state, self.state.entities
        person = state.visible_person(row, message.entity)
        self._check_rested(row, now)
        if person == row:
            raise Refused(Refusal.NOT_ALLOWED, "you are with yourself already")
        if movement.zone_cause(entities, self.world, np.array([row]), entities.position[[person]])[0] != movement.FINE:
            raise Refused(Refusal.NOT_ALLOWED, "the zone they are in is full")
        found = movement.place_beside(entities, self.world, row, person)
        if found is None:
            raise Refused(Refusal.OUT_OF_REACH, "no place beside them is free; walk there, or try again later")
        place, yaw = found
        objects.carry_along(state, row, place - entities.position[row], now)
        self._jump(row, place, yaw, now)
        self._corrections[row] = Cause.MOVED
        state.done(row, message.ref)

    def _check_rested(self, row: int, now: float) -> None:
        if now < self.state.seats[row].jump_ready_at:
            raise Refused(Refusal.TOO_SOON, f"wait {movement.JUMP_REST_S} s between jumps")

    def _jump(self, row: int, place: NDArray[np.int32], yaw: int, now: float) -> None:
        state, entities = self.state, self.state.entities
        state.seats[row].jump_ready_at = now + movement.JUMP_REST_S
        movement.place(entities, self.world, row, place, now)
        entities.yaw[row], entities.jumped_tick[row] = yaw, self.tick_number
        state.moved.add(row)


def _leave_to_writers(
    sockets: NDArray[np.int32], _arena: NDArray[np.uint8], _starts: NDArray[np.int64], _ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Write nothing."""
    return np.zeros(len(sockets), np.int64)


def _differing(now: NDArray[Any], before: NDArray[Any]) -> list[int]:
    """List where a column differs from what it was; rows added since were 0."""
    was = np.zeros_like(now)
    was[: len(before)] = before
    return np.flatnonzero(now != was).tolist()


_OWN: dict[type[Any], Callable[[Room, int, Any, float], None]] = {
    GoTo: Room._go_to,  # noqa: SLF001  the table stands outside the class so that it can name its methods
    Resync: Room._resync,  # noqa: SLF001
    Teleport: Room._teleport,  # noqa: SLF001
}
# what others see or hear of who does it
_SHOWN = frozenset({Chat, Despawn, Gesture, Grab, Move, Release, SetStatus, Spawn})
_RULES: dict[type[Any], Callable[[State, int, Any, float], None]] = {
    Chat: speech.chat,
    Gesture: speech.gesture,
    SetStatus: speech.set_status,
    Spawn: objects.spawn,
    Grab: objects.grab,
    Move: objects.move,
    Release: objects.release,
    Despawn: objects.despawn,
    Moderate: moderation.moderate,
    LookFrom: viewpoints.look_from,
}
