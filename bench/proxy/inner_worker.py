"""A worker with its visitors and its service in one process; its argument is how many requests each visitor sends.

It says how many µs of CPU a request took, the median of all rounds. Where the instructions go, on a busy machine too:

    PYTHONPATH=build/compiled:. valgrind --tool=callgrind --toggle-collect=CPyDef_reactor___Reactor____turn \\
        python -P -m bench.proxy.inner_worker 20
"""

from __future__ import annotations

import socket
import sys
from statistics import median
from time import process_time_ns
from typing import Final

from bench.proxy.visitor import browser_head
from lci_app.core.routing import Route, Upstream, table
from lci_app.proxy.connection import ClientConnection
from lci_app.proxy.forwarded import Visitor
from lci_app.proxy.limits import Limits
from lci_app.proxy.plane import Plane
from lci_app.proxy.pool import Pool
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.traffic import Traffic
from lci_app.proxy.wire import UpstreamLost, Wire

CONNECTIONS: Final = 32
_MUCH: Final = 65536
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 22:00:00 GMT\r\nContent-Type: text/html\r\n"
    b"Content-Length: 100\r\nConnection: keep-alive\r\nCache-Control: private, no-cache\r\nVary: Accept-Encoding\r\n"
    b'ETag: "%d"\r\n\r\n' + b"x" * 100
)


class InnerWorker:
    """`visitors` and `services` are the other ends of its connections."""

    def __init__(self) -> None:
        self._reactor = Reactor()
        traffic, limits = Traffic(), Limits()
        pool = Pool(self._reactor, traffic, limits)
        plane = Plane(self._reactor, traffic, pool, limits)
        traffic.set_table(table(1, [Route("app", Upstream(1, "127.0.0.1", 1))]))
        self.visitors: list[socket.socket] = []
        self.services: list[socket.socket] = []
        for _ in range(CONNECTIONS):
            ClientConnection(_pair_with(self.visitors), Visitor("127.0.0.1"), plane, lambda: None)
            wire = Wire(_pair_with(self.services), self._reactor, pool, UpstreamLost)
            pool.put(traffic.versions[1], wire)

    def turn(self) -> int:
        """Do what there is to do; returns how many ns of CPU it took."""
        began = process_time_ns()
        self._reactor._turn()  # noqa: SLF001 - one batch of events is what is measured
        return process_time_ns() - began


def _pair_with(others: list[socket.socket]) -> socket.socket:
    ours, other = socket.socketpair()
    ours.setblocking(False)
    others.append(other)
    return ours


def serve(worker: InnerWorker, number: int) -> int:
    """Serve one request on each connection; returns how many ns that took."""
    for visitor in worker.visitors:
        visitor.send(browser_head("/app/100/"))
    took = worker.turn()
    for service in worker.services:
        service.recv(_MUCH)
        service.send(_ANSWER % number)
    took += worker.turn()
    if not all(visitor.recv(_MUCH).startswith(b"HTTP/1.1 200 OK\r\n") for visitor in worker.visitors):
        raise RuntimeError("a request was not answered as its service did")
    return took


if __name__ == "__main__":
    inner_worker = InnerWorker()
    rounds = [serve(inner_worker, number) for number in range(int(sys.argv[1]))]
    sys.stdout.write(f"{median(rounds) / CONNECTIONS / 1000}\n")
