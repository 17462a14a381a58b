"""The switchboard: many connections served by one thread, fast enough that the server is what is measured.

Everything hot is in `switchboard.c`: waiting, sending each line's frame when its turn has come, signs of life, reading,
cutting frames, noting down snapshots. What is rare is left to its owner as mail. Lines are numbered like the roles they
play. Sockets belong to the owner, who opens and closes them.

Per line and step it costs one send, and one receive of a snapshot, and one share of an epoll_wait.
"""

from __future__ import annotations

import ctypes
import errno
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import native
from benchmarks.plan import FRAME_COLUMNS
from protocol.codec import encode
from protocol.records import Section
from protocol.schema import (
    MESSAGES,
    SPEC_OF,
    Ack,
    Bye,
    Closing,
    Correction,
    Done,
    Error,
    Joined,
    Lane,
    Ping,
    Snapshot,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from benchmarks.plan import Role

Ints = NDArray[np.int64]

_SOURCE = Path(__file__).with_name("switchboard.c")
_ROLE_COLUMNS = 6
_MAIL_COLUMNS = 4
_KEPT_COLUMNS = 3
_TYPES = 256
_ARRAY_OF_2 = 0x92  # msgpack
_EVENT, _MAIL = 1, 2  # what is done with a message of some type: note its number, post it
_POSTED = (Welcome, Joined, Done, Closing, Correction, Error)
_UPDATES = (
    Section.ROOT,
    Section.TRACKED,
    Section.ROOT_DELTA,
    Section.TRACKED_DELTA,
    Section.DOT,
    Section.PREDICTED,
)


class Kind(IntEnum):
    """What mail is about."""

    CONNECTED = 0
    UPGRADED = 1  # the server answered; `data` is its answer's head
    MESSAGE = 2  # one that somebody waits for, or that should not have come; `data` is its payload
    UNCONNECTED = 3  # there will be no connection
    UNSENT = 4  # something could not be sent, or in part only
    LOST = 5  # closed by the other side
    WRONG = 6  # the server broke a rule; the line is closed


_WRONG = (
    "sent a masked frame",
    "sent a fragment of a message",
    "announced a frame longer than any message",
    "sent a message without a type",
    "sent an event without a number",
    "sent a snapshot that does not end where it should",
    "answered the upgrade without end",
)


class Mail(NamedTuple):
    """Something rare that happened on a line; `problem` says in words what it was, where it was one."""

    line: int
    kind: Kind
    problem: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each line sends, and how often it shows that it is alive while it does.

    frames: (steps, lines, bytes), each line's at each step of its own; the last axis is in one piece, others may be
    repeated views. Kept, and not copied. ping_steps, ack_steps: of the schedule; 0 for never.
    """

    frames: NDArray[np.uint8]
    period_ns: int
    ping_steps: int = 0
    ack_steps: int = 0


class Switchboard:
    """Lines, from when they connect to the end. Not for several threads.

    lateness_ns: (steps, lines), how late each turn was; negative where there was none. first_step: of each line,
    negative before its first turn. left_ns: when it had said its last word, negative before. All three are live.
    """

    def __init__(self, roles: Sequence[Role], schedule: Schedule, seed: int = 0, *, is_raw: bool = False) -> None:
        """Make a board for so many lines. seed: of the masks. is_raw: bytes that arrive are counted, and nothing else.

        Raises CompilerError, and MemoryError.
        """
        steps, lines, widest = schedule.frames.shape
        fits = lines == len(roles) and all(role.frame_bytes <= widest for role in roles)
        if not fits or (widest > 1 and schedule.frames.strides[-1] != 1):
            raise ValueError("every role needs its frames, as long as it says and each in one piece")
        self.lateness_ns = np.full((steps, lines), -1, np.int64)
        self.first_step, self.left_ns = np.full((2, lines), -1, np.int64)
        plan, self._keeps = _plan(roles, schedule, seed, is_raw=is_raw)
        plan.lateness_ns = _address(self.lateness_ns)
        plan.first_step, plan.left_ns = _address(self.first_step), _address(self.left_ns)
        self._library = library()
        self._board = self._library.board_new(byref(plan))
        if not self._board:
            raise MemoryError("no room for a switchboard")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back its memory; sockets stay as they are."""
        board, self._board = self._board, None
        if board:
            self._library.board_free(board)

    # --- lines --------------------------------------------------------------------------------------------------------

    def connect(self, line: int, fd: int) -> None:
        """Take over a non-blocking socket that is connecting; mail says when it is CONNECTED."""
        if failed := self._on(line, "connect", fd):
            raise OSError(-failed, os.strerror(-failed))

    def send(self, line: int, data: bytes) -> None:
        """Send bytes as they are, whole."""
        self._on(line, "send", data, len(data))

    def say(self, line: int, payload: bytes) -> None:
        """Send one message, as a masked frame."""
        self._on(line, "say", payload, len(payload))

    def let_walk(self, line: int) -> None:
        """Give a line its turns from now on."""
        self._on(line, "let_walk")

    def ignore(self, line: int) -> None:
        """Read no more from a line, unless asked to with `read`."""
        self._on(line, "ignore")

    def read(self, line: int, most: int) -> None:
        """Read once from a line, at most so many bytes."""
        self._on(line, "read", most)

    def show_life(self, silence_s: float) -> None:
        """Let every line acknowledge its events, or ping if nothing was said for so long."""
        self._call("show_life", int(silence_s * 1e9))

    # --- time ---------------------------------------------------------------------------------------------------------

    def start(self, start_ns: int) -> None:
        """Set the moment of the first step, on the monotonic clock."""
        self._call("start", start_ns)

    def run(self, until_ns: int) -> list[Mail]:
        """Send what is due and read what comes, until a moment or until there is mail.

        No mail: it is time, and every turn due before was taken. At least one line is read, or waited for, in any case.
        Raises OSError and MemoryError.
        """
        outcome = self._call("run", until_ns)
        if outcome == _NO_MEMORY:
            raise MemoryError("no memory for what is received")
        if outcome < 0:
            raise OSError(-outcome, os.strerror(-outcome))
        return list(self._take_mail()) if outcome else []

    def _take_mail(self) -> Iterator[Mail]:
        rows = _rows(self._call("view", _Table.MAIL), _MAIL_COLUMNS).tolist()
        data, begin = _bytes(self._call("view", _Table.MAIL_BYTES)), 0
        self._call("clear_mail")
        for line, kind, code, length in rows:
            yield Mail(line, Kind(kind), _problem(Kind(kind), code), data[begin : begin + length])
            begin += length

    # --- what was noted down ------------------------------------------------------------------------------------------

    def snapshots(self) -> Ints:
        """Return a row of FRAME_COLUMNS for each snapshot, in order of arrival."""
        return _rows(self._call("view", _Table.SNAPSHOTS), len(FRAME_COLUMNS))

    def kept(self) -> list[tuple[int, int, bytes]]:
        """Return every snapshot of sampled clients, in order of arrival: client, arrived at ns, its data."""
        data, begin, found = _bytes(self._call("view", _Table.KEPT_BYTES)), 0, []
        for client, arrived_ns, length in _rows(self._call("view", _Table.KEPT), _KEPT_COLUMNS).tolist():
            found.append((client, arrived_ns, data[begin : begin + length]))
            begin += length
        return found

    @property
    def received_bytes(self) -> int:
        """All that ever arrived."""
        return int(self._call("received_bytes"))

    def _on(self, line: int, function: str, *arguments: Any) -> Any:
        assert 0 <= line < len(self.left_ns), line
        return self._call(function, line, *arguments)

    def _call(self, function: str, *arguments: Any) -> Any:
        assert self._board, "closed"
        return getattr(self._library, f"board_{function}")(self._board, *arguments)


def _problem(kind: Kind, code: int) -> str:
    match kind:
        case Kind.UNCONNECTED:
            return f"could not connect: {os.strerror(code)}"
        case Kind.UNSENT:
            return f"could not send: {os.strerror(code)}" if code else "could send only a part of a frame"
        case Kind.LOST:
            return f"connection lost: {os.strerror(code)}" if code else "connection closed by the server"
        case Kind.WRONG:
            return f"the server {_WRONG[code]}"
    return ""


# --- the library ------------------------------------------------------------------------------------------------------

_NO_MEMORY = -errno.ENOMEM


class _Table(IntEnum):
    """What the library keeps: rows of numbers, and the bytes that belong to them in the same order."""

    MAIL = 0
    MAIL_BYTES = 1
    SNAPSHOTS = 2
    KEPT = 3
    KEPT_BYTES = 4


class _Text(ctypes.Structure):
    """Bytes somewhere."""

    _fields_ = (("bytes", c_void_p), ("length", c_int64))


class _Plan(ctypes.Structure):
    """`struct plan`, field by field."""

    _fields_ = (
        ("lines", c_int64),
        ("steps", c_int64),
        ("period_ns", c_int64),
        ("roles", c_void_p),
        ("frames", c_void_p),
        ("step_stride", c_int64),
        ("line_stride", c_int64),
        ("ping_steps", c_int64),
        ("ack_steps", c_int64),
        ("is_raw", c_int64),
        ("seed", c_uint64),
        ("handling", c_void_p),
        ("snapshot_type", c_int64),
        ("update_sections", c_uint64),
        ("stream_section", c_int64),
        ("ping", _Text),
        ("bye", _Text),
        ("ack_start", _Text),
        ("lateness_ns", c_void_p),
        ("first_step", c_void_p),
        ("left_ns", c_void_p),
    )


def _plan(roles: Sequence[Role], schedule: Schedule, seed: int, *, is_raw: bool) -> tuple[_Plan, object]:
    """Return a plan, and what must live as long as it does."""
    steps, lines, _ = schedule.frames.shape
    table = np.array(
        [
            (
                role.number,
                role.phase_ns,
                role.frame_bytes,
                -1 if role.stays is None else role.stays,
                role.is_still,
                role.is_sampled,
            )
            for role in roles
        ],
        np.int64,
    ).reshape(lines, _ROLE_COLUMNS)
    handling = _handling()
    texts = encode(Ping(0)), encode(Bye()), bytes((_ARRAY_OF_2, SPEC_OF[Ack].type))  # an ack's number follows
    plan = _Plan(
        lines=lines,
        steps=steps,
        period_ns=schedule.period_ns,
        roles=_address(table),
        frames=_address(schedule.frames),
        step_stride=schedule.frames.strides[0],
        line_stride=schedule.frames.strides[1],
        ping_steps=schedule.ping_steps,
        ack_steps=schedule.ack_steps,
        is_raw=is_raw,
        seed=seed,
        handling=_address(handling),
        snapshot_type=SPEC_OF[Snapshot].type,
        update_sections=sum(1 << section for section in _UPDATES),
        stream_section=Section.PREDICTED,
    )
    plan.ping, plan.bye, plan.ack_start = (_Text(ctypes.cast(c_char_p(text), c_void_p), len(text)) for text in texts)
    return plan, (table, handling, texts, schedule)


def _handling() -> NDArray[np.uint8]:
    """Say of each message type what is done with it."""
    handling = np.zeros(_TYPES, np.uint8)
    handling[[kind for kind, spec in MESSAGES.items() if spec.lane is Lane.EVENTS]] |= _EVENT
    handling[[SPEC_OF[cls].type for cls in _POSTED]] |= _MAIL
    return handling


def _address(array: NDArray[Any]) -> int:
    return array.ctypes.data


def _bytes(text: Any) -> bytes:
    return ctypes.string_at(text.bytes, text.length) if text.length else b""


def _rows(text: Any, columns: int) -> Ints:
    return np.frombuffer(_bytes(text), np.int64).reshape(-1, columns)


@cache
def library() -> ctypes.CDLL:
    """Load the compiled half, compiling it first if need be. Raises CompilerError."""
    loaded = ctypes.CDLL(os.fspath(native.library(_SOURCE)))
    board, line, data = c_void_p, c_int64, (c_char_p, c_int64)
    for name, result, arguments in (
        ("new", c_void_p, (POINTER(_Plan),)),
        ("free", None, (board,)),
        ("connect", c_int, (board, line, c_int)),
        ("send", None, (board, line, *data)),
        ("say", None, (board, line, *data)),
        ("let_walk", None, (board, line)),
        ("ignore", None, (board, line)),
        ("read", None, (board, line, c_int64)),
        ("show_life", None, (board, c_int64)),
        ("start", None, (board, c_int64)),
        ("run", c_int, (board, c_int64)),
        ("view", _Text, (board, c_int)),
        ("clear_mail", None, (board,)),
        ("received_bytes", c_int64, (board,)),
    ):
        function = getattr(loaded, f"board_{name}")
        function.restype, function.argtypes = result, arguments
    return loaded
