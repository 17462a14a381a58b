"""presence.intake: what many clients send, read in one go from real sockets."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import socket
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from structlog.testing import capture_logs

from presence.inbox import PREFIX, Inbox
from presence.intake import QUIET_SWEEP_S, SWEEP_S, Intake
from presence.sockets import MIN_FRAME_BYTES
from presence.traffic import Traffic
from protocol.framing import Framing, TcpReader, WebSocketReader, mask, tcp_header, websocket_header
from protocol.records import Section
from tests.rooms import input_record

ROOT, TRACKED = Section.ROOT_INPUT, Section.TRACKED_INPUT
PEERS: list[Peer] = []  # of the test that runs
FRAMINGS = pytest.mark.parametrize("framing", list(Framing))


class Loop:
    """An event loop's clock and its one timer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Return the time."""
        return self.now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Loop:
        """Remember a timer."""
        self.timers.append((self.now + delay_s, callback))
        return self

    def cancel(self) -> None:
        """Forget the timers."""
        self.timers.clear()

    def ring(self) -> None:
        """Let the next timer go off."""
        self.now, callback = self.timers.pop(0)
        callback()


class Peer:
    """A client and the connection of it, on a pair of real sockets."""

    def __init__(self, framing: Framing = Framing.TCP, inbox: Inbox | None = None, row: int = 0) -> None:
        self.framing = framing
        self.room, self.row = inbox, row
        self.payloads: list[object] = []  # what came in the general way
        self.reads_itself = self.is_aborted = self.is_broken = False
        self.near, self.far = socket.socketpair()
        PEERS.append(self)
        self.socket = self.near.fileno()
        self._reader = TcpReader(2**16) if framing is Framing.TCP else WebSocketReader(2**16)

    @property
    def inbox(self) -> Inbox | None:
        """Where a pose goes that begins with the next byte."""
        return self.room if self._reader.is_between_frames else None

    def data_received(self, data: bytes) -> None:
        """Take bytes in the general way."""
        if self.is_broken:
            raise RuntimeError("a fuse blew")
        self.payloads += self._reader.feed(data)

    def read_yourself(self) -> None:
        """Note that the end is near."""
        self.reads_itself = True

    def abort(self) -> None:
        """Note that it is over."""
        self.is_aborted = True

    def send(self, *payloads: bytes) -> int:
        """Send whole frames in one piece; return how many bytes."""
        return self.far.send(b"".join(framed(self.framing, payload) for payload in payloads))


def framed(framing: Framing, payload: bytes, key: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """Frame a payload as a client does."""
    if framing is Framing.TCP:
        return tcp_header(len(payload)) + payload
    header = bytearray(websocket_header(len(payload)))
    header[1] |= 0x80
    return bytes(header) + key + mask(payload, key)


def a_pose(seq: int, kind: Section = ROOT) -> bytes:
    """Make a pose message in its usual form."""
    return PREFIX[kind] + input_record(kind, seq, (0, 0, 0)).tobytes()


def poses(inbox: Inbox) -> list[tuple[int, Section, int]]:
    """Take all poses: row, kind and sequence number, by segment and kind."""
    return [
        (row, batch.kind, seq)
        for segment in inbox.take()
        for batch in segment.batches
        for row, seq in zip(batch.rows.tolist(), batch.table["seq"].tolist(), strict=True)
    ]


def steps_until(loop: Loop, end_s: float) -> NDArray[np.float64]:
    """Let timers go off until a time; return how long each one took."""
    times = [loop.now]
    while loop.now < end_s:
        loop.ring()
        times.append(loop.now)
    return np.diff(times)


def hang_up() -> None:
    """Close everybody's sockets."""
    for peer in PEERS:
        peer.near.close()
        peer.far.close()
    PEERS.clear()


@pytest.fixture
def loop() -> Loop:
    """Make a loop."""
    return Loop()


@pytest.fixture
def intake(loop: Loop) -> Iterator[Intake]:
    """Make an intake on it."""
    made = Intake(cast("asyncio.AbstractEventLoop", loop), Traffic())
    yield made
    made.close()
    hang_up()


@FRAMINGS
@pytest.mark.parametrize("kind", [ROOT, TRACKED])
def test_a_lone_pose_goes_to_the_room(intake: Intake, framing: Framing, kind: Section) -> None:
    """With its row and the time of the sweep; the connection does not see it."""
    peer = Peer(framing, Inbox(), 7)
    intake.add(peer)
    peer.send(a_pose(3, kind))
    intake.sweep(2.5)
    assert peer.room is not None
    (batch,) = peer.room.take()[0].batches
    assert (batch.kind, batch.rows.tolist(), batch.received.tolist()) == (kind, [7], [2.5])
    assert batch.table.tobytes() == input_record(kind, 3, (0, 0, 0)).tobytes()
    assert peer.payloads == []


@given(seed=st.integers(0, 2**32), framing=st.sampled_from(Framing), cut=st.sampled_from([1, 9, 60, 5000]))
def test_a_stream_means_the_same_however_it_is_cut(seed: int, framing: Framing, cut: int) -> None:
    """Poses of both kinds between other messages, in pieces of any length: nothing is lost, doubled or out of order."""
    rng, loop = random.Random(seed), Loop()
    intake = Intake(cast("asyncio.AbstractEventLoop", loop), Traffic())
    inbox, other = Inbox(), Inbox()
    peers = [Peer(framing, inbox, 0), Peer(framing, inbox, 1), Peer(framing, other, 0)]
    sent: list[list[bytes]] = []
    for peer in peers:
        intake.add(peer)
        script = [rng.choice((ROOT, TRACKED, None)) for _ in range(40)]
        sent.append(
            [rng.randbytes(rng.randrange(90)) if kind is None else a_pose(k, kind) for k, kind in enumerate(script)]
        )
    streams = [b"".join(framed(framing, payload, rng.randbytes(4)) for payload in payloads) for payloads in sent]
    found: list[list[bytes]] = [[] for _ in peers]
    while any(streams):
        for k, peer in enumerate(peers):
            size = rng.randint(0, cut)
            peer.far.send(streams[k][:size])
            streams[k] = streams[k][size:]
        intake.sweep(0.0)
        for room, box in ((0, inbox), (1, other)):
            for row, kind, seq in poses(box):
                found[2 * room + row].append(a_pose(seq, kind))
        for k, peer in enumerate(peers):
            found[k] += cast("list[bytes]", peer.payloads)
            peer.payloads.clear()
    for payloads, got in zip(sent, found, strict=True):
        usual = {a_pose(k, kind) for k in range(40) for kind in (ROOT, TRACKED)}
        assert [payload for payload in got if payload in usual] == [payload for payload in payloads if payload in usual]
        assert [payload for payload in got if payload not in usual] == [
            payload for payload in payloads if payload not in usual
        ]
    intake.close()
    hang_up()


@FRAMINGS
def test_what_is_not_quite_a_pose_goes_the_general_way(intake: Intake, framing: Framing) -> None:
    """Each byte before the record counts, the frame's own among them; what is wrong is not ours to judge."""
    peer = Peer(framing, Inbox())
    intake.add(peer)
    good = a_pose(1)
    for position in range(len(PREFIX[ROOT])):
        bad = bytearray(good)
        bad[position] ^= 1
        peer.send(bytes(bad))
        intake.sweep(0.0)
        assert peer.payloads.pop() == bytes(bad)
    frame = bytearray(framed(framing, good))
    frame[0] ^= 0x80  # not final; or 2 GB long
    peer.data_received = peer.payloads.append  # type: ignore[method-assign,assignment]
    peer.far.send(frame)
    intake.sweep(0.0)
    assert peer.payloads == [bytes(frame)]
    assert peer.room is not None
    assert poses(peer.room) == []


def test_outside_a_room_a_pose_is_a_message_like_any(intake: Intake) -> None:
    """Until the connection says where poses go, and again once they go nowhere."""
    peer, inbox = Peer(), Inbox()
    intake.add(peer)
    for room in (None, inbox, None):
        peer.room = room
        intake.heed(peer)
        peer.send(a_pose(1))
        intake.sweep(0.0)
    assert peer.payloads == [a_pose(1)] * 2
    assert len(poses(inbox)) == 1


def test_bytes_of_poses_are_counted(intake: Intake) -> None:
    """Headers included, other messages not."""
    intake._traffic = Traffic()  # noqa: SLF001
    peers = [Peer(framing, Inbox()) for framing in Framing]
    sent = 0
    for peer in peers:
        intake.add(peer)
        sent += peer.send(a_pose(1), a_pose(2))
        peer.send(b"\x91\x01")
    intake.sweep(0.0)
    assert intake._traffic.received_poses == sent  # noqa: SLF001


def test_more_than_fits_is_read_by_the_next_sweep(intake: Intake) -> None:
    """A hundred clients with a hundred poses each, and one with a long message."""
    inbox = Inbox()
    peers = [Peer(Framing.TCP, inbox, row) for row in range(100)]
    long = bytes(60_000)
    for peer in peers:
        intake.add(peer)
        peer.send(*(a_pose(seq) for seq in range(100)))
    peers[0].send(long)
    found = []
    for _ in range(20):
        intake.sweep(0.0)
        found += poses(inbox)
    assert sorted(found) == [(row, ROOT, seq) for row in range(100) for seq in range(100)]
    assert [seq for row, _, seq in found if row == 7] == list(range(100))
    assert peers[0].payloads == [long]


def test_a_peer_that_ends_is_left_to_the_event_loop(intake: Intake) -> None:
    """After everything it said has been read; and the socket is not looked at again."""
    peer = Peer()
    intake.add(peer)
    peer.send(b"\x91\x01")
    peer.far.close()
    intake.sweep(0.0)
    assert (peer.payloads, peer.reads_itself) == ([b"\x91\x01"], False)
    intake.sweep(0.0)
    assert peer.reads_itself
    peer.reads_itself = False
    intake.sweep(0.0)
    assert not peer.reads_itself
    intake.remove(peer)  # harmless: its connection is lost


def test_a_connection_that_fails_is_cut_off_alone(intake: Intake) -> None:
    """The others of the sweep are read."""
    bad, good = Peer(), Peer()
    bad.is_broken = True
    for peer in (bad, good):
        intake.add(peer)
        peer.send(b"\x91\x01")
    with capture_logs() as lines:
        intake.sweep(0.0)
    assert [line["event"] for line in lines] == ["connection failed"]
    assert (bad.is_aborted, good.is_aborted, good.payloads) == (True, False, [b"\x91\x01"])


def test_it_sweeps_while_there_is_anybody(intake: Intake, loop: Loop) -> None:
    """Every QUIET_SWEEP_S, and every SWEEP_S once somebody moves; without clients the server sleeps."""
    assert not loop.timers
    peer = Peer()
    intake.add(peer)
    peer.send(b"\x91\x01")
    loop.ring()
    assert (loop.now, peer.payloads) == (SWEEP_S, [b"\x91\x01"])
    assert steps_until(loop, 1.0)[-3:] == pytest.approx(QUIET_SWEEP_S)
    peer.room = Inbox()
    intake.heed(peer)
    peer.send(a_pose(1))
    steps = steps_until(loop, 2.0)
    assert steps[:3] == pytest.approx([QUIET_SWEEP_S, SWEEP_S, SWEEP_S])
    assert steps[-3:] == pytest.approx(QUIET_SWEEP_S)
    for _ in range(20):  # ticks
        loop.now += 0.05
        intake.sweep(loop.now)
    assert [at for at, _ in loop.timers] == [pytest.approx(loop.now + QUIET_SWEEP_S)]
    intake.remove(peer)
    loop.ring()
    assert not loop.timers
    intake.add(peer)
    assert len(loop.timers) == 1


def test_sockets_of_any_number_are_read(intake: Intake) -> None:
    """The columns grow; who was there before is where they were."""
    inbox = Inbox()
    low, high = Peer(Framing.WEBSOCKET, inbox, 1), Peer(Framing.WEBSOCKET, inbox, 2)
    high.socket = fcntl.fcntl(high.near.fileno(), fcntl.F_DUPFD, 5000)
    for peer in (low, high):
        intake.add(peer)
        peer.send(a_pose(9))
    intake.sweep(0.0)
    assert sorted(poses(inbox)) == [(1, ROOT, 9), (2, ROOT, 9)]
    os.close(high.socket)


@FRAMINGS
@pytest.mark.parametrize("kind", [ROOT, TRACKED])
def test_a_usual_frame_is_of_a_length_that_the_loops_rely_on(framing: Framing, kind: Section) -> None:
    """Long enough that a read holds no more poses than there is room for; short enough that one byte says how long."""
    frame = framed(framing, a_pose(1, kind))
    assert len(frame) >= MIN_FRAME_BYTES
    assert len(frame) - 6 < 126
