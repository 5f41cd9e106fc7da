"""Connections to services: opened, kept for the next request, closed when unused or when their version is gone."""

from __future__ import annotations

import socket
from contextlib import suppress

from lci_app.core.routing import RouteTable, Upstream
from lci_app.proxy.limits import Limits
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.traffic import Traffic, Version
from lci_app.proxy.wire import OUT_OF_SOMETHING, NoRoom, Owner, UpstreamLost, Wire


class Pool(Owner):
    """Keeps each version's unused connections, the last used first; an event on one of them is its end."""

    def __init__(self, reactor: Reactor, traffic: Traffic, limits: Limits) -> None:
        self._reactor = reactor
        self._traffic = traffic
        self._limits = limits

    def take(self, version: Version, owner: Owner, *, repeatable: bool) -> Wire | None:
        """Hand an unused connection over to `owner`, or return None.

        A request that is not `repeatable` gets only one that was used a moment ago, and that its service has not
        closed even if we are about to be told.
        """
        unused = version.unused
        while unused:
            wire = unused.pop()
            fresh = repeatable or (self._reactor.now - wire.unused_since <= self._limits.fresh and wire.is_quiet())
            if fresh:
                wire.owner = owner
                return wire
            wire.close()
        return None

    def put(self, version: Version, wire: Wire) -> None:
        """Keep a connection on which no request is in flight any more, or close it where nobody will need it."""
        unused = version.unused
        # After a body that was taken to the byte, only a look can tell that nothing is behind it.
        spent = wire.buffer or wire.unsent or (wire.readable and not wire.is_quiet())
        if spent or not version.current or len(unused) >= self._limits.pool_size:
            wire.close()
        else:
            wire.owner = self
            wire.readable = False
            wire.unused_since = self._reactor.now
            unused.append(wire)

    def sweep(self) -> None:
        """Close what was not used for long."""
        oldest = self._reactor.now - self._limits.pooled
        for version in self._traffic.versions.values():
            late = [wire for wire in version.unused if wire.unused_since < oldest]
            for wire in late:
                version.unused.remove(wire)
                wire.close()

    def close_left_by(self, table: RouteTable) -> None:
        """Close those to versions that are not in the table, which is about to be set."""
        kept = {route.upstream.id for route in table.routes if route.upstream is not None}
        for version in self._traffic.versions.values():
            while version.unused and version.upstream.id not in kept:
                version.unused.pop().close()

    def close(self) -> None:
        """Close all that are unused."""
        self.close_left_by(RouteTable(-1))

    def wire_ready(self, wire: Wire) -> None:
        """Its service closed it, or says what nobody asked for; room to send means nothing here."""
        if wire.readable:
            self.wire_broken(wire)

    def wire_broken(self, wire: Wire) -> None:
        for version in self._traffic.versions.values():
            if wire in version.unused:
                version.unused.remove(wire)
        wire.close()


def connect(upstream: Upstream, reactor: Reactor, owner: Owner) -> Wire:
    """Begin to open a connection; its first event tells the outcome.

    Raises UpstreamLost if that is refusal at once, NoRoom where this host has none for it.
    """
    family = socket.AF_INET6 if ":" in upstream.host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise NoRoom("there is no room for one more connection.") from error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with suppress(BlockingIOError):
            sock.connect((upstream.host, upstream.port))
        wire = Wire(sock, reactor, owner, UpstreamLost)
    except OSError as error:
        sock.close()
        if error.errno in OUT_OF_SOMETHING:
            raise NoRoom("there is no room for one more connection.") from error
        raise UpstreamLost("the connection was refused.") from error
    wire.readable = False
    return wire
