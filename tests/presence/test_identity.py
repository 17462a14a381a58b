"""Tokens, guests and revocation: who may be whom."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import random
import unicodedata
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from presence.identity import (
    LEEWAY_S,
    MAX_GRANTS,
    MAX_ROLES,
    MAX_TOKEN_CHARS,
    MAX_WORD_CHARS,
    Identity,
    PublicKey,
    Verifier,
    clean_name,
    mint,
)
from protocol import codec
from protocol.errors import Close, ProtocolError
from protocol.schema import Sender, Welcome

NOW = 1_000_000.0
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
RSA_KEY = generate_private_key(65537, 2048)
KEYS: dict[str, PublicKey] = {"ed": KEY.public_key(), "rsa": RSA_KEY.public_key()}

ANNA = Identity(
    user="anna",
    name="Anna Lind",
    agency="NCB Stockholm",
    country="SE",
    roles=frozenset({"moderator"}),
    grants=frozenset({"lab"}),
    guest=False,
    token_id="t1",
    expires_at=NOW + 60,
)
CLAIMS: dict[str, Any] = {"sub": "anna", "name": "Anna", "aud": "presence", "exp": NOW + 60}


def verifier(**options: Any) -> Verifier:
    """A verifier for the audience `presence`, with both keys."""
    return Verifier(options.pop("keys", KEYS), audience="presence", rng=random.Random(1), **options)


def signed(claims: object, **header: object) -> str:
    """Sign whatever claims with the Ed25519 key."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), KEY, "EdDSA", {"kid": "ed", **header})


def segment(value: object) -> str:
    """Encode one part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refusal(token: str, *, now: float = NOW, **options: Any) -> ProtocolError:
    """Return the error a token is refused with, which must not quote it."""
    with pytest.raises(ProtocolError) as caught:
        verifier(**options).verify(token, "", now)
    assert len(token) < 40 or token not in str(caught.value)
    return caught.value


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_minted_token_comes_back_as_the_identity_it_says() -> None:
    """The badge is what the token says, whole."""
    token = mint(ANNA, KEY, "ed", audience="presence", issued_at=NOW)
    assert verifier().verify(token, "ignored", NOW) == ANNA


def test_an_rsa_token_is_taken() -> None:
    """RS256 is the other algorithm."""
    token = mint(ANNA, RSA_KEY, "rsa", audience="presence", issued_at=NOW)
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert verifier().verify(token, "", NOW) == ANNA


def test_the_least_claims_make_a_plain_identity() -> None:
    """Agency, country, roles, grants and jti may be left out."""
    found = verifier().verify(signed(CLAIMS), "", NOW)
    assert found == Identity("anna", "Anna", "", "", frozenset(), frozenset(), False, "", NOW + 60)


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
        lambda token: ".".join([token.split(".")[0], segment({**CLAIMS, "sub": "root"}), token.split(".")[2]]),
        lambda token: ".".join([segment({"alg": "none", "kid": "ed"}), token.split(".")[1], ""]),
        lambda token: ".".join([segment({"alg": "RS256", "kid": "ed"}), *token.split(".")[1:]]),
        lambda token: ".".join([segment({"alg": ["EdDSA"], "kid": "ed"}), *token.split(".")[1:]]),
        lambda token: ".".join([segment({"alg": "EdDSA", "kid": 5}), *token.split(".")[1:]]),
        lambda token: ".".join([segment({"alg": "EdDSA"}), *token.split(".")[1:]]),
        lambda token: token.rpartition(".")[0],
        lambda token: token + "é",
        lambda token: token + "\ud800",
        lambda token: token + "A" * MAX_TOKEN_CHARS,
    ],
    ids=["signature", "payload", "none", "RS256", "list", "kid", "no kid", "two parts", "é", "surrogate", "long"],
)
def test_a_forged_or_malformed_token_is_invalid(forge: Any) -> None:
    """Nothing but an untouched token under a known key is believed."""
    assert refusal(forge(signed(CLAIMS))).code is Close.TOKEN_INVALID


def test_a_public_key_used_as_a_shared_secret_is_invalid() -> None:
    """An HS256 token signed with what everybody can read does not pass as signed."""
    public = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    token = jwt.PyJWS().encode(json.dumps(CLAIMS).encode(), public, "HS256", {"kid": "ed"})
    assert refusal(token).code is Close.TOKEN_INVALID


def test_a_token_under_an_unknown_key_is_invalid() -> None:
    """A key id that the key set lacks is no reason to try another key."""
    token = mint(ANNA, OTHER_KEY, "other", audience="presence", issued_at=NOW)
    assert refusal(token).code is Close.TOKEN_INVALID


def test_another_key_under_a_known_id_is_invalid() -> None:
    """Naming a known key is not signing with it."""
    token = mint(ANNA, OTHER_KEY, "ed", audience="presence", issued_at=NOW)
    assert refusal(token).code is Close.TOKEN_INVALID


@given(st.text(min_size=1))
def test_any_text_is_refused_as_invalid(token: str) -> None:
    """Arbitrary input raises nothing but its refusal."""
    assert refusal(token).code is Close.TOKEN_INVALID


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from([*CLAIMS, "agency", "country", "roles", "grants", "jti", "nbf", "iat"])


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_signed_nonsense_is_an_identity_that_fits_the_wire_or_a_refusal(odd: dict[str, Any]) -> None:
    """Whatever a key holder signs, a message can carry what comes of it."""
    try:
        identity = verifier().verify(signed({**CLAIMS, **odd}), "", NOW)
    except ProtocolError:
        return
    assert welcomed(identity).name == identity.name


@pytest.mark.parametrize(
    "bad",
    [
        {"sub": ""},
        {"sub": 7},
        {"sub": None},
        {"sub": "guest:1"},
        {"sub": "x" * 129},
        {"name": " "},
        {"name": "x" * 49},
        {"name": "An\nna"},
        {"name": "\u202eannA"},
        {"name": "An\u200bna"},
        {"name": "\u3164"},
        {"agency": "x" * 65},
        {"agency": "\u2066NCB"},
        {"country": "se"},
        {"country": "SWE"},
        {"country": "S1"},
        {"roles": "moderator"},
        {"roles": [1]},
        {"roles": ["Moderator"]},
        {"roles": ["a b"]},
        {"roles": ["x" * 33]},
        {"roles": [f"r{n}" for n in range(MAX_ROLES + 1)]},
        {"grants": [f"g{n}" for n in range(MAX_GRANTS + 1)]},
        {"jti": 5},
        {"jti": "x" * 129},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": math.inf},
        {"exp": math.nan},
        {"exp": 10**400},
        {"nbf": "now"},
        {"iat": []},
    ],
    ids=repr,
)
def test_bad_claims_are_invalid(bad: dict[str, Any]) -> None:
    """Each claim has its bounds, and characters that deceive a reader are refused."""
    assert refusal(signed({**CLAIMS, **bad})).code is Close.TOKEN_INVALID


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 3000], ids=repr)
def test_a_payload_that_is_no_object_is_invalid(payload: bytes) -> None:
    """A signature over something else than claims is worth nothing."""
    token = jwt.PyJWS().encode(payload, KEY, "EdDSA", {"kid": "ed"})
    assert refusal(token).code is Close.TOKEN_INVALID


@pytest.mark.parametrize("missing", ["sub", "name", "exp"])
def test_a_compulsory_claim_cannot_be_left_out(missing: str) -> None:
    """Without a user, a name and an end there is no identity."""
    claims = {claim: value for claim, value in CLAIMS.items() if claim != missing}
    assert refusal(signed(claims)).code is Close.TOKEN_INVALID


def test_names_that_need_joiners_are_taken() -> None:
    """Persian and Indic spellings use invisible joiners; they are no deceit."""
    name = "می\u200cخواهم"
    assert verifier().verify(signed({**CLAIMS, "name": name}), "", NOW).name == name


def test_a_token_is_expired_from_its_last_second_on() -> None:
    """There is no leeway on exp."""
    token = signed(CLAIMS)
    assert verifier().verify(token, "", NOW + 59.999).user == "anna"
    assert refusal(token, now=NOW + 60).code is Close.TOKEN_EXPIRED


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_is_invalid_beyond_the_leeway(claim: str) -> None:
    """Clocks differ by seconds; more than that is a fault."""
    assert verifier().verify(signed({**CLAIMS, claim: NOW + LEEWAY_S}), "", NOW).user == "anna"
    assert refusal(signed({**CLAIMS, claim: NOW + LEEWAY_S + 1})).code is Close.TOKEN_INVALID


@pytest.mark.parametrize("audience", [None, "other", ["other"], {"presence": 1}, 7, []])
def test_a_token_for_another_service_is_refused(audience: object) -> None:
    """A token that leaked from elsewhere does not open this door."""
    assert refusal(signed({**CLAIMS, "aud": audience})).code is Close.TOKEN_AUDIENCE


def test_one_of_several_audiences_is_enough() -> None:
    """Identity providers may name several services."""
    assert verifier().verify(signed({**CLAIMS, "aud": ["other", "presence"]}), "", NOW).user == "anna"


def test_a_minted_token_can_name_its_issuer() -> None:
    """Development tokens fit a deployment that trusts one issuer."""
    token = mint(ANNA, KEY, "ed", audience="presence", issued_at=NOW, issuer="https://id.example")
    assert verifier(issuer="https://id.example").verify(token, "", NOW) == ANNA


def test_a_named_issuer_must_be_the_one() -> None:
    """Where an issuer is trusted, no other is, nor none."""
    issued = signed({**CLAIMS, "iss": "https://id.example"})
    assert verifier(issuer="https://id.example").verify(issued, "", NOW).user == "anna"
    assert refusal(issued, issuer="https://id.other").code is Close.TOKEN_INVALID
    assert refusal(signed(CLAIMS), issuer="https://id.example").code is Close.TOKEN_INVALID


@pytest.mark.parametrize("entry", ["t1", "sub:anna"])
def test_a_withdrawn_token_or_user_is_refused_as_soon_as_the_list_says_so(entry: str) -> None:
    """The list is read live, for new tokens and for sessions that are in already."""
    revoked: set[str] = set()
    watched = verifier(revoked=revoked)
    token = mint(ANNA, KEY, "ed", audience="presence", issued_at=NOW)
    identity = watched.verify(token, "", NOW)
    assert not watched.is_revoked(identity)
    revoked.add(entry)
    assert watched.is_revoked(identity)
    assert refusal(token, revoked=revoked).code is Close.TOKEN_REVOKED


def test_keys_are_read_live() -> None:
    """A key that leaves the set stops opening the door at once."""
    keys = dict(KEYS)
    token = signed(CLAIMS)
    watched = verifier(keys=keys)
    assert watched.verify(token, "", NOW).user == "anna"
    del keys["ed"]
    with pytest.raises(ProtocolError):
        watched.verify(token, "", NOW)


def test_weak_and_foreign_keys_are_our_own_mistake() -> None:
    """A verifier cannot be made with keys it must not trust."""
    with pytest.raises(ValueError, match="2048 bits"):
        verifier(keys={"weak": generate_private_key(65537, 1024).public_key()})  # noqa: S505 -- weak on purpose
    with pytest.raises(TypeError, match="Ed25519 and RSA"):
        verifier(keys={"ec": ec.generate_private_key(ec.SECP256R1()).public_key()})


# --- guests -----------------------------------------------------------------------------------------------------------


def test_no_token_and_no_guests_asks_for_one() -> None:
    """Guests are in only where they were asked in."""
    assert refusal("").code is Close.TOKEN_REQUIRED


def test_a_guest_has_a_name_and_nothing_else() -> None:
    """No country, agency, role, grant or end; and every guest is somebody else."""
    hall = verifier(allow_guests=True)
    guest, other = hall.verify("", "Ada", NOW), hall.verify("", "Ada", NOW)
    assert dataclasses.replace(guest, user="") == Identity(
        "", "Ada", "", "", frozenset(), frozenset(), True, "", math.inf
    )
    assert guest.user.startswith("guest:")
    assert guest.user != other.user


def test_a_bad_token_does_not_make_a_guest() -> None:
    """Where guests are allowed, a refused token is still a refusal."""
    assert refusal("rubbish", allow_guests=True).code is Close.TOKEN_INVALID


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        ("", "Guest"),
        ("   ", "Guest"),
        ("\u200d\u3164\u202e", "Guest"),
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("A\u202eda\x00", "Ada"),
        ("x" * 100, "x" * 48),
        ("Zoe\u0308", "Zoë"),
    ],
)
def test_a_guests_name_is_cleaned(wish: str, shown: str) -> None:
    """Nobody vouches for a guest's name, so it is made fit to be shown."""
    assert verifier(allow_guests=True).verify("", wish, NOW).name == shown


@given(st.text())
def test_any_wish_gives_a_name_the_wire_can_carry(wish: str) -> None:
    """Cleaning leaves nothing invisible, and cleaning twice changes nothing."""
    guest = verifier(allow_guests=True).verify("", wish, NOW)
    assert welcomed(guest).name == guest.name
    assert clean_name(guest.name) == guest.name
    assert not {unicodedata.category(char) for char in guest.name} & {"Cc", "Cs", "Zl", "Zp"}


# --- bounds -----------------------------------------------------------------------------------------------------------


def welcomed(identity: Identity) -> Welcome:
    """Send a welcome for `identity` through the codec."""
    message = Welcome(
        major=0,
        minor=1,
        schema="",
        session="s",
        resume="r",
        resumed=False,
        user=identity.user,
        name=identity.name,
        agency=identity.agency,
        country=identity.country,
        guest=identity.guest,
        roles=sorted(identity.roles),
        heartbeat_ms=5000,
        resume_window_ms=60000,
        max_frame_bytes=16384,
        time=0,
    )
    received: Welcome = codec.decode(codec.encode(message), Sender.SERVER)
    return received


def test_the_largest_identity_fits_the_wire() -> None:
    """The bounds of claims are those of the messages that carry them."""
    largest = {
        **CLAIMS,
        "sub": "é" * 128,
        "name": "é" * 48,
        "agency": "é" * 64,
        "country": "FR",
        "roles": [f"{n:02}".ljust(MAX_WORD_CHARS, "x") for n in range(MAX_ROLES)],
    }
    identity = verifier().verify(signed(largest), "", NOW)
    assert welcomed(identity).roles == sorted(largest["roles"])
