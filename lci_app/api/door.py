"""Who may not even connect: containers that lci itself runs, and whoever holds more than their share already."""

from __future__ import annotations

import logging
import resource
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network
from typing import Final

import trio

from lci_app.core.client_addresses import Networks, is_in, is_loopback, place_of

# Connections at a time, of all and of one address. A browser has seven, and a NAT hides an office.
MOST: Final = 4000
MOST_OF_ONE: Final = 256
# Of all, what is left to this machine itself and to trusted proxies, however many strangers there are.
KEPT: Final = 4

_log = logging.getLogger(__name__)


class Door(trio.abc.Listener[trio.SocketStream]):
    """A listener that closes connections from the networks in `refused` unread. Closing it closes the inner one."""

    def __init__(self, inner: trio.SocketListener, refused: Sequence[IPv4Network]) -> None:
        self._inner = inner
        self._refused = tuple(refused)

    async def accept(self) -> trio.SocketStream:
        while True:
            stream = await self._inner.accept()
            if not self._is_refused(stream):
                return stream
            await trio.aclose_forcefully(stream)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _is_refused(self, stream: trio.SocketStream) -> bool:
        return is_in(peer_of(stream), self._refused)


def peer_of(stream: trio.SocketStream) -> str:
    """Return the address of the other end; empty where it has gone already, which whoever reads finds out."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""


class Shares:
    """Bounds how many connections there are. `trusted` are proxies, each of which asks for many people."""

    def __init__(self, trusted: Networks = ()) -> None:
        self._trusted = trusted
        self._held: Counter[str] = Counter()
        self._refused = 0
        # Files and sockets of other kinds need descriptors, too.
        self._most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

    @contextmanager
    def held(self, peer: str) -> Iterator[bool]:
        """Count a connection from an address while the block lasts; False where it is one too many."""
        place = place_of(peer)
        if not self._has_room(place, is_near=is_loopback(peer) or is_in(peer, self._trusted)):
            self._refused += 1
            if self._refused & (self._refused - 1) == 0:
                _log.warning("connections are refused: %d so far, the last from %s", self._refused, peer)
            yield False
            return
        self._held[place] += 1
        try:
            yield True
        finally:
            self._held[place] -= 1
            if not self._held[place]:
                del self._held[place]

    def _has_room(self, place: str, *, is_near: bool) -> bool:
        count = self._held.total()
        if is_near:
            return count < self._most
        return count < self._most - self._most // KEPT and self._held[place] < MOST_OF_ONE
