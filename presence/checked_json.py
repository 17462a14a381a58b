"""Reads JSON that people write by hand, and says everything that is wrong with it at once.

Owns the walk: a `Node` is one value with its JSON path, and each of its readers returns the value checked,
or adds a problem to the list all nodes share and returns None. Never stops at the first problem, never
opens a file, and knows
nothing of what it reads: `world_document.py` says with it what a world may hold.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

MAX_SLUG_CHARACTERS: Final = 64  # as on the wire

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")

Part = TypeVar("Part")


class Problem(NamedTuple):
    """One thing that is wrong: where (a JSON path), what, and what to do about it."""

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.remedy}"


class Table(dict[str, object]):
    """A JSON object that remembers which of its keys were written twice."""

    repeated: tuple[str, ...] = ()


class _Absent:
    """Stands for a value that is not there; the object that should hold it has said so."""


_ABSENT: Final = _Absent()


class Node:
    """One JSON value and where it stands."""

    def __init__(self, value: object, path: str, problems: list[Problem]) -> None:
        self.value = value
        self.path = path
        self.problems = problems

    def fail(self, what: str, remedy: str) -> None:
        """Report a problem with this value."""
        self.problems.append(Problem(self.path, what, remedy))

    @property
    def is_absent(self) -> bool:
        """Whether the key was not written at all."""
        return self.value is _ABSENT

    def __getitem__(self, key: str) -> Node:
        value = self.value.get(key, _ABSENT) if isinstance(self.value, Table) else _ABSENT
        step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"
        return Node(value, self.path + step, self.problems)

    def items(self) -> list[Node]:
        """The items of a list; none when it is anything else."""
        values = self.value if isinstance(self.value, list) else []
        return [Node(value, f"{self.path}[{i}]", self.problems) for i, value in enumerate(values)]

    def has_keys(self, required: Sequence[str], optional: Sequence[str] = ()) -> bool:
        """Whether this is an object at all; its keys are checked, and reported, one by one."""
        if not isinstance(self.value, Table):
            return self._mistyped("an object with the keys " + ", ".join((*required, *optional)))
        known = (*required, *optional)
        for key in self.value:
            if key not in known:
                self[key].fail("unknown key", suggestion(key, known, "remove it, known keys are "))
        for key in self.value.repeated:
            self[key].fail("written twice", "keep one of them")
        for key in required:
            if key not in self.value:
                self[key].fail("missing", f"add {key}")
        return True

    def parts(self, read_item: Callable[[Node], Part | None], *, at_least: int = 0, at_most: int) -> tuple[Part, ...]:
        """The items of a list, each read by `read_item`; what it could not read is left out."""
        if not isinstance(self.value, list):
            self._mistyped("a list")
            return ()
        if not at_least <= len(self.value) <= at_most:
            self.fail(f"has {len(self.value)} items", f"write {at_least} to {at_most}")
        return tuple(part for part in map(read_item, self.items()) if part is not None)

    def row(self, read_item: Callable[[Node], Part | None], size: int, form: str) -> tuple[Part, ...] | None:
        """A list of exactly `size` items, described to a person by `form`."""
        if not isinstance(self.value, list):
            self._mistyped(form)
            return None
        if len(self.value) != size:
            self.fail(f"has {len(self.value)} items", f"write {form}")
            return None
        parts = tuple(part for part in map(read_item, self.items()) if part is not None)
        return parts if len(parts) == size else None

    def flag(self) -> bool:
        """A boolean; absent means false."""
        return self.value if isinstance(self.value, bool) else self._mistyped("true or false")

    def number(self, low: float, high: float) -> float | None:
        """A number within [low, high]."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._mistyped("a number")
            return None
        if not low <= self.value <= high:
            self.fail("out of range", f"write a number from {low:g} to {high:g}")
            return None
        return self.value

    def whole(self, low: int, high: int) -> int | None:
        """A whole number within [low, high], however it is written (2 or 2.0)."""
        number = self.number(low, high)
        if number is not None and number != int(number):
            self.fail("is not whole", f"write a whole number from {low} to {high}")
            return None
        return None if number is None else int(number)

    def text(self, at_most: int) -> str | None:
        """A printable text of 1 to `at_most` characters, on one line."""
        if not isinstance(self.value, str):
            self._mistyped("a text")
            return None
        if not 1 <= len(self.value) <= at_most:
            self.fail(f"has {len(self.value)} characters", f"write 1 to {at_most}")
            return None
        if _UNPRINTABLE.search(self.value):
            self.fail("has a control character", "write it without")
            return None
        return self.value

    def slug(self) -> str | None:
        """A name that is the same in an address, a file name and a log line."""
        if not isinstance(self.value, str):
            self._mistyped("a name such as main-hall")
            return None
        if len(self.value) > MAX_SLUG_CHARACTERS or not _SLUG.fullmatch(self.value):
            rule = f"at most {MAX_SLUG_CHARACTERS} of a-z 0-9 - _, the first a letter or a digit"
            self.fail("is not a name", f"use {rule}")
            return None
        return self.value

    def choice(self, words: Sequence[str]) -> str | None:
        """One word of a closed list."""
        if not isinstance(self.value, str):
            self._mistyped("one of " + ", ".join(words))
            return None
        if self.value not in words:
            self.fail("is not one of the words for it", suggestion(self.value, words, "use one of "))
            return None
        return self.value

    def refuse_repeats(self, key: str | None = None) -> None:
        """Report the items of a list (or the values of their `key`) that an earlier item holds already."""
        seen: set[object] = set()
        for item in self.items():
            node = item if key is None else item[key]
            if isinstance(node.value, str) and node.value in seen:
                node.fail(f"{json.dumps(node.value)} is there already", "use each name once")
            seen.add(node.value if isinstance(node.value, str) else None)

    def _mistyped(self, wanted: str) -> bool:
        """Report a value of the wrong type (an absent one was reported by its parent). Always False."""
        if not self.is_absent:
            self.fail(f"is {_type_name(self.value)}", f"write {wanted}")
        return False


def parse(text: str) -> Node:
    """The root of a JSON text. When the text is not JSON, its value is absent and the problem is reported."""
    problems: list[Problem] = []
    value: object = _ABSENT
    try:
        value = json.loads(text, object_pairs_hook=_table, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        problems.append(Problem("$", f"not JSON at {where}: {error.msg}", "correct the text there"))
    except (ValueError, RecursionError) as error:
        problems.append(Problem("$", f"not JSON: {error}", "write plain JSON values"))
    return Node(value, "$", problems)


def canonical(value: object) -> str:
    """One text for one meaning, whatever the spacing, order of keys and way to write whole numbers."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def suggestion(word: str, known: Sequence[str], otherwise: str) -> str:
    """What to do about an unknown word: the known one it resembles, or `otherwise` and all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise + (", ".join(known) or "none")


def _table(pairs: list[tuple[str, object]]) -> Table:
    table = Table(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        table.repeated = tuple(key for key in table if keys.count(key) > 1)
    return table


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not a number that JSON knows")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _type_name(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        Table: "an object",
    }
    return names.get(type(value), "null")
