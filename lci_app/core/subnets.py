"""Which addresses the projects' networks get: small sub-nets of one private range, half for builds, half for services.

Docker's own pools end at about 31 networks; these are enough for a thousand projects. That the two halves are apart
lets lci know a build by its address alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Final

# 29 containers a network: so many builds of one project may run at one time.
SUBNET_PREFIX: Final = 27
# Room for one network of each kind, at least.
MAX_RANGE_PREFIX: Final = SUBNET_PREFIX - 1
DEFAULT_RANGE: Final = "10.213.0.0/16"

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_INSTANCE_DIGITS: Final = 6


class NetworkKind(StrEnum):
    """What runs in a network. The value is what the names of its bridge and of the network begin with."""

    BUILDS = "lcib"
    SERVICES = "lcis"


@dataclass(frozen=True, slots=True)
class Subnet:
    number: int
    network: IPv4Network


@dataclass(frozen=True, slots=True)
class Subnets:
    """The sub-nets of `whole`, a private range of MAX_RANGE_PREFIX or shorter."""

    whole: IPv4Network

    def half(self, kind: NetworkKind) -> IPv4Network:
        lower, upper = self.whole.subnets()
        return lower if kind is NetworkKind.BUILDS else upper

    def candidates(self, kind: NetworkKind, project_id: int) -> Iterator[Subnet]:
        """Yield every sub-net of a kind once, the one that a project with this id takes where it is free first."""
        half = self.half(kind)
        count = 1 << (SUBNET_PREFIX - half.prefixlen)
        size = 1 << (32 - SUBNET_PREFIX)
        for step in range(count):
            number = (project_id + step) % count
            yield Subnet(number, IPv4Network((int(half.network_address) + number * size, SUBNET_PREFIX)))


@dataclass(frozen=True, slots=True)
class SeenNetwork:
    """A network of the engine. `interface`: its bridge; `project_id`: 0 where it is no project's, or not `ours`."""

    id: str
    name: str
    interface: str
    subnets: tuple[IPv4Network, ...]
    ours: bool
    project_id: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """What the host reaches by an interface; the default route is none."""

    interface: str
    network: IPv4Network


def routes_in(table: str) -> Iterator[Route]:
    """Yield the routes of a table as Linux tells it (/proc/net/route)."""
    for fields in (line.split() for line in table.splitlines()[1:]):
        destination, mask = (int.from_bytes(bytes.fromhex(fields[at])[::-1], "big") for at in (1, 7))
        if mask:
            yield Route(fields[0], IPv4Network((destination, mask.bit_count())))


def interface_prefix(kind: NetworkKind, instance: str) -> str:
    """Return what the bridges of one instance's networks of a kind are called, but for their number."""
    return f"{kind}{instance[:_INSTANCE_DIGITS]}-"


def interface(kind: NetworkKind, instance: str, number: int) -> str:
    """Return the bridge's name: at most 15 characters, as the kernel demands."""
    return interface_prefix(kind, instance) + _base36(number)


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
        if number == 0:
            return digits
