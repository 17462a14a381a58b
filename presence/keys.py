"""Where trust comes from: key sets and revocation lists, read from a file or a URL and kept fresh.

Owns the reading, the bounds on what is read, and the live mapping and set that `identity.Verifier` looks
into. Decides nothing about a token. The server loads a KeyRing before it listens (a failure then stops the
start), and runs `keep_fresh` as a task; from then on a failed refresh keeps what is held, because forgetting
the keys would lock everyone out and forgetting the revocations would let someone back in.

A key set is a JWKS document (RFC 7517). A revocation list is UTF-8 text with one entry a line, a token id or
`sub:<user>`; `#` starts a comment at the start of a line or after white space.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from presence.addresses import url_problem, without_query
from presence.identity import PrivateKey, PublicKey, algorithm_for

MAX_KEY_SET_BYTES = 256 * 1024  # providers publish two to ten keys of 1 kB
MAX_REVOCATIONS_BYTES = 8 * 1024 * 1024  # 200,000 token ids
MAX_ENTRY_CHARS = 256
FETCH_TIMEOUT_S = 10.0

PRIVATE_KEY_FILE = "private.pem"
KEY_SET_FILE = "jwks.json"

_COMMENT = re.compile(r"(^|\s)#.*")

T = TypeVar("T")


class TrustError(Exception):
    """A key set, revocation list or private key that cannot be used; its text says which and why."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What one refresh did: problems in plain words, and whether what is held has changed."""

    problems: tuple[str, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key, the id its tokens carry, and the JWKS text that lets a server check them."""

    private_key: PrivateKey
    kid: str
    key_set: str


class KeyRing:
    """The keys and revocations held now. Sources are file paths or URLs; None stays empty.

    keys and revoked are changed in place and only between awaits, so a Verifier holding them is never given
    half a list.
    """

    def __init__(self, key_set: str | Path | None, revocations: str | Path | None = None) -> None:
        self.keys: dict[str, PublicKey] = {}
        self.revoked: set[str] = set()
        self._key_set = key_set
        self._revocations = revocations

    async def load(self) -> None:
        """Read both sources. Raises TrustError, holding what it held before."""
        keys = await self._read_keys()
        revoked = await self._read_revocations()
        self._hold_keys(keys)
        self._hold_revocations(revoked)

    async def refresh(self) -> Refresh:
        """Read both sources again; whichever fails keeps what it held."""
        before = (dict(self.keys), set(self.revoked))
        problems = [
            *await _attempt(self._read_keys, self._hold_keys),
            *await _attempt(self._read_revocations, self._hold_revocations),
        ]
        return Refresh(tuple(problems), before != (self.keys, self.revoked))

    async def keep_fresh(self, interval_s: float, after: Callable[[Refresh], None]) -> None:
        """Refresh every `interval_s` seconds until cancelled, telling `after` each time."""
        while True:
            await asyncio.sleep(interval_s)
            after(await self.refresh())

    async def _read_keys(self) -> dict[str, PublicKey]:
        if self._key_set is None:
            return {}
        return parse_key_set(await _read(self._key_set, MAX_KEY_SET_BYTES, "key set"))

    async def _read_revocations(self) -> set[str]:
        if self._revocations is None:
            return set()
        return parse_revocations(await _read(self._revocations, MAX_REVOCATIONS_BYTES, "revocation list"))

    def _hold_keys(self, keys: Mapping[str, PublicKey]) -> None:
        self.keys.clear()
        self.keys.update(keys)

    def _hold_revocations(self, revoked: set[str]) -> None:
        self.revoked.clear()
        self.revoked.update(revoked)


def parse_key_set(document: bytes) -> dict[str, PublicKey]:
    """Return the usable signing keys of a JWKS by id, leaving out kinds not used here (RFC 7517 section 5).

    Raises TrustError when the document is no key set, holds a private key, or leaves nothing to check tokens
    with.
    """
    try:
        entries = json.loads(document)["keys"]
    except (ValueError, RecursionError, KeyError, TypeError):
        entries = None
    if not isinstance(entries, list):
        raise TrustError('the key set is not JSON of the form {"keys": […]}')
    keys = {
        entry["kid"]: key for entry in entries if isinstance(entry, dict) and (key := _usable_key(entry)) is not None
    }
    if not keys:
        raise TrustError('the key set holds no usable key: it needs Ed25519 or RSA of at least 2048 bits, with a "kid"')
    return keys


def parse_revocations(document: bytes) -> set[str]:
    """Return the entries of a revocation list. Raises TrustError naming the first line that cannot be one."""
    try:
        lines = document.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise TrustError("the revocation list is not UTF-8 text") from None
    entries = set()
    for number, line in enumerate(lines, 1):
        entry = _COMMENT.sub("", line).strip()
        if len(entry) > MAX_ENTRY_CHARS or entry == "sub:":
            raise TrustError(f"line {number} of the revocation list is neither a token id nor sub:<user>")
        if entry.startswith("sub:"):
            entry = "sub:" + entry.removeprefix("sub:").strip()
        if entry:
            entries.add(entry)
    return entries


def new_key_pair() -> KeyPair:
    """Make an Ed25519 pair for development tokens."""
    return key_pair_of(Ed25519PrivateKey.generate())


def key_pair_of(private_key: PrivateKey) -> KeyPair:
    """Derive what goes with a signing key. The id is the RFC 7638 thumbprint, cut: it needs no storing."""
    jwk = _public_jwk(private_key)
    kid = hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).hexdigest()[:16]
    entry = {**jwk, "kid": kid, "use": "sig", "alg": algorithm_for(private_key.public_key())}
    return KeyPair(private_key, kid, json.dumps({"keys": [entry]}, indent=2) + "\n")


def read_private_key(path: Path) -> KeyPair:
    """Read an unencrypted PEM private key. Raises TrustError when there is none that can sign tokens."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise TrustError(f"cannot read the private key {path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise TrustError(f"{path} is not an unencrypted PEM private key") from None
    if not isinstance(key, (Ed25519PrivateKey, RSAPrivateKey)):
        raise TrustError(f"{path} is neither an Ed25519 nor an RSA key")
    try:
        return key_pair_of(key)
    except ValueError as error:
        raise TrustError(f"{path}: {error}") from None


def development_key_pair(directory: Path) -> KeyPair:
    """Return the pair kept in `directory`, made on first use.

    It becomes PRIVATE_KEY_FILE, which only its owner can read, and KEY_SET_FILE beside it.
    Raises TrustError when the directory cannot be written or holds a key that cannot be used.
    """
    path = directory / PRIVATE_KEY_FILE
    if path.exists():
        return read_private_key(path)
    pair = new_key_pair()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / KEY_SET_FILE).write_text(pair.key_set, encoding="utf-8")
        write_private(path, pem_of(pair.private_key))
    except OSError as error:
        raise TrustError(f"cannot write the key pair in {directory}: {error.strerror}") from None
    return pair


def pem_of(private_key: PrivateKey) -> bytes:
    """Encode a signing key as unencrypted PKCS 8 PEM."""
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can ever read. Raises OSError, also when the file exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _usable_key(entry: dict[str, Any]) -> PublicKey | None:
    if "d" in entry or entry.get("kty") == "oct":
        raise TrustError("the key set holds a secret key: publish the public part only, and replace that key")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid or entry.get("use", "sig") != "sig":
        return None
    try:
        key = _public_key(entry)
        return key if key is not None and entry.get("alg", algorithm_for(key)) == algorithm_for(key) else None
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    if entry.get("kty") == "RSA":
        key: object = RSAAlgorithm.from_jwk(entry)
    elif entry.get("kty") == "OKP":
        key = OKPAlgorithm.from_jwk(entry)
    else:
        return None
    return key if isinstance(key, (Ed25519PublicKey, RSAPublicKey)) else None


def _public_jwk(private_key: PrivateKey) -> dict[str, Any]:
    """Return only the members that RFC 7638 hashes."""
    if isinstance(private_key, Ed25519PrivateKey):
        return OKPAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    jwk = RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    return {member: jwk[member] for member in ("e", "kty", "n")}


async def _attempt(read: Callable[[], Awaitable[T]], hold: Callable[[T], None]) -> list[str]:
    try:
        hold(await read())
    except TrustError as error:
        return [str(error)]
    return []


async def _read(source: str | Path, max_bytes: int, what: str) -> bytes:
    is_url = isinstance(source, str) and "://" in source
    shown = without_query(str(source)) if is_url else source
    try:
        if is_url:
            document = await _fetch(str(source), max_bytes)
        else:
            document = await asyncio.to_thread(_read_file, Path(source), max_bytes)
    except TimeoutError:
        problem = f"no answer within {FETCH_TIMEOUT_S:.0f} s"
    except (aiohttp.ClientConnectorError, TrustError) as error:
        problem = str(error)
    except (aiohttp.ClientError, OSError) as error:  # other client errors would quote the URL with its query
        problem = getattr(error, "strerror", None) or f"no usable answer ({type(error).__name__})"
    else:
        if len(document) <= max_bytes:
            return document
        problem = f"it is larger than {max_bytes} bytes"
    raise TrustError(f"cannot read the {what} from {shown}: {problem}")


def _read_file(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(max_bytes + 1)


async def _fetch(url: str, max_bytes: int) -> bytes:
    if (problem := url_problem(url)) is not None:
        raise TrustError(f"the URL {problem}")
    document = bytearray()
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
    # A redirect could lead from a safe URL to an unsafe one: it counts as a failure.
    async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url, allow_redirects=False) as answer:
        if answer.status != HTTPStatus.OK:
            raise TrustError(f"it answered with status {answer.status}")
        async for chunk in answer.content.iter_chunked(64 * 1024):
            document += chunk
            if len(document) > max_bytes:
                break
    return bytes(document)
