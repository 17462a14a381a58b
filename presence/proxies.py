"""Whose address counts: the socket's, or the one that a trusted proxy passes on."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp import web

from presence.config import Network

FORWARDED_FOR = "X-Forwarded-For"


class Proxies:
    """The proxies whose word is believed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def is_trusted(self, address: str) -> bool:
        """Tell whether an address is a trusted proxy's."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed  # how a socket for both families names an IPv4 peer
        return any(parsed in network for network in self._networks)

    def client_address(self, request: web.Request) -> str:
        """Return the address of a request's client.

        Each proxy appends the address it was called from, so from the right, the first one that is no trusted proxy is
        the client; what stands further left is the client's own word.
        """
        address = request.remote or ""
        hops = ",".join(request.headers.getall(FORWARDED_FOR, [])).split(",")
        while self.is_trusted(address) and hops and hops[-1].strip():
            address = hops.pop().strip()
        return address
