"""The serving half of a worker: accepts visitors, sweeps deadlines, and ends gracefully."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import trio

from lci_app.core.routing import RouteTable
from lci_app.proxy.access_log import AccessLog
from lci_app.proxy.connection import ClientConnection
from lci_app.proxy.control import Configure
from lci_app.proxy.forwarded import Visitor
from lci_app.proxy.limits import Limits
from lci_app.proxy.phase import Phase
from lci_app.proxy.plane import Plane
from lci_app.proxy.pool import Pool
from lci_app.proxy.reactor import ACCEPTING, Reactor
from lci_app.proxy.traffic import Traffic
from lci_app.proxy.wire import OUT_OF_SOMETHING

_log = logging.getLogger(__name__)

# While a worker ends, a tunnel is left so long: what goes through it has no end to be waited for.
_TUNNELS: Final = 4.0
# A request that is cut off is given so long to say so.
_CUT: Final = 2.0
# Late connections are ended a few at a time, with so many seconds in between: each may be back at once, and to turn a
# crowd away is less urgent than to serve everybody else. A crowd of any size is turned away within so many seconds.
_ENDS_AT_ONCE: Final = 8
_BETWEEN: Final = 0.005
_TURNED_AWAY_WITHIN: Final = 2.0
# So many connections are looked at before others have their turn.
_LOOKS_AT_ONCE: Final = 500


class Server:
    """Serves the visitors of one listening socket, which it owns, by the table of `traffic`."""

    def __init__(
        self, reactor: Reactor, listening: socket.socket, traffic: Traffic, limits: Limits, wishes: Configure
    ) -> None:
        self._reactor = reactor
        self._listening = listening
        self._family = int(listening.family)
        self._traffic = traffic
        self._limits = limits
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in wishes.trusted_proxies]
        self._refused = [ipaddress.ip_network(network) for network in wishes.refused]
        log = AccessLog(Path(wishes.access_log), wishes.access_log_percent) if wishes.access_log else None
        self._plane = Plane(reactor, traffic, Pool(reactor, traffic, limits), limits, log)
        self._seconds = {phase: phase.seconds(limits) for phase in Phase}
        self._accepting = False
        self._full = False
        self._left = trio.Event()
        self._emptied = trio.Event()
        self._visitor = lru_cache(maxsize=4096)(self._look_at)
        # Every connection that is accepted inherits these.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def set_table(self, table: RouteTable) -> None:
        """Serve by this table from the next request on."""
        self._plane.pool.close_left_by(table)
        self._traffic.set_table(table)

    @property
    def listening(self) -> socket.socket | None:
        """The listening socket, while visitors are accepted."""
        return None if self._left.is_set() else self._listening

    async def run(self, stop: trio.Event, cut: trio.Event) -> None:
        """Serve until `stop` or `leave`; then accept nothing more, and return when no connection is left.

        From `stop` on connections without a request are closed, and tunnels a little later; what is not done at `cut`
        is cut off.
        """
        async with trio.open_nursery() as around:
            around.start_soon(self._sweep)
            if self._plane.access_log is not None:
                around.start_soon(self._plane.access_log.run)
            around.start_soon(self._end, stop, cut)
            self._accept_while_there_is_room()
            await self._left.wait()
            await self._wait_empty()
            around.cancel_scope.cancel()
        self._plane.pool.close()
        self._plane.pipes.close()

    def leave(self) -> None:
        """Accept nothing more, and let every answer say that it is its connection's last.

        A connection that was promised another request gets it. The listening socket is closed here then. To be called
        from a task: no event of it may be waiting.
        """
        self._plane.leaving = True
        self._stop_accepting()
        self._listening.close()
        self._left.set()

    async def _end(self, stop: trio.Event, cut: trio.Event) -> None:
        await stop.wait()
        self.leave()
        self._plane.stopping = True
        for connection in list(self._plane.connections):
            connection.stop_if_idle()
        with trio.move_on_after(_TUNNELS):
            await cut.wait()
        for connection in list(self._plane.connections):
            connection.stop_if_tunnel()
        await cut.wait()
        for connection in list(self._plane.connections):
            connection.cut()
        with trio.move_on_after(_CUT):
            await self._wait_empty()
        for connection in list(self._plane.connections):
            connection.close()

    async def _wait_empty(self) -> None:
        while self._plane.connections:
            self._emptied = trio.Event()
            await self._emptied.wait()

    # --- accepting ------------------------------------------------------------------------------------------------

    def ready(self, _events: int) -> None:
        """Accept one visitor: those behind it are left to workers that have less to do."""
        try:
            # `accept` would make enumerations of the family and the type, for each connection anew.
            descriptor, address = self._listening._accept()  # type: ignore[attr-defined]  # noqa: SLF001
        except BlockingIOError:
            return
        except OSError as error:
            # Anything else is one visitor's own failure, already over.
            if error.errno in OUT_OF_SOMETHING:
                self._pause(error)
            return
        visitor = self._visitor(address[0])
        if visitor is None:
            os.close(descriptor)
            return
        sock = socket.socket(self._family, socket.SOCK_STREAM, 0, descriptor)
        sock.setblocking(False)
        try:
            connection = ClientConnection(sock, visitor, self._plane, self._closed)
        except OSError as error:
            sock.close()
            self._pause(error)
            return
        self._traffic.connections += 1
        self._traffic.open_connections += 1
        if self._traffic.open_connections >= self._limits.connections:
            self._full = True
            self._stop_accepting()
        # Its first request is there already, as a rule.
        connection.wire.ready(0)

    def _pause(self, error: OSError) -> None:
        """Accept nobody until the next sweep."""
        _log.warning("No visitor can be accepted for a moment: %s.", error.strerror)
        self._stop_accepting()

    def broken(self) -> None:
        self._traffic.failures += 1

    def _closed(self) -> None:
        self._traffic.open_connections -= 1
        if self._full:
            self._full = False
            self._accept_while_there_is_room()
        if not self._plane.connections:
            self._emptied.set()

    def _accept_while_there_is_room(self) -> None:
        room = self._traffic.open_connections < self._limits.connections
        if room and not self._accepting and not self._plane.leaving:
            self._reactor.watch(self._listening.fileno(), self, ACCEPTING)
            self._accepting = True

    def _stop_accepting(self) -> None:
        if self._accepting:
            self._reactor.forget(self._listening.fileno())
            self._accepting = False

    def _look_at(self, address: str) -> Visitor | None:
        """Return what is known of who comes from there; None for somebody who is not served."""
        # Without its zone; an IPv4 address as such, where it came to a socket of both kinds.
        address = address.partition("%")[0].removeprefix("::ffff:")
        if not self._trusted and not self._refused:
            return Visitor(address)
        ip = ipaddress.ip_address(address)
        if any(ip in network for network in self._refused):
            return None
        return Visitor(address, trusted=any(ip in network for network in self._trusted))

    # --- the sweep ------------------------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        """End what has lasted too long, and what nobody waits for: one task instead of a timer per operation."""
        while True:
            await trio.sleep(self._limits.sweep)
            self._accept_while_there_is_room()
            await self._end_late()
            self._plane.pool.sweep()

    async def _end_late(self) -> None:
        """A crowd that came together is late together: others have their turn in between."""
        late = []
        for number, connection in enumerate(list(self._plane.connections), 1):
            if self._end_of(connection) is not None:
                late.append(connection)
            if number % _LOOKS_AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        at_once = max(_ENDS_AT_ONCE, round(len(late) * _BETWEEN / _TURNED_AWAY_WITHIN))
        for number, connection in enumerate(late, 1):
            # It may have gone on, or have been closed, in between.
            end = self._end_of(connection) if connection in self._plane.connections else None
            if end is not None:
                end()
            if number % at_once == 0:
                await trio.sleep(_BETWEEN)

    def _end_of(self, connection: ClientConnection) -> Callable[[], None] | None:
        """Return what ends a connection that is late, or that nobody waits at; None for one that may go on."""
        if self._reactor.now - connection.since >= self._seconds[connection.phase]:
            return connection.expire
        exchange = connection.exchange
        if exchange is not None and exchange.waits and connection.has_left():
            return connection.vanish
        return None
