"""Asking a server: the answer, or one line that says why there is none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from presence.enquiry import EnquiryError, ask
from presence.problem import Problem


def asked(answer: web.Response, token: str = "") -> tuple[Any, list[web.Request]]:
    """Ask a server that answers in this way; its answer, and what reached it."""
    heard: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        heard.append(request)
        return answer

    async def exchange() -> Any:
        application = web.Application()
        application.router.add_get("/ops/explain", handle)
        async with TestServer(application) as server:
            return await ask(str(server.make_url("/")), "/ops/explain", {"room": "hq"}, token)

    return asyncio.run(exchange()), heard


def problem(answer: web.Response) -> str:
    """Ask likewise, and return why there is no answer."""
    with pytest.raises(EnquiryError) as caught:
        asked(answer)
    return str(caught.value)


def test_the_answer_is_what_the_server_said() -> None:
    """Asked with the parameters, and with a token where there is one."""
    told, heard = asked(web.json_response({"is_held": True}), "a-token")
    assert told == {"is_held": True}
    assert heard[0].path_qs == "/ops/explain?room=hq"
    assert heard[0].headers["Authorization"] == "Bearer a-token"
    _, heard = asked(web.json_response({}))
    assert "Authorization" not in heard[0].headers


def test_a_refusal_is_said_with_its_advice() -> None:
    """As the server put it."""
    assert problem(Problem(403, "not_allowed", "only operators", "sign in").response()) == "only operators; sign in"


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        lambda: web.Response(text="<html>"),
        lambda: web.json_response([]),
        lambda: web.json_response({}, status=404),
    ],
)
def test_what_is_no_operators_port_is_said_to_be_none(answer: Any) -> None:
    """Neither a redirect nor a web page is an answer."""
    assert "is no operators' port" in problem(answer())


def test_where_nobody_listens_there_is_no_answer() -> None:
    """And the line names where that was."""
    port = unused_port()
    with pytest.raises(EnquiryError, match=f"nothing answers at http://127.0.0.1:{port}"):
        asyncio.run(ask(f"http://127.0.0.1:{port}", "/ops/explain", {}, ""))


@pytest.mark.parametrize("url", ["http://hub.example.org", "ftp://127.0.0.1", "127.0.0.1:8082", "http://a:b@localhost"])
def test_a_token_leaves_this_machine_under_tls_only(url: str) -> None:
    """A URL that would have it otherwise is not asked."""
    with pytest.raises(EnquiryError, match="the URL"):
        asyncio.run(ask(url, "/ops/explain", {}, "a-token"))
