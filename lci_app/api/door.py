"""Who may not even connect: containers that lci itself runs have no business at its management port."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

import trio

from lci_app.core.client_addresses import is_in


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
        try:
            host = stream.socket.getpeername()[0]
        except OSError:
            return False  # gone already: whoever reads finds that out
        return is_in(host, self._refused)
