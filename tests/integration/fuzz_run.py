"""Fuzzers against a real server: many connections at a time, each frame followed by a probe, every answer judged.

Owns the sockets, the count of what was sent, and the judgement: a frame that SPEC.md has a server close for closes with
that code and nothing else does; every end is announced by `closing` (and a WebSocket close frame of the same code). The
first answer that is wrong stops the run and is kept as a Failure, with the frame.

    python -m tests.integration.fuzz_run SEED NUMBER WS_URL TCP_URL

plays one connection again, against a server that somebody started with --allow-guests --no-rate-limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from protocol.codec import decode, encode
from protocol.errors import Close
from protocol.framing import Framing, Opcode
from protocol.schema import SPEC_OF, Bye, Closing, Error, Joined, Left, Ping, Pong, Sender, State, Welcome
from tests.integration.fuzzer import Frame, Fuzzer, Verdict, websocket_frame

PATIENCE_S = 20.0  # for an answer that must come: longer than any pause of a busy machine
SILENCE_S = 0.1  # for one that may not
AT_A_TIME = 100  # connections
RECENT = 400

MUTATED_SHARE = 0.68
MOST_FRAMES = 40  # from one connection
_READ = {SPEC_OF[cls].type for cls in (Closing, Error, Joined, Left, Pong, Welcome)}


@dataclass(frozen=True, slots=True)
class Failure:
    """A wrong answer: to which frame of which connection."""

    connection: int
    step: int
    frame: Frame
    what: str

    def __str__(self) -> str:
        frame = self.frame
        return (
            f"connection {self.connection}, frame {self.step}: {frame.message}, {frame.mutation or 'valid'}, expected "
            f"{frame.verdict.value}: {self.what}\n{frame.data.hex()}"
        )


@dataclass
class Tally:
    """What a run has sent and seen. Frames are those in session: openings and probes are counted as such."""

    frames: int = 0
    mutated: int = 0
    openings: int = 0
    probes: int = 0
    before_welcome: int = 0
    connections: Counter[Framing] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    mutations: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    closes: Counter[Close] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    recent: deque[tuple[int, Frame]] = field(default_factory=lambda: deque(maxlen=RECENT))

    def count(self, number: int, frame: Frame) -> None:
        """Count a frame that is about to be sent in session."""
        self.frames += 1
        self.mutated += bool(frame.mutation)
        self.messages[frame.message] += 1
        self.mutations[frame.mutation or "valid"] += 1
        self.verdicts[frame.verdict] += 1
        self.recent.append((number, frame))


class Wrong(Exception):
    """An answer that no correct server gives."""


# --- one socket -------------------------------------------------------------------------------------------------------


class Line(asyncio.Protocol):
    """One connection, read just as far as the judgement needs."""

    def __init__(self, framing: Framing) -> None:
        self.is_over = False
        self.is_upgraded = framing is Framing.TCP
        self.status = 0
        self.heard: Counter[type[Any]] = Counter()
        self.last_pong = -1
        self.closing: Close | None = None
        self.reason = ""
        self.close_code: int | None = None  # of a WebSocket close frame
        self.transport: asyncio.Transport
        self._cut = self._cut_tcp if framing is Framing.TCP else self._cut_websocket
        self._buffer = bytearray()
        self._news = asyncio.Event()

    async def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        """Wait until something is so, the connection is over, or patience is; tell whether it is so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not condition() and not self.is_over:
                    self._news.clear()
                    await self._news.wait()
        return condition()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # uvloop's do not inherit from asyncio's

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Note the end."""
        self.is_over = True
        self._news.set()

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._buffer += data
        if not self.is_upgraded:
            self._read_upgrade()
        if self.is_upgraded:
            for payload in iter(self._cut, None):
                self._note(payload)
        self._news.set()

    def _read_upgrade(self) -> None:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if found:
            self.status = int(head.split(maxsplit=2)[1])
            self.is_upgraded = self.status == 101
            self._buffer = bytearray(rest)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        return f"closed as {self.closing.name.lower()}: {self.reason}" if self.closing else "not closed"

    def _note(self, payload: bytes) -> None:
        if payload[3 if payload[0] == 0xDC else 1] not in _READ:
            return
        message = decode(payload, Sender.SERVER)
        self.heard[type(message)] += 1
        if isinstance(message, Pong):
            self.last_pong = message.sent
        elif isinstance(message, Closing):
            self.closing, self.reason = Close(message.code), message.reason

    def _cut_tcp(self) -> bytes | None:
        return self._cut_after(4, int.from_bytes(self._buffer[:4], "big"))

    def _cut_websocket(self) -> bytes | None:
        while len(self._buffer) >= 2:
            opcode, code = self._buffer[0] & 0x0F, self._buffer[1]
            width = {126: 2, 127: 8}.get(code, 0)
            length = int.from_bytes(self._buffer[2 : 2 + width], "big") if width else code
            payload = self._cut_after(2 + width, length)
            if payload is None or opcode == Opcode.BINARY:
                return payload
            if opcode == Opcode.CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
        return None

    def _cut_after(self, header: int, length: int) -> bytes | None:
        if len(self._buffer) < header + length:
            return None
        payload = bytes(self._buffer[header : header + length])
        del self._buffer[: header + length]
        return payload


# --- one connection's story -------------------------------------------------------------------------------------------


class Visit:
    """One fuzzer on one line, from its opening to its end."""

    def __init__(self, number: int, fuzzer: Fuzzer, line: Line, tally: Tally) -> None:
        self.number = number
        self.step = 0
        self.frame = Frame("hello", "", b"", Verdict.FINE)  # the last one sent
        self._fuzzer = fuzzer
        self._line = line
        self._tally = tally
        self._rng = fuzzer.rng
        self._probes = itertools.count()

    async def play(self, host: str) -> None:
        """Play it. Raises Wrong."""
        fuzzer, rng = self._fuzzer, self._rng
        if fuzzer.framing is Framing.WEBSOCKET and not await self._upgrade(host):
            return
        if rng.random() < 0.05:
            await self._misbehave_before_the_welcome()
            return
        await self._open()
        for _ in range(rng.randint(1, MOST_FRAMES)):
            is_mutated = rng.random() < MUTATED_SHARE
            if not await self._try(fuzzer.mutated() if is_mutated else fuzzer.valid()):
                return
        await self._end()

    # --- the opening --------------------------------------------------------------------------------------------------

    async def _upgrade(self, host: str) -> bool:
        line, fuzzer = self._line, self._fuzzer
        if self._rng.random() < 0.03:
            self._tally.before_welcome += 1
            self.frame = Frame("upgrade", "before the welcome", fuzzer.bad_upgrade(host), Verdict.UNSURE)
            line.transport.write(self.frame.data)
            await line.until(lambda: line.status > 0, SILENCE_S)
            if line.status >= 500:
                raise Wrong(f"HTTP status {line.status}")
            return False
        line.transport.write(fuzzer.upgrade(host))
        if not await line.until(lambda: line.is_upgraded):
            raise Wrong(f"no upgrade: status {line.status}")
        return True

    async def _misbehave_before_the_welcome(self) -> None:
        line = self._line
        self._tally.before_welcome += 1
        self.frame = self._fuzzer.bad_hello()
        line.transport.write(self.frame.data)
        await line.until(lambda: line.heard[Welcome] > 0, SILENCE_S)
        if line.is_over:
            self._check_end()

    async def _open(self) -> None:
        line, fuzzer = self._line, self._fuzzer
        await self._send(fuzzer.hello(), lambda: line.heard[Welcome] > 0)
        fuzzer.state = State.READY
        if self._rng.random() < 0.9:
            await self._send(fuzzer.join(), lambda: line.heard[Joined] > 0)
            fuzzer.state = State.ROOM

    async def _send(self, frame: Frame, is_answered: Callable[[], bool]) -> None:
        self.frame = frame
        self._tally.openings += 1
        self._line.transport.write(frame.data)
        if not await self._line.until(is_answered):
            raise Wrong(f"not answered, {self._line.ending}")

    # --- in session ---------------------------------------------------------------------------------------------------

    async def _try(self, frame: Frame) -> bool:
        """Send a frame and judge the answer; tell whether the session goes on, in a state that is known."""
        line = self._line
        self.frame, self.step = frame, self.step + 1
        self._tally.count(self.number, frame)
        left, joined, refused = line.heard[Left], line.heard[Joined], line.heard[Error]
        probe = next(self._probes)
        self._write(frame, probe)
        if (expected := frame.verdict.close) is not None or frame.means == "bye":
            await line.until(lambda: line.is_over)
            self._check_end()
            if line.closing not in (expected or Close.LEFT, self._or_else(frame)):
                raise Wrong(f"{line.ending}")
            return False
        if frame.verdict is Verdict.UNSURE:
            is_alive = await line.until(lambda: line.last_pong == probe, SILENCE_S)
            if line.is_over:
                self._check_end()
            return is_alive and frame.means == "ack"
        if not await line.until(lambda: line.last_pong == probe):
            raise Wrong(f"the session did not go on, {line.ending}")
        if frame.means == "leave" and self._fuzzer.state is State.ROOM:
            if not await line.until(lambda: line.heard[Left] > left):
                raise Wrong(f"not left, {line.ending}")
            self._fuzzer.state = State.READY
        elif frame.means == "join" and self._fuzzer.state is State.READY:
            await line.until(lambda: line.heard[Joined] > joined or line.heard[Error] > refused)
            self._fuzzer.state = State.ROOM if line.heard[Joined] > joined else State.READY
        return not line.is_over

    def _or_else(self, frame: Frame) -> Close | None:
        """Name what else a frame may be closed for: a pose wrong both in itself and in its state, for either."""
        is_early_pose = frame.message == "pose" and self._fuzzer.state is State.READY
        return Close.OUT_OF_STATE if is_early_pose else None

    def _write(self, frame: Frame, probe: int) -> None:
        """Write a frame and a ping: in one piece, in two, or in many."""
        transport, rng = self._line.transport, self._rng
        self._tally.probes += 1
        ping = self._fuzzer.framed(encode(Ping(probe)))
        way = rng.random()
        if way < 0.5:
            transport.write(frame.data + ping)
        elif way < 0.9 or len(frame.data) < 3:
            transport.write(frame.data)
            transport.write(ping)
        else:
            cuts = sorted(rng.randrange(len(frame.data)) for _ in range(3))
            for start, end in zip([0, *cuts], [*cuts, len(frame.data)], strict=True):
                transport.write(frame.data[start:end])
            transport.write(ping)

    def _check_end(self) -> None:
        line = self._line
        if line.closing is None:
            raise Wrong("ended without `closing`")
        if self._fuzzer.framing is Framing.WEBSOCKET and line.close_code != line.closing:
            raise Wrong(f"closing says {line.closing}, the close frame {line.close_code}")

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Go: with `bye`, with a WebSocket close frame, with an orderly end of the stream, or with a reset."""
        line, fuzzer, rng = self._line, self._fuzzer, self._rng
        way = rng.random()
        if way < 0.3:
            line.transport.write(fuzzer.framed(encode(Bye())))
            await line.until(lambda: line.is_over)
            self._check_end()
            if line.closing is not Close.LEFT:
                raise Wrong(f"bye was answered with {line.ending}")
        elif way < 0.6 and fuzzer.framing is Framing.WEBSOCKET:
            said = rng.choice((b"", b"\x03", b"\x03\xe8", b"\x03\xe9going away", b"\x0f\xff", rng.randbytes(125)))
            line.transport.write(websocket_frame(rng, said, Opcode.CLOSE))
            if rng.random() < 0.5:  # and stay, which nobody should notice
                await asyncio.sleep(SILENCE_S)
            await line.until(lambda: line.is_over)
            if line.close_code != int.from_bytes(said[:2] if len(said) > 1 else b"", "big"):
                raise Wrong(f"close frame {said.hex()} was answered with {line.close_code}")
        elif way < 0.8:
            line.transport.write_eof()
        else:
            line.transport.abort()


# --- all of them ------------------------------------------------------------------------------------------------------


class Run:
    """A run against the server at these addresses, until `frames` were sent in session or something is wrong."""

    def __init__(self, ws_url: str, tcp_url: str, seed: int, frames: int, has_trouble: Callable[[], bool]) -> None:
        self.tally = Tally()
        self._places = {Framing.WEBSOCKET: urlsplit(ws_url), Framing.TCP: urlsplit(tcp_url)}
        self._seed = seed
        self._frames = frames
        self._has_trouble = has_trouble
        self._numbers = itertools.count()

    async def go(self, until: float = 1.0) -> None:
        """Go on until such a share of the frames was sent, or something is wrong."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_A_TIME):
                group.create_task(self._visits(until * self._frames))

    async def _visits(self, frames: float) -> None:
        while self.tally.frames < frames and not self.tally.failures and not self._has_trouble():
            await self.visit(next(self._numbers))

    async def visit(self, number: int) -> None:
        """Play one connection."""
        fuzzer = Fuzzer(self._seed, number)
        place = self._places[fuzzer.framing]
        line = Line(fuzzer.framing)
        assert place.hostname is not None
        assert place.port is not None
        await asyncio.get_running_loop().create_connection(lambda: line, place.hostname, place.port)
        self.tally.connections[fuzzer.framing] += 1
        visit = Visit(number, fuzzer, line, self.tally)
        try:
            await visit.play(place.netloc)
        except Wrong as wrong:
            self.tally.failures.append(Failure(number, visit.step, visit.frame, str(wrong)))
        finally:
            if line.closing is not None:
                self.tally.closes[line.closing] += 1
            line.transport.abort()


def main() -> int:
    """Play one connection, and print its frames and what was wrong."""
    seed, number, ws_url, tcp_url = sys.argv[1:]
    run = Run(ws_url, tcp_url, int(seed), 1, lambda: False)
    asyncio.run(run.visit(int(number)))
    lines = [f"{frame.message}, {frame.mutation or 'valid'}: {frame.data.hex()}" for _, frame in run.tally.recent]
    sys.stdout.write("\n".join([*lines, *map(str, run.tally.failures)]) + "\n")
    return len(run.tally.failures)


if __name__ == "__main__":
    sys.exit(main())
