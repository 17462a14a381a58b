"""presence.tls: TLS between a raw transport and any protocol, both ends in memory."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import cast

import pytest

from presence.certificate import Certificate, ensure_certificate
from presence.limits import Pool
from presence.tls import SecureTransport, TlsConnection
from tests.sockets import MemoryTransport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost."""
    return ensure_certificate(tmp_path_factory.mktemp("certificate"), ("localhost",), datetime.now(UTC))


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    """Each version of TLS that clients may speak."""
    return ssl.TLSVersion(request.param)


class Echo(asyncio.Protocol):
    """Remembers what happens to it."""

    def __init__(self) -> None:
        self.transport: SecureTransport
        self.received = b""
        self.happened: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self.transport = cast("SecureTransport", transport)
        self.happened.append("made")

    def data_received(self, data: bytes) -> None:
        """Remember the data."""
        self.received += data

    def eof_received(self) -> None:
        """Remember it."""
        self.happened.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember it."""
        del exc
        self.happened.append("lost")

    def pause_writing(self) -> None:
        """Remember it."""
        self.happened.append("pause")

    def resume_writing(self) -> None:
        """Remember it."""
        self.happened.append("resume")


class Pair:
    """A TLS client in memory, and the layer it talks to."""

    def __init__(
        self, certificate: Certificate, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, pool: int = 4
    ) -> None:
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(certificate.certificate, certificate.key)
        client = ssl.create_default_context(cafile=certificate.certificate)
        client.maximum_version = version
        self.pool: Pool[TlsConnection] = Pool(pool)
        self.echo = Echo()
        self.layer = TlsConnection(server, lambda: self.echo, self.pool, lambda: 0.0)
        self.raw = MemoryTransport()
        self.raw.connect(self.layer)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def shake_hands(self) -> None:
        """Do the handshake."""
        while True:
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                self.exchange()
            else:
                self.exchange()
                return

    def exchange(self, step: int = 2**20) -> None:
        """Carry bytes both ways, to the server in pieces of `step`."""
        out = self._outgoing.read()
        for start in range(0, len(out), step):
            self.layer.data_received(out[start : start + step])
        self._incoming.write(bytes(self.raw.written))
        self.raw.written.clear()

    def say(self, data: bytes, step: int = 2**20) -> None:
        """Send data to the server."""
        self.client.write(data)
        self.exchange(step)

    def hear(self) -> bytes:
        """Read what the server sent; b"" at the end of its stream. Raises SSLWantReadError where nothing came."""
        self.exchange()
        return self.client.read(2**20)


def test_both_directions(certificate: Certificate, version: ssl.TLSVersion) -> None:
    """What goes in on one side comes out on the other, and nothing else is on the wire."""
    pair = Pair(certificate, version)
    pair.shake_hands()
    pair.say(b"hello " * 10_000)
    assert pair.echo.received == b"hello " * 10_000
    pair.echo.transport.write(memoryview(b"secret answer"))
    assert b"secret" not in pair.raw.written
    assert pair.hear() == b"secret answer"
    assert pair.echo.happened == ["made"]


def test_data_in_the_clients_last_handshake_flight_is_not_lost(certificate: Certificate) -> None:
    """A client may speak with its last word of the handshake, and byte by byte."""
    pair = Pair(certificate)
    while True:
        try:
            pair.client.do_handshake()
        except ssl.SSLWantReadError:
            pair.exchange(step=1)
        else:
            break
    pair.say(b"GET / HTTP/1.1", step=1)
    assert pair.echo.received == b"GET / HTTP/1.1"


def test_the_protocol_knows_it_is_secure(certificate: Certificate) -> None:
    """It can tell TLS, and still everything about the socket."""
    pair = Pair(certificate)
    pair.shake_hands()
    transport = pair.echo.transport
    assert isinstance(transport.get_extra_info("sslcontext"), ssl.SSLContext)
    assert transport.get_extra_info("peername") == ("192.0.2.1", 50000)
    assert transport.get_extra_info("nonsense", 5) == 5


def test_flow_control_is_the_raw_transports(certificate: Certificate) -> None:
    """A full socket is known at once, with nothing held back in between."""
    pair = Pair(certificate)
    pair.shake_hands()
    pair.echo.transport.set_write_buffer_limits(high=0)
    assert pair.raw.limits == (0, None)
    pair.raw.choke()
    pair.echo.transport.write(b"x" * 100)
    assert pair.echo.happened == ["made", "pause"]
    assert pair.echo.transport.get_write_buffer_size() == len(pair.raw.waiting) > 100
    pair.raw.drain()
    assert pair.echo.happened == ["made", "pause", "resume"]
    assert pair.hear() == b"x" * 100


def test_the_last_word_arrives_before_the_end(certificate: Certificate, version: ssl.TLSVersion) -> None:
    """After write_eof the client reads everything, then the end; what it still sends is dropped."""
    pair = Pair(certificate, version)
    pair.shake_hands()
    pair.echo.transport.write(b"goodbye")
    pair.echo.transport.write_eof()
    pair.echo.transport.write(b"too late")
    assert pair.raw.has_eof
    assert not pair.raw.is_closed
    pair.say(b"one more thing")
    assert pair.echo.received == b""
    assert pair.hear() == b"goodbye"
    assert pair.hear() == b""


def test_the_clients_end_is_the_end(certificate: Certificate, version: ssl.TLSVersion) -> None:
    """A close_notify is an end of stream: told to the protocol, answered, closed."""
    pair = Pair(certificate, version)
    pair.shake_hands()
    pair.client.write(b"bye")
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.unwrap()
    pair.exchange()
    assert (pair.echo.received, pair.echo.happened) == (b"bye", ["made", "eof"])
    assert pair.raw.is_closed


def test_a_cut_stream_is_the_end_too(certificate: Certificate) -> None:
    """An end without close_notify, and a loss, reach the protocol."""
    pair = Pair(certificate)
    pair.shake_hands()
    assert pair.layer.eof_received() is None
    pair.raw.lose()
    assert pair.echo.happened == ["made", "eof", "lost"]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", bytes(100)])
def test_what_is_no_tls_is_hung_up_on(certificate: Certificate, data: bytes) -> None:
    """Without a protocol ever being made."""
    pair = Pair(certificate)
    pair.layer.data_received(data)
    assert pair.raw.is_closed
    pair.raw.lose()
    assert pair.echo.happened == []
    assert len(pair.pool) == 0


def test_a_broken_record_ends_the_connection(certificate: Certificate) -> None:
    """Bytes that do not decrypt are never handed on."""
    pair = Pair(certificate)
    pair.shake_hands()
    pair.layer.data_received(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert pair.raw.is_closed
    assert pair.echo.received == b""


def test_unfinished_handshakes_wait_in_a_bounded_pool(certificate: Certificate) -> None:
    """The oldest makes room; whoever has finished is in it no more."""
    pair = Pair(certificate, pool=2)
    assert len(pair.pool) == 1
    others = [Pair(certificate) for _ in range(2)]
    for other in others:
        other.layer._pool = pair.pool  # noqa: SLF001  all of one server
        other.layer.connection_made(other.raw)
    assert pair.raw.is_aborted
    assert list(pair.pool) == [other.layer for other in others]
    others[0].shake_hands()
    assert list(pair.pool) == [others[1].layer]


def test_another_protocol_can_be_put_behind(certificate: Certificate) -> None:
    """As an upgrade does."""
    pair = Pair(certificate)
    pair.shake_hands()
    successor = Echo()
    pair.echo.transport.set_protocol(successor)
    pair.say(b"for the successor")
    assert pair.echo.transport.get_protocol() is successor
    assert (pair.echo.received, successor.received) == (b"", b"for the successor")


def test_closing_says_so_in_tls(certificate: Certificate) -> None:
    """The client sees an end, not a cut."""
    pair = Pair(certificate)
    pair.shake_hands()
    pair.echo.transport.close()
    assert pair.raw.is_closed
    assert pair.hear() == b""
