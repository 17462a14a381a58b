"""Fuzzers against the decoders alone, in process and for both sides: nothing but ProtocolError may come of any bytes.

    python -m tests.integration.decode_corpus SEED CONNECTIONS

plays that many fuzzers into the readers of a server, and mutates as many messages of the server for those of a client.
What was sent to a server is also shown as `presence wire decode` shows it. Run under `coverage` by the test that asks
how much of the decoders this reaches.
"""

from __future__ import annotations

import contextlib
import io
import sys
from random import Random

from presence import wire
from protocol.codec import decode
from protocol.errors import ProtocolError
from protocol.examples import EXAMPLES
from protocol.framing import Framing, TcpReader, WebSocketReader
from protocol.handshake import read_hello
from protocol.plain import list_snapshot
from protocol.records import read_input
from protocol.schema import SPEC_OF, Pose, Sender, Snapshot, State
from tests.integration.fuzzer import MAX_FRAME_BYTES, Fuzzer, mangled

FRAMES = 12  # from one connection
_SERVER_EXAMPLES = [example for example in EXAMPLES if SPEC_OF[type(example.message)].sender is Sender.SERVER]


def read_as_server(fuzzer: Fuzzer) -> int:
    """Read all that one fuzzer sends, as a server does, but go on after a fault. Returns how many frames that were."""
    rng = fuzzer.rng
    stream = [fuzzer.hello(), fuzzer.bad_hello()]
    fuzzer.state = State.ROOM
    stream += [rng.choice((fuzzer.valid, fuzzer.mutated))() for _ in range(FRAMES)]
    for frame in stream:
        reader = (TcpReader if fuzzer.framing is Framing.TCP else WebSocketReader)(MAX_FRAME_BYTES)
        cut = rng.randrange(1 + len(frame.data))
        with contextlib.suppress(ProtocolError):
            for payload in reader.feed(frame.data[:cut]) + reader.feed(frame.data[cut:]):
                if isinstance(payload, bytes):
                    _read_client_payload(payload)
        wire.decode(io.BytesIO(frame.data.hex().encode()), io.StringIO())
    return len(stream)


def _read_client_payload(payload: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        read_hello(payload)
    message = decode(payload, Sender.CLIENT)
    if isinstance(message, Pose):
        read_input(message.record)


def read_as_client(rng: Random) -> int:
    """Read mutated messages of a server, as a client does. Returns how many that were."""
    for _ in range(FRAMES):
        example = rng.choice(_SERVER_EXAMPLES)
        _name, payload = mangled(rng, SPEC_OF[type(example.message)], example.payload)
        with contextlib.suppress(ProtocolError):
            message = decode(payload, Sender.SERVER)
            if isinstance(message, Snapshot):
                list_snapshot(message.data)
    return FRAMES


def main() -> int:
    """Read them all; whatever else than ProtocolError comes of it ends this with a trace."""
    seed, connections = int(sys.argv[1]), int(sys.argv[2])
    read = sum(
        read_as_server(Fuzzer(seed, number)) + read_as_client(Random(f"{seed}/server/{number}"))
        for number in range(connections)
    )
    sys.stdout.write(f"{read} frames\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
