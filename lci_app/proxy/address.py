"""The address at which visitors reach the proxy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import trio

from lci_app.core.outside import Trouble

_BACKLOG: Final = 4096


class AddressInUse(Trouble):
    """The proxy cannot listen where it was told to (taken, forbidden, not this host's); the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__("PROXY_ADDRESS_IN_USE", message)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. `sockaddr` is of `family`; its port 0 stands for any."""

    family: int
    sockaddr: tuple[Any, ...]

    def is_of(self, listening: socket.socket) -> bool:
        """Whether that socket listens here."""
        host, port = listening.getsockname()[:2]
        wanted_host, wanted_port = self.sockaddr[:2]
        return (listening.family, host) == (self.family, wanted_host) and wanted_port in {0, port}


async def find_address(host: str, port: int) -> Address:
    """Return what a name or an address stands for (port 0 = any free). Raises AddressInUse."""
    with _refusals(host, port):
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return Address(found[0][0], found[0][4])


async def listen(host: str, port: int) -> socket.socket:
    """Return a non-blocking listening socket (port 0 = any free). Raises AddressInUse."""
    address = await find_address(host, port)
    with _refusals(host, port):
        listening = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setblocking(False)
            listening.bind(address.sockaddr)
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
    return listening


def inherit(descriptor: int) -> socket.socket:
    """Return the listening socket that whoever started this program opened for it. Raises AddressInUse."""
    try:
        inherited = socket.socket(fileno=descriptor)
    except OSError as error:
        raise AddressInUse(f"The inherited descriptor {descriptor} is no socket: {error.strerror}.") from error
    listens = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not listens or inherited.family not in {socket.AF_INET, socket.AF_INET6}:
        inherited.close()
        raise AddressInUse(f"The inherited descriptor {descriptor} is no TCP socket that listens.")
    inherited.set_inheritable(False)
    inherited.setblocking(False)
    return inherited


@contextmanager
def _refusals(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressInUse(
            f"The proxy cannot listen on {host}:{port}: {reason}. Choose another --proxy-host or --proxy-port."
        ) from error
