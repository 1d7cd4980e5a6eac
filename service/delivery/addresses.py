"""Which addresses may be reached on behalf of a client: those of the public network, and no others."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator, Sequence

from service.memory.deliver import PostFailed

ADDRESS_NOT_ALLOWED = "ADDRESS_NOT_ALLOWED"
NAME_NOT_FOUND = "NAME_NOT_FOUND"

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""Addresses by which IPv6 networks reach IPv4 ones; their last 32 bits are the IPv4 address."""

_ASSIGNED = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("2000::/3"), _TRANSLATED)
"""What can be of the public network at all. Of IPv6 that is a small part; the rest is not assigned, or for
special uses, among them old ways to write an IPv4 address."""

_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Of special uses too; some releases of Python take them for global ones."""


async def addresses_of(host: str, port: int, *, allow_private: bool) -> Sequence[str]:
    """The addresses of a host. Connect to one of them: the name may lead elsewhere next time.

    Raises:
        PostFailed: there is no such host, or one of its addresses may not be reached.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PostFailed(NAME_NOT_FOUND) from error
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not allow_private and not all(is_public(address) for address in addresses):
        raise PostFailed(ADDRESS_NOT_ALLOWED)
    return addresses


def is_public(address: str) -> bool:
    """Whether an address, and every other one that is wrapped in it, is of the public network."""
    return all(map(_is_global, _unwrapped(address)))


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    assigned = any(ip in network for network in _ASSIGNED) and not any(ip in network for network in _SPECIAL)
    return assigned and ip.is_global and not ip.is_multicast


def _unwrapped(address: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        yield ip
        return
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
        return
    yield ip
    if ip.sixtofour is not None:
        yield ip.sixtofour
    if ip.teredo is not None:
        yield from ip.teredo
    if ip in _TRANSLATED:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
