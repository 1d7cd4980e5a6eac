from __future__ import annotations

import pytest

from service.delivery.addresses import ADDRESS_NOT_ALLOWED, NAME_NOT_FOUND, addresses_of, is_public
from service.memory.deliver import PostFailed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "fec0::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:5ef5:79fd:0:59d:f5ff:fffe",
    ],
)
def test_inside(address: str) -> None:
    """Private, loopback, link-local, reserved and multicast addresses are not public, however wrapped."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_outside(address: str) -> None:
    """Addresses that everybody can reach are."""
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "::1", "169.254.169.254"],
)
async def test_spellings_of_this_machine(host: str) -> None:
    """What counts is the address that the system would connect to, not how it is spelled."""
    with pytest.raises(PostFailed, match=ADDRESS_NOT_ALLOWED):
        await addresses_of(host, 80, allow_private=False)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "x..example"])
async def test_no_such_host(host: str) -> None:
    """A name that leads nowhere is a failure with its own reason."""
    with pytest.raises(PostFailed, match=NAME_NOT_FOUND):
        await addresses_of(host, 80, allow_private=False)


async def test_private_ones_can_be_allowed() -> None:
    """With the setting, this machine may be reached."""
    assert await addresses_of("127.0.0.1", 80, allow_private=True) == ["127.0.0.1"]
