"""Who a session belongs to: a signed token, or a guest's wish, becomes an Identity that the room can trust.

Owns the meaning of a token's claims, the algorithms a key may be used with, and what a guest looks like.
Never reads a file, a clock or the network: keys, revocations, the time and the random generator come from
the caller. The handshake and a renewal in session call `Verifier.verify`; what is shown over an avatar's
head comes from here and nowhere else.

A token is a JWT in compact form, signed with Ed25519 (`EdDSA`) or RSA of at least 2048 bits (`RS256`). The
key, not the token, decides the algorithm, so that a token cannot choose a weaker one. Claims:

    sub       compulsory  the user, stable over time; may not start with "guest:"
    name      compulsory  shown over the avatar
    exp       compulsory  the token is refused from this second on, without leeway: the server's clock is the reference
    aud       compulsory  the audience of this deployment, alone or in a list
    iss       compulsory when the deployment names an issuer
    agency    optional    shown on the badge
    country   optional    ISO 3166-1 alpha-2, upper case
    roles     optional    list of words; see MODERATOR, OPERATOR, INSTRUCTOR, SPECTATOR
    grants    optional    list of words; clearances
    teams     optional    list of words; who share one see each other at any distance
    jti       optional    lets one token be revoked; without it only its user can be
    nbf, iat  optional    may lie up to LEEWAY_S ahead of the server's clock
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from protocol.errors import Close, ProtocolError

PublicKey = Ed25519PublicKey | RSAPublicKey
PrivateKey = Ed25519PrivateKey | RSAPrivateKey

MODERATOR = "moderator"  # may mute, kick, pin and lock
OPERATOR = "operator"  # may use the operations endpoints
INSTRUCTOR = "instructor"
SPECTATOR = "spectator"  # sees and hears, and is shown to nobody

GUEST_PREFIX = "guest:"
GUEST_NAME = "Guest"

# What a message of the protocol can carry.
MAX_TOKEN_CHARS = 4096
MAX_USER_CHARS = 128
MAX_NAME_CHARS = 48
MAX_AGENCY_CHARS = 64
MAX_WORD_CHARS = 32
MAX_ROLES = 16
MAX_TEAMS = 16

MAX_TOKEN_ID_CHARS = 128
MAX_GRANTS = 64  # clearances become bits of one 64-bit column
LEEWAY_S = 30.0  # clocks of an identity provider and of this server differ by seconds, not minutes
MAX_INSTANT = 1e15  # JSON numbers may be too large for a float, or infinite
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3

_JOINERS = "\u200c\u200d"  # invisible, but Persian and Indic names are misspelt without them
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that draw nothing: a name made of them is no name
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_COUNTRY = re.compile(r"[A-Z]{2}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]*")

_JWS = jwt.PyJWS(algorithms=["EdDSA", "RS256"])


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server believes about a person. `country` is ISO 3166-1 alpha-2 or ""; `token_id` may be "".

    expires_at: unix seconds; infinity for guests.
    """

    user: str
    name: str
    agency: str
    country: str
    roles: frozenset[str]
    grants: frozenset[str]
    guest: bool
    token_id: str
    expires_at: float
    teams: frozenset[str] = frozenset()


class Verifier:
    """Turns tokens into identities.

    keys and revoked are read at every call, so their owner may change them in place; `revoked` holds token
    ids and `sub:<user>` entries. rng makes guest ids, so in production it must be the system's.
    """

    def __init__(
        self,
        keys: Mapping[str, PublicKey],
        *,
        audience: str,
        rng: Random,
        issuer: str | None = None,
        revoked: Container[str] = frozenset(),
        allow_guests: bool = False,
    ) -> None:
        for key in keys.values():
            algorithm_for(key)
        self._keys = keys
        self._audience = audience
        self._rng = rng
        self._issuer = issuer
        self._revoked = revoked
        self._allow_guests = allow_guests

    def verify(self, token: str, guest_name: str, unix_now: float) -> Identity:
        """Return who presents `token`; `guest_name` counts only without a token, where guests are let in.

        Raises ProtocolError with one of the TOKEN_ codes; its reason never quotes the token or its claims.
        Costs one signature check, about 0.1 ms.
        """
        if not token:
            return self._welcome_guest(guest_name)
        claims = self._read_signed(token)
        self._check_issuer(claims)
        self._check_audience(claims)
        _check_time(claims, unix_now)
        identity = _identity_from(claims)
        if self.is_revoked(identity):
            raise ProtocolError(Close.TOKEN_REVOKED, "this token was withdrawn: ask whoever issued it")
        return identity

    def is_revoked(self, identity: Identity) -> bool:
        """Tell whether a session that was let in must go, now that the list may have changed."""
        return identity.token_id in self._revoked or f"sub:{identity.user}" in self._revoked

    def _welcome_guest(self, guest_name: str) -> Identity:
        if not self._allow_guests:
            raise ProtocolError(Close.TOKEN_REQUIRED, "this server takes no guests: sign in and send your token")
        return Identity(
            user=f"{GUEST_PREFIX}{self._rng.getrandbits(64):016x}",
            name=clean_name(guest_name) or GUEST_NAME,
            agency="",
            country="",
            roles=frozenset(),
            grants=frozenset(),
            guest=True,
            token_id="",
            expires_at=math.inf,
        )

    def _read_signed(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise _invalid("is not a signed token")
        try:
            key = self._keys.get(_JWS.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise _invalid("was signed with a key this server does not know")
            payload = _JWS.decode_complete(token, key, algorithms=[algorithm_for(key)])["payload"]
        except jwt.PyJWTError:
            raise _invalid("is not a signed token, or its signature does not fit") from None
        return _parse_claims(payload)

    def _check_issuer(self, claims: dict[str, Any]) -> None:
        if self._issuer is not None and claims.get("iss") != self._issuer:
            raise _invalid("comes from another issuer than this server trusts")

    def _check_audience(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise ProtocolError(Close.TOKEN_AUDIENCE, "this token is for another service: sign in to this one")


def algorithm_for(key: PublicKey) -> str:
    """Name the one algorithm that tokens under `key` may use; TypeError or ValueError when there is none."""
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    if not isinstance(key, RSAPublicKey):
        raise TypeError("only Ed25519 and RSA keys can sign tokens")
    if key.key_size < MIN_RSA_BITS:
        raise ValueError(f"an RSA key needs at least {MIN_RSA_BITS} bits, this one has {key.key_size}")
    return "RS256"


def clean_name(name: str) -> str:
    """Make a name that nobody vouches for fit to be shown: cleaned, spaces joined and cut; or ""."""
    kept = "".join(" " if char.isspace() else char for char in name if char.isspace() or not _is_bad(char))
    cleaned = unicodedata.normalize("NFC", " ".join(kept.split()))[:MAX_NAME_CHARS].rstrip()
    return cleaned if _is_visible(cleaned) else ""


def mint(
    identity: Identity,
    private_key: PrivateKey,
    kid: str,
    *,
    audience: str,
    issued_at: float,
    issuer: str | None = None,
) -> str:
    """Sign a development token that says `identity`. Nothing is checked here: verify the result."""
    claims = {
        "sub": identity.user,
        "name": identity.name,
        "agency": identity.agency,
        "country": identity.country,
        "roles": sorted(identity.roles),
        "grants": sorted(identity.grants),
        "teams": sorted(identity.teams),
        "jti": identity.token_id,
        "aud": audience,
        "iat": issued_at,
        "exp": identity.expires_at,
    }
    if issuer is not None:
        claims["iss"] = issuer
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return _JWS.encode(payload, private_key, algorithm_for(private_key.public_key()), {"kid": kid})


def _identity_from(claims: dict[str, Any]) -> Identity:
    user = _text(claims, "sub", MAX_USER_CHARS, compulsory=True)
    if user.startswith(GUEST_PREFIX):
        raise _invalid(f'has a "sub" that starts with "{GUEST_PREFIX}", which is kept for guests')
    country = _text(claims, "country", 2)
    if country and not _COUNTRY.fullmatch(country):
        raise _invalid('has a "country" that is not two capital letters of ISO 3166')
    return Identity(
        user=user,
        name=_text(claims, "name", MAX_NAME_CHARS, compulsory=True),
        agency=_text(claims, "agency", MAX_AGENCY_CHARS),
        country=country,
        roles=_words(claims, "roles", MAX_ROLES),
        grants=_words(claims, "grants", MAX_GRANTS),
        guest=False,
        token_id=_text(claims, "jti", MAX_TOKEN_ID_CHARS),
        expires_at=_instant(claims, "exp"),
        teams=_words(claims, "teams", MAX_TEAMS),
    )


def _check_time(claims: dict[str, Any], unix_now: float) -> None:
    if unix_now >= _instant(claims, "exp"):
        raise ProtocolError(Close.TOKEN_EXPIRED, "this token has expired: sign in again for a new one")
    for claim in ("nbf", "iat"):
        if claim in claims and _instant(claims, claim) > unix_now + LEEWAY_S:
            raise _invalid(f'is not valid yet ("{claim}" lies ahead): check the clock of whoever issued it')


def _parse_claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        raise _invalid("does not hold JSON claims") from None
    if not isinstance(claims, dict):
        raise _invalid("does not hold an object of claims")
    return claims


def _text(claims: dict[str, Any], claim: str, max_chars: int, *, compulsory: bool = False) -> str:
    value = claims.get(claim, "")
    if not isinstance(value, str):
        raise _invalid(f'has a "{claim}" that is not text')
    text = unicodedata.normalize("NFC", value.strip())
    if len(text) > max_chars:
        raise _invalid(f'has a "{claim}" of more than {max_chars} characters')
    if any(_is_bad(char) for char in text):
        raise _invalid(f'has control or direction-changing characters in "{claim}"')
    if compulsory and not _is_visible(text):
        raise _invalid(f'has no "{claim}"')
    return text


def _words(claims: dict[str, Any], claim: str, max_words: int) -> frozenset[str]:
    words = claims.get(claim, [])
    if not isinstance(words, list) or len(words) > max_words or not all(map(_is_word, words)):
        raise _invalid(f'has "{claim}" that are not a list of at most {max_words} lower-case words')
    return frozenset(words)


def _instant(claims: dict[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < MAX_INSTANT:
        raise _invalid(f'has no usable "{claim}"')
    return float(value)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORD_CHARS and _WORD.fullmatch(value) is not None


def _is_bad(char: str) -> bool:
    return unicodedata.category(char) in _BAD_CATEGORIES and char not in _JOINERS


def _is_visible(text: str) -> bool:
    return any(not char.isspace() and char not in _JOINERS and char not in _BLANKS for char in text)


def _invalid(what: str) -> ProtocolError:
    return ProtocolError(Close.TOKEN_INVALID, f"this token {what}: sign in again, or ask whoever issued it")
