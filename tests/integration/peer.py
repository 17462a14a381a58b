"""A client for tests: blocking sockets, either transport, and no opinion about what it receives.

It can be as rude as a test needs: send any bytes, read nothing, vanish. Shares `protocol` with the server and nothing
else.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import ssl
import struct
import time
from collections import deque
from http import HTTPStatus
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np

from protocol.codec import decode, encode
from protocol.errors import Close
from protocol.framing import Framing, Opcode, mask, tcp_header
from protocol.records import DTYPES, Section, section_bytes
from protocol.schema import (
    MAJOR,
    MINOR,
    SPEC_OF,
    Ack,
    Closing,
    Hello,
    Join,
    Joined,
    Lane,
    Pose,
    Sender,
    Welcome,
)

PATIENCE_S = 10.0  # longer than anything a test waits for on a busy machine

Message = TypeVar("Message")


class Hangup(Exception):
    """The server closed the connection."""


class Peer:
    """One connection to a server. `url` is `tcp://`, `tcps://`, `ws://` or `wss://`."""

    def __init__(self, url: str, *, context: ssl.SSLContext | None = None, behind: bytes = b"", **headers: str) -> None:
        """Connect; `behind` is sent in one piece with a WebSocket's opening handshake."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.framing = Framing.WEBSOCKET if parts.scheme.startswith("ws") else Framing.TCP
        self.socket = self._dial(url)
        if parts.scheme in ("tcps", "wss"):
            assert context is not None
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.close_code: int | None = None  # from a WebSocket close frame
        self.pongs: list[bytes] = []
        self.events: list[int] = []  # numbers of the events received, in order
        self.received_bytes = 0
        self._buffer = bytearray()
        self._messages: deque[Any] = deque()
        self._seq = 0
        if self.framing is Framing.WEBSOCKET:
            self.status, self.headers = self._upgrade(upgrade_request(parts.netloc, **headers) + behind)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.vanish()

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, message: Any) -> None:
        """Send a message."""
        self.send_payload(encode(message))

    def send_payload(self, payload: bytes) -> None:
        """Frame and send a payload."""
        self.send_bytes(self.framed(payload))

    def framed(self, payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
        """Frame a payload as a client does."""
        return tcp_header(len(payload)) + payload if self.framing is Framing.TCP else client_frame(payload, opcode)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def hello(self, **fields: Any) -> Welcome:
        """Open a session, and return its welcome."""
        self.send(a_hello(**fields))
        return self.wait_for(Welcome)

    def join(self, room: str = "lobby", ref: int = 1) -> Joined:
        """Enter a room."""
        self.send(Join(ref, room, ""))
        return self.wait_for(Joined)

    def pose(self, x: int, y: int, z: int, yaw: int = 0) -> int:
        """Send a desktop avatar's pose, in millimetres; return its number."""
        self._seq += 1
        self.send(a_pose(self._seq, x, y, z, yaw))
        return self._seq

    def vanish(self) -> None:
        """Close the socket without a word."""
        self.socket.close()

    def reset(self) -> None:
        """Break the connection as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # --- receiving ----------------------------------------------------------------------------------------------------

    def receive(self, patience_s: float = PATIENCE_S) -> Any:
        """Return the next message. Raises Hangup at the end of the stream and TimeoutError when nothing comes."""
        deadline = time.monotonic() + patience_s
        while not self._messages:
            self._read(deadline)
        return self._messages.popleft()

    def wait_for(self, cls: type[Message], patience_s: float = PATIENCE_S) -> Message:
        """Return the next message of a class, and forget those before it."""
        deadline = time.monotonic() + patience_s
        while not isinstance(message := self.receive(deadline - time.monotonic()), cls):
            assert not isinstance(message, Closing), f"closed instead of {cls.__name__}: {message}"
        return message

    def everything_for(self, seconds: float) -> list[Any]:
        """Return what comes within a time."""
        deadline = time.monotonic() + seconds
        received = []
        with contextlib.suppress(TimeoutError, Hangup):
            while True:
                received.append(self.receive(deadline - time.monotonic()))
        return received

    def closing(self) -> Closing:
        """Return the server's last word: then the stream has ended, and a WebSocket's close frame says the same."""
        while not isinstance(last := self.receive(), Closing):
            pass
        with contextlib.suppress(Hangup):
            raise AssertionError(f"{self.receive()} came after closing")
        assert self.framing is Framing.TCP or self.close_code == last.code
        return last

    def acknowledge(self) -> None:
        """Acknowledge every event received."""
        self.send(Ack(self.events[-1] if self.events else 0))

    def _dial(self, url: str) -> socket.socket:
        parts = urlsplit(url)
        return socket.create_connection((parts.hostname or "", parts.port or 0), PATIENCE_S)

    def _read(self, deadline: float) -> None:
        self.socket.settimeout(max(0.0, deadline - time.monotonic()) or 1e-6)
        try:
            data = self.socket.recv(2**18)
        except (ConnectionResetError, ssl.SSLEOFError) as error:
            raise Hangup from error
        except ssl.SSLWantReadError as error:
            raise TimeoutError from error
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(PATIENCE_S)
        if not data:
            raise Hangup
        self.received_bytes += len(data)
        self._buffer += data
        self._note_all()

    def _note_all(self) -> None:
        while (payload := self._cut()) is not None:
            self._note(decode(payload, Sender.SERVER))

    def _note(self, message: Any) -> None:
        if SPEC_OF[type(message)].lane is Lane.EVENTS:
            self.events.append(message.seq)
        self._messages.append(message)

    def _cut(self) -> bytes | None:
        """Take the next payload out of the buffer, past WebSocket's control frames."""
        if self.framing is Framing.TCP:
            return self._cut_after(4, int.from_bytes(self._buffer[:4], "big"))
        while len(self._buffer) >= 2:
            opcode, length, header = self._buffer[0] & 0x0F, self._buffer[1], 2
            if length == 126:
                length, header = int.from_bytes(self._buffer[2:4], "big"), 4
            elif length == 127:
                length, header = int.from_bytes(self._buffer[2:10], "big"), 10
            payload = self._cut_after(header, length)
            if payload is None or opcode == Opcode.BINARY:
                return payload
            if opcode == Opcode.CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
            elif opcode == Opcode.PONG:
                self.pongs.append(payload)
        return None

    def _cut_after(self, header: int, length: int) -> bytes | None:
        if len(self._buffer) < header + length:
            return None
        payload = bytes(self._buffer[header : header + length])
        del self._buffer[: header + length]
        return payload

    def _upgrade(self, request: bytes) -> tuple[int, dict[str, str]]:
        self.send_bytes(request)
        while b"\r\n\r\n" not in self._buffer:
            data = self.socket.recv(4096)
            if not data:
                raise Hangup
            self._buffer += data
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self._buffer[:] = rest
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            self._note_all()  # what came right behind it
        return status, found


def upgrade_request(host: str, **headers: str) -> bytes:
    """Write an opening handshake; a header whose value is "" is left out."""
    lines = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(bytes(range(16))).decode(),
        "Sec-WebSocket-Version": "13",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"GET /v1/connect HTTP/1.1\r\n{fields}\r\n".encode()


def client_frame(payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    """Frame and mask a payload as a WebSocket client does."""
    length = len(payload)
    if length < 126:
        header = bytes((0x80 | opcode, 0x80 | length))
    elif length < 2**16:
        header = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        header = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    key = os.urandom(4)
    return header + key + mask(payload, key)


def a_hello(**fields: Any) -> Hello:
    """Make a hello, a guest's unless told otherwise."""
    usual: dict[str, Any] = {
        "major": MAJOR,
        "minor": MINOR,
        "schema": "",
        "agent": "test",
        "token": "",
        "name": "Guest",
        "resume": "",
        "last_event": 0,
    }
    return Hello(**usual | fields)


def a_pose(seq: int, x: int, y: int, z: int, yaw: int = 0) -> Pose:
    """Make a desktop avatar's pose message, in millimetres."""
    table = np.zeros(1, DTYPES[Section.ROOT_INPUT])
    table["seq"], table["x"], table["y"], table["z"], table["yaw"] = seq, x, y, z, yaw
    return Pose(section_bytes(Section.ROOT_INPUT, table))


def code_of(closing: Closing) -> Close:
    """Return a closing message's code by name."""
    return Close(closing.code)
