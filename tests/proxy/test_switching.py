"""Switching a project from one version to the next while visitors are being served."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence

import trio

from lci_app.core.routing import Upstream
from lci_app.interfaces import DrainReceipt
from tests.proxy.upstreams import Handler, echo, header, ok, open_service, read_body, read_head
from tests.proxy.visitors import Visitor, fetch, front, get, proxy_for, routes, visit


class Switches:
    """Which version was published last, for visitors to hold their answers against.

    Each request has a name of its own: `answered` holds those that visitors got an answer to, `seen` counts what
    arrived at any version.
    """

    def __init__(self) -> None:
        self.published = 0
        self.over = False
        self.answered: list[str] = []
        self.seen: Counter[str] = Counter()

    async def ask_on(self, proxy, who: str, ways: Sequence[Way]) -> None:
        """Ask again and again over one connection; an answer from a version older than the one published before the
        request was sent is an error, and so is any answer but 200."""
        async with visit(proxy) as visitor:
            for number, way in enumerate(itertools.cycle(ways)):
                if self.over:
                    return
                published = self.published
                reply = await visitor.ask(way(f"/{who}/{number}"))
                assert reply.status == 200, reply
                assert reply.complete
                assert int(reply.body) >= published
                self.answered.append(f"/{who}/{number}")

    async def talk(self, proxy, who: str) -> None:
        """Open one WebSocket after the other; what is said on one comes back from the version that it was opened to."""
        for number in itertools.count():
            if self.over:
                return
            published = self.published
            async with visit(proxy) as visitor:
                reply = await visitor.ask(_websocket(f"/{who}/{number}"))
                assert reply.status == 101, reply
                for word in (b"one", b"two", b"three"):
                    await visitor.send(word + b"\n")
                    while not visitor.buffer.endswith(b"\n"):
                        assert await visitor.more()
                    version, said = bytes(visitor.buffer).split()
                    assert (int(version) >= published, said) == (True, word)
                    visitor.buffer.clear()
            self.answered.append(f"/{who}/{number}")

    def serve(self, version: int) -> Handler:
        """Return a version of the service: it answers with its number, and echoes lines behind it."""

        async def handle(stream: trio.SocketStream) -> None:
            buffer = bytearray()
            while head := await read_head(stream, buffer):
                self.seen[head.decode().split()[1]] += 1
                await read_body(stream, head, buffer)
                if header(head, "upgrade"):
                    await stream.send_all(_SWITCHED)
                    while said := await stream.receive_some(100):
                        await stream.send_all(b"%d %b" % (version, said))
                    return
                await stream.send_all(ok(b"%d" % version))

        return handle


Way = Callable[[str], bytes]
_SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def _get(name: str) -> bytes:
    return get(f"/app{name}")


def _post(name: str) -> bytes:
    return b"POST /app%b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" % name.encode()


def _post_chunks(name: str) -> bytes:
    head = b"POST /app%b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" % name.encode()
    return head + b"5\r\nhello\r\n0\r\n\r\n"


def _websocket(name: str) -> bytes:
    return get(f"/app{name}", "Connection: Upgrade", "Upgrade: websocket")


_ASKERS: dict[str, Sequence[Way]] = {
    "get": [_get],
    "again": [_get],
    "post": [_post],
    "chunks": [_post_chunks],
    "both": [_get, _post],
}
_TALKERS = ("talk", "chat")


async def test_no_request_fails_is_repeated_or_reaches_an_old_version_in_200_switches(run_directory):
    switches = Switches()
    async with proxy_for(run_directory, routes(0), workers=2) as proxy, trio.open_nursery() as nursery:
        old: trio.Nursery | None = None
        for number in range(1, 201):
            # Each version is a service of its own, gone for good when it was drained.
            version = await nursery.start(_run_version, switches, number)
            await proxy.publish(routes(number, app=version.upstream))
            switches.published = number
            if old is not None:
                receipt = await proxy.drain(number - 1, 10)
                assert receipt is not None
                assert receipt.cut == 0
                assert receipt.in_flight == receipt.finished
                old.cancel_scope.cancel()
            else:
                for who, ways in _ASKERS.items():
                    nursery.start_soon(switches.ask_on, proxy, who, ways)
                for who in _TALKERS:
                    nursery.start_soon(switches.talk, proxy, who)
            old = version.nursery
        switches.over = True
        with trio.fail_after(10):
            while any(counters.in_flight for counters in await proxy.counters()):
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert {name: times for name, times in switches.seen.items() if times != 1} == {}
    assert set(switches.answered) <= set(switches.seen)
    for who in (*_ASKERS, *_TALKERS):
        assert sum(name.startswith(f"/{who}/") for name in switches.answered) > 20, who


class Version:
    def __init__(self, upstream: Upstream, nursery: trio.Nursery) -> None:
        self.upstream = upstream
        self.nursery = nursery


async def _run_version(switches: Switches, number: int, task_status) -> None:
    async with open_service(switches.serve(number), number=number) as service, trio.open_nursery() as nursery:
        task_status.started(Version(service.upstream, nursery))
        await trio.sleep_forever()


class Gate:
    """A service whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.arrived = 0
        self.arrival = trio.Event()
        self.go = trio.Event()

    async def handle(self, stream) -> None:
        buffer = bytearray()
        while await read_head(stream, buffer):
            self.arrived += 1
            self.arrival.set()
            await self.go.wait()
            await stream.send_all(ok(b"done"))


async def test_a_drain_waits_for_what_is_in_flight(run_directory):
    gate, replies, receipts = Gate(), [], []

    async def ask(visitor: Visitor) -> None:
        replies.append(await visitor.ask(get("/app/")))

    async def drain(proxy) -> None:
        receipts.append(await proxy.drain(1, 10))

    async with (
        open_service(gate.handle) as old,
        open_service(echo("new"), number=2) as new,
        proxy_for(run_directory, routes(1, app=old.upstream), workers=2) as proxy,
        visit(proxy) as visitor,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, visitor)
            await gate.arrival.wait()
            await proxy.publish(routes(2, app=new.upstream))
            nursery.start_soon(drain, proxy)
            assert (await fetch(proxy, get("/app/"))).json()["name"] == "new"
            assert receipts == []
            gate.go.set()
        assert (replies[0].status, replies[0].body) == (200, b"done")
        assert (receipts[0].in_flight, receipts[0].finished, receipts[0].cut) == (1, 1, 0)
        # The connection goes on with the new version, and the old one holds none.
        assert (await visitor.ask(get("/app/"))).json()["name"] == "new"
        with trio.fail_after(5):
            while old.open:
                await trio.lowlevel.checkpoint()


async def test_what_a_drain_cuts_is_told_so(run_directory):
    gate = Gate()
    async with front(run_directory, gate.handle) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(get("/app/"))
        await gate.arrival.wait()
        await proxy.publish(routes(2, app=None))
        assert await proxy.drain(1, 0.05) == DrainReceipt(1, 0, 1)
        reply = await visitor.reply()
        assert (reply.status, reply.json()["error"]["code"]) == (504, "GATEWAY_TIMEOUT")
        assert await visitor.is_closed()


async def test_an_answer_that_a_drain_cuts_does_not_look_whole(run_directory):
    async def half(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await stream.receive_some(1)

    async with front(run_directory, half) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(get("/app/"))
        while b"hello" not in visitor.buffer:
            assert await visitor.more()
        await proxy.publish(routes(2, app=None))
        assert await proxy.drain(1, 0.05) == DrainReceipt(1, 0, 1)
        assert not (await visitor.reply()).complete


async def test_a_drain_of_what_nobody_uses_returns_at_once(run_directory):
    upstream = Upstream(99, "127.0.0.1", 9)
    async with proxy_for(run_directory, routes(1, app=upstream), workers=2) as proxy:
        await proxy.publish(routes(2))
        with trio.fail_after(5):
            assert await proxy.drain(99, 60) == DrainReceipt(0, 0, 0)


async def test_unused_connections_to_a_version_that_left_are_closed_at_once(run_directory):
    async with open_service(echo()) as service, proxy_for(run_directory, routes(1, app=service.upstream)) as proxy:
        await fetch(proxy, get("/app/"))
        assert service.open == 1
        await proxy.publish(routes(2, app=None))
        with trio.fail_after(5):
            while service.open:
                await trio.lowlevel.checkpoint()
