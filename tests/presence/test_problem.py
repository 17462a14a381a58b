"""presence.problem: how HTTP says no."""

from __future__ import annotations

import json

import pytest
from aiohttp import web

from presence.problem import Problem, bad_token, from_http
from protocol.errors import Close, ProtocolError


def test_a_problem_is_json_with_its_status_and_headers() -> None:
    """For programs, for people, and what to do."""
    response = Problem(426, "upgrade_required", "WebSocket only", "use one", {"Upgrade": "websocket"}).response()
    assert (response.status, response.headers["Upgrade"]) == (426, "websocket")
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "code": "upgrade_required",
        "reason": "WebSocket only",
        "advice": "use one",
    }


@pytest.mark.parametrize("code", [code for code in Close if code.name.startswith("TOKEN_")])
def test_every_refusal_of_a_token_has_advice(code: Close) -> None:
    """401, the code by its name, and the challenge that RFC 6750 asks for."""
    problem = bad_token(ProtocolError(code, "because"))
    assert (problem.status, problem.code, problem.reason) == (401, code.name.lower(), "because")
    assert problem.advice
    assert problem.headers["WWW-Authenticate"].startswith("Bearer")


def test_what_aiohttp_refuses_keeps_its_headers() -> None:
    """A 405 must name the methods that are allowed."""
    problem = from_http(web.HTTPMethodNotAllowed("POST", ["GET"]))
    assert (problem.status, problem.code, problem.headers["Allow"]) == (405, "method_not_allowed", "GET")
    assert "Content-Type" not in problem.headers
    assert from_http(web.HTTPNotFound()).code == "not_found"
