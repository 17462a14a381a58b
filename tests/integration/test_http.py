"""HTTP of a running server: what it tells whom, held against its own OpenAPI document, and the way to the WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jsonschema
import pytest

from presence.keys import new_key_pair
from protocol.codec import decode, encode
from protocol.errors import Close
from protocol.schema import Bye, Chat, Join, Said, Sender, Snapshot, Welcome
from tests.integration.asking import ask
from tests.integration.conftest import Connect, RunningServer, StartServer
from tests.integration.peer import Peer, a_hello, client_frame


def declared(document: dict[str, Any], path: str, status: int) -> dict[str, Any]:
    """Return the schema that the document declares for an answer, with everything it refers to."""
    answer = document["paths"][path]["get"]["responses"][str(status)]
    schema: dict[str, Any] = answer["content"]["application/json"]["schema"]
    return schema | {"components": document["components"]}


def checked(server: RunningServer, path: str, status: int = 200, **headers: str) -> Any:
    """Ask, and hold the answer against the server's own document."""
    document = json.loads(ask(f"{server.http_url}/v1/openapi.json")[2])
    answered, _, body = ask(server.http_url + path, **headers)
    assert answered == status
    found = json.loads(body)
    jsonschema.Draft202012Validator(declared(document, path, status)).validate(found)
    return found


def test_health_and_readiness(server: RunningServer) -> None:
    """Both answer as declared, without a token."""
    assert checked(server, "/healthz")["status"] == "ok"
    assert checked(server, "/readyz")["status"] == "ready"


def test_rooms_and_people(server: RunningServer, connect: Connect) -> None:
    """Who is in a room is listed with their badge, as declared."""
    peer = connect("ws")
    user = peer.hello(name="Ada").user
    peer.join("library")
    peer.wait_for(Snapshot)
    rooms = {room["name"]: room for room in checked(server, "/v1/rooms")["rooms"]}
    assert (rooms["library"]["people"], rooms["library"]["world"], rooms["lobby"]["people"]) == (1, "plaza", 0)
    (person,) = [person for person in checked(server, "/v1/presence")["people"] if person["user"] == user]
    assert (person["name"], person["room"], person["guest"], person["status"]) == ("Ada", "library", True, "available")


def test_a_server_without_guests_tells_strangers_nothing(start_server: StartServer, tmp_path: Path) -> None:
    """No token, a bad one, another scheme: 401 with the code, what to do, and the challenge."""
    keys = tmp_path / "jwks.json"
    keys.write_text(new_key_pair().key_set)
    running = start_server("--keys-file", str(keys))
    for path in ("/v1/rooms", "/v1/presence"):
        assert checked(running, path, 401)["code"] == "token_required"
        assert checked(running, path, 401, Authorization="Bearer rubbish")["code"] == "token_invalid"
        assert checked(running, path, 401, Authorization="Basic YTpi")["code"] == "token_required"
        assert "Bearer" in ask(running.http_url + path)[1]["WWW-Authenticate"]


def test_the_document_is_openapi_and_complete(server: RunningServer) -> None:
    """Every declared path answers, and every reference leads somewhere."""
    document = json.loads(ask(f"{server.http_url}/v1/openapi.json")[2])
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        if "get" in operations:
            assert ask(server.http_url + path.replace("{name}", "plaza"))[0] in (200, 426)
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text


def test_errors_are_json_with_advice(server: RunningServer) -> None:
    """Unknown paths and wrong methods are refused in the same form, with the headers they need."""
    status, _, body = ask(f"{server.http_url}/nowhere")
    assert (status, set(json.loads(body))) == (404, {"code", "reason", "advice"})
    status, headers, body = ask(f"{server.http_url}/v1/rooms", "POST")
    assert (status, set(json.loads(body))) == (405, {"code", "reason", "advice"})
    assert "GET" in headers["Allow"]


def test_the_front_page_is_there_for_people(server: RunningServer) -> None:
    """The web client where it was built, else the landing page; to HEAD only headers."""
    status, headers, body = ask(f"{server.http_url}/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    status, headers, nothing = ask(f"{server.http_url}/", "HEAD")
    assert (status, int(headers["Content-Length"]), nothing) == (200, len(body), b"")


def test_worlds_are_as_declared(server: RunningServer) -> None:
    """The list, each of them, and what is wrong with none of them."""
    listed = {each["name"]: each["digest"] for each in checked(server, "/v1/worlds")["worlds"]}
    assert {"open", "plaza"} <= listed.keys()
    for name, digest in listed.items():
        status, headers, body = ask(f"{server.http_url}/v1/worlds/{name}")
        assert (status, headers["ETag"]) == (200, f'"{digest}"')
        request = urllib.request.Request(f"{server.http_url}/v1/worlds/check", data=body)  # noqa: S310  our own server
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert json.load(answer) == {"problems": []}


@pytest.mark.parametrize("path", ["/healthz", "/v1/presence", "/nowhere", "/v1/connect"])
def test_every_answer_is_armoured(server: RunningServer, path: str) -> None:
    """No sniffing, no framing, no referrer, no store, and no word about the software's versions."""
    _, headers, _ = ask(server.http_url + path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "aiohttp" not in headers["Server"]


# --- the opening handshake --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": ""}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "keep-alive"}, 426),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": ""}, 426),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": "not base64 at all!!!!!!!"}, 400),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_what_is_no_opening_handshake_is_refused(
    server: RunningServer, connect: Connect, headers: dict[str, str], status: int
) -> None:
    """By HTTP, with the status that says what was wrong, before anything else happens."""
    peer = connect("ws", server, **headers)
    assert peer.status == status
    if status == 426:
        assert peer.headers.get("sec-websocket-version", "13") == "13"


def test_the_subprotocol_is_echoed_if_it_was_offered(connect: Connect) -> None:
    """Among others too; not when it was not."""
    assert connect("ws", Sec_WebSocket_Protocol="chat, presence.0").headers["sec-websocket-protocol"] == "presence.0"
    assert "sec-websocket-protocol" not in connect("ws", Sec_WebSocket_Protocol="chat").headers
    assert "sec-websocket-protocol" not in connect("ws").headers


def test_pages_of_this_server_and_of_named_origins_are_let_in(start_server: StartServer, connect: Connect) -> None:
    """The operator names further ones."""
    running = start_server("--allow-guests", "--origins", "https://hub.example.org")
    own = running.http_url
    assert connect("ws", running, Origin=own).status == 101
    assert connect("ws", running, Origin="https://hub.example.org").status == 101
    assert connect("ws", running, Origin="https://hub.example.org.evil.example").status == 403


def test_bytes_behind_the_upgrade_are_not_lost(connect: Connect) -> None:
    """A client may send everything in one piece with the request."""
    messages = [encode(a_hello(name="Hasty")), encode(Join(1, "lobby", "")), encode(Chat(2, 0, 0, "first!"))]
    peer = connect("ws", behind=b"".join(map(client_frame, messages)))
    assert peer.wait_for(Welcome).name == "Hasty"
    assert peer.wait_for(Said).text == "first!"


class LateUpgrade(Peer):
    """A client that asks something over HTTP first, on the same connection."""

    def _dial(self, url: str) -> socket.socket:
        dialled = super()._dial(url)
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.sock = dialled
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
        return dialled


def test_a_connection_may_serve_http_before_it_upgrades(server: RunningServer) -> None:
    """Kept alive, then handed over."""
    with LateUpgrade(server.ws_url) as peer:
        assert peer.status == 101
        assert peer.hello().guest


def test_a_refused_upgrade_leaves_the_connection_usable(server: RunningServer) -> None:
    """The next request on it is answered."""
    host = urlsplit(server.http_url).netloc
    connection = http.client.HTTPConnection(host, timeout=10)
    with contextlib.closing(connection):
        for _ in range(2):
            connection.request("GET", "/v1/connect", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 0) == (426, True)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200


def test_a_browser_like_client_gets_through(server: RunningServer) -> None:
    """Aiohttp's own WebSocket client, fragments and pings included."""

    async def talk() -> None:
        url = f"{server.ws_url}/v1/connect"
        async with aiohttp.ClientSession() as client, client.ws_connect(url, protocols=["presence.0"]) as line:
            assert line.protocol == "presence.0"
            await line.ping(b"x")
            await line.send_bytes(encode(a_hello(name="Browser")))
            assert decode((await line.receive()).data, Sender.SERVER).name == "Browser"
            await line.send_bytes(encode(Bye()))
            assert decode((await line.receive()).data, Sender.SERVER).code == Close.LEFT
            last = await line.receive()
            assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, Close.LEFT)

    asyncio.run(talk())
