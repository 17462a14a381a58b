"""Which hosts are this machine, and which URLs may be read. Decides from the text alone; resolves nothing."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address without brackets, can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback  # how a socket for both families names an IPv4 peer
    return address.is_loopback


def url_problem(url: str) -> str | None:
    """Say in plain words why keys or revocations must not be read from `url`; None when they may."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "is not an https:// URL"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user name or password"
    if parts.scheme == "http" and not is_loopback(host):
        return "must use https:// beyond this machine"
    return None


def without_query(url: str) -> str:
    """Return `url` fit to be shown: what follows its path may hold an access key."""
    shown = urlsplit(url)._replace(query="", fragment="").geturl()
    return shown if shown == url else f"{shown}?…"
