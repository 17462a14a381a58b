"""System calls on many sockets from one compiled loop: what is ready is read, poses are cut out, frames are written.

A thousand people are a thousand reads and a thousand writes a tick. Of what the server did for each of them in its own
language, most was to get from one such call to the next; here that takes nanoseconds. Everything but the commonest case
goes to whoever calls: what is not a lone pose in its usual form, what cannot be written at once, and every error.

As in `kernels`, a loop takes all it needs by argument and imports nothing of ours. Linux only.
"""

from __future__ import annotations

import ctypes
import platform
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from presence.kernels import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Poses = tuple[Bytes, NDArray[np.int32], Bytes]

MOST_READY = 4096  # sockets at a time; of others the next call tells
MOST_BYTES = 4096  # read of a socket at a time
MOST_POSES = 8192  # of a kind at a time
MIN_FRAME_BYTES = 16  # of a pose, with its header

# struct epoll_event is 32 bits of events, then 64 of ours; packed on x86-64, aligned elsewhere
EVENT_WORDS, _DATA_WORD = (3, 1) if platform.machine() == "x86_64" else (4, 2)
# RFC 6455: a final frame of bytes, masked, with its length in the second byte; else a 32-bit length
_FINAL_BINARY, _MASKED = 0x82, 0x80
_HEADER_BYTES, _MASKED_HEADER_BYTES = 4, 6
_DONT_WAIT, _NO_SIGNAL = 0x40, 0x4000  # MSG_DONTWAIT, MSG_NOSIGNAL


def _libc(name: str, result: str, *arguments: str) -> Any:
    """Find a function of the C library, for compiled code or, where nothing is compiled, for Python."""
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]  # it is set from the environment
        function = getattr(ctypes.CDLL(None), name)
        function.restype, function.argtypes = _CTYPES[result], [_CTYPES[argument] for argument in arguments]
        return function
    return numba.types.ExternalFunction(name, _NUMBA[result](*(_NUMBA[argument] for argument in arguments)))


_CTYPES: dict[str, Any] = {
    "int": ctypes.c_int,
    "size": ctypes.c_size_t,
    "count": ctypes.c_ssize_t,
    "pointer": ctypes.c_void_p,
}
_NUMBA: dict[str, Any] = {
    "int": numba.types.int32,
    "size": numba.types.uintp,
    "count": numba.types.intp,
    "pointer": numba.types.voidptr,
}
_epoll_wait = _libc("epoll_wait", "int", "int", "pointer", "int", "int")
_recv = _libc("recv", "count", "int", "pointer", "size", "int")
_send = _libc("send", "count", "int", "pointer", "size", "int")


@compiled("(i4[::1], u1[::1], i8[::1], i8[::1])")
def send_each(sockets: NDArray[np.int32], arena: Bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Any:
    """Write a stretch of the arena to each socket, as much as it takes at once.

    Returns how many bytes that was, (sockets,) int64; 0 too where a socket is in trouble, which the next one to write
    to it is told. Cost: the system call, 7 to 11 µs.
    """
    sent = np.empty(len(sockets), np.int64)
    for k in range(len(sockets)):
        length = ends[k] - starts[k]
        sent[k] = max(0, _send(sockets[k], arena[starts[k] :].ctypes, length, _DONT_WAIT | _NO_SIGNAL))
    return sent


@compiled("(u1[::1], i8, i8, b1, u1[::1], u1[::1])")
def _cut(arena: Bytes, at: int, end: int, is_websocket: bool, prefix: Bytes, record: Bytes) -> int:
    """Cut a whole frame with a lone pose of one kind out of the arena, if that is what stands there.

    Writes what follows the prefix to `record`. Returns where the frame ends, 0 where there is no such frame.
    """
    length = len(prefix) + len(record)
    body = at + (_MASKED_HEADER_BYTES if is_websocket else _HEADER_BYTES)
    if body + length > end:
        return 0
    if is_websocket:
        if arena[at] != _FINAL_BINARY or arena[at + 1] != _MASKED | length:
            return 0
    elif arena[at] | arena[at + 1] | arena[at + 2] or arena[at + 3] != length:
        return 0
    for k in range(length):
        byte = arena[body + k]
        if is_websocket:
            byte ^= arena[body - 4 + (k & 3)]
        if k >= len(prefix):
            record[k - len(prefix)] = byte
        elif byte != prefix[k]:
            return 0
    return body + length


_POSES = "Tuple((u1[::1], i4[::1], u1[:,::1]))"


@compiled(f"(u1[::1], i8, i8, b1, {_POSES}, i8, i4)")
def _cut_all(
    arena: Bytes, at: int, end: int, is_websocket: bool, poses: Poses, n: int, socket: np.int32
) -> tuple[int, int]:
    """Cut poses of one kind out of the arena, one behind the other, to be the next behind the first n of their kind.

    Returns where the last of them ends, and how many there are now.
    """
    prefix, sockets, records = poses
    next_at = _cut(arena, at, end, is_websocket, prefix, records[n])
    while next_at:
        sockets[n] = socket
        at, n = next_at, n + 1
        next_at = _cut(arena, at, end, is_websocket, prefix, records[n])
    return at, n


@compiled(f"(i4, u4[::1], b1[::1], b1[::1], {_POSES}, {_POSES}, u1[::1], i4[::1], i8[::1])")
def receive_ready(
    epoll: int,
    events: NDArray[np.uint32],
    expects_pose: NDArray[np.bool_],
    is_websocket: NDArray[np.bool_],
    roots: Poses,
    trackeds: Poses,
    arena: Bytes,
    others: NDArray[np.int32],
    ends: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Read once from each socket that an epoll finds ready, and sort what came into poses and everything else.

    expects_pose, is_websocket: by socket; that a lone pose may begin with the next byte, and how frames are framed.
    roots, trackeds: of each kind of pose, what stands before its record in the usual form, and room for MOST_POSES:
    whose they are, and the records. Of one socket they are of one kind; what comes behind them is for the arena.
    others, ends: room for MOST_READY: the sockets of which something is in the arena, one behind the other, and where
    each ends there; empty when the peer has ended, or there is an error.

    Returns how many there are of either kind and of others, and the bytes of the poses' frames. Cost: the system calls,
    2 to 5 µs for a socket, and 0.1 µs for a pose.
    """
    n_roots, n_trackeds, n_others, filled, pose_bytes = 0, 0, 0, 0, 0
    for k in range(_epoll_wait(epoll, events.ctypes, len(others), 0)):
        is_full = max(n_roots, n_trackeds) + MOST_BYTES // MIN_FRAME_BYTES > MOST_POSES
        if is_full or filled + MOST_BYTES > len(arena):
            break  # what is not read is ready still at the next call
        socket = np.int32(events[k * EVENT_WORDS + _DATA_WORD])
        end = filled + max(0, _recv(socket, arena[filled:].ctypes, MOST_BYTES, _DONT_WAIT))
        at, is_empty = filled, end == filled
        if expects_pose[socket]:
            at, n_roots = _cut_all(arena, filled, end, is_websocket[socket], roots, n_roots, socket)
            if at == filled:
                at, n_trackeds = _cut_all(arena, filled, end, is_websocket[socket], trackeds, n_trackeds, socket)
            pose_bytes += at - filled
        if at < end or is_empty:
            for byte in range(at, end):
                arena[filled + byte - at] = arena[byte]
            filled += end - at
            others[n_others], ends[n_others] = socket, filled
            n_others += 1
    return n_roots, n_trackeds, n_others, pose_bytes
