"""The event loop under a worker: callbacks and trio tasks in one thread."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import trio

from lci_app.proxy.reactor import Reactor


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


class Reader:
    """Reads what comes; `done` is set when it has all that was wanted."""

    def __init__(self, sock: socket.socket, wanted: int, done: trio.Event) -> None:
        self.sock = sock
        self.wanted = wanted
        self.done = done
        self.seen = b""
        self.failures = 0

    def ready(self, _events: int) -> None:
        try:
            data = self.sock.recv(100)
        except BlockingIOError:
            return
        if data == b"bad":
            raise ValueError(data)
        self.seen += data
        if len(self.seen) >= self.wanted:
            self.done.set()

    def broken(self) -> None:
        self.failures += 1


def test_callbacks_and_tasks_wake_each_other(pair):
    near, far = pair
    reactor = Reactor()
    seen: list[bytes] = []

    async def main() -> None:
        reader = Reader(near, 4, trio.Event())
        reactor.watch(near.fileno(), reader)
        for part in (b"ab", b"cd"):
            far.send(part)
            # The task rests in a thread of trio's meanwhile; the reactor must hear of its end.
            await trio.sleep(0.001)
        with trio.fail_after(5):
            await reader.done.wait()
        seen.append(reader.seen)

    reactor.run(main)
    assert seen == [b"abcd"]


def test_a_failure_in_one_callback_is_logged_and_told_and_the_others_go_on(pair, caplog):
    near, far = pair
    reactor = Reactor()
    readers: list[Reader] = []

    async def main() -> None:
        reader = Reader(near, 2, trio.Event())
        readers.append(reader)
        reactor.watch(near.fileno(), reader)
        far.send(b"bad")
        with trio.fail_after(5):
            while not reader.failures:
                await trio.lowlevel.checkpoint()
            far.send(b"ok")
            await reader.done.wait()

    with caplog.at_level(logging.ERROR):
        reactor.run(main)
    assert (readers[0].failures, readers[0].seen) == (1, b"ok")
    assert "ValueError" in caplog.text


def test_what_is_put_off_comes_after_the_others_and_what_is_closed_hears_nothing(pair):
    near, far = pair
    reactor = Reactor()
    order: list[str] = []

    class Greedy:
        def ready(self, events: int) -> None:
            order.append("event" if events else "again")
            if events:
                reactor.again(self)

        def broken(self) -> None:
            raise AssertionError

    async def main() -> None:
        reactor.watch(near.fileno(), Greedy())
        with trio.fail_after(5):
            while "again" not in order:
                await trio.lowlevel.checkpoint()
        reactor.close(near)
        heard = len(order)
        far.send(b"x")
        for _ in range(5):
            # Each is a turn of the reactor.
            await trio.lowlevel.checkpoint()
        assert len(order) == heard
        assert near.fileno() == -1

    reactor.run(main)
    assert order[:2] == ["event", "again"]


def test_a_crowd_that_is_patient_has_its_turn_after_others_and_a_few_at_a_time(pair):
    near, far = pair
    reactor = Reactor()
    order: list[str] = []

    class Noted:
        def __init__(self, name: str) -> None:
            self.name = name

        def ready(self, _events: int) -> None:
            order.append(self.name)
            if order.count("patient") == 1:
                # Something for the one in a hurry, while the crowd waits.
                far.send(b"x")

        def broken(self) -> None:
            raise AssertionError

    async def main() -> None:
        with ExitStack() as stack:
            for _ in range(100):
                end, other = (stack.enter_context(each) for each in socket.socketpair())
                reactor.watch(end.fileno(), Noted("patient"), patient=True)
                other.send(b"x")
            reactor.watch(near.fileno(), Noted("hurried"))
            with trio.fail_after(5):
                while order.count("patient") < 100:
                    await trio.lowlevel.checkpoint()

    reactor.run(main)
    assert order[:2] == ["hurried", "patient"]
    assert order.index("hurried", 1) <= 33
    assert order.count("patient") == 100


def test_what_the_task_raises_comes_out():
    async def main() -> None:
        await trio.lowlevel.checkpoint()
        raise LookupError

    with pytest.raises(LookupError):
        Reactor().run(main)
