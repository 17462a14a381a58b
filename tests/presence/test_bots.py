"""presence.bots: the process of the bots begins and ends with the server's."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from presence import bots
from presence.bots import Bots


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Let a script take the place of the interpreter that runs the bots; it gets their arguments."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(script))


def test_bots_are_told_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses, number, room and whom to trust stand on the command line."""
    told = tmp_path / "told"
    stand_in(tmp_path, monkeypatch, f'echo "$@" > {told}.part; mv {told}.part {told}; cat')

    async def check() -> None:
        running = await Bots.start("tcps://127.0.0.1:1", "https://127.0.0.1:2", "lobby", 7, "cert.pem")
        while not told.exists():  # noqa: ASYNC110  another process makes it
            await asyncio.sleep(0.01)
        await running.stop()

    asyncio.run(check())
    assert told.read_text() == (
        "-m presence_client.bots tcps://127.0.0.1:1 --worlds https://127.0.0.1:2 "
        "--count 7 --room lobby --talk --cafile cert.pem\n"
    )


def test_closing_their_input_ends_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No signal is needed, and stopping twice is harmless."""
    stand_in(tmp_path, monkeypatch, "cat; exit 0")

    async def check() -> None:
        running = await Bots.start("tcp://127.0.0.1:1", "http://127.0.0.1:2", "lobby", 1, None)
        pid = running._process.pid  # noqa: SLF001
        assert os.getpgid(pid) == os.getpgid(0)
        await running.stop()
        assert running._process.returncode == 0  # noqa: SLF001
        await running.stop()

    asyncio.run(check())


def test_bots_that_do_not_end_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's stop does not wait for them for long."""
    stand_in(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(bots, "END_S", 0.05)

    async def check() -> None:
        running = await Bots.start("tcp://127.0.0.1:1", "http://127.0.0.1:2", "lobby", 1, None)
        await running.stop()
        assert running._process.returncode == -9  # noqa: SLF001

    asyncio.run(check())


def test_bots_that_end_by_themselves_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server goes on without them."""
    stand_in(tmp_path, monkeypatch, "exit 3")

    async def check() -> None:
        running = await Bots.start("tcp://127.0.0.1:1", "http://127.0.0.1:2", "lobby", 1, None)
        await running._watch  # noqa: SLF001
        await running.stop()

    with capture_logs() as lines:
        asyncio.run(check())
    assert ("bots ended", 3) in [(line["event"], line.get("code")) for line in lines]
