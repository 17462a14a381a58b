"""presence.sockets: writing to many sockets at once; reading from them is tested through presence.intake."""

from __future__ import annotations

import contextlib
import socket

import numpy as np

from presence.sockets import send_each


def sent_to(sockets: list[socket.socket], arena: bytes, starts: list[int], ends: list[int]) -> list[int]:
    """Write stretches of bytes to sockets; return how much of each was taken."""
    numbers = np.array([taken.fileno() for taken in sockets], np.int32)
    sent = send_each(numbers, np.frombuffer(bytearray(arena), np.uint8), np.array(starts), np.array(ends))
    return [int(count) for count in sent]


def test_each_socket_gets_its_stretch() -> None:
    """Byte for byte, and nothing where there is nothing to write."""
    with contextlib.ExitStack() as stack:
        pairs = [[stack.enter_context(end) for end in socket.socketpair()] for _ in range(3)]
        assert sent_to([near for near, _ in pairs], b"hello world", [0, 5, 6], [5, 5, 11]) == [5, 0, 5]
        pairs[1][0].close()
        assert [far.recv(100) for _, far in pairs] == [b"hello", b"", b"world"]


def test_a_full_socket_takes_what_it_can_and_nobody_waits() -> None:
    """The rest is for its transport to write; the next socket is served."""
    full, reader = socket.socketpair()
    free, other = socket.socketpair()
    arena = bytes(range(256)) * 8192
    first, second, third = sent_to([full, full, free], arena, [0, 0, 0], [len(arena), 10, 10])
    assert (0 < first < len(arena), second, third) == (True, 0, 10)
    received = b""
    while len(received) < first:
        received += reader.recv(65_536)
    assert received == arena[:first]
    assert other.recv(100) == arena[:10]
    for end in (full, reader, free, other):
        end.close()


def test_a_broken_socket_takes_nothing_and_raises_nothing() -> None:
    """No signal either: its transport meets the error at the next write."""
    near, far = socket.socketpair()
    far.close()
    assert sent_to([near], b"hello", [0], [5]) == [0]
    near.close()
