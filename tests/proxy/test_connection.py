"""One visitor's connection, driven by hand: which phase it is in, and since when."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lci_app.proxy.connection import ClientConnection
from lci_app.proxy.forwarded import Visitor
from lci_app.proxy.limits import Limits
from lci_app.proxy.phase import Phase
from lci_app.proxy.plane import Plane
from lci_app.proxy.pool import Pool
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.traffic import Traffic


@contextmanager
def connection() -> Iterator[tuple[ClientConnection, socket.socket]]:
    """Give a new connection to a proxy without projects, and its visitor's end."""
    reactor, traffic, limits = Reactor(), Traffic(), Limits()
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        plane = Plane(reactor, traffic, Pool(reactor, traffic, limits), limits)
        yield ClientConnection(near, Visitor("127.0.0.1"), plane, lambda: None), far


def say(made: ClientConnection, far: socket.socket, data: bytes, later: float) -> None:
    """Have the visitor say something so many seconds later."""
    made.plane.reactor.now += later
    far.send(data)
    made.wire.ready(select.EPOLLIN)


@pytest.mark.parametrize("first", [b"G", b"\r\nG"])
def test_the_time_for_a_new_connections_head_runs_from_its_opening(first):
    with connection() as (made, far):
        opened = made.since
        say(made, far, first, 9.0)
        assert (made.phase, made.since) == (Phase.HEAD, opened)
        say(made, far, b"ET", 0.5)
        assert (made.phase, made.since) == (Phase.HEAD, opened)


def test_the_time_for_the_next_head_runs_from_its_first_byte():
    with connection() as (made, far):
        say(made, far, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 1.0)
        assert made.phase is Phase.IDLE
        idle = made.since
        say(made, far, b"G", 60.0)
        assert (made.phase, made.since) == (Phase.HEAD, idle + 60.0)


@pytest.mark.parametrize("request_before", [True, False])
def test_a_connection_without_a_request_is_cut_without_a_word(request_before):
    """An answer that nobody asked for would be taken for that to the next request."""
    with connection() as (made, far):
        if request_before:
            say(made, far, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 1.0)
            assert far.recv(65536)
        made.cut()
        made.plane.reactor._turn()
        assert far.recv(65536) == b""
