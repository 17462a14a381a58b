"""Key sets and revocation lists: what is read, what is refused, and what is kept."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from presence import keys
from presence.keys import KeyRing, Refresh, TrustError, parse_key_set, parse_revocations

PAIR = keys.new_key_pair()
RSA = keys.key_pair_of(generate_private_key(65537, 2048))


def entry_of(pair: keys.KeyPair, **changes: object) -> dict[str, Any]:
    """Return a pair's entry in a key set, changed; None removes a member."""
    entry = {**json.loads(pair.key_set)["keys"][0], **changes}
    return {member: value for member, value in entry.items() if value is not None}


def key_set(*entries: object) -> bytes:
    """Write a key set."""
    return json.dumps({"keys": entries}).encode()


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve `answer` at the URL yielded."""
    app = web.Application()
    app.router.add_get("/trust", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/trust"
    finally:
        await runner.cleanup()


def load_from(answer: Callable[[web.Request], Awaitable[web.StreamResponse]], query: str = "") -> KeyRing:
    """Load a key ring whose key set is served by `answer`."""

    async def run() -> KeyRing:
        async with serving(answer) as url:
            ring = KeyRing(url + query)
            await ring.load()
            return ring

    return asyncio.run(run())


# --- key sets ---------------------------------------------------------------------------------------------------------


def test_a_pairs_own_key_set_holds_its_public_key() -> None:
    """What is minted with a pair can be checked with its key set."""
    for pair in (PAIR, RSA):
        assert parse_key_set(pair.key_set.encode()) == {pair.kid: pair.private_key.public_key()}


def test_the_key_id_follows_from_the_key() -> None:
    """The id needs no storing: the same key has the same one, another key another."""
    assert keys.key_pair_of(PAIR.private_key) == PAIR
    assert keys.new_key_pair().kid != PAIR.kid


@pytest.mark.parametrize(
    "foreign",
    [
        {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA", "y": "AA"},
        entry_of(PAIR, kid=None),
        entry_of(PAIR, kid="encryption", use="enc"),
        entry_of(PAIR, kid="other", alg="RS256"),
        entry_of(PAIR, kid="curve", crv="X25519"),
        entry_of(PAIR, kid="short", x="AA"),
        entry_of(RSA, kid="weak", n="wP0yy0zTTZZ8l7R3vq5xCw"),
        "text",
        None,
    ],
)
def test_entries_of_no_use_are_left_out(foreign: object) -> None:
    """A provider's set may hold keys for other purposes; they neither count nor harm."""
    assert parse_key_set(key_set(foreign, entry_of(PAIR))).keys() == {PAIR.kid}


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b"[" * 5000, key_set(), key_set(entry_of(PAIR, kid=""))]
)
def test_a_document_without_usable_keys_is_refused(document: bytes) -> None:
    """An empty trust would lock everyone out without a word."""
    with pytest.raises(TrustError, match="key set"):
        parse_key_set(document)


@pytest.mark.parametrize("secret", [entry_of(PAIR, d="AA"), {"kty": "oct", "k": "AA", "kid": "s"}])
def test_a_published_secret_is_refused_loudly(secret: object) -> None:
    """A key set with a private part means that somebody else may sign tokens."""
    with pytest.raises(TrustError, match="replace that key"):
        parse_key_set(key_set(entry_of(PAIR), secret))


# --- revocation lists -------------------------------------------------------------------------------------------------


def test_a_revocation_list_has_one_entry_a_line() -> None:
    """Comments, blank lines and Windows line ends are no entries."""
    document = "\ufeff# withdrawn\r\n\r\nid-1\r\n  id#2  # lost laptop\nsub: anna lind\n#end".encode()
    assert parse_revocations(document) == {"id-1", "id#2", "sub:anna lind"}


@pytest.mark.parametrize("document", [b"ok\nsub:\n", b"ok\n" + b"x" * 300])
def test_a_line_that_cannot_be_an_entry_is_named(document: bytes) -> None:
    """A slip in the list is not passed over: somebody would stay in."""
    with pytest.raises(TrustError, match="line 2"):
        parse_revocations(document)


def test_a_list_that_is_not_text_is_refused() -> None:
    """A wrong file is no list."""
    with pytest.raises(TrustError, match="UTF-8"):
        parse_revocations(b"\xff\xfe\x00")


# --- loading ----------------------------------------------------------------------------------------------------------


def test_a_ring_loads_files(tmp_path: Path) -> None:
    """Both lists come from where they were said to be."""
    (tmp_path / "keys").write_text(PAIR.key_set)
    (tmp_path / "revoked").write_text("id-1\n")
    ring = KeyRing(tmp_path / "keys", tmp_path / "revoked")
    asyncio.run(ring.load())
    assert ring.keys.keys() == {PAIR.kid}
    assert ring.revoked == {"id-1"}


def test_a_ring_without_sources_is_empty() -> None:
    """A server for guests only needs neither."""
    ring = KeyRing(None)
    asyncio.run(ring.load())
    assert (ring.keys, ring.revoked) == ({}, set())


def test_a_ring_loads_from_a_url() -> None:
    """A key set may be served."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=PAIR.key_set)

    assert load_from(answer).keys.keys() == {PAIR.kid}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A start that fails says which file and why."""
    with pytest.raises(TrustError, match=r"key set from .*none: No such file"):
        asyncio.run(KeyRing(tmp_path / "none").load())


def test_an_oversize_document_is_refused(tmp_path: Path) -> None:
    """Neither a file nor an answer can fill the memory."""
    (tmp_path / "keys").write_bytes(b" " * (keys.MAX_KEY_SET_BYTES + 1))
    with pytest.raises(TrustError, match="larger than"):
        asyncio.run(KeyRing(tmp_path / "keys").load())

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 65536)
        return response

    with pytest.raises(TrustError, match="larger than"):
        load_from(answer)


def test_a_redirect_is_not_followed() -> None:
    """A safe URL cannot lead to an unsafe one."""

    async def answer(request: web.Request) -> web.Response:
        if request.query:
            return web.Response(text=PAIR.key_set)
        raise web.HTTPFound("/trust?again=1")

    with pytest.raises(TrustError, match="status 302"):
        load_from(answer)


def test_a_slow_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that hangs does not hang the server."""
    monkeypatch.setattr(keys, "FETCH_TIMEOUT_S", 0.05)

    async def answer(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(TrustError, match="no answer within"):
        load_from(answer)


def test_an_unreachable_or_unsafe_url_is_told_without_its_query() -> None:
    """An access key in a URL does not reach the log."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=500)

    for url, problem in (
        ("http://127.0.0.1:1/keys?sig=abc", "127.0.0.1:1"),
        ("http://keys.example/keys?sig=abc", "must use https"),
    ):
        with pytest.raises(TrustError, match=problem) as caught:
            asyncio.run(KeyRing(url).load())
        assert "abc" not in str(caught.value)
    with pytest.raises(TrustError, match="status 500") as caught:
        load_from(answer, "?sig=abc")
    assert "abc" not in str(caught.value)


# --- refreshing -------------------------------------------------------------------------------------------------------


def test_a_refresh_takes_what_is_new_in_place(tmp_path: Path) -> None:
    """Whoever holds the mapping and the set sees the change."""
    (tmp_path / "keys").write_text(PAIR.key_set)
    (tmp_path / "revoked").write_text("")
    ring = KeyRing(tmp_path / "keys", str(tmp_path / "revoked"))
    held_keys, held_revoked = ring.keys, ring.revoked
    asyncio.run(ring.load())
    assert asyncio.run(ring.refresh()) == Refresh((), changed=False)
    (tmp_path / "keys").write_text(RSA.key_set)
    (tmp_path / "revoked").write_text("sub:anna")
    assert asyncio.run(ring.refresh()) == Refresh((), changed=True)
    assert held_keys.keys() == {RSA.kid}
    assert held_revoked == {"sub:anna"}


def test_a_failed_refresh_keeps_what_was_held(tmp_path: Path) -> None:
    """A broken file neither locks everyone out nor lets anyone back in; the other source is refreshed all the same."""
    (tmp_path / "keys").write_text(PAIR.key_set)
    (tmp_path / "revoked").write_text("id-1")
    ring = KeyRing(tmp_path / "keys", tmp_path / "revoked")
    asyncio.run(ring.load())
    (tmp_path / "keys").write_text("{")
    (tmp_path / "revoked").write_text("id-2")
    report = asyncio.run(ring.refresh())
    assert report.changed
    assert len(report.problems) == 1
    assert ring.keys.keys() == {PAIR.kid}
    assert ring.revoked == {"id-2"}
    (tmp_path / "revoked").unlink()
    assert len(asyncio.run(ring.refresh()).problems) == 2
    assert ring.revoked == {"id-2"}


def test_a_failed_load_holds_nothing_new(tmp_path: Path) -> None:
    """A start is all or nothing."""
    (tmp_path / "keys").write_text(PAIR.key_set)
    ring = KeyRing(tmp_path / "keys", tmp_path / "none")
    with pytest.raises(TrustError, match="revocation list"):
        asyncio.run(ring.load())
    assert ring.keys == {}


def test_keeping_fresh_reports_each_time_until_it_is_cancelled(tmp_path: Path) -> None:
    """The server hears of every refresh, and ends it as it ends any task."""
    (tmp_path / "revoked").write_text("id-1")

    async def run() -> list[Refresh]:
        ring = KeyRing(None, tmp_path / "revoked")
        reports: list[Refresh] = []
        twice = asyncio.Event()

        def after(report: Refresh) -> None:
            reports.append(report)
            if len(reports) == 2:
                twice.set()

        task = asyncio.create_task(ring.keep_fresh(0.001, after))
        await asyncio.wait_for(twice.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return reports

    assert asyncio.run(run())[:2] == [Refresh((), changed=True), Refresh((), changed=False)]


# --- key pairs --------------------------------------------------------------------------------------------------------


def test_a_development_pair_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """The second call signs with the same key, and only its owner can read it."""
    folder = tmp_path / "deep" / "folder"
    pair = keys.development_key_pair(folder)
    assert keys.development_key_pair(folder).key_set == pair.key_set
    assert stat.S_IMODE((folder / keys.PRIVATE_KEY_FILE).stat().st_mode) == 0o600
    assert (folder / keys.KEY_SET_FILE).read_text() == pair.key_set


def test_a_private_file_is_never_written_over(tmp_path: Path) -> None:
    """A key that others may rely on is not lost to a second writer."""
    (tmp_path / "key").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        keys.write_private(tmp_path / "key", b"new")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The reason is in the message, not in a trace."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TrustError, match=r"cannot write the key pair in .*file"):
        keys.development_key_pair(tmp_path / "file")


def pem(key: ec.EllipticCurvePrivateKey | Any, password: bytes | None = None) -> bytes:
    """Encode any private key."""
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    encoded: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return encoded


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not an unencrypted PEM"),
        (pem(PAIR.private_key, b"word"), "not an unencrypted PEM"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither an Ed25519 nor an RSA"),
        (pem(generate_private_key(65537, 1024)), "2048 bits"),  # noqa: S505 -- weak on purpose
    ],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """Each says what is wrong with it."""
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(TrustError, match=problem):
        keys.read_private_key(tmp_path / "key.pem")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path is told as such."""
    with pytest.raises(TrustError, match="No such file"):
        keys.read_private_key(tmp_path / "key.pem")
