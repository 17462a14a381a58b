"""presence.proxies: whose address counts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from presence.proxies import Proxies
from tests.sockets import MemoryTransport

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


def address(peer: str, *forwarded: str) -> str:
    """Tell whose address counts for a request from `peer` with these X-Forwarded-For headers."""
    headers = [("X-Forwarded-For", value) for value in forwarded]
    request = make_mocked_request("GET", "/", CIMultiDict(headers), transport=MemoryTransport(peer))
    return PROXIES.client_address(request)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counts"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # a stranger's word counts for nothing
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.7"], "198.51.100.7"),  # what stands further left is the client's word
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),  # a chain of trusted ones
        ("10.0.0.1", ["198.51.100.7", "10.0.0.2"], "198.51.100.7"),  # in two headers
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_whose_address_counts(peer: str, forwarded: list[str], counts: str) -> None:
    """From the right, the first address that is no trusted proxy's."""
    assert address(peer, *forwarded) == counts


@pytest.mark.parametrize("text", ["", "unknown", "10.0.0.1:4711", "localhost"])
def test_what_is_no_address_is_no_proxy(text: str) -> None:
    """Only addresses can be trusted."""
    assert not PROXIES.is_trusted(text)


def test_an_ipv4_proxy_is_known_in_ipv6_notation() -> None:
    """A socket for both families names it so."""
    assert PROXIES.is_trusted("::ffff:10.0.0.1")
