"""Hand-written JSON: every problem is found, and each says where it is, what is wrong and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.checked_json import Node, canonical, parse, suggestion

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def said(node: Node) -> list[str]:
    """Every problem so far, as a person reads it."""
    return [str(problem) for problem in node.problems]


def test_problems_name_their_place_and_their_remedy() -> None:
    """Paths are JSON paths, keys that are no plain words are quoted, and all problems are there at once."""
    root = parse('{"zoens": 1, "two words": 2, "a": 1, "a": 2}')
    assert root.has_keys(("zones",), ("a",))
    assert said(root) == [
        "$.zoens: unknown key; did you mean zones?",
        '$["two words"]: unknown key; remove it, known keys are zones, a',
        "$.a: written twice; keep one of them",
        "$.zones: missing; add zones",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1 2]", "$: not JSON at line 1, column 4: Expecting ',' delimiter; correct the text there"),
        ('{"a": NaN}', "$: not JSON: NaN is not a number that JSON knows; write plain JSON values"),
        ('{"a": -Infinity}', "$: not JSON: -Infinity is not a number that JSON knows; write plain JSON values"),
    ],
)
def test_what_is_not_json_is_said_with_its_place(text: str, problem: str) -> None:
    """The one problem of a text that cannot be read at all; its root reads as absent and says no more."""
    root = parse(text)
    root.has_keys(("name",))
    assert root.is_absent
    assert said(root) == [problem]


def test_nesting_without_end_is_a_problem_of_the_text() -> None:
    """A text made to exhaust the stack is refused like any other."""
    root = parse("[" * 200_000)
    assert root.is_absent
    assert len(root.problems) == 1


Reading = Callable[[Node], object]


def whole(node: Node) -> object:
    """A whole number from 1 to 9."""
    return node.whole(1, 9)


def row(node: Node) -> object:
    """Two whole numbers."""
    return node.row(lambda item: item.whole(1, 9), 2, "[x, z]")


def parts(node: Node) -> object:
    """One or two whole numbers."""
    return node.parts(lambda item: item.whole(1, 9), at_least=1, at_most=2)


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("true", Node.flag, True),
        ("2.0", whole, 2),
        ("9", whole, 9),
        ("2.5", lambda node: node.number(0, 9), 2.5),
        ('"é"', lambda node: node.text(1), "é"),
        ('"evidence-bag_2"', Node.slug, "evidence-bag_2"),
        ('"' + "a" * 64 + '"', Node.slug, "a" * 64),
        ("[1, 2]", row, (1, 2)),
        ("[1]", parts, (1,)),
    ],
)
def test_a_good_value_is_read_in_silence(text: str, read: Reading, value: object) -> None:
    """What is right is returned, and nothing is said."""
    node = parse(text)
    assert (read(node), said(node)) == (value, [])


@pytest.mark.parametrize(
    ("text", "read", "problem"),
    [
        ("1", Node.flag, "$: is a number; write true or false"),
        ("true", whole, "$: is true or false; write a number"),
        ("null", whole, "$: is null; write a number"),
        ("0", whole, "$: out of range; write a number from 1 to 9"),
        ("1" + "0" * 400, whole, "$: out of range; write a number from 1 to 9"),
        ("1e999", whole, "$: out of range; write a number from 1 to 9"),
        ("1.5", whole, "$: is not whole; write a whole number from 1 to 9"),
        ("[]", lambda node: node.text(3), "$: is a list; write a text"),
        ('""', lambda node: node.text(3), "$: has 0 characters; write 1 to 3"),
        ('"four"', lambda node: node.text(3), "$: has 4 characters; write 1 to 3"),
        ('"a\\nb"', lambda node: node.text(3), "$: has a control character; write it without"),
        ('"\\ud800"', lambda node: node.text(3), "$: has a control character; write it without"),
        ("{}", Node.slug, "$: is an object; write a name such as main-hall"),
        ('"Hall"', Node.slug, "$: is not a name; use at most 64 of a-z 0-9 - _, the first a letter or a digit"),
        ('"-hall"', Node.slug, "$: is not a name; use at most 64 of a-z 0-9 - _, the first a letter or a digit"),
        ('"hall\\n"', Node.slug, "$: is not a name; use at most 64 of a-z 0-9 - _, the first a letter or a digit"),
        ("[1]", row, "$: has 1 items; write [x, z]"),
        ("7", row, "$: is a number; write [x, z]"),
        ("[1, 99]", row, "$[1]: out of range; write a number from 1 to 9"),
        ("{}", parts, "$: is an object; write a list"),
        ("[]", parts, "$: has 0 items; write 1 to 2"),
        ("[1, 2, 3]", parts, "$: has 3 items; write 1 to 2"),
        ("3", lambda node: node.has_keys(("a",), ("b",)), "$: is a number; write an object with the keys a, b"),
    ],
)
def test_a_bad_value_is_said_once(text: str, read: Reading, problem: str) -> None:
    """What is wrong is returned as nothing usable, and one problem says what to write instead."""
    node = parse(text)
    assert said(node) == []
    assert not read(node) or node.problems
    assert said(node) == [problem]


@pytest.mark.parametrize("read", [Node.flag, whole, Node.slug, row, parts, lambda node: node.has_keys(("a",))])
def test_an_absent_value_says_nothing_of_itself(read: Reading) -> None:
    """The object that should have held it has said so, once; everything below stays silent."""
    node = parse("{}")
    assert not read(node["a"]["b"])
    assert said(node) == []


def test_items_that_cannot_be_read_are_left_out() -> None:
    """The good ones are returned, the bad ones are named by their place in the list."""
    node = parse("[1, 0, 3, null]")
    assert node.parts(lambda item: item.whole(1, 9), at_most=4) == (1, 3)
    assert [problem.path for problem in node.problems] == ["$[1]", "$[3]"]


def test_repeats_are_named_where_they_come_again() -> None:
    """In a list of names, and in a list of objects with names; what is no text is not compared."""
    node = parse('{"a": ["x", 1, 1, "x"], "b": [{"n": "y"}, {"n": "y"}, {}, {}]}')
    node["a"].refuse_repeats()
    node["b"].refuse_repeats("n")
    assert [problem.path for problem in node.problems] == ["$.a[3]", "$.b[1].n"]


def test_a_suggestion_without_resemblance_lists_what_there_is() -> None:
    """And says `none` when there is nothing."""
    assert suggestion("qqq", ("walls", "zones"), "one of ") == "one of walls, zones"
    assert suggestion("qqq", (), "one of ") == "one of none"
    assert suggestion("wals", ("walls", "zones"), "one of ") == "did you mean walls?"


@given(JSON_VALUES)
def test_the_canonical_text_is_the_same_however_it_was_written(value: object) -> None:
    """Order of keys, spacing, escapes and 1 or 1.0 are no difference; the meaning is kept."""
    there_and_back = parse(json.dumps(value, indent=3, ensure_ascii=True)).value
    assert canonical(there_and_back) == canonical(value)
    assert json.loads(canonical(value)) == value


def test_whole_numbers_have_one_canonical_form() -> None:
    """1.0 is 1, at any depth, and -0.0 is 0."""
    assert canonical({"b": [1.0, 2.5, -0.0], "a": True}) == '{"a":true,"b":[1,2.5,0]}'


@given(st.text() | JSON_VALUES.map(json.dumps))
def test_no_text_raises(text: str) -> None:
    """Whatever the text, reading it ends with a node and a list of problems."""
    root = parse(text)
    root.has_keys(("a",), ("b",))
    assert root.problems or not root.is_absent
