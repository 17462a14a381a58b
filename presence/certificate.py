"""A certificate for trying things out: self-signed, short-lived, for this machine's names and addresses.

Owns two files in a folder of the caller's choice, and makes them anew only when they no longer fit, because
people have to tell their browser or headset to trust each new one. Never touches a real deployment's
certificate.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from presence.keys import write_private

CERTIFICATE_FILE = "certificate.pem"
KEY_FILE = "certificate-key.pem"

# WebTransport accepts a self-signed certificate by its hash for at most 14 days.
VALID_FOR = timedelta(days=13)
RENEWED_BEFORE = timedelta(days=1)
CLOCKS_DIFFER_BY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a certificate and its key are, what they are for, and the fingerprint a person can compare."""

    certificate: Path
    key: Path
    names: tuple[str, ...]
    sha256: str
    expires: datetime


def ensure_certificate(folder: Path, names: tuple[str, ...], now: datetime) -> Certificate:
    """Return the certificate in `folder`, made when there is none that fits `names` for another day.

    Raises OSError when the folder cannot be written.
    """
    found = _read_fitting(folder, names, now)
    if found is None:
        found = _make(folder, names, now)
    return Certificate(
        folder / CERTIFICATE_FILE,
        folder / KEY_FILE,
        names,
        found.fingerprint(hashes.SHA256()).hex(":"),
        found.not_valid_after_utc,
    )


def local_names() -> tuple[str, ...]:
    """Return the names and addresses by which this machine and its neighbours on the LAN can reach it."""
    host = socket.gethostname()
    names = ["localhost", "127.0.0.1", "::1", host, f"{host.partition('.')[0]}.local"]
    with suppress(OSError):
        names += [str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)]
    names += _outward_addresses()
    return tuple(dict.fromkeys(name.lower() for name in names))


def _outward_addresses() -> list[str]:
    """Return the addresses packets leave from. Connecting a datagram socket only picks the route."""
    found = []
    for family, beyond in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((beyond, 9))
            found.append(str(probe.getsockname()[0]))
    return found


def _read_fitting(folder: Path, names: tuple[str, ...], now: datetime) -> x509.Certificate | None:
    try:
        found = x509.load_pem_x509_certificate((folder / CERTIFICATE_FILE).read_bytes())
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    fits = set(_general_names(names)) <= set(alternatives) and found.not_valid_after_utc - RENEWED_BEFORE > now
    return found if fits and (folder / KEY_FILE).is_file() else None


def _make(folder: Path, names: tuple[str, ...], now: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Presence development")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER_BY)
        .not_valid_after(now - CLOCKS_DIFFER_BY + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEY_FILE).unlink(missing_ok=True)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / KEY_FILE, pem)
    (folder / CERTIFICATE_FILE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate


def _general_names(names: tuple[str, ...]) -> list[x509.GeneralName]:
    return [_general_name(name) for name in names]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
