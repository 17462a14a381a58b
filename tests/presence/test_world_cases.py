"""The cases that clients in other languages run against the server's geometry."""

from __future__ import annotations

import json

from tests.presence import write_world_cases


def test_the_cases_are_what_the_rules_say() -> None:
    """`python -m tests.presence.write_world_cases` renews the file after a rule was changed on purpose."""
    assert write_world_cases.FILE.read_text("utf-8") == write_world_cases.text()


def test_the_cases_ask_for_both_answers() -> None:
    """A client that always says yes, or always no, fails."""
    cases = json.loads(write_world_cases.FILE.read_text("utf-8"))
    for key in ("in_bounds", "on_floor", "portal"):
        assert {case[key] for case in cases["places"]} == {True, False}
    assert {case["blocked"] for case in cases["moves"]} == {True, False}
    assert {case["zone"] for case in cases["places"]} == {None, "vault", "wing"}
    assert {None, 0, 290, 3000} < {case["floor_under"] for case in cases["places"]}
