"""What browsers fetch: bytes that never change while the server runs, and how they are cached and compressed.

Owns the built web client and other folders of pages (read once, whole, at start), and the answer for any such bytes:
entity tags, 304, and the variant for what a browser accepts. Paths are those of the files that were there at start, so
no request names a file. Stands behind `http` and `operators`, which route; never compresses while it serves.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

WEB_CLIENT: Final = Path(__file__).with_name("web")
OPERATORS_PAGES: Final = Path(__file__).with_name("ops")
MAX_FILES: Final = 1000
MAX_BYTES: Final = 32 * 2**20  # several times the client; all of it stays in memory

# Best first: what a browser takes and the build has made is sent as it is.
CODINGS: Final = {"br": ".br", "gzip": ".gz"}
FOREVER: Final = "public, max-age=31536000, immutable"  # the name of such a file has its digest in it
ASK_AGAIN: Final = "no-cache"  # keep it, but ask whether it is still the same
_HASHED: Final = "assets/"  # where the build puts files named by their digest
# What mimetypes may not know, or knows by the machine it runs on.
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_TEXTS: Final = ("text/", "application/json", "application/manifest+json", "image/svg+xml")


class PagesError(ValueError):
    """The web client cannot be served as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """One resource: its bytes, and the same bytes in other codings (by content coding)."""

    body: bytes
    content_type: str
    tag: str  # names this content
    cache_control: str = ASK_AGAIN
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    def answer(self, request: web.Request) -> web.Response:
        """Answer a GET or HEAD: the whole, in the best coding that is accepted, or 304 where the asker has it."""
        tag = f'"{self.tag}"'  # of every coding: they would have to be told apart only if ranges were served
        headers = {hdrs.ETAG: tag, hdrs.CACHE_CONTROL: self.cache_control}
        if self.encoded:
            headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        if _has(request, tag):
            return web.Response(status=304, headers=headers)
        headers[hdrs.CONTENT_TYPE] = self.content_type
        coding = next((each for each in self.encoded if _accepts(request, each)), "")
        if coding:
            headers[hdrs.CONTENT_ENCODING] = coding
        return web.Response(body=self.encoded.get(coding, self.body), headers=headers)


def load(folder: Path = WEB_CLIENT) -> dict[str, Page]:
    """Read the built web client: pages by path, `/` among them; nothing where it was not built.

    A file `x.br` or `x.gz` beside `x` is a variant of it. Raises PagesError for more than memory should hold.
    """
    pages = read(folder)
    if "index.html" not in pages:
        return {}
    return {"/": pages["index.html"]} | {f"/{name}": page for name, page in pages.items()}


def read(folder: Path) -> dict[str, Page]:
    """Read a folder's files: pages by path below it, variants among them. Raises PagesError as `load` does."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    size = sum(path.stat().st_size for path in files.values())
    if len(files) > MAX_FILES or size > MAX_BYTES:
        what = f"{folder} holds {len(files)} files of {size / 2**20:.1f} MiB"
        raise PagesError(f"{what}, at most {MAX_FILES} files of {MAX_BYTES // 2**20} MiB are served: build it again")
    bytes_of = {name: path.read_bytes() for name, path in files.items()}
    return {name: _page(name, bytes_of) for name in bytes_of if not _is_variant(name, bytes_of)}


def json_page(text: str, tag: str) -> Page:
    """Make a page of JSON text, compressed once."""
    body = text.encode()
    return Page(body, "application/json; charset=utf-8", tag, encoded={"gzip": gzip.compress(body, mtime=0)})


def digest(body: bytes) -> str:
    """Name some content."""
    return hashlib.sha256(body).hexdigest()[:16]


def _page(name: str, bytes_of: Mapping[str, bytes]) -> Page:
    body = bytes_of[name]
    return Page(
        body,
        _content_type(name),
        digest(body),
        FOREVER if name.startswith(_HASHED) else ASK_AGAIN,
        {coding: bytes_of[name + end] for coding, end in CODINGS.items() if name + end in bytes_of},
    )


def _is_variant(name: str, names: Mapping[str, bytes]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in names for end in CODINGS.values())


def _content_type(name: str) -> str:
    end = Path(name).suffix
    content_type = _TYPES.get(end) or mimetypes.types_map.get(end, "application/octet-stream")
    return f"{content_type}; charset=utf-8" if content_type.startswith(_TEXTS) else content_type


def _accepts(request: web.Request, coding: str) -> bool:
    """Tell whether a content coding is named, and not with a weight of zero (RFC 9110 section 12.5.3)."""
    for each in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == coding:
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _has(request: web.Request, tag: str) -> bool:
    """Tell whether the asker has this already (RFC 9110 section 13.1.2; caches may have made the tag weak)."""
    tags = [each.strip().removeprefix("W/") for each in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")]
    return tag in tags or tags == ["*"]
