"""What all connections of a worker share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lci_app.proxy.access_log import AccessLog
from lci_app.proxy.limits import Limits
from lci_app.proxy.pipes import Pipes
from lci_app.proxy.pool import Pool
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.traffic import Traffic

if TYPE_CHECKING:
    from lci_app.proxy.connection import ClientConnection

# So many bits of a request id's number are its last digits.
_BITS: Final = 12
_LAST_DIGITS: Final = [f"{number:03x}" for number in range(1 << _BITS)]


class Identities:
    """Request ids: 32 hexadecimal digits, unique over all workers, and cheap."""

    def __init__(self) -> None:
        self._worker = os.urandom(10).hex()
        self._block = ""
        self._number = 0

    def new(self) -> str:
        rest = self._number & ((1 << _BITS) - 1)
        if not rest:
            self._block = f"{self._worker}{self._number >> _BITS:09x}"
        self._number += 1
        return self._block + _LAST_DIGITS[rest]


@dataclass(slots=True)
class Plane:
    """`leaving`: every answer says that it is its connection's last. `stopping`: also those that were told otherwise
    are closed.
    """

    reactor: Reactor
    traffic: Traffic
    pool: Pool
    limits: Limits
    access_log: AccessLog | None = None
    pipes: Pipes = field(default_factory=Pipes)
    identities: Identities = field(default_factory=Identities)
    connections: set[ClientConnection] = field(default_factory=set)
    leaving: bool = False
    stopping: bool = False

    def note_unread(self, connection: ClientConnection, status: int, identity: str, bytes_out: int) -> None:
        """Write a request that was refused before it was understood into the access log, if there is one."""
        log = self.access_log
        if log is None or not log.takes(status):
            return
        log.note(
            {
                "project": "",
                "visitor": connection.visitor.address,
                "method": "",
                "host": "",
                "path": "",
                "status": status,
                "seconds": round(self.reactor.now - connection.since, 6),
                "bytes_in": len(connection.wire.buffer),
                "bytes_out": bytes_out,
                "request_id": identity,
            }
        )
