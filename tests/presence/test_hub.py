"""presence.hub: who is connected, which rooms there are, and every deadline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from presence.hub import EMPTY_ROOM_S, MAX_ROOMS, STALL_TIMEOUT_S
from presence.outbox import MAX_EVENTS
from presence.rings import Detail, Ring
from presence.room import RoomSettings
from protocol.codec import encode
from protocol.errors import Close, Refusal
from protocol.schema import (
    MAJOR,
    MINOR,
    SCHEMA_HASH,
    SPEC_OF,
    Ack,
    Block,
    Bye,
    Chat,
    Done,
    Goaway,
    Hello,
    Join,
    Joined,
    Leave,
    Moderate,
    Ping,
    Renew,
    Said,
    Snapshot,
    Welcome,
)
from tests.hubs import Desk, Line, a_hello, errors
from tests.rooms import world, zone

# --- the handshake ----------------------------------------------------------------------------------------------------


def test_a_welcome_says_who_one_is_and_what_the_server_expects() -> None:
    """Everything a client must know to stay connected stands in it; the identity is the token's."""
    desk = Desk(heartbeat_s=2.5, resume_window_s=30.0)
    line = desk.line()
    token = desk.token("u-ada", name="Ada Lovelace", agency="Analysts", country="GB", roles=frozenset({"instructor"}))
    welcome = line.hello(token=token, name="Somebody else")
    assert (welcome.user, welcome.name, welcome.agency, welcome.country) == ("u-ada", "Ada Lovelace", "Analysts", "GB")
    assert (welcome.roles, welcome.guest, welcome.resumed) == (["instructor"], False, False)
    assert (welcome.heartbeat_ms, welcome.resume_window_ms, welcome.max_frame_bytes) == (2500, 30000, 16384)
    assert (welcome.major, welcome.schema, welcome.time) == (MAJOR, SCHEMA_HASH, int(desk.now * 1e6))
    assert welcome.session
    assert len(welcome.resume) >= 32
    assert desk.notebook.opened_ == [("u-ada", False)]


@pytest.mark.parametrize(("spoken", "agreed"), [(0, 0), (MINOR, MINOR), (255, MINOR)])
def test_the_lower_minor_version_is_spoken(spoken: int, agreed: int) -> None:
    """Either side may be the newer one."""
    assert Desk().line().hello(minor=spoken).minor == agreed


def test_another_major_version_is_refused_in_plain_words() -> None:
    """Even a hello of a shape we do not know is told both versions."""
    desk = Desk()
    for payload in (encode(a_hello(major=MAJOR + 1)), bytes((0x93, SPEC_OF[Hello].type, MAJOR + 2, 0xC0))):
        line = desk.line()
        line.send_payload(payload)
        assert line.code is Close.VERSION_MISMATCH
        assert line.closed is not None
        assert f"version {payload[2]}" in line.closed[1]
        assert f"speaks version {MAJOR}" in line.closed[1]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Close.MALFORMED),
        (b"\x91\x01", Close.MALFORMED),
        (b"GET / HTTP/1.1\r\n\r\n", Close.MALFORMED),
        (encode(Ping(1)), Close.OUT_OF_STATE),
        (encode(Join(1, "lobby", "")), Close.OUT_OF_STATE),
    ],
)
def test_a_first_message_that_is_no_hello_closes(payload: bytes, code: Close) -> None:
    """Before the welcome only hello may come."""
    desk = Desk()
    line = desk.line()
    line.send_payload(payload)
    assert line.code is code
    assert not desk.hub.half_open
    assert not desk.hub.sessions


def test_bad_tokens_get_their_codes() -> None:
    """No token, forged, expired, for another service, withdrawn: each has a code of its own."""
    desk = Desk(allow_guests=False)
    desk.revoked.add("id-of-u-eve")
    for token, code in [
        ("", Close.TOKEN_REQUIRED),
        (desk.token()[:-4] + "AAAA", Close.TOKEN_INVALID),
        (desk.token(lifetime_s=-1.0), Close.TOKEN_EXPIRED),
        (desk.token("u-eve"), Close.TOKEN_REVOKED),
    ]:
        line = desk.line()
        line.send(a_hello(token=token))
        assert line.code is code
    assert not desk.hub.sessions


def test_a_second_hello_is_out_of_state() -> None:
    """A session is opened once on a connection."""
    desk = Desk()
    line = desk.guest()
    line.send(a_hello())
    assert line.code is Close.OUT_OF_STATE
    assert not desk.hub.sessions


# --- admission --------------------------------------------------------------------------------------------------------


def test_an_address_over_its_share_is_told_so() -> None:
    """The connection too many is closed at once; closing another one makes room."""
    desk = Desk(max_per_address=2, max_half_open=10)
    lines = [desk.line() for _ in range(3)]
    assert [line.code for line in lines] == [None, None, Close.SERVER_FULL]
    lines[0].lose()
    assert desk.line().code is None
    assert desk.line("192.0.2.99").code is None


def test_an_exempt_address_may_have_as_many_as_it_likes() -> None:
    """Connections of this machine, or of a proxy, are not counted."""
    desk = Desk(max_per_address=1, max_half_open=100)
    assert all(desk.line("127.0.0.1").code is None for _ in range(50))


def test_the_oldest_half_open_connection_makes_room() -> None:
    """Whoever does not say hello is pushed out by newcomers; who did is not in that pool any more."""
    desk = Desk(max_half_open=3)
    welcomed = desk.guest()
    lines = [desk.line() for _ in range(5)]
    assert [line.code for line in lines] == [Close.HANDSHAKE_TIMEOUT] * 2 + [None] * 3
    assert welcomed.is_open
    assert lines[4].hello().guest


def test_a_hello_must_come_in_time() -> None:
    """A half-open connection is closed when its time is over, not before."""
    desk = Desk(handshake_timeout_s=5.0)
    line = desk.line()
    desk.advance(4.9)
    assert line.is_open
    desk.advance(0.1)
    assert line.code is Close.HANDSHAKE_TIMEOUT


def test_a_full_server_takes_no_new_session() -> None:
    """Held seats count; a user who is there already may still replace their own session."""
    desk = Desk(max_sessions=2)
    desk.guest().lose()
    desk.member("u-ada")
    refused = desk.line()
    refused.send(a_hello())
    assert refused.code is Close.SERVER_FULL
    assert desk.member("u-ada").code is None


def test_lost_half_open_connections_are_forgotten() -> None:
    """A connection that goes before its hello leaves nothing behind."""
    desk = Desk()
    line = desk.line()
    line.lose()
    assert not desk.hub.half_open
    assert not desk.hub.connections


# --- one session for each user ----------------------------------------------------------------------------------------


def test_the_newer_session_of_a_user_replaces_the_older() -> None:
    """The older connection is told, its avatar leaves, and at no tick are there two."""
    desk = Desk()
    witness = desk.guest()
    witness.join()
    older = desk.member("u-ada")
    older.join()
    newer = desk.member("u-ada")
    assert older.code is Close.REPLACED
    newer.join()
    assert "u-ada" in witness.people
    assert len(desk.hub.rooms["lobby"]) == 2
    assert len(desk.hub.sessions) == 2


def test_guests_never_replace_each_other() -> None:
    """Two guests of one name are two people."""
    desk = Desk()
    one, two = desk.guest("Sam"), desk.guest("Sam")
    assert one.is_open
    assert two.is_open


# --- coming back ------------------------------------------------------------------------------------------------------


def come_back(desk: Desk, welcome: Welcome, last_event: int, token: str = "") -> Line:
    """Connect again with a resume token."""
    line = desk.line()
    line.send(a_hello(resume=welcome.resume, last_event=last_event, token=token))
    return line


def test_a_lost_connection_holds_the_seat_and_shows_it_as_away() -> None:
    """Others see the avatar turn away where it stands, not leave."""
    desk = Desk()
    witness, ada = desk.guest(), desk.member()
    witness.join()
    entity = ada.join().entity
    ada.lose()
    desk.tick()
    person = witness.people["u-ada"]
    assert (person.away, person.entity) == (True, entity)
    assert desk.notebook.turned_away_ == ["u-ada"]


def test_a_resume_brings_the_same_entity_and_exactly_the_missed_events() -> None:
    """Events keep their numbers, none is missing, none comes twice; then the view starts over."""
    desk = Desk()
    witness, ada = desk.guest(), desk.member()
    witness.join()
    joined = ada.join()
    welcome = ada.last(Welcome)
    seen = ada.events[-1]
    ada.lose()
    desk.tick()
    for number in range(3):
        witness.send(Chat(number, 0, 0, f"line {number}"))
    desk.tick()
    again = come_back(desk, welcome, seen, desk.token())
    assert again.last(Welcome).resumed
    desk.tick()
    assert again.events == list(range(seen + 1, seen + 1 + len(again.events)))
    assert [said.text for said in again.all(Said)] == ["line 0", "line 1", "line 2"]
    assert again.all(Joined) == []
    assert witness.people["u-ada"].entity == joined.entity
    assert not witness.people["u-ada"].away
    assert again.heard.index(again.all(Said)[-1]) < again.heard.index(again.all(Snapshot)[0])
    assert desk.notebook.opened_[-1] == ("u-ada", True)


def test_a_resume_token_works_once() -> None:
    """Each welcome brings a new one; a used one opens a new session, and a guest's is somebody new."""
    desk = Desk()
    line = desk.guest()
    welcome = line.last(Welcome)
    line.lose()
    second = come_back(desk, welcome, 0).last(Welcome)
    assert second.resumed
    assert second.user == welcome.user
    assert second.resume != welcome.resume
    third = come_back(desk, welcome, 0).last(Welcome)
    assert not third.resumed
    assert third.user != welcome.user


def test_a_resume_needs_the_same_persons_token() -> None:
    """A stolen resume token is worth nothing to others, and is not used up by their attempt."""
    desk = Desk()
    ada = desk.member("u-ada")
    welcome = ada.last(Welcome)
    ada.lose()
    assert not come_back(desk, welcome, 0, desk.token("u-eve")).last(Welcome).resumed
    assert not come_back(desk, welcome, 0).last(Welcome).resumed
    assert come_back(desk, welcome, 0, desk.token("u-ada")).last(Welcome).resumed


def test_a_member_with_a_guests_resume_token_is_somebody_else() -> None:
    """A guest's session cannot be taken over under a real name."""
    desk = Desk()
    guest = desk.guest()
    welcome = guest.last(Welcome)
    assert not come_back(desk, welcome, 0, desk.token("u-ada")).last(Welcome).resumed
    assert guest.is_open


def test_a_resume_takes_over_from_a_half_dead_connection() -> None:
    """The old socket need not have been noticed as dead; it is closed, and the seat was never away for others."""
    desk = Desk()
    old = desk.guest()
    old.join()
    new = come_back(desk, old.last(Welcome), old.events[-1])
    assert new.last(Welcome).resumed
    assert old.code is Close.REPLACED
    desk.tick()
    assert new.all(Snapshot)
    old.lose()
    assert new.is_open
    desk.tick(130)
    assert len(new.all(Snapshot)) > 1


def test_a_resume_that_cannot_be_exact_is_no_resume() -> None:
    """Where acknowledged events would have to come again, a new session is opened and says so."""
    desk = Desk()
    ada = desk.member()
    ada.join()
    ada.send(Ack(ada.events[-1]))
    ada.lose()
    again = come_back(desk, ada.last(Welcome), 0, desk.token())
    assert not again.last(Welcome).resumed
    assert len(desk.hub.rooms["lobby"]) == 0


def test_a_resume_brings_a_newer_token_to_bear() -> None:
    """Roles of the token shown at the resume replace those of the token before."""
    desk = Desk()
    ada = desk.member(roles=frozenset({"instructor"}))
    ada.lose()
    again = come_back(desk, ada.last(Welcome), 0, desk.token(roles=frozenset({"moderator"})))
    assert again.last(Welcome).roles == ["moderator"]


def test_the_seat_is_given_up_after_the_window() -> None:
    """Up to the window the seat is held; after it the avatar is gone and the token opens a new session."""
    desk = Desk(resume_window_s=60.0)
    witness, ada = desk.guest(), desk.member()
    witness.join()
    ada.join()
    ada.lose()
    desk.advance(59.9)
    assert len(desk.hub.rooms["lobby"]) == 2
    witness.send(Ping(1))
    desk.advance(0.2)
    assert len(desk.hub.rooms["lobby"]) == 1
    assert not come_back(desk, ada.last(Welcome), 0, desk.token()).last(Welcome).resumed


def test_commands_sent_before_the_loss_are_carried_out() -> None:
    """What arrived counts, although nobody is there to hear the answer."""
    desk = Desk()
    witness, ada = desk.guest(), desk.guest()
    witness.join()
    ada.join()
    ada.send(Chat(9, 0, 0, "last words"))
    ada.lose()
    desk.tick()
    assert witness.last(Said).text == "last words"


# --- deadlines --------------------------------------------------------------------------------------------------------


def test_three_missed_heartbeats_are_a_lost_connection() -> None:
    """Any message counts as life; silence closes the connection and holds the seat."""
    desk = Desk(heartbeat_s=5.0)
    line = desk.guest()
    line.join()
    desk.advance(14.0)
    line.send(Ping(1))
    desk.advance(14.0)
    line.pose(1)
    desk.tick()
    desk.advance(14.9)
    assert line.is_open
    desk.advance(0.2)
    assert line.code is Close.HEARTBEAT_TIMEOUT
    assert len(desk.hub.rooms["lobby"]) == 1
    assert come_back(desk, line.last(Welcome), line.events[-1]).last(Welcome).resumed


def test_a_token_ends_its_session() -> None:
    """When the token expires the session ends, away or not; a renewed one goes on."""
    desk = Desk(heartbeat_s=60.0)
    ada, eve = desk.member("u-ada", lifetime_s=100.0), desk.member("u-eve", lifetime_s=100.0)
    desk.member("u-joe", lifetime_s=100.0).lose()
    eve.send(Renew(1, desk.token("u-eve", lifetime_s=500.0)))
    desk.advance(99.0)
    assert ada.is_open
    desk.advance(1.0)
    assert ada.code is Close.TOKEN_EXPIRED
    assert eve.is_open
    assert list(desk.hub.sessions) == ["u-eve"]


def test_a_withdrawn_token_ends_its_session() -> None:
    """The sweep after a change of the list closes who is on it, and nobody else."""
    desk = Desk()
    ada, eve = desk.member("u-ada"), desk.member("u-eve")
    desk.revoked.add("sub:u-eve")
    desk.hub.sweep_revoked(desk.now)
    assert (ada.code, eve.code) == (None, Close.TOKEN_REVOKED)


def test_a_reader_that_stands_still_too_long_is_slow() -> None:
    """Up to ten seconds it is waited for; then the connection is closed and the seat held."""
    desk = Desk(heartbeat_s=60.0)
    line = desk.guest()
    line.join()
    line.stall()
    desk.advance(STALL_TIMEOUT_S)
    assert line.is_open
    desk.advance(0.1)
    assert line.code is Close.SLOW
    assert come_back(desk, line.last(Welcome), line.events[-1]).last(Welcome).resumed


def test_a_stall_that_ends_is_forgotten() -> None:
    """Stalls do not add up."""
    desk = Desk(heartbeat_s=60.0)
    line = desk.guest()
    for _ in range(5):
        line.stall()
        desk.advance(STALL_TIMEOUT_S - 1)
        line.flow()
    assert line.is_open


def test_too_many_unacknowledged_events_end_the_session() -> None:
    """A client that never acknowledges is slow; since an event was lost to it, it cannot resume."""
    desk = Desk(heartbeat_s=1e6, rate_limits=False)
    line = desk.guest()
    for number in range(MAX_EVENTS):
        line.send(Block(number, "u-somebody", blocked=False))
    assert line.is_open
    line.send(Block(1, "u-somebody", blocked=False))
    desk.advance(0.1)
    assert line.code is Close.SLOW
    assert not come_back(desk, line.last(Welcome), MAX_EVENTS).last(Welcome).resumed


def test_an_away_session_that_overflows_gives_up_its_seat() -> None:
    """The room goes on talking; who is away for too much of it leaves."""
    desk = Desk(heartbeat_s=1e6, resume_window_s=3600.0, rate_limits=False)
    witness, away = desk.guest(), desk.guest()
    witness.join()
    away.join()
    away.lose()
    for number in range(MAX_EVENTS + 1):
        witness.send(Chat(number, 0, 0, "x"))
        if number % 500 == 0:
            desk.tick()
            witness.send(Ack(witness.events[-1]))
    desk.tick()
    assert len(desk.hub.rooms["lobby"]) == 1


# --- rooms ------------------------------------------------------------------------------------------------------------


def test_a_room_is_made_on_demand() -> None:
    """From the named world, or from the server's own choice."""
    desk = Desk()
    line = desk.guest()
    line.join("cellar", "annex")
    assert desk.hub.rooms["cellar"].world is not desk.hub.rooms["lobby"].world
    line.join("attic")
    assert desk.hub.rooms["attic"].world is desk.hub.rooms["lobby"].world


def test_a_room_has_one_world() -> None:
    """An unknown world, and another one than the room's, are refused."""
    desk = Desk()
    line = desk.guest()
    line.send(Join(1, "cellar", "nowhere"))
    line.send(Join(2, "lobby", "annex"))
    assert errors(line) == [(1, Refusal.UNKNOWN_WORLD), (2, Refusal.UNKNOWN_WORLD)]
    assert list(desk.hub.rooms) == ["lobby"]


def test_a_rooms_rings_are_its_own_or_its_worlds_or_the_servers() -> None:
    """In this order, for rooms that are there from the start and for rooms made on demand."""
    own, servers = (Ring(5_000, 1, Detail.ROOT),), (Ring(10_000, 0, Detail.FULL),)
    said = {"stage": world(), "annex": world(rings=["7:2"])}
    desk = Desk(
        worlds=said,
        rooms={"lobby": "stage", "cellar": "annex", "attic": "annex"},
        room_rings={"attic": own},
        room=RoomSettings(rings=servers),
    )
    desk.guest().join("vault", "annex")
    rings = {name: room.rings for name, room in desk.hub.rooms.items()}
    annexes = (Ring(7_000, 1, Detail.FULL),)
    assert rings == {"lobby": servers, "cellar": annexes, "attic": own, "vault": annexes}


def test_empty_rooms_are_freed_after_a_while() -> None:
    """A room nobody is in goes after its time; a configured one stays, and so does one with a held seat."""
    desk = Desk(heartbeat_s=1e6, resume_window_s=1e6)
    line, away = desk.guest(), desk.guest()
    line.join("cellar")
    away.join("attic")
    away.lose()
    line.join("lobby")
    desk.advance(0.0)
    desk.advance(EMPTY_ROOM_S - 0.1)
    assert "cellar" in desk.hub.rooms
    desk.advance(0.2)
    assert list(desk.hub.rooms) == ["lobby", "attic"]
    line.send(Leave(1))
    desk.tick()
    desk.advance(0.0)
    desk.advance(EMPTY_ROOM_S + 1)
    assert "lobby" in desk.hub.rooms


def test_a_room_that_is_used_again_is_not_freed() -> None:
    """The time runs from when the last one left."""
    desk = Desk(heartbeat_s=1e6)
    line = desk.guest()
    line.join("cellar")
    line.join("lobby")
    desk.advance(EMPTY_ROOM_S - 1)
    line.join("cellar")
    desk.advance(1.5)
    line.join("lobby")
    desk.advance(EMPTY_ROOM_S - 1)
    assert "cellar" in desk.hub.rooms


def test_there_are_only_so_many_rooms() -> None:
    """The room too many is refused, existing ones can be joined."""
    desk = Desk(rate_limits=False, heartbeat_s=1e6)
    line = desk.guest()
    for number in range(MAX_ROOMS):
        line.send(Join(number, f"room-{number}", ""))
    assert errors(line) == [(MAX_ROOMS - 1, Refusal.HUB_FULL)]
    assert line.join("lobby").room == "lobby"


def test_an_overloaded_server_lets_nobody_join_and_everybody_stay() -> None:
    """Newcomers and movers are told to try again; who is in a room resumes there, and sessions are opened."""
    desk = Desk()
    inside = desk.member("u-in")
    joined = inside.join()
    inside.lose()
    desk.hub.is_overloaded = True
    back = desk.line()
    welcome = back.hello(token=desk.token("u-in"), resume=inside.last(Welcome).resume)
    outside = desk.guest()
    outside.send(Join(7, "lobby", ""))
    back.send(Join(8, "cellar", ""))
    desk.tick()
    assert welcome.resumed
    assert (errors(outside), errors(back)) == ([(7, Refusal.OVERLOADED)], [(8, Refusal.OVERLOADED)])
    assert back.all(Snapshot)
    assert "cellar" not in desk.hub.rooms
    desk.hub.is_overloaded = False
    assert outside.join().entity != joined.entity


def test_only_occupied_rooms_tick() -> None:
    """Held seats occupy, empty rooms cost nothing."""
    desk = Desk()
    assert desk.hub.occupied_rooms() == []
    line = desk.guest()
    line.join()
    line.lose()
    assert desk.hub.occupied_rooms() == [desk.hub.rooms["lobby"]]


# --- order ------------------------------------------------------------------------------------------------------------


def test_a_kick_closes_its_target_and_is_written_down() -> None:
    """The target is told why and its seat is gone; the audit names both."""
    desk = Desk()
    boss, eve = desk.member("u-boss", roles=frozenset({"moderator"})), desk.member("u-eve")
    boss.join()
    entity = eve.join().entity
    boss.send(Moderate(5, 2, entity, "enough"))
    desk.tick()
    assert eve.closed == (Close.KICKED, "enough")
    assert "u-eve" not in desk.hub.sessions
    assert boss.last(Done).ref == 5
    (audit,) = desk.notebook.audits
    assert (audit.actor, audit.target, audit.room, audit.action) == ("u-boss", "u-eve", "lobby", "kick")


def test_a_pose_that_breaks_the_protocol_closes_only_its_sender() -> None:
    """The room reports it, the hub closes it, the others go on."""
    desk = Desk()
    witness, eve = desk.guest(), desk.guest()
    witness.join()
    eve.join()
    eve.pose(1, pitch=-128)
    desk.tick()
    assert eve.code is Close.MALFORMED
    assert witness.is_open


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_stop_sends_everybody_away_with_a_hint() -> None:
    """Sessions hear goaway before they are closed, half-open connections and newcomers are closed at once."""
    desk = Desk()
    line, half_open = desk.guest(), desk.line()
    desk.hub.stop("maintenance", 2000, desk.now)
    assert line.last(Goaway) == Goaway("maintenance", 2000)
    assert {line.code, half_open.code, desk.line().code} == {Close.GOAWAY}


def test_bye_gives_up_the_seat() -> None:
    """Who says bye is gone for others at once, and cannot resume."""
    desk = Desk()
    line = desk.guest()
    line.join()
    line.send(Bye())
    desk.tick()
    assert line.closed == (Close.LEFT, "bye")
    assert not desk.hub.sessions
    assert not come_back(desk, line.last(Welcome), line.events[-1]).last(Welcome).resumed


# --- what may be told -------------------------------------------------------------------------------------------------


def test_presence_is_filtered_for_the_viewer() -> None:
    """Who stands where the viewer has no clearance, and who has blocked them or was blocked by them, is not listed."""
    place = world(
        clearances=["secret"],
        zones=[zone("vault", (-5, -1, -5), (5, 5, 5), clearance=["secret"])],
        spawns=((50, 0, 50),),
    )
    desk = Desk({"stage": place})
    for user in ("u-ada", "u-eve", "u-joe"):
        desk.member(user).join()
    ada, eve, joe = (desk.hub.sessions[user] for user in ("u-ada", "u-eve", "u-joe"))

    def seen_by(viewer: str) -> set[str]:
        found = desk.hub.visible_people(desk.hub.sessions[viewer].identity)
        return {person.user for _, people in found for person in people}

    assert seen_by("u-ada") == {"u-ada", "u-eve", "u-joe"}
    eve.blocks.add("u-ada")
    assert seen_by("u-ada") == {"u-ada", "u-joe"}
    assert seen_by("u-eve") == {"u-eve", "u-joe"}
    eve.blocks.clear()
    desk.hub.rooms["lobby"].state.entities.requires[joe.row] = 1
    assert seen_by("u-ada") == {"u-ada", "u-eve"}
    assert ada.room is not None


def test_blocks_hide_nobody_from_a_moderator() -> None:
    """In the directory as in the room: neither side of a block with a moderator is hidden from the other."""
    desk = Desk()
    for user in ("u-ada", "u-joe"):
        desk.member(user).join()
    ada, joe = desk.hub.sessions["u-ada"], desk.hub.sessions["u-joe"]
    joe.blocks.add("u-ada")
    ada.assume(replace(ada.identity, roles=frozenset({"moderator"})))
    for viewer in (ada, joe):
        ((_, people),) = desk.hub.visible_people(viewer.identity)
        assert {person.user for person in people} == {"u-ada", "u-joe"}


def test_an_older_token_lists_no_more_than_the_session_may_see() -> None:
    """Whoever was downgraded cannot ask the directory with the token from before."""
    place = world(
        clearances=["secret"],
        zones=[zone("vault", (-5, -1, -5), (5, 5, 5), clearance=["secret"])],
        spawns=((50, 0, 50),),
    )
    desk = Desk({"stage": place})
    for user in ("u-ada", "u-joe"):
        desk.member(user).join()
    ada, joe = desk.hub.sessions["u-ada"], desk.hub.sessions["u-joe"]
    desk.hub.rooms["lobby"].state.entities.requires[joe.row] = 1
    cleared = replace(ada.identity, grants=frozenset({"secret"}))
    assert [len(people) for _, people in desk.hub.visible_people(cleared)] == [1]
    ada.assume(cleared)
    assert [len(people) for _, people in desk.hub.visible_people(cleared)] == [2]
