"""The switchboard against real sockets: frames cut anywhere, turns on time, and whatever goes wrong told in words."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plan import FRAME_COLUMNS, Role
from benchmarks.snapshot_reader import read_snapshot
from benchmarks.switchboard import Kind, Mail, Schedule, Switchboard
from protocol import schema
from protocol.codec import decode, encode
from protocol.framing import Framing, WebSocketReader, frame
from protocol.records import Section
from protocol.schema import SPEC_OF, Sender
from tests.benchmarks.compiler import needs_compiler
from tests.benchmarks.packing import predictions, section, snapshot

pytestmark = needs_compiler

PATIENCE_S = 10.0
PERIOD_NS = 4_000_000
HEAD = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
POSTED = SPEC_OF[schema.Closing].type
EVENT = next(kind for kind, spec in schema.MESSAGES.items() if spec.lane is schema.Lane.EVENTS)


@dataclass
class Stage:
    """A board whose lines are connected, and the other ends of them. mail: all that came and was not asked for."""

    board: Switchboard
    servers: list[socket.socket]
    mail: list[Mail] = field(default_factory=list)

    def run_until(self, is_enough: Callable[[], bool]) -> None:
        """Let the board work until something is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_enough():
            assert time.monotonic() < deadline, self.mail
            self.mail += self.board.run(time.monotonic_ns() + 1_000_000)

    def feed(self, *chunks: bytes, line: int = 0) -> None:
        """Send chunks to a line, each of which has arrived before the next one is sent."""
        for chunk in chunks:
            self.servers[line].sendall(chunk)
            self.run_until(partial(self._has_received, self.board.received_bytes + len(chunk)))

    def _has_received(self, count: int) -> bool:
        return self.board.received_bytes >= count

    def next_mail(self) -> Mail:
        """Wait for mail."""
        self.run_until(lambda: bool(self.mail))
        return self.mail.pop(0)

    def received(self, line: int = 0) -> bytes:
        """Return all that a line has sent so far."""
        self.servers[line].setblocking(False)
        found = b""
        try:
            while more := self.servers[line].recv(1 << 20):
                found += more
        except BlockingIOError:
            pass
        return found

    def messages(self, line: int = 0) -> list[Any]:
        """Unmask and decode it."""
        return [decode(payload, Sender.CLIENT) for payload in payloads(self.received(line))]

    def rows(self) -> list[dict[str, int]]:
        """Return what was noted down of snapshots."""
        return [dict(zip(FRAME_COLUMNS, row, strict=True)) for row in self.board.snapshots().tolist()]


def payloads(stream: bytes) -> list[bytes]:
    """Read what a client wrote as a server does, which refuses what is not masked."""
    return [payload for payload in WebSocketReader(1 << 21).feed(stream) if isinstance(payload, bytes)]


@contextmanager
def staged(
    *roles: Role, steps: int = 1, is_raw: bool = False, is_upgraded: bool = True, **schedule: int
) -> Iterator[Stage]:
    """Connect a line for each role (or one, of client 7, kept whole) to a socket here, and upgrade it.

    Bytes of pose frames count up from 0, over steps, then lines.
    """
    roles = roles or (Role(7, (0, 0, 0), 0, 0, is_sampled=True),)
    shape = steps, len(roles), max(role.frame_bytes for role in roles)
    frames = np.arange(np.prod(shape), dtype=np.uint32).astype(np.uint8).reshape(shape)
    plan = Schedule(frames, PERIOD_NS, **schedule)
    with ExitStack() as closing, Switchboard(roles, plan, 5, is_raw=is_raw) as board:
        stage = Stage(board, [])
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for line in range(len(roles)):
                client = closing.enter_context(connecting(listener.getsockname()))
                board.connect(line, client.fileno())
                stage.servers.append(closing.enter_context(listener.accept()[0]))
                assert stage.next_mail() == (line, Kind.CONNECTED, "", b"")
        for line in range(len(roles)) if is_upgraded and not is_raw else ():
            stage.feed(HEAD, line=line)
            assert stage.next_mail() == (line, Kind.UPGRADED, "", HEAD)
        yield stage


def connecting(address: tuple[str, int]) -> socket.socket:
    """Begin to connect."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    return client


@pytest.fixture
def stages() -> Iterator[Callable[..., Stage]]:
    """Make stages like `staged`, which are closed afterwards."""
    with ExitStack() as closing:

        def make(*roles: Role, **unusual: Any) -> Stage:
            return closing.enter_context(staged(*roles, **unusual))

        yield make


def framed(payload: bytes) -> bytes:
    """Frame a payload as the server does."""
    return frame(Framing.WEBSOCKET, payload)


def posted(length: int) -> bytes:
    """Make a payload that is handed on whatever it says."""
    return (bytes((0x92, POSTED)) + bytes(k % 251 for k in range(length)))[:length]


def told(*sections: bytes, **header: Any) -> bytes:
    """Make a snapshot message."""
    return encode(schema.Snapshot(snapshot(*sections, **header)))


CROWD = (
    section(Section.LEAVE, {"id": 1}),
    section(Section.ENTER, {"id": 2, "generation": 1}),
    section(Section.ROOT, {"id": 2}, {"id": 3}),
    section(Section.TRACKED, {"id": 4}),
    section(Section.THING, *({"id": 100 + k} for k in range(7))),
    section(Section.ROOT_DELTA, *({"id": 10 + k} for k in range(300))),
    section(Section.TRACKED_DELTA, *({"id": 900 + k} for k in range(2))),
    section(Section.DOT, *({"id": 950 + k, "x": k} for k in range(5))),
    predictions(*({"id": 960 + 20 * k, "x": k**3, "yaw": -(k**3), "age": k % 3 - 1} for k in range(31))),
)
SOME_SNAPSHOTS = [
    told(tick=1, time_ms=50, ack=2**32 - 1, flags=1),
    told(*CROWD[:1], tick=2, time_ms=100, ack=4, held=((9, 1),)),
    told(*CROWD, tick=2**32 - 1, time_ms=2**31, ack=5, held=((9, 1), (12, 3))),
    told(*(CROWD[5] for _ in range(18)), tick=3),
]


# --- being told -------------------------------------------------------------------------------------------------------


def check_noted_down(stage: Stage, messages: list[bytes]) -> None:
    """Compare rows and kept data with what another reader makes of the same messages."""
    data = [decode(message, Sender.SERVER).data for message in messages]
    rows = stage.rows()
    assert [found for _, _, found in stage.board.kept()] == data
    for row, message, packed, (client, arrived_ns, _) in zip(rows, messages, data, stage.board.kept(), strict=True):
        assert row["bytes"] == len(framed(message))
        assert (row["client"], row["arrived_ns"]) == (client, arrived_ns) == (7, row["arrived_ns"])
        if message is SOME_SNAPSHOTS[3]:  # its sections come in no good order
            assert (row["tick"], row["updates"]) == (3, 18 * 300)
            continue
        read = read_snapshot(packed)
        avatars = [record for record in read.absolutes if record.pose.body is not Section.THING]
        assert (row["tick"], row["time_ms"], row["ack"]) == (read.tick, read.time_ms, read.ack)
        assert (row["digest"], row["flags"]) == (read.digest, read.is_full)
        assert row["updates"] == len(avatars) + len(read.deltas) + len(read.predictions)


def test_snapshots_are_noted_down_and_kept(stages: Callable[..., Stage]) -> None:
    """Every number of the header, and avatars only; read at once, as they mostly come."""
    stage = stages()
    before = time.monotonic_ns()
    stage.feed(b"".join(map(framed, SOME_SNAPSHOTS)))
    check_noted_down(stage, SOME_SNAPSHOTS)
    assert all(before < row["arrived_ns"] < time.monotonic_ns() for row in stage.rows())
    assert not stage.mail


def test_only_sampled_clients_are_kept_whole(stages: Callable[..., Stage]) -> None:
    """The others are noted down."""
    stage = stages(Role(3, (0, 0, 0), 0, 0), Role(4, (0, 0, 0), 0, 0, is_sampled=True))
    for line in (0, 1):
        stage.feed(framed(SOME_SNAPSHOTS[0]), line=line)
    assert [row["client"] for row in stage.rows()] == [3, 4]
    assert [client for client, _, _ in stage.board.kept()] == [4]


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=30))
def test_snapshots_may_be_split_anywhere(lengths: list[int]) -> None:
    """In the head of a frame, within it, and with several frames in one piece."""
    stream, chunks = b"".join(map(framed, SOME_SNAPSHOTS)), []
    for length in lengths:
        chunks.append(stream[:length])
        stream = stream[length:]
    with staged() as stage:
        stage.feed(*filter(None, [*chunks, stream]))
        check_noted_down(stage, SOME_SNAPSHOTS)


@pytest.mark.parametrize("cut", range(1, len(framed(posted(300))) + 3))
def test_every_split_of_a_frame_is_one(stages: Callable[..., Stage], cut: int) -> None:
    """A message behind another arrives whole, wherever the stream was cut."""
    stream = framed(posted(2)) + framed(posted(300))
    stage = stages()
    stage.feed(stream[:cut], stream[cut:])
    assert [mail.data for mail in stage.mail] == [posted(2), posted(300)]


@pytest.mark.parametrize("length", [2, 125, 126, 65535, 65536, 900_000])
def test_frames_of_all_lengths_arrive(stages: Callable[..., Stage], length: int) -> None:
    """In the three forms, with something behind; the longest in many reads."""
    stage = stages()
    stage.feed(framed(posted(length)) + framed(posted(2)))
    assert stage.mail == [(0, Kind.MESSAGE, "", posted(length)), (0, Kind.MESSAGE, "", posted(2))]


def test_the_answer_to_an_upgrade_may_come_in_pieces_with_more_behind(stages: Callable[..., Stage]) -> None:
    """It is handed on whole, and what follows is read as frames."""
    stage = stages(is_upgraded=False)
    stage.feed(HEAD[:20], HEAD[20:-1], HEAD[-1:] + framed(posted(5)))
    assert stage.mail == [(0, Kind.UPGRADED, "", HEAD), (0, Kind.MESSAGE, "", posted(5))]


def test_a_message_with_many_fields_has_its_type_further_back(stages: Callable[..., Stage]) -> None:
    """A welcome is longer than msgpack's shortest array form."""
    welcome = encode(schema.Welcome(0, 1, "", "", "", False, "u", "n", "", "", True, [], 1, 1, 1, 1))
    stage = stages()
    stage.feed(framed(welcome))
    assert [mail.data for mail in stage.mail] == [welcome]


def test_what_nobody_waits_for_is_passed_over(stages: Callable[..., Stage]) -> None:
    """Pongs, events, control frames."""
    stage = stages()
    stage.feed(framed(encode(schema.Pong(1, 2, 3))), b"\x89\x02hi", framed(posted(2)))
    assert [mail.data for mail in stage.mail] == [posted(2)]
    assert stage.rows() == []


# --- what goes wrong --------------------------------------------------------------------------------------------------

DATA = decode(SOME_SNAPSHOTS[1], Sender.SERVER).data


def snapshot_message(data: bytes, length: int | None = None) -> bytes:
    """Make a snapshot message whose bin may lie about its length."""
    return bytes((0x92, SPEC_OF[schema.Snapshot].type, 0xC4, len(data) if length is None else length)) + data


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (b"\x82\x81abcdx", "sent a masked frame"),
        (b"\x02\x01x", "sent a fragment of a message"),
        (b"\x80\x01x", "sent a fragment of a message"),
        (b"\x82\x7f" + (2**63).to_bytes(8, "big"), "announced a frame longer than any message"),
        (b"\x82\x7f" + (2**20).to_bytes(8, "big"), "announced a frame longer than any message"),
        (framed(b""), "sent a message without a type"),
        (framed(b"\x92"), "sent a message without a type"),
        (framed(b"\xdc\x00\x10"), "sent a message without a type"),
        (framed(bytes((0x92, EVENT, 0xCE, 0, 0, 1))), "sent an event without a number"),
        (framed(bytes((0x92, EVENT, 0x05, 0, 0, 0, 1))), "sent an event without a number"),
        (framed(snapshot_message(b"")), "does not end where it should"),
        (framed(snapshot_message(DATA[:16])), "does not end where it should"),
        (framed(snapshot_message(DATA[:-1])), "does not end where it should"),
        (framed(snapshot_message(DATA + b"\x03")), "does not end where it should"),
        (framed(snapshot_message(DATA + b"\x03\xff\xff\xff")), "does not end where it should"),
        (framed(snapshot_message(DATA, len(DATA) + 1)), "does not end where it should"),
        (framed(snapshot_message(DATA, len(DATA) - 1)), "does not end where it should"),
        (framed(bytes((0x92, SPEC_OF[schema.Snapshot].type))), "does not end where it should"),
        (framed(bytes((0x92, SPEC_OF[schema.Snapshot].type, 0xC6, 0))), "does not end where it should"),
        (framed(bytes((0x92, SPEC_OF[schema.Snapshot].type, 0xA0))), "does not end where it should"),
    ],
)
def test_a_server_that_breaks_a_rule_is_told_of_and_not_read_on(
    stages: Callable[..., Stage], wrong: bytes, problem: str
) -> None:
    """In words; whatever was right before it counts, nothing behind it does."""
    stage = stages()
    stage.feed(framed(SOME_SNAPSHOTS[0]) + wrong + framed(posted(2)))
    (mail,) = stage.mail
    assert mail.kind is Kind.WRONG
    assert mail.problem.startswith("the server ")
    assert problem in mail.problem
    assert [row["tick"] for row in stage.rows()] == [1]
    stage.servers[0].sendall(framed(posted(2)))
    assert stage.board.run(time.monotonic_ns() + 10_000_000) == []


def test_an_endless_answer_to_an_upgrade_is_refused(stages: Callable[..., Stage]) -> None:
    """Instead of being kept for ever."""
    stage = stages(is_upgraded=False)
    stage.feed(bytes(10_000), bytes(10_000))
    assert stage.mail == [(0, Kind.WRONG, "the server answered the upgrade without end", b"")]


STARTS = [b"", b"\x82\x20", b"\x82\x20\x92\x42\xc4\x1c", b"\x82\x7e\x00\xff\x92\x42"]


@given(st.binary(max_size=200), st.sampled_from(STARTS))
def test_any_bytes_are_survived(noise: bytes, start: bytes) -> None:
    """They are noted down, waited for, or refused in words."""
    with staged() as stage:
        stage.servers[0].sendall(start + noise)
        stage.servers[0].close()
        assert stage.next_mail().kind in {Kind.MESSAGE, Kind.WRONG, Kind.LOST}


def test_a_closed_connection_is_told_of(stages: Callable[..., Stage]) -> None:
    """In good order, or not; what came before counts. Nothing more is sent then."""
    stage = stages(Role(0, (0, 0, 0), 0, 0), Role(1, (0, 0, 0), 0, 0))
    stage.servers[0].sendall(framed(SOME_SNAPSHOTS[0]))
    stage.servers[0].close()
    assert stage.next_mail() == (0, Kind.LOST, "connection closed by the server", b"")
    assert len(stage.rows()) == 1
    stage.servers[1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stage.servers[1].close()
    assert stage.next_mail() == (1, Kind.LOST, "connection lost: Connection reset by peer", b"")
    stage.board.say(1, b"x")
    stage.board.show_life(0)
    assert stage.board.run(time.monotonic_ns()) == []


def test_nobody_listening_is_told_of() -> None:
    """As a connection that could not be."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    nothing = Schedule(np.zeros((1, 1, 0), np.uint8), PERIOD_NS)
    with Switchboard([Role(0, (0, 0, 0), 0, 0)], nothing) as board, connecting(address) as client:
        board.connect(0, client.fileno())
        mail = Stage(board, []).next_mail()
    assert mail == (0, Kind.UNCONNECTED, "could not connect: Connection refused", b"")


def test_a_socket_that_does_not_take_a_frame_whole_is_told_of(stages: Callable[..., Stage]) -> None:
    """First a part of it fits, then nothing."""
    stage = stages()
    huge = bytes(1 << 24)
    stage.board.say(0, huge)
    assert stage.next_mail() == (0, Kind.UNSENT, "could send only a part of a frame", b"")
    stage.board.say(0, huge)
    stage.board.say(0, huge)
    problems = {stage.next_mail().problem for _ in range(2)}
    assert problems <= {
        "could send only a part of a frame",
        "could not send: Resource temporarily unavailable",
    }
    assert "could not send: Resource temporarily unavailable" in problems


# --- speaking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 100_000])
def test_messages_are_read_by_a_server(stages: Callable[..., Stage], length: int) -> None:
    """Masked, in all three length forms, each under a key of its own."""
    stage, payload, stream = stages(), posted(length), b""
    for _ in range(2):
        stage.board.say(0, payload)
    deadline = time.monotonic() + PATIENCE_S
    while len(payloads(stream)) < 2 and time.monotonic() < deadline:
        stream += stage.received()
    assert payloads(stream) == [payload, payload]
    head = 2 + (0 if length < 126 else 2 if length < 65536 else 8)
    keys = [stream[at + head : at + head + 4] for at in (0, len(stream) // 2)]
    assert keys[0] != keys[1]


def test_bytes_are_sent_as_they_are(stages: Callable[..., Stage]) -> None:
    """As an upgrade needs it."""
    stage = stages()
    stage.board.send(0, b"GET / HTTP/1.1\r\n\r\n")
    assert stage.received() == b"GET / HTTP/1.1\r\n\r\n"


def test_events_are_acknowledged_once_and_the_silent_ping(stages: Callable[..., Stage]) -> None:
    """The newest event's number; a ping where nothing was said for too long, and nothing where something was."""
    stage = stages()
    stage.feed(*(framed(bytes((0x92, EVENT, 0xCE)) + number.to_bytes(4, "big")) for number in (6, 70_000)))
    stage.board.show_life(60)
    assert stage.messages() == [schema.Ack(70_000)]
    stage.board.show_life(60)
    assert stage.messages() == []
    stage.board.show_life(0)
    assert stage.messages() == [schema.Ping(0)]


# --- turns ------------------------------------------------------------------------------------------------------------


def walk(stage: Stage, steps: int, start_ns: int) -> None:
    """Let everybody walk for some steps."""
    for line in range(len(stage.servers)):
        stage.board.let_walk(line)
    stage.board.start(start_ns)
    stage.mail += stage.board.run(start_ns + steps * PERIOD_NS)


def test_everybody_sends_their_frames_in_turn(stages: Callable[..., Stage]) -> None:
    """Each step's own, to its length, not before it is due; how late is written down."""
    stage = stages(Role(0, (0, 0, 0), 0, 3), Role(1, (0, 0, 0), PERIOD_NS // 2, 4), steps=5)
    start_ns = time.monotonic_ns() + 2_000_000
    walk(stage, 3, start_ns)
    assert time.monotonic_ns() >= start_ns + 3 * PERIOD_NS
    slots = np.arange(5 * 2 * 4, dtype=np.uint8).reshape(5, 2, 4)
    assert stage.received(0) == slots[:3, 0, :3].tobytes()
    assert stage.received(1) == slots[:3, 1].tobytes()
    assert stage.board.first_step.tolist() == [0, 0]
    assert (stage.board.lateness_ns[:3] >= 0).all()
    assert (stage.board.lateness_ns[:3] < PATIENCE_S * 1e9).all()
    assert (stage.board.lateness_ns[3:] == -1).all()


def test_the_schedule_ends(stages: Callable[..., Stage]) -> None:
    """Behind the last step there are no turns, and time passes all the same."""
    stage = stages(Role(0, (0, 0, 0), 0, 3), steps=2)
    walk(stage, 4, time.monotonic_ns())
    assert len(stage.received()) == 6


def test_who_comes_later_begins_with_its_first_frame(stages: Callable[..., Stage]) -> None:
    """Its own steps count from its first turn."""
    stage = stages(Role(0, (0, 0, 0), 0, 3), steps=5)
    start_ns = time.monotonic_ns()
    stage.board.start(start_ns)
    stage.board.run(start_ns + 2 * PERIOD_NS)
    assert stage.board.first_step.tolist() == [-1]
    walk(stage, 4, start_ns)
    assert stage.board.first_step.tolist() == [2]
    assert stage.received() == bytes(range(6))
    assert stage.board.lateness_ns[:, 0].tolist()[:2] == [-1, -1]


def test_who_leaves_says_goodbye_with_its_last_frame(stages: Callable[..., Stage]) -> None:
    """In one piece, and then nothing; when is written down."""
    stage = stages(Role(0, (0, 0, 0), 0, 3, stays=1), steps=5, ping_steps=1)
    before = time.monotonic_ns()
    walk(stage, 5, before)
    stage.board.show_life(0)
    stream = stage.received()
    assert [decode(payload, Sender.CLIENT) for payload in payloads(stream[3 : len(stream) - 11])] == [schema.Ping(0)]
    assert stream[:3] == bytes(range(3))
    assert stream[len(stream) - 11 : -8] == bytes(range(3, 6))
    assert payloads(stream[-8:]) == [encode(schema.Bye())]
    assert before < stage.board.left_ns[0] < time.monotonic_ns()
    assert stage.board.lateness_ns[:, 0].tolist()[2:] == [-1] * 3


def test_who_stands_still_sends_one_frame_and_shows_that_it_is_alive(stages: Callable[..., Stage]) -> None:
    """Pings every so many steps, and acknowledgements if there is something to acknowledge."""
    stage = stages(Role(0, (0, 0, 0), 0, 3, is_still=True), steps=9, ping_steps=4, ack_steps=2)
    stage.feed(framed(bytes((0x92, EVENT, 0xCE, 0, 0, 0, 9))))
    walk(stage, 9, time.monotonic_ns())
    stream = stage.received()
    assert stream[:3] == bytes(range(3))
    said = [decode(payload, Sender.CLIENT) for payload in payloads(stream[3:])]
    assert said == [schema.Ping(0), schema.Ack(9), schema.Ping(0), schema.Ping(0)]


def test_turns_that_are_due_come_before_reads(stages: Callable[..., Stage]) -> None:
    """However much there is to read, and however many turns are due."""
    stage = stages(*(Role(k, (0, 0, 0), 0, 3) for k in range(3)), steps=50)
    for server in stage.servers:
        server.sendall(framed(posted(100)))
    before = stage.board.received_bytes
    walk(stage, 50, time.monotonic_ns() - 50 * PERIOD_NS)
    assert stage.board.received_bytes == before
    assert [len(stage.received(line)) for line in range(3)] == [150] * 3
    stage.run_until(lambda: len(stage.mail) == 3)


def test_mail_comes_before_it_is_time(stages: Callable[..., Stage]) -> None:
    """Whoever waits is told at once."""
    stage = stages()
    stage.servers[0].sendall(framed(posted(2)))
    later_ns = time.monotonic_ns() + int(PATIENCE_S * 1e9)
    assert [mail.data for mail in stage.board.run(later_ns)] == [posted(2)]
    assert time.monotonic_ns() < later_ns


# --- reading less -----------------------------------------------------------------------------------------------------


def test_an_ignored_line_is_read_only_when_asked_to(stages: Callable[..., Stage]) -> None:
    """And no more than asked for."""
    stage = stages()
    before = stage.board.received_bytes
    stage.board.ignore(0)
    stage.servers[0].sendall(framed(SOME_SNAPSHOTS[2]))
    assert stage.board.run(time.monotonic_ns() + 10_000_000) == []
    assert stage.board.received_bytes == before
    for read in range(1, 5):
        stage.board.read(0, 100)
        assert stage.board.received_bytes == before + 100 * read
    while not stage.rows():
        stage.board.read(0, 1000)
    assert stage.rows()[0]["bytes"] == stage.board.received_bytes - before


def test_a_raw_board_counts(stages: Callable[..., Stage]) -> None:
    """Nothing is upgraded, cut or posted."""
    stage = stages(is_raw=True)
    stage.feed(b"\x82\x81abcdx", bytes(5000))
    assert stage.board.received_bytes == 5007
    assert not stage.mail


def test_frames_that_do_not_fit_their_roles_are_refused() -> None:
    """Before anything could be read beyond them."""
    frames = np.zeros((3, 1, 8), np.uint8)
    for roles, view in (
        ([Role(0, (0, 0, 0), 0, 9)], frames),
        ([Role(0, (0, 0, 0), 0, 4)], frames[:, :, ::2]),
        ([], frames),
        ([Role(0, (0, 0, 0), 0, 4)] * 2, frames),
    ):
        with pytest.raises(ValueError, match="frames"):
            Switchboard(roles, Schedule(view, PERIOD_NS))
