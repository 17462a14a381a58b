"""What messages say, to whom they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.snapshot_reader import Snapshot, read_snapshot
from protocol import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Message = TypeVar("Message")


def read(message: Any) -> Any:
    """Read the records of a snapshot; every other message is as it is."""
    return read_snapshot(message.data) if isinstance(message, schema.Snapshot) else message


def all_of(messages: Iterable[Any], cls: type[Message]) -> list[Message]:
    """List the messages of one kind."""
    return [message for message in messages if isinstance(message, cls)]


def mentioned(messages: Iterable[Any]) -> Iterator[int]:
    """Every entity that messages say anything of."""
    for message in messages:
        match message:
            case Snapshot():
                yield from message.leaves
                yield from dict(message.enters)
                yield from (record.entity for record in message.absolutes)
                yield from (record.entity for record in message.deltas)
            case schema.Roster():
                yield from (person.entity for person in message.people)
            case schema.Objects():
                yield from (thing.entity for thing in message.things)
            case schema.Gone():
                yield from message.entities
            case schema.Said() | schema.Gestured():
                yield message.entity
            case _:
                pass
