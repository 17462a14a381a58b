"""Sessions over real sockets: both transports in one room, and coming back after a lost connection."""

from __future__ import annotations

import pytest

from protocol.errors import Close
from protocol.schema import Bye, Chat, Leave, Left, Ping, Pong, Roster, Said, Snapshot, Welcome
from tests.integration.conftest import Connect, RunningServer
from tests.integration.peer import Peer, a_hello, code_of

MISSED = 15  # within the burst that anybody may say

BOTH = pytest.mark.parametrize("transport", ["tcp", "ws"])


@BOTH
def test_a_guest_enters_says_something_and_leaves(connect: Connect, transport: str) -> None:
    """Hello, join, a snapshot, chat that comes back, leave, bye: each transport carries all of it."""
    peer = connect(transport)
    welcome = peer.hello(name="Ada")
    assert (welcome.name, welcome.guest, welcome.resumed) == ("Ada", True, False)
    assert peer.join().room == "lobby"
    peer.wait_for(Snapshot)
    peer.send(Ping(7))
    assert peer.wait_for(Pong).sent == 7
    peer.send(Chat(2, 0, 0, "good morning"))
    assert peer.wait_for(Said).text == "good morning"
    peer.send(Leave(3))
    assert peer.wait_for(Left).ref == 3
    peer.send(Bye())
    assert code_of(peer.closing()) is Close.LEFT


def test_both_transports_share_a_room(connect: Connect) -> None:
    """What one says over raw TCP the other hears over WebSocket, and the other way round."""
    one, other = connect("tcp"), connect("ws")
    for peer in (one, other):
        peer.hello()
        peer.join("shared")
    for speaker, listener in ((one, other), (other, one)):
        speaker.send(Chat(2, 0, 0, f"from {speaker.framing.value}"))
        assert listener.wait_for(Said).text == f"from {speaker.framing.value}"
        speaker.wait_for(Said)


def person_of(witness: Peer, user: str, *, is_away: bool) -> int:
    """Wait until the roster says that somebody is away, or back; return their entity id."""
    while True:
        for person in witness.wait_for(Roster).people:
            if person.user == user and person.away == is_away:
                return person.entity


@pytest.mark.parametrize("way_back", ["tcp", "ws"])
@BOTH
def test_a_killed_socket_is_resumed_with_exactly_the_missed_events(
    server: RunningServer, connect: Connect, transport: str, way_back: str
) -> None:
    """The same entity comes back, over either transport, and hears once what was said meanwhile."""
    room = f"resume-{transport}-{way_back}"
    witness, ada = connect("tcp"), connect(transport)
    witness.hello(name="Witness")
    witness.join(room)
    welcome = ada.hello(name="Ada")
    joined = ada.join(room)
    witness.send(Chat(1, 0, 0, "before"))
    ada.wait_for(Said)
    last_event = ada.events[-1]
    ada.reset()
    assert person_of(witness, welcome.user, is_away=True) == joined.entity
    for number in range(MISSED):
        witness.send(Chat(number, 0, 0, f"missed {number}"))
    witness.wait_for(Said)
    again = connect(way_back)
    again.send(a_hello(resume=welcome.resume, last_event=last_event))
    second = again.wait_for(Welcome)
    assert (second.resumed, second.user, second.session) == (True, welcome.user, welcome.session)
    heard: list[str] = []
    while len(heard) < MISSED:
        message = again.receive()
        if isinstance(message, Said):
            heard.append(message.text)
    assert heard == [f"missed {number}" for number in range(MISSED)]
    assert again.events == list(range(last_event + 1, again.events[-1] + 1))
    assert person_of(witness, welcome.user, is_away=False) == joined.entity
    assert again.wait_for(Snapshot).data[16] & 1, "the view starts over"
    server.wait_for_line("session opened", session=welcome.session, resumed=True)


def test_a_user_cannot_tell_a_resume_token_from_the_log(server: RunningServer, connect: Connect) -> None:
    """Logs hold session ids, never what opens a session."""
    welcome = connect("tcp").hello()
    server.wait_for_line("session opened", session=welcome.session)
    assert welcome.resume not in "".join(server.raw)
