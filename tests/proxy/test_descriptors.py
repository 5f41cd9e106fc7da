"""A worker that runs out of descriptors: it says so, serves on, and leaks none."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import AsyncExitStack

import pytest
import trio

from lci_app.core.routing import Route, table
from lci_app.proxy.control import Configure
from lci_app.proxy.limits import Limits
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.server import Server
from lci_app.proxy.supervisor import open_proxy
from lci_app.proxy.traffic import Traffic
from lci_app.proxy.worker import limits_within
from tests.proxy.upstreams import ok, open_service, read_head
from tests.proxy.visitors import Visitor, get

# A worker has a dozen open anyway, and each visitor takes one for itself and one or two for its service.
DESCRIPTORS = 40
VISITORS = 10
PROGRAM = [
    sys.executable,
    "-c",
    f"import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))\n"
    "from lci_app.proxy.worker import main; sys.exit(main(sys.argv[2:]))",
]


async def test_a_request_for_which_there_is_no_descriptor_left_is_told_to_come_again(run_directory, caplog):
    asked = 0
    all_asked = trio.Event()

    async def keep_on(stream):
        nonlocal asked
        buffer = bytearray()
        while await read_head(stream, buffer):
            asked += 1
            if asked == VISITORS:
                all_asked.set()
            # Nobody is answered before all have asked, so that each has a connection of its own, which is kept.
            await all_asked.wait()
            await stream.send_all(ok(b"hello"))

    async def hold(stream):
        await read_head(stream, bytearray())
        await stream.receive_some(1)

    async with (
        open_service(keep_on) as quick,
        open_service(hold, number=2) as slow,
        open_proxy(PROGRAM, run_directory, "127.0.0.1", 0, 1) as proxy,
        AsyncExitStack() as stack,
    ):
        await proxy.publish(table(1, [Route("quick", quick.upstream), Route("slow", slow.upstream)]))
        visitors = []
        for _ in range(VISITORS):
            stream = await stack.enter_async_context(await trio.open_tcp_stream(*proxy.address))
            visitors.append(Visitor(stream))
        for visitor in visitors:
            await visitor.send(get("/quick/"))
        for visitor in visitors:
            assert (await visitor.reply()).status == 200
        refused = 0
        for visitor in visitors:
            await visitor.send(get("/slow/"))
        with trio.fail_after(60):
            while not refused:
                for visitor in visitors:
                    with trio.move_on_after(0.05):
                        await visitor.more()
                    if visitor.buffer:
                        refused += 1
                        reply = await visitor.reply()
                        assert (reply.status, reply.header("retry-after")) == (503, "1")
                        assert reply.json()["error"]["code"] == "OVERLOADED"
                        # What was kept for later has made room.
                        assert (await visitor.ask(get("/quick/"))).status == 200
        assert (await proxy.counters())[0].failures == 0
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("descriptors", "connections"), [(1_000_000, 8192), (16_584, 8192), (4096, 1948), (1024, 412), (256, 64), (40, 10)]
)
def test_a_worker_accepts_no_more_than_it_can_serve(descriptors: int, connections: int) -> None:
    assert limits_within(descriptors, Limits()).connections == connections


def test_fewer_connections_than_there_is_room_for_stay_fewer() -> None:
    assert limits_within(1024, Limits(connections=7)).connections == 7


def test_a_visitor_that_cannot_be_watched_is_let_go_and_not_counted_for_ever():
    class Full(Reactor):
        def watch(self, descriptor, watcher, *rest, **options):
            if isinstance(watcher, Server) or not hasattr(watcher, "owner"):
                super().watch(descriptor, watcher, *rest, **options)
            else:
                raise OSError(errno.ENOSPC, "No space left on device")

    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as far:
        traffic = Traffic()
        server = Server(Full(), listening, traffic, Limits(), Configure())
        server.ready(0)
        assert traffic.open_connections == 0
        assert far.recv(1) == b""
