"""The keyboard of a terminal, as the event loop waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def reading(feed: Callable[[bytes], None]) -> Iterator[None]:
    """Hand typed bytes on, where standard input is something that can be waited for (not a file)."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        data = os.read(descriptor, 4096)
        if data:
            feed(data)
        else:
            loop.remove_reader(descriptor)

    try:
        descriptor = sys.stdin.fileno()
        loop.add_reader(descriptor, read)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


@contextlib.contextmanager
def key_by_key() -> Iterator[None]:
    """Let the terminal hand over each key at once and unseen, until the end of the block."""
    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
