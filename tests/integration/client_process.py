"""Holds the strings of a `puppet`: a client in another process, told what to do and watched while it does it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.snapshot_reader import Snapshot, read_snapshot
from protocol import schema
from protocol.codec import decode
from protocol.errors import Refusal
from protocol.schema import SPEC_OF, Lane, Person, Sender, Thing

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 10.0  # longer than anything a test waits for on a busy machine

T = TypeVar("T")
Vector = tuple[float, float, float]


class NotDone(Exception):
    """The client could not do what it was told; `code` is the server's, if it was the server's fault."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code = None if code is None else Refusal(code)


class ClientProcess:
    """One client. What it hears and shows is kept up to date by a thread; `until` waits for it."""

    def __init__(self, url: str, name: str = "", token: str = "") -> None:
        """Start one; it connects on its own time."""
        self.name = name
        self.heard: list[Any] = []  # every message in this room, in order; snapshots are read
        self.views: list[dict[str, Any]] = [{}]  # every view shown in this room, in order
        self._answers: dict[int, dict[str, Any]] = {}
        self._orders = 0
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.puppet", url, name],
            cwd=ROOT,
            env=os.environ | {"PRESENCE_TOKEN": token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # --- orders -------------------------------------------------------------------------------------------------------

    def do(self, deed: str, *arguments: Any) -> Any:
        """Have the client do something, and wait until it has. Raises NotDone where it was refused."""
        self._orders += 1
        order = self._orders
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"id": order, "do": deed, "with": arguments}) + "\n")
        stdin.flush()
        answer = self.until(lambda: self._answers.get(order), f"an answer to {deed}")
        if "reason" in answer:
            raise NotDone(answer["refused"], answer["reason"])
        return answer["value"]

    def enter(self, room: str) -> None:
        """Have the client go into a room, and forget what it heard before."""
        self.do("join", room)
        self.until(lambda: self.view.get("room") == room, "the room")
        with self._news:
            joined = [k for k, heard in enumerate(self.heard) if isinstance(heard, schema.Joined)]
            del self.heard[: joined[-1]]
            del self.views[:-1]

    def stop(self) -> int:
        """Let it leave in good order; return its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join(PATIENCE_S)
            self._process.stdout.close()

    # --- what it knows ------------------------------------------------------------------------------------------------

    def until(self, probe: Callable[[], T | None], what: str) -> T:
        """Wait until `probe` finds something, looking again at each line the client writes; return it."""
        with self._news:
            is_found = self._news.wait_for(lambda: probe() or self._process.poll() is not None, PATIENCE_S)
            found = probe()
        assert is_found, f"{self.name} waited in vain for {what}; it shows {self.view}, and heard {self.heard[-8:]}"
        assert found, f"{self.name} ended with exit code {self._process.poll()} before {what}"
        return found

    @property
    def view(self) -> dict[str, Any]:
        """What it shows now."""
        return self.views[-1]

    @property
    def entity(self) -> int:
        """Its own entity id."""
        entity: int = self.view["entity"]
        return entity

    @property
    def people(self) -> dict[str, Person]:
        """The roster it shows, by display name."""
        return {person["name"]: Person(**person) for person in self.view.get("people", ())}

    @property
    def things(self) -> dict[int, Thing]:
        """The objects it shows, by entity id."""
        return {thing["entity"]: Thing(**thing) for thing in self.view.get("things", ())}

    @property
    def sights(self) -> dict[int, dict[str, Any]]:
        """What it has in sight, by entity id: `held_mm` and `drawn`."""
        return {sight["entity"]: sight for sight in self.view.get("in_sight", ())}

    def history(self, entity: int) -> list[dict[str, Any]]:
        """What it has shown of one entity, view by view."""
        return [sight for view in self.views for sight in view.get("in_sight", ()) if sight["entity"] == entity]

    @property
    def events(self) -> list[Any]:
        """Everything the events lane brought, repetitions included."""
        return [heard for heard in self.heard if not isinstance(heard, Snapshot) and _is_event(heard)]

    def all(self, cls: type[T]) -> list[T]:
        """List what it heard of one kind."""
        return [heard for heard in self.heard if isinstance(heard, cls)]

    def texts(self) -> list[str]:
        """List what it heard people say."""
        return [said.text for said in self.all(schema.Said)]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._note(json.loads(line))
                self._news.notify_all()
        self._process.wait()
        with self._news:
            self._news.notify_all()

    def _note(self, told: dict[str, Any]) -> None:
        if "view" in told:
            self.views.append(told["view"])
        elif "answer" in told:
            self._answers[told["answer"]] = told
        else:
            message = decode(base64.b64decode(told["payload"]), Sender.SERVER)
            self.heard.append(read_snapshot(message.data) if isinstance(message, schema.Snapshot) else message)


def _is_event(message: Any) -> bool:
    return SPEC_OF[type(message)].lane is Lane.EVENTS
