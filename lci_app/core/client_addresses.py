"""The addresses of those who ask: in one form, as their proxies tell them, and which of them are of one place. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = Sequence[IPv4Network | IPv6Network]

# What is given to one customer, machine or flat: whoever has one IPv6 address has all of these.
_PLACE_IN_IPV6 = 64


def canonical(text: str) -> str:
    """Return an address in the one form to compare, without a port, a zone, and IPv6's way to write IPv4.

    What is no address is returned as it is.
    """
    parsed = _parsed(text)
    return text if parsed is None else str(parsed)


def is_in(address: str, networks: Networks) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def is_loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def client_of(peer: str, forwarded: Sequence[str], trusted: Networks) -> str:
    """Return whose request it is: the peer's, or theirs for whom a trusted proxy asks.

    `forwarded` are the lines of X-Forwarded-For, which are one list. It is read from its end, as long as trusted
    proxies have written it.
    """
    told = [part.strip() for line in forwarded for part in line.split(",") if part.strip()]
    address = canonical(peer)
    while told and is_in(address, trusted):
        last = _parsed(told.pop())
        if last is None:
            break
        address = str(last)
    return address


def place_of(address: str) -> str:
    """Return what stands for everybody who can have this address: an IPv6 address can be changed at will within /64."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _PLACE_IN_IPV6), strict=False))
    return canonical(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    for candidate in (text, _without_port(text)):
        try:
            parsed = ip_address(candidate.partition("%")[0])
        except ValueError:
            continue
        return getattr(parsed, "ipv4_mapped", None) or parsed
    return None


def _without_port(text: str) -> str:
    """Take the port off `address:port` and `[address]:port`, and the brackets off `[address]`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
