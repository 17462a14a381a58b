"""The vectors say what SPEC.md says: both implementations agree with each, and the files are fresh."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol import plain, records
from protocol.codec import decode
from protocol.errors import Close, ProtocolError
from protocol.framing import Control, TcpReader, WebSocketReader
from protocol.handshake import read_hello, spoken_minor
from protocol.records import DTYPES, Section
from protocol.schema import MESSAGES, SPEC_OF, Bin, Many, Sender, Struct, fields_of
from tests.protocol import second_decoder as second
from tests.protocol import write_vectors

Vector = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2] / "protocol" / "vectors"


def vectors(*names: str) -> list[Any]:
    """Load files as test parameters."""
    return [
        pytest.param(name.removesuffix(".json"), vector, id=f"{name}: {vector['name']}")
        for name in names
        for vector in json.loads((FOLDER / name).read_text())["vectors"]
    ]


def named(message: Any) -> dict[str, Any]:
    """Return a message's fields as vectors write them."""
    return {field.name: _plain(getattr(message, field.name), field.kind) for field in fields_of(type(message))}


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(kind, Bin):
        return value.hex()
    if isinstance(kind, Many):
        return [_plain(item, kind.item) for item in value]
    return list(named(value).values()) if isinstance(kind, Struct) else value


def outcome(read: Callable[[], Any]) -> Any:
    """Return what `read` returns, or the close code it is refused with."""
    try:
        return read()
    except ProtocolError as error:
        return error.code.value
    except second.Refused as error:
        return error.close


# --- the files --------------------------------------------------------------------------------------------------------


def test_the_files_are_what_their_writer_writes() -> None:
    """Vectors change only together with SPEC.md or with a reviewed line of the writer."""
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == write_vectors.files()


def test_the_writer_does_not_ask_the_codec() -> None:
    """What to expect never comes from the implementation under test."""
    tree = ast.parse(Path(write_vectors.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {module for module in modules if module and module.partition(".")[0] == "protocol"}


def test_every_message_is_accepted_and_rejected_somewhere() -> None:
    """No message is without vectors of both kinds."""
    for sender in Sender:
        found = [param.values[1] for param in vectors(f"{sender.value}.json")]
        names = {spec.name for spec in MESSAGES.values() if spec.sender is sender}
        assert {vector["message"] for vector in found if "message" in vector} == names
        assert {vector["name"].split(":")[0].split(".")[0] for vector in found if "close" in vector} >= names


def test_every_field_is_rejected_somewhere() -> None:
    """Each field of each message has a vector in which it alone is wrong."""
    rejected = {param.values[1]["name"] for param in vectors("client.json", "server.json")}
    for spec in MESSAGES.values():
        for field in spec.fields:
            assert any(name.startswith(f"{spec.name}.{field.name}: ") for name in rejected), (spec.name, field.name)


def test_every_vector_names_a_section_of_the_specification() -> None:
    """The section a vector comes from exists."""
    text = second.SPEC.read_text()
    for path in FOLDER.iterdir():
        for vector in json.loads(path.read_text())["vectors"]:
            assert f"# {vector['spec']} " in text.replace(". ", " "), vector


# --- messages and records ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "vector"), vectors("client.json", "server.json"))
def test_messages(file: str, vector: Vector) -> None:
    """Both codecs accept exactly what the vector allows, with its values."""
    payload = bytes.fromhex(vector["payload"])

    def first() -> Any:
        message = decode(payload, Sender(file))
        return SPEC_OF[type(message)].name, named(message)

    def other() -> Any:
        name, fields = second.decode(payload, file)
        return name, {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}

    expected = vector["close"] if "close" in vector else (vector["message"], vector["fields"])
    assert outcome(first) == expected
    assert outcome(other) == expected


@pytest.mark.parametrize(("file", "vector"), vectors("pose.json", "snapshot.json"))
def test_packed_records(file: str, vector: Vector) -> None:
    """Both codecs read the same records, or refuse them."""
    data = bytes.fromhex(vector["data"])
    first, other = {
        "pose": (plain.list_input, second.decode_input),
        "snapshot": (plain.list_snapshot, second.decode_snapshot),
    }[file]
    expected = vector["close"] if "close" in vector else [tuple(record) for record in vector["records"]]
    assert outcome(lambda: first(data)) == expected
    assert outcome(lambda: other(data)) == expected


@pytest.mark.parametrize(("file", "vector"), vectors("handshake.json"))
def test_handshakes(file: str, vector: Vector) -> None:
    """Both read the first payload the same way; another major version is told so whatever follows it."""
    payload = bytes.fromhex(vector["payload"])
    expected = vector.get("close", vector.get("minor"))
    assert outcome(lambda: spoken_minor(read_hello(payload))) == expected, file
    assert outcome(lambda: second.open_session(payload)) == expected


# --- streams ----------------------------------------------------------------------------------------------------------


def read_stream(reader: TcpReader | WebSocketReader, chunks: Iterator[bytes]) -> tuple[list[Any], int | None]:
    """Feed chunks; return the payloads as vectors write them, and the close code if there is one."""
    shown: list[Any] = []
    try:
        for chunk in chunks:
            shown += map(_shown, reader.feed(chunk))
    except ProtocolError as error:
        return shown, error.code.value
    return shown, None


def _shown(received: bytes | Control) -> Any:
    return [received.opcode, received.payload.hex()] if isinstance(received, Control) else received.hex()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(("file", "vector"), vectors("tcp.json", "websocket.json"))
def test_streams(file: str, vector: Vector, size: int) -> None:
    """A reader finds the payloads and the fault whatever the chunks; a fault may take its own chunk with it."""
    stream = bytes.fromhex(vector["stream"])
    reader = (TcpReader if file == "tcp" else WebSocketReader)(vector["max_bytes"])
    chunks = (stream[at : at + size] for at in range(0, len(stream), size))
    found, close = read_stream(reader, chunks)
    assert close == vector.get("close")
    expected = vector["payloads"]
    assert found == (expected if close is None or size == 1 else expected[: len(found)])


@pytest.mark.parametrize(("file", "vector"), vectors("tcp.json"))
def test_tcp_streams_in_the_second_decoder(file: str, vector: Vector) -> None:
    """The second implementation cuts a TCP stream at the same places."""
    found: list[str] = []

    def read() -> None:
        payloads = second.read_tcp(bytes.fromhex(vector["stream"]), vector["max_bytes"])
        found.extend(payload.hex() for payload in payloads)

    assert outcome(read) == vector.get("close"), file
    assert found == vector["payloads"]


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _digest(held: list[list[int]]) -> int:
    ids, generations = np.array(held, np.uint32).reshape(-1, 2).T
    return int(records.digest_terms(ids, generations).sum(dtype=np.uint32))


def _i24(value: int) -> str:
    table = np.zeros(1, DTYPES[Section.ROOT])
    records.write_positions(table, np.array([0]), np.array([[value, 0, 0]], np.int32))
    assert records.read_positions(table)[0, 0] == value
    return table.tobytes()[4:7].hex()


def _dxz(given: list[int]) -> str:
    table = np.zeros(1, DTYPES[Section.ROOT_DELTA])
    records.write_deltas(table, np.array([[given[0], 0, given[1]]], np.int32))
    assert records.read_deltas(table).tolist() == [[given[0], 0, given[1]]]
    return table.tobytes()[3:6].hex()


FIRST: dict[str, Callable[[Any], Any]] = {
    "millimetres": lambda given: int(records.millimetres(np.array([given]))[0]),
    "yaw": lambda given: int(records.yaw_turns(np.array([given]))[0]),
    "pitch": lambda given: int(records.pitch_steps(np.array([given]))[0]),
    "pack_orientation": lambda given: int(records.pack_orientations(np.array([given]))[0]),
    "digest": _digest,
    "i24": _i24,
    "dxz": _dxz,
}
OTHER: dict[str, Callable[[Any], Any]] = {
    "pack_orientation": lambda given: second.pack_orientation(tuple(given)),
    "digest": lambda given: second.digest(dict(given)),
}


@pytest.mark.parametrize(("file", "vector"), vectors("arithmetic.json"))
def test_arithmetic(file: str, vector: Vector) -> None:
    """Quantisation, packing and digests give exactly the vector's value."""
    of, given = vector["of"], vector["given"]
    if of == "unpack_orientation":
        assert records.unpack_orientations(np.array([given]))[0].tolist() == pytest.approx(vector["value"], abs=1e-9)
        assert second.unpack_orientation(given) == pytest.approx(vector["value"], abs=1e-9)
        return
    assert FIRST[of](given) == vector["value"], file
    if of in OTHER:
        assert OTHER[of](given) == vector["value"]


def test_close_codes_of_vectors_exist() -> None:
    """Every close code that a vector expects is one of the table."""
    codes = {
        vector["close"]
        for path in FOLDER.iterdir()
        for vector in json.loads(path.read_text())["vectors"]
        if "close" in vector
    }
    assert codes <= {code.value for code in Close}
