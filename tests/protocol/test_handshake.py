"""The first message: whoever speaks another major version is told so, whoever speaks ours is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import encode
from protocol.errors import Close, ProtocolError
from protocol.handshake import read_hello, spoken_minor
from protocol.schema import MAJOR, MINOR, Hello, Ping
from tests.protocol.refusals import close_of

HELLO = Hello(MAJOR, MINOR, "", "test", "", "Ana", "", 0)


def test_a_hello_is_read() -> None:
    """What a client says arrives."""
    assert read_hello(encode(HELLO)) == HELLO
    assert read_hello(memoryview(encode(HELLO))) == HELLO


@pytest.mark.parametrize(("theirs", "spoken"), [(0, 0), (MINOR, MINOR), (MINOR + 1, MINOR), (255, MINOR)])
def test_the_lower_minor_version_is_spoken(theirs: int, spoken: int) -> None:
    """Neither side is sent what it does not know."""
    assert spoken_minor(Hello(MAJOR, theirs, "", "", "", "", "", 0)) == spoken


def test_another_major_version_is_refused_in_plain_words() -> None:
    """The reason names both versions."""
    with pytest.raises(ProtocolError, match=f"you speak version 9, this server speaks version {MAJOR}") as caught:
        read_hello(b"\x93\x01\x09\x00")
    assert caught.value.code is Close.VERSION_MISMATCH


@given(st.integers(0, 255).filter(lambda major: major != MAJOR), st.binary(max_size=40), st.integers(0, 14))
def test_what_follows_another_major_version_does_not_matter(major: int, rest: bytes, more: int) -> None:
    """A later version may change everything after its number."""
    version = bytes((major,)) if major < 0x80 else bytes((0xCC, major))
    assert close_of(read_hello, bytes((0x91 + more, 1)) + version + rest) is Close.VERSION_MISMATCH


def test_another_message_cannot_come_first() -> None:
    """Nothing is looked at before hello."""
    with pytest.raises(ProtocolError, match="ping cannot come before hello") as caught:
        read_hello(encode(Ping(1)))
    assert caught.value.code is Close.OUT_OF_STATE


@given(st.binary(max_size=60))
def test_arbitrary_first_bytes_raise_only_protocol_errors(payload: bytes) -> None:
    """A stranger's first bytes are a hello or have a close code."""
    allowed = (None, Close.MALFORMED, Close.OUT_OF_STATE, Close.VERSION_MISMATCH)
    assert close_of(read_hello, payload) in allowed


@pytest.mark.parametrize(
    "payload", [b"", b"\x99", b"\x99\x01", b"\xdc\x00", b"\x99\x01\xcc", b"\x99\x01\xff", b"\x99\x02\x09"]
)
def test_beginnings_that_name_no_version(payload: bytes) -> None:
    """Where no major version can be read, the payload is judged like any other."""
    assert close_of(read_hello, payload) is Close.MALFORMED
