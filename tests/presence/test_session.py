"""presence.session: what each message of one person may do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from presence.budget import MIN_BYTES_PER_S
from presence.limits import MAX_OVERRUNS
from presence.room import RoomSettings
from presence.session import MAX_BLOCKS
from protocol.codec import encode
from protocol.errors import Close, Refusal
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import (
    MESSAGES,
    Ack,
    Block,
    Bye,
    Channel,
    Chat,
    Correction,
    Despawn,
    Done,
    Gesture,
    GoTo,
    Grab,
    Join,
    Joined,
    Leave,
    Left,
    LookFrom,
    Moderate,
    Move,
    Ping,
    Pong,
    Pose,
    Release,
    Renew,
    Resync,
    Said,
    Sender,
    SetBudget,
    SetStatus,
    Snapshot,
    Spawn,
    State,
    Teleport,
    Welcome,
)
from tests.hubs import Desk, Line, errors
from tests.rooms import input_record

EXAMPLES: dict[type[Any], Any] = {
    Join: Join(1, "lobby", ""),
    Leave: Leave(1),
    Pose: Pose(section_bytes(Section.ROOT_INPUT, input_record(Section.ROOT_INPUT, 1, (0, 0, 0)))),
    Teleport: Teleport(1, 1, 0, 0, 0, 0),
    Ping: Ping(1),
    Ack: Ack(0),
    Chat: Chat(1, 0, 0, "hello"),
    Gesture: Gesture(1, 0),
    SetStatus: SetStatus(1, 1),
    Spawn: Spawn(1, "cup", 0, 0, 0, 0),
    Grab: Grab(1, 9),
    Move: Move(9, 1, 0, 0, 0, 0),
    Release: Release(1, 9, 1, 0, 0, 0, 0),
    Despawn: Despawn(1, 9, 1),
    Block: Block(1, "u-eve", blocked=True),
    Moderate: Moderate(1, 3, 0, ""),
    Renew: Renew(1, "x"),
    Resync: Resync(),
    Bye: Bye(),
    GoTo: GoTo(1, 9),
    SetBudget: SetBudget(1, 16_000),
    LookFrom: LookFrom(1, 0, on=True, x=0, y=0, z=0),
}


def states(cls: type[Any]) -> tuple[State, ...]:
    """Return where a message may come."""
    return next(spec.states for spec in MESSAGES.values() if spec.cls is cls)


def in_a_room(desk: Desk) -> Line:
    """Connect somebody, and bring them into the lobby."""
    line = desk.guest()
    line.join()
    line.forget()
    return line


# --- states -----------------------------------------------------------------------------------------------------------


def test_every_message_a_client_sends_after_hello_has_an_example() -> None:
    """The examples below leave no message out."""
    sent = {spec.cls for spec in MESSAGES.values() if spec.sender is Sender.CLIENT and State.OPEN not in spec.states}
    assert sent == set(EXAMPLES)


@pytest.mark.parametrize("cls", EXAMPLES)
def test_messages_of_a_room_are_out_of_state_outside(cls: type[Any]) -> None:
    """Outside a room exactly the messages whose declaration says so may come."""
    desk = Desk()
    line = desk.guest()
    line.send(EXAMPLES[cls])
    assert (line.code is Close.OUT_OF_STATE) == (State.READY not in states(cls))


@pytest.mark.parametrize("cls", [cls for cls in EXAMPLES if cls is not Bye])
def test_inside_a_room_every_message_may_come(cls: type[Any]) -> None:
    """No declared message closes a session that is in a room, whatever becomes of it."""
    desk = Desk()
    line = in_a_room(desk)
    line.send(EXAMPLES[cls])
    desk.tick()
    assert line.is_open


def test_poses_take_the_short_cut_inside_a_room_only() -> None:
    """Before a room, behind it, and without a connection there is none."""
    desk = Desk()
    line = desk.guest()
    assert line.inbox is None
    line.join()
    line.pose(1)
    line.send(Leave(1))
    desk.tick()
    assert line.inbox is None
    line.join()
    line.lose()
    assert line.inbox is None


def test_malformed_and_server_messages_close() -> None:
    """Bytes that are no message of a client are the peer's fault."""
    desk = Desk()
    for payload in (b"\xc1", encode(Pong(1, 1, 1))):
        line = desk.guest()
        line.send_payload(payload)
        assert line.code is Close.MALFORMED


# --- ping and ack -----------------------------------------------------------------------------------------------------


def test_a_ping_is_answered_at_once_with_both_times() -> None:
    """The answer carries the client's clock back, and the server's in microseconds."""
    desk = Desk()
    line = desk.guest()
    line.send(Ping(123))
    now = int(desk.now * 1e6)
    assert line.last(Pong) == Pong(123, now, now)


def test_an_ack_of_what_was_never_sent_closes() -> None:
    """Acks are checked against what was written."""
    line = Desk().guest()
    line.send(Ack(1))
    assert line.code is Close.MALFORMED


# --- rooms ------------------------------------------------------------------------------------------------------------


def test_joining_where_one_is_already_is_refused() -> None:
    """The seat stays as it is."""
    desk = Desk()
    line = in_a_room(desk)
    line.send(Join(4, "lobby", ""))
    assert errors(line) == [(4, Refusal.ALREADY_IN_ROOM)]
    assert len(desk.hub.rooms["lobby"]) == 1


def test_joining_another_room_leaves_the_first() -> None:
    """One session is in one room; the answer is the new room's."""
    desk = Desk()
    line = in_a_room(desk)
    assert line.join("cellar", ref=8).ref == 8
    assert (len(desk.hub.rooms["lobby"]), len(desk.hub.rooms["cellar"])) == (0, 1)


def test_a_refused_join_leaves_one_where_one_is() -> None:
    """A full or locked room costs nobody their seat."""
    desk = Desk(max_half_open=20)
    for _ in range(10):
        in_a_room(desk)
    line = desk.guest()
    line.join("cellar")
    line.send(Join(5, "lobby", ""))
    assert errors(line) == [(5, Refusal.ROOM_FULL)]
    assert len(desk.hub.rooms["cellar"]) == 1
    line.pose(1)
    assert line.is_open


def test_what_a_session_is_refused_is_counted() -> None:
    """By code: joins, and whatever comes too often. What a room refuses is in its reports."""
    desk = Desk()
    line = in_a_room(desk)
    line.send(Join(4, "lobby", ""))
    line.send(Join(5, "attic", "nowhere"))
    for _ in range(22):
        line.send(Ping(1))
    line.send(Chat(6, Channel.DIRECT, 99, "to nobody"))
    desk.tick()
    assert errors(line)[-1] == (6, Refusal.UNKNOWN_ENTITY)
    assert desk.hub.traffic.refusals == {Refusal.ALREADY_IN_ROOM: 1, Refusal.UNKNOWN_WORLD: 1, Refusal.TOO_SOON: 2}


def test_leaving_answers_after_what_was_said_before() -> None:
    """Commands sent before the leave are carried out, then the seat is free, and the session goes on."""
    desk = Desk()
    witness, line = in_a_room(desk), in_a_room(desk)
    line.send(Chat(1, 0, 0, "goodbye"))
    line.send(Leave(2))
    desk.tick()
    assert witness.last(Said).text == "goodbye"
    assert [type(message) for message in line.heard if not isinstance(message, Snapshot)][-2:] == [Done, Left]
    assert line.last(Left).ref == 2
    assert len(desk.hub.rooms["lobby"]) == 1
    line.forget()
    desk.tick(5)
    assert line.heard == []
    line.join()
    assert line.all(Joined)


def test_a_join_behind_a_leave_comes_behind_it() -> None:
    """The two may come in one breath: first left, then joined."""
    desk = Desk()
    line = in_a_room(desk)
    line.send(Leave(1))
    line.send(Join(2, "lobby", ""))
    desk.tick()
    answers = [message for message in line.heard if isinstance(message, Left | Joined)]
    assert [(type(answer), answer.ref) for answer in answers] == [(Left, 1), (Joined, 2)]
    desk.tick()
    assert len(desk.hub.rooms["lobby"]) == 1


def test_a_session_replaced_with_a_leave_under_way_is_gone() -> None:
    """What waits for the tick dies with its session."""
    desk = Desk()
    line = desk.member("u-ada")
    line.join()
    line.send(Leave(1))
    desk.member("u-ada")
    desk.tick()
    assert line.code is Close.REPLACED
    assert line.all(Left) == []


# --- poses ------------------------------------------------------------------------------------------------------------


def test_a_pose_is_acknowledged_with_the_next_snapshot() -> None:
    """The short cut and the general way lead to the same place."""
    desk = Desk()
    line = in_a_room(desk)
    line.pose(7, 0.1)
    desk.tick()
    first = line.last(Snapshot).data
    line.send(Pose(section_bytes(Section.ROOT_INPUT, input_record(Section.ROOT_INPUT, 8, (0.2, 0, 0)))))
    desk.tick()
    second = line.last(Snapshot).data
    assert [int.from_bytes(data[8:12], "little") for data in (first, second)] == [7, 8]
    assert desk.hub.traffic.messages["pose"] == 0  # both are in the room's reports


@pytest.mark.parametrize("kind", [Section.ROOT_INPUT, Section.TRACKED_INPUT])
def test_an_unusual_pose_is_brought_into_its_usual_form(kind: Section) -> None:
    """A longer stride, as a later minor version may have, loses what is behind the record and nothing else."""
    desk = Desk()
    line = in_a_room(desk)
    table = input_record(kind, 9, (1, 2, 3))
    line.send(Pose(bytes((kind, DTYPES[kind].itemsize + 3, 1, 0)) + table.tobytes() + b"new"))
    assert line.inbox is not None
    (batch,) = line.inbox.take()[0].batches
    assert (batch.kind, batch.table.tobytes()) == (kind, table.tobytes())


@pytest.mark.parametrize(
    "record",
    [
        b"",
        section_bytes(Section.ROOT_INPUT, np.zeros(0, DTYPES[Section.ROOT_INPUT])),
        section_bytes(Section.ROOT_INPUT, np.zeros(2, DTYPES[Section.ROOT_INPUT])),
        section_bytes(Section.LEAVE, np.zeros(1, DTYPES[Section.LEAVE])),
        section_bytes(Section.ROOT_INPUT, np.zeros(1, DTYPES[Section.ROOT_INPUT])) * 2,
        b"\x20\x14\x01",
    ],
)
def test_a_pose_without_exactly_one_input_record_is_malformed(record: bytes) -> None:
    """Nothing, two, another kind, or a section cut short."""
    line = in_a_room(Desk())
    line.send(Pose(record))
    assert line.code is Close.MALFORMED


# --- limits -----------------------------------------------------------------------------------------------------------


def test_poses_too_many_are_dropped_in_silence() -> None:
    """The newest counts anyway: no error is said, the newest that passed is acknowledged."""
    desk = Desk()
    line = in_a_room(desk)
    for seq in range(1, 151):
        line.pose(seq)
    desk.tick()
    assert errors(line) == []
    assert line.all(Correction) == []
    assert int.from_bytes(line.last(Snapshot).data[8:12], "little") == 90
    assert desk.hub.traffic.too_soon == 60


def test_other_messages_too_many_are_answered() -> None:
    """Each dropped one is refused by its ref, or by 0 where it has none."""
    desk = Desk()
    line = in_a_room(desk)
    for ref in range(1, 23):
        line.send(Chat(ref, 0, 0, "x"))
    for _ in range(21):
        line.send(Ping(1))
    assert errors(line) == [(21, Refusal.TOO_SOON), (22, Refusal.TOO_SOON), (0, Refusal.TOO_SOON)]
    assert len(line.all(Pong)) == 20


def test_a_message_that_is_dropped_is_not_looked_at() -> None:
    """An ack over the limit acknowledges nothing, so it cannot be wrong either."""
    line = Desk().guest()
    for _ in range(120):
        line.send(Ack(0))
    line.send(Ack(10))
    assert line.is_open


@pytest.mark.parametrize("way", ["short cut", "general"])
def test_a_flood_closes_the_session(way: str) -> None:
    """200 messages too many within ten seconds are dropped, the next one closes as rate_limited."""
    desk = Desk()
    line = in_a_room(desk)
    pose = EXAMPLES[Pose]
    for _ in range(90 + MAX_OVERRUNS):
        line.pose(1) if way == "short cut" else line.send(pose)
    desk.tick()
    assert line.is_open
    for _ in range(10):  # some tokens came back with the tick
        line.pose(1) if way == "short cut" else line.send(pose)
    desk.tick()
    assert line.code is Close.RATE_LIMITED
    assert not desk.hub.sessions


# --- blocks and renewals ----------------------------------------------------------------------------------------------


def test_a_block_hides_two_people_from_each_other_at_the_next_tick() -> None:
    """Either side loses the other; undoing it brings them back."""
    desk = Desk()
    ada, eve = desk.member("u-ada"), desk.member("u-eve")
    ada.join()
    eve.join()
    desk.tick()
    ada.send(Block(3, "u-eve", blocked=True))
    assert ada.last(Done).ref == 3
    ada.forget()
    eve.forget()
    desk.tick()
    ada.send(Chat(4, 0, 0, "who hears me?"))
    desk.tick()
    assert eve.all(Said) == []
    ada.send(Block(5, "u-eve", blocked=False))
    desk.tick()
    assert "u-ada" in eve.people
    assert "u-eve" in ada.people


def test_a_block_lasts_over_rooms() -> None:
    """It belongs to the session, not to the room, and may come before the other does."""
    desk = Desk()
    ada, eve = desk.member("u-ada"), desk.member("u-eve")
    ada.send(Block(1, "u-eve", blocked=True))
    ada.join()
    eve.join()
    desk.tick()
    assert "u-eve" not in ada.people
    assert "u-ada" not in eve.people


def test_a_budget_lasts_over_rooms_and_resumes() -> None:
    """It belongs to the session: asked for before there is a room, and capped by each."""
    desk = Desk(room=RoomSettings(budget_bytes_per_s=32_000))
    line = desk.guest()
    line.send(SetBudget(1, 16_000))
    assert line.last(Done).ref == 1
    line.join()
    assert line.last(Joined).budget_bytes_per_s == 32_000
    assert budget_of(line) == 16_000
    line.lose()
    back = desk.guest(resume=line.last(Welcome).resume)
    assert back.last(Welcome).resumed
    assert budget_of(back) == 16_000
    back.join("hall")
    assert budget_of(back) == 16_000
    for asked, applies in ((0, MIN_BYTES_PER_S), (2**32 - 1, 32_000)):
        back.send(SetBudget(2, asked))
        assert budget_of(back) == applies


def budget_of(line: Line) -> float:
    """Look up what a session's frames are planned to take, bytes a second."""
    assert line.session is not None
    assert line.session.room is not None
    room = line.session.room
    return float(room.state.entities.budget[line.session.row] * room.settings.tick_hz)


def test_nobody_blocks_themselves_or_everybody() -> None:
    """Blocking oneself is refused, and so is one more than can be kept."""
    desk = Desk(rate_limits=False)
    ada = desk.member("u-ada")
    ada.send(Block(1, "u-ada", blocked=True))
    for number in range(MAX_BLOCKS):
        ada.send(Block(2, f"u-{number}", blocked=True))
    ada.send(Block(3, "u-one-more", blocked=True))
    assert errors(ada) == [(1, Refusal.NOT_ALLOWED), (3, Refusal.NOT_ALLOWED)]


def test_a_renewal_changes_roles_at_the_next_tick() -> None:
    """The roster tells the others."""
    desk = Desk()
    witness, ada = desk.guest(), desk.member("u-ada")
    witness.join()
    ada.join()
    desk.tick()
    ada.send(Renew(6, desk.token("u-ada", roles=frozenset({"instructor"}))))
    assert ada.last(Done).ref == 6
    desk.tick()
    assert witness.people["u-ada"].roles == ["instructor"]


def test_a_bad_renewal_changes_nothing() -> None:
    """Another user's token, an expired one, rubbish: refused by name, and the session goes on with what it has."""
    desk = Desk()
    ada = desk.member("u-ada")
    for ref, token in enumerate((desk.token("u-eve"), desk.token("u-ada", lifetime_s=-1.0), "rubbish")):
        ada.send(Renew(ref, token))
    assert errors(ada) == [(ref, Refusal.TOKEN_REFUSED) for ref in range(3)]
    assert ada.session is not None
    assert ada.session.identity.user == "u-ada"
    assert ada.is_open


# --- writing ----------------------------------------------------------------------------------------------------------


def test_events_wait_while_the_socket_is_full() -> None:
    """Nothing is lost and nothing is out of order: what waited is written when the socket takes bytes again."""
    desk = Desk()
    line = desk.guest()
    line.stall()
    for ref in range(3):
        line.send(Block(ref, "u-eve", blocked=True))
    assert line.all(Done) == []
    line.flow()
    assert [done.ref for done in line.all(Done)] == [0, 1, 2]
    assert line.events == [1, 2, 3]


def test_no_snapshot_is_built_for_a_full_socket() -> None:
    """Poses never queue: the first snapshot after the stall is of that moment."""
    desk = Desk()
    witness, line = in_a_room(desk), in_a_room(desk)
    desk.tick()
    line.stall()
    line.forget()
    for seq in range(1, 40):
        witness.pose(seq, seq / 100)
        desk.tick()
    assert line.all(Snapshot) == []
    line.flow()
    desk.tick()
    assert len(line.all(Snapshot)) == 1
