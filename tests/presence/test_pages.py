"""presence.pages: the built web client, as answers to browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from presence import pages
from presence.pages import Page, PagesError


def asked(page: Page, **headers: str) -> web.Response:
    """Answer a request with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return page.answer(make_mocked_request("GET", "/", headers=named))


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build: a page, a script with its variants, and an archive that is no variant of anything."""
    (tmp_path / "assets").mkdir()
    files: dict[str, Any] = {
        "index.html": b"<p>",
        "assets/app-1a2b.js": b"script",
        "assets/app-1a2b.js.br": b"BR",
        "assets/app-1a2b.js.gz": b"GZ",
        "samples.gz": b"data",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_build_is_read_whole(build: Path) -> None:
    """Every file by its path, and the page at the root; variants are no pages of their own."""
    assert set(pages.load(build)) == {"/", "/index.html", "/assets/app-1a2b.js", "/samples.gz"}


def test_nothing_is_served_where_nothing_was_built(tmp_path: Path) -> None:
    """Neither from a folder that is not there nor from half a build."""
    assert pages.load(tmp_path / "web") == {}
    (tmp_path / "world.html").write_bytes(b"<p>")
    assert pages.load(tmp_path) == {}


def test_a_folder_is_read_by_the_names_in_it(build: Path) -> None:
    """Whether it is the web client or another one."""
    (build / "index.html").unlink()
    assert set(pages.read(build)) == {"assets/app-1a2b.js", "samples.gz"}


def test_too_much_is_refused_at_start(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is served stays in memory."""
    monkeypatch.setattr(pages, "MAX_BYTES", 5)
    with pytest.raises(PagesError, match="build it again"):
        pages.load(build)


def test_what_is_named_by_its_digest_is_kept_for_ever(build: Path) -> None:
    """The rest is asked for again, and is answered in short when it is the same."""
    loaded = pages.load(build)
    assert "immutable" in asked(loaded["/assets/app-1a2b.js"]).headers["Cache-Control"]
    answer = asked(loaded["/"])
    assert answer.headers["Cache-Control"] == "no-cache"
    tag = answer.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = asked(loaded["/"], If_None_Match=known)
        assert (again.status, again.body, again.headers["ETag"]) == (304, None, tag)
    assert asked(loaded["/"], If_None_Match='"other"').status == 200


def test_types_do_not_depend_on_the_machine(build: Path) -> None:
    """Browsers are told not to guess, so the type must be right."""
    loaded = pages.load(build)
    assert asked(loaded["/"]).headers["Content-Type"] == "text/html; charset=utf-8"
    assert asked(loaded["/assets/app-1a2b.js"]).headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("accepted", "body"),
    [
        ("gzip, deflate, br, zstd", b"BR"),
        ("gzip", b"GZ"),
        ("gzip;q=1.0, br; q=0", b"GZ"),
        ("GZIP", b"GZ"),
        ("identity", b"script"),
        ("", b"script"),
        ("brotli, gz", b"script"),
    ],
)
def test_the_best_variant_that_is_accepted_is_sent(build: Path, accepted: str, body: bytes) -> None:
    """As the build made it; caches are told what the choice hung on."""
    answer = asked(pages.load(build)["/assets/app-1a2b.js"], Accept_Encoding=accepted)
    coding = {b"BR": "br", b"GZ": "gzip"}.get(body)
    assert (answer.body, answer.headers.get("Content-Encoding")) == (body, coding)
    assert answer.headers["Vary"] == "Accept-Encoding"
