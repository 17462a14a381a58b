"""The generator processes of a run, and the conversation with them through their pipes."""

from __future__ import annotations

import multiprocessing
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

from benchmarks import swarm, switchboard
from benchmarks.patience import NotLetIn
from benchmarks.peers import swarm as peer_swarm
from benchmarks.plan import Entered, Failed, Log, Plan, Ready

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from typing import Self


class GeneratorError(RuntimeError):
    """The load could not be generated."""


class Generators:
    """Processes that each carry out one Plan. A context manager: afterwards none of them is left."""

    def __init__(self, plans: Sequence[Plan], cpu: int | None) -> None:
        """Start a process for each plan. Raises CompilerError."""
        switchboard.library()  # compiled here once, and not in each process on its core
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        for plan in plans:
            ours, theirs = context.Pipe()
            process = context.Process(
                target=(swarm if plan.peer is None else peer_swarm).run, args=(plan, theirs, cpu), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def wait_until_ready(self, advance: Callable[[float], None]) -> None:
        """Wait until everybody who is to be there before the first step stands where their walk begins.

        advance: told how many do. Raises GeneratorError, NotLetIn.
        """
        entered = [0] * len(self._pipes)
        waiting = dict(zip(self._pipes, range(len(self._pipes)), strict=True))
        while waiting:
            for pipe in [pipe for pipe in self._pipes if pipe in connection.wait(waiting)]:
                message = _received(pipe)
                if isinstance(message, Entered):
                    entered[waiting[pipe]] = message.count
                elif isinstance(message, Ready):
                    del waiting[pipe]
            advance(sum(entered))

    def start(self, start_ns: int) -> None:
        """Tell every process when the first step is."""
        for pipe in self._pipes:
            pipe.send(start_ns)

    def logs(self) -> list[Log]:
        """Wait until everybody has walked to the end, and return what they saw. Raises GeneratorError."""
        return [_received(pipe) for pipe in self._pipes]


def _received(pipe: Connection) -> Any:
    try:
        message = pipe.recv()
    except EOFError:
        raise GeneratorError("a generator process died") from None
    if isinstance(message, Failed):
        raise NotLetIn(message.why) if message.is_not_let_in else GeneratorError(message.why)
    return message
