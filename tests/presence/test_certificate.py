"""The development certificate: whom it is for, how long, and when it is made anew."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from presence.certificate import CERTIFICATE_FILE, KEY_FILE, VALID_FOR, ensure_certificate, local_names

NAMES = ("localhost", "127.0.0.1", "::1", "hall.local")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_certificate_is_for_the_names_and_short_lived(tmp_path: Path) -> None:
    """P-256, every name and address, and no longer than WebTransport accepts by hash."""
    made = ensure_certificate(tmp_path / "tls", NAMES, NOW)
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "hall.local"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc == made.expires
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == VALID_FOR <= timedelta(days=14)


def test_a_server_can_use_it_and_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    """The two files fit each other, and the key is nobody else's."""
    made = ensure_certificate(tmp_path, NAMES, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.key)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600


def test_a_certificate_that_still_fits_is_kept(tmp_path: Path) -> None:
    """Whoever trusted it need not do so again at each start."""
    first = ensure_certificate(tmp_path, NAMES, NOW)
    assert ensure_certificate(tmp_path, NAMES[:2], NOW + timedelta(days=11)).sha256 == first.sha256


@pytest.mark.parametrize("change", ["expiring", "other name", "no key", "not a certificate"])
def test_a_certificate_that_no_longer_fits_is_made_anew(tmp_path: Path, change: str) -> None:
    """A new address, a lost key, a broken file, the last day: each starts afresh, with a pair that works."""
    first = ensure_certificate(tmp_path, NAMES, NOW)
    if change == "no key":
        (tmp_path / KEY_FILE).unlink()
    if change == "not a certificate":
        (tmp_path / CERTIFICATE_FILE).write_text("")
    names = (*NAMES, "192.0.2.7") if change == "other name" else NAMES
    now = NOW + timedelta(days=12) if change == "expiring" else NOW
    second = ensure_certificate(tmp_path, names, now)
    assert second.sha256 != first.sha256
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(second.certificate, second.key)


def test_this_machine_knows_its_own_names() -> None:
    """Loopback at least, each name once."""
    names = local_names()
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert len(set(names)) == len(names)
