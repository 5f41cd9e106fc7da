"""One visitor's turn: whatever it sends, only so much is done of it before the others are served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lci_app.proxy.bodies import Relay, framing_of
from lci_app.proxy.chunks import LAST_CHUNK
from lci_app.proxy.pipes import Pipes
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.tunnel import Tunnel
from lci_app.proxy.wire import ClientLost, Owner, UpstreamLost, Wire

MIB = 1024 * 1024
# Chunks and frames of one byte.
CHUNK = b"1\r\nx\r\n"
FRAME = b"\x82\x01x"
# What takes about a millisecond.
MOST_UNITS = 1000


class Turns(Reactor):
    """Notes who wants another turn."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []

    def again(self, watcher) -> None:
        self.asked.append(watcher)


class Ends:
    """A visitor's and a service's wire, and the other end of each."""

    def __init__(self, stack: ExitStack) -> None:
        self.reactor = Turns()
        self.visitor, self.client = self._pair(stack, ClientLost)
        self.service, self.upstream = self._pair(stack, UpstreamLost)

    def _pair(self, stack: ExitStack, lost) -> tuple[socket.socket, Wire]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            far = stack.enter_context(socket.create_connection(listening.getsockname()))
            near, _ = listening.accept()
        near.setblocking(False)
        far.setblocking(False)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
        stack.callback(near.close)
        return far, Wire(near, self.reactor, Owner(), lost)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(stack)


@contextmanager
def relay_up(ends: Ends, **framing) -> Iterator[Relay]:
    relay = Relay(ends.client, ends.upstream, framing_of(**framing), Pipes())
    yield relay
    relay.close()


def received(far: socket.socket) -> bytes:
    pieces = []
    try:
        while data := far.recv(MIB):
            pieces.append(data)
    except BlockingIOError:
        return b"".join(pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("to_chunks", [True, False])
def test_tiny_chunks_end_a_turn_soon_and_all_arrive(ends, to_chunks):
    raw = CHUNK * 10_000 + LAST_CHUNK
    whole = raw if to_chunks else b"x" * 10_000
    unit = len(CHUNK) if to_chunks else 1
    assert ends.visitor.send(raw) == len(raw)
    arrived, turns = b"", 0
    with relay_up(ends, length=None, chunked=True, to_chunks=to_chunks) as relay:
        while not relay.run():
            assert ends.reactor.asked == [ends.client]
            ends.reactor.asked.clear()
            moved = received(ends.service)
            assert 0 < len(moved) <= MOST_UNITS * unit
            arrived += moved
            turns += 1
    assert turns >= 10
    assert arrived + received(ends.service) == whole


def test_size_lines_without_data_end_a_turn_too(ends):
    """Extensions are left out: nothing may go forward for long."""
    assert ends.visitor.send(b"1;a\r\nx\r\n" * 8_000) == 8 * 8_000
    with relay_up(ends, length=None, chunked=True, to_chunks=True) as relay:
        assert not relay.run()
        assert ends.reactor.asked == [ends.client]
        assert len(received(ends.service)) <= MOST_UNITS * len(CHUNK)


def test_a_large_body_that_is_always_there_moves_two_mebibytes_a_turn(ends):
    ends.visitor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MIB)
    with relay_up(ends, length=1024 * MIB, chunked=False, to_chunks=False) as relay:
        while not ends.reactor.asked:
            flood(ends.visitor)
            before = relay.moved
            assert not relay.run()
            assert 0 < relay.moved - before <= 2 * MIB
            received(ends.service)


def flood(far: socket.socket) -> None:
    try:
        while True:
            far.send(b"x" * MIB)
    except BlockingIOError:
        return


def test_tiny_frames_end_a_turn_soon_and_all_arrive(ends):
    raw = FRAME * 20_000
    assert ends.service.send(raw) == len(raw)
    tunnel = Tunnel(ends.client, ends.upstream, websocket=True)
    arrived = b""
    while len(arrived) < len(raw):
        assert not tunnel.run()
        moved = received(ends.visitor)
        assert 0 < len(moved) <= MOST_UNITS * len(FRAME)
        arrived += moved
    assert arrived == raw
    assert len(ends.reactor.asked) >= 20


def test_who_asks_twice_for_another_turn_gets_one():
    reactor = Reactor()
    turns: list[int] = []

    class Greedy:
        def ready(self, events: int) -> None:
            turns.append(events)
            reactor.again(self)
            reactor.again(self)

        def broken(self) -> None:
            raise AssertionError

    reactor.again(Greedy())
    for _ in range(5):
        reactor._turn()
    assert len(turns) == 5
