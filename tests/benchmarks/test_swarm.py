"""A generator that cannot get its clients in says why instead of waiting for ever."""

from __future__ import annotations

import multiprocessing
import socket
import threading

import numpy as np
import pytest

from benchmarks import swarm
from benchmarks.client_frames import pose_frames
from benchmarks.generators import GeneratorError, Generators
from benchmarks.motion import embody
from benchmarks.plan import FIRST_SEQ, Failed, Plan, Role, Where
from benchmarks.walkers import walk
from tests.benchmarks.compiler import needs_compiler

pytestmark = needs_compiler


def plan(port: int) -> Plan:
    """Plan for two clients and a few steps."""
    rng = np.random.default_rng(1)
    people = embody(rng, walk(rng, 2, 10.0, 5, 0.05), 0.05)
    frames, lengths = pose_frames(people, FIRST_SEQ, rng)
    return Plan(
        where=Where("127.0.0.1", port, "localhost"),
        roles=[
            Role(number, (0, 0, 0), 25_000_000 * number, int(lengths[number]), is_sampled=number == 0)
            for number in (0, 1)
        ],
        frames=frames,
        period_ns=50_000_000,
        measured_steps=(1, 4),
        mask_seed=1,
    )


def answering(answer: bytes) -> tuple[socket.socket, threading.Thread]:
    """Listen, and answer the first request like that."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(4096)
            client.sendall(answer)
            if answer:
                client.recv(4096)  # until the generator gives up

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, thread


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "did not upgrade"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x82\x0a\x93\x4f\xcd\x10\x05\xa4full", "server_full: full"),
        (b"", "closed by the server"),
    ],
)
def test_a_server_that_lets_nobody_in_ends_the_run(answer: bytes, why: str) -> None:
    """The reason it gives, or its silence, is what the parent process is told."""
    listener, thread = answering(answer)
    ours, theirs = multiprocessing.Pipe()
    with listener:
        swarm.run(plan(listener.getsockname()[1]), theirs, None)
        thread.join(5)
    message = ours.recv()
    assert isinstance(message, Failed)
    assert any(word in message.why for word in why.split("|"))


def test_a_failure_reaches_the_parent_process() -> None:
    """Nobody listens: the generators' owner is told, and no process is left."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Generators([plan(port)], None) as generators, pytest.raises(GeneratorError, match="refused"):
        generators.wait_until_ready(lambda _count: None)
    assert multiprocessing.active_children() == []
