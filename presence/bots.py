"""The bots' process: avatars that walk about by themselves, in a process of their own.

Owns starting and ending it. Its standard input is a pipe that nothing is written to: when this process goes, however it
goes, the pipe ends and so do the bots. It stays in our process group, so that a signal to the group reaches both.
"""

from __future__ import annotations

import asyncio
import sys

from presence import logs

END_S = 1.0

_log = logs.logger(__name__)


class Bots:
    """A running process of bots."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._watch = asyncio.create_task(self._report_end())

    @classmethod
    async def start(cls, url: str, worlds: str, room: str, count: int, trusted_certificate: str | None) -> Bots:
        """Start `count` bots that connect to `url` and live in `room`; `worlds`: the http address of its world."""
        command = [sys.executable, "-m", "presence_client.bots", url, "--worlds", worlds]
        command += ["--count", str(count), "--room", room, "--talk"]
        if trusted_certificate is not None:
            command += ["--cafile", trusted_certificate]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        _log.info("bots started", count=count, pid=process.pid)
        return cls(process)

    async def stop(self) -> None:
        """End the process: by closing its input, and by force when that does not help."""
        self._watch.cancel()
        if self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _report_end(self) -> None:
        _log.warning("bots ended", code=await self._process.wait())
