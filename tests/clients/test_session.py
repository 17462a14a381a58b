"""The session without any I/O: payloads in, payloads out."""

from __future__ import annotations

from typing import Any

import pytest

from presence_client import Applied, Online, Unanswered
from presence_client.pose import Pose as Stance
from presence_client.session import HANDSHAKE_S, Phase, Session
from protocol import codec
from protocol.errors import Close, ProtocolError
from protocol.schema import (
    MAJOR,
    MINOR,
    SCHEMA_HASH,
    Bye,
    Chat,
    Closing,
    Done,
    Gestured,
    Hello,
    Joined,
    Left,
    Ping,
    Pong,
    Pose,
    Sender,
    Snapshot,
    Welcome,
)
from tests.clients.fake_server import ENTITY
from tests.clients.snapshots import FULL, Sections, snapshot

WELCOME = Welcome(0, 1, "", "s1", "again", False, "guest:1", "Ada", "", "", True, [], 6000, 60_000, 16_384, 0)
RESUMED = Welcome(0, 1, "", "s1", "again", True, "guest:1", "Ada", "", "", True, [], 6000, 60_000, 16_384, 0)
JOINED = Joined(1, 1, "lobby", "plaza", "0" * 16, ENTITY, 1, 20, 10_000, 1000, 0, 0, 0, False, 32_000)


def give(session: Session, *messages: Any, now: float = 0.0) -> list[Any]:
    """Let the server say something; returns what it means to the application."""
    return [event for message in messages for event in session.receive(codec.encode(message), now)]


def said(session: Session) -> list[Any]:
    """Decode what the session wants to send."""
    return [codec.decode(payload, Sender.CLIENT) for payload in session.take()]


def opened(*messages: Any) -> Session:
    """Make a session that was welcomed, and told more; what it said so far is gone."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    give(session, WELCOME, *messages)
    session.take()
    return session


def full(*entities: int, time_ms: int = 50) -> Snapshot:
    """Make a full snapshot of these entities."""
    sections = Sections()
    for entity in entities:
        sections.enter(entity, 1)
        sections.root(entity, (0, 0, 0), 0, 0)
    return Snapshot(snapshot(sections, held=[(e, 1) for e in entities], time_ms=time_ms, flags=FULL))


def test_the_first_word_is_hello() -> None:
    """Version, schema hash, agent and name go out at once; a first session resumes nothing."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    assert said(session) == [Hello(MAJOR, MINOR, SCHEMA_HASH, "test", "", "Ada", "", 0)]
    assert give(session, WELCOME) == [Online(resumed=False)]
    assert session.phase is Phase.READY


def test_a_later_hello_names_the_session_and_its_last_event() -> None:
    """The resume token is the last welcome's, the event the last one received."""
    session = opened(JOINED)
    session.lose()
    session.open(10.0)
    (hello,) = said(session)
    assert (hello.resume, hello.last_event) == ("again", 1)


def test_nothing_comes_before_the_welcome() -> None:
    """A server that starts with anything else is not one."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    with pytest.raises(ProtocolError, match="not a welcome"):
        give(session, Pong(1, 1, 1))


def test_there_is_one_welcome() -> None:
    """A second welcome breaks the protocol."""
    with pytest.raises(ProtocolError, match="second welcome"):
        give(opened(), WELCOME)


def test_a_refusal_instead_of_a_welcome_is_kept() -> None:
    """The closing message says why there is no session."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    assert give(session, Closing(Close.SERVER_FULL, "full")) == []
    assert session.closing == Closing(Close.SERVER_FULL, "full")


def test_silence_is_measured_from_the_last_word() -> None:
    """The handshake has its time, then three heartbeats count."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    assert not session.is_silent(HANDSHAKE_S)
    assert session.is_silent(HANDSHAKE_S + 0.1)
    give(session, WELCOME, now=5.0)
    assert not session.is_silent(23.0)
    assert session.is_silent(23.1)


def test_pings_have_their_own_timer() -> None:
    """A few quick pings set the clock; afterwards there are five in four heartbeats, whatever else is sent."""
    session = opened(JOINED)
    sent: list[float] = []
    assert session.welcome is not None
    heartbeat_s = session.welcome.heartbeat_ms / 1000
    for tick in range(int(20 * (1 + 4 * heartbeat_s))):
        now = tick * 0.05
        session.advance(now)
        sent += [now for message in said(session) if isinstance(message, Ping)]
    assert sum(now < 1.0 for now in sent) == 4
    assert sum(now >= 1.0 for now in sent) == 5


def test_a_ping_carries_our_clock_in_microseconds() -> None:
    """The pong's round trip is measured with the clock that was sent."""
    session = opened()
    session.advance(12.5)
    assert said(session) == [Ping(12_500_000)]
    give(session, Pong(12_500_000, 99_000_000, 99_010_000), now=12.55)
    assert session.clock.rtt_s == pytest.approx(0.04)


def test_nothing_is_sent_without_a_session() -> None:
    """Before the welcome and after a loss no ping, acknowledgement or pose goes out."""
    session = Session("", "Ada", "test")
    session.open(0.0)
    session.take()
    session.advance(1.0)
    assert said(session) == []
    session = opened(JOINED)
    session.end()
    session.lose()
    session.advance(100.0)
    assert said(session) == []


def test_entering_a_room_puts_the_avatar_where_the_server_says() -> None:
    """The spawn is the first pose, and is not sent back."""
    session = opened(JOINED)
    assert session.motion.pose == Stance(1.0)
    session.advance(0.0)
    assert [type(message) for message in said(session)] == [Ping]
    session.motion.move(Stance(2.0), 0.05)
    session.advance(0.05)
    assert [type(message) for message in said(session)] == [Pose]


def test_a_snapshot_is_delivered_as_applied() -> None:
    """View, buffer and playout know of it when the application hears of it."""
    session = opened(JOINED)
    (applied,) = give(session, full(3, time_ms=500), now=1.0)
    assert isinstance(applied, Applied)
    assert session.view.holds(3)
    assert session.poses.knows(3)
    assert session.playout.is_running


def test_the_rooms_clock_counts_the_way_here() -> None:
    """Room time is the snapshot's plus half a round trip, and never goes back when a faster snapshot was the truth."""
    session = opened(JOINED)
    with pytest.raises(ValueError, match="no snapshot"):
        session.room_time_s(1.0)
    give(session, full(time_ms=5000), now=1.0)
    give(session, Pong(900_000, 0, 0), now=1.0)
    assert session.room_time_s(1.0) == pytest.approx(5.05)
    last = 0.0
    for tick in range(1, 400):
        now = 1.0 + tick * 0.05
        give(session, full(time_ms=5000 + tick * 50), now=now + (tick % 5) * 0.01)
        reading = session.room_time_s(now + (tick % 5) * 0.01)
        assert reading >= last
        last = reading
    assert last == pytest.approx(5.05 + 399 * 0.05 + (399 % 5) * 0.01, abs=0.01)


def test_another_room_starts_from_nothing() -> None:
    """A second `joined` forgets who and what the first room had."""
    session = opened(JOINED)
    give(session, full(3))
    give(session, Joined(2, 2, "vault", "plaza", "0" * 16, 5, 1, 20, 10_000, 0, 0, 0, 0, False, 32_000))
    assert session.view.held.tolist() == []
    assert not session.poses.knows(3)


def test_leaving_forgets_the_room() -> None:
    """After `left` there is no avatar, no people and nothing in sight."""
    session = opened(JOINED)
    give(session, full(3))
    assert give(session, Left(2, 7)) == [Left(2, 7)]
    assert session.joined is None
    assert session.motion.pose is None
    assert session.view.held.tolist() == []


def test_commands_without_an_answer_are_settled_by_the_first_snapshot() -> None:
    """A resumed session repeats its events first; what was not answered by the snapshot after them never arrived."""
    session = opened(JOINED)
    answered, lost = (session.command(lambda ref: Chat(ref, 0, 0, "hello")) for _ in range(2))
    session.lose()
    session.open(1.0)
    give(session, RESUMED)
    assert give(session, Gestured(2, ENTITY, 0)) == [Gestured(2, ENTITY, 0)]
    give(session, Done(3, answered, 0, 0))
    assert give(session, Pong(1, 1, 1)) == []
    events = give(session, full())
    assert events[0] == Unanswered((lost,))
    assert len(give(session, full())) == 1


def test_outside_a_room_commands_are_settled_by_the_first_pong() -> None:
    """Where no snapshot comes, the answer to a ping marks the end of what is repeated."""
    session = opened()
    ref = session.command(lambda ref: Chat(ref, 0, 0, "hello"))
    session.lose()
    session.open(1.0)
    give(session, RESUMED)
    assert give(session, Pong(1, 1, 1)) == [Unanswered((ref,))]


def test_a_new_session_has_lost_every_command() -> None:
    """Nothing of the old session will ever be answered."""
    session = opened(JOINED)
    ref = session.command(lambda ref: Chat(ref, 0, 0, "hello"))
    session.lose()
    session.open(1.0)
    assert give(session, WELCOME) == [Unanswered((ref,)), Online(resumed=False)]


def test_good_bye_is_said_once_there_is_a_session() -> None:
    """Leaving gives the seat up."""
    session = opened()
    session.end()
    assert said(session) == [Bye()]


def test_refs_never_repeat_in_the_air() -> None:
    """Each command has a ref of its own, and 0 is nobody's."""
    session = opened()
    refs = [session.next_ref() for _ in range(100)]
    assert len(set(refs)) == 100
    assert 0 not in refs
