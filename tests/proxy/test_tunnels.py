"""WebSockets and other upgrades: bytes both ways, and a goodbye when a version goes."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio_websocket import ConnectionClosed, WebSocketRequest, WebSocketServer, open_websocket_url

from lci_app.core.routing import Upstream
from lci_app.interfaces import DrainReceipt
from lci_app.proxy.limits import Limits
from lci_app.proxy.tunnel import FrameBoundaries
from tests.proxy.upstreams import answering, ok, read_head
from tests.proxy.visitors import front, get, proxy_for, routes, visit

UPGRADE = get("/app/ws", "Connection: Upgrade", "Upgrade: custom/1")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: custom/1\r\nX-Extra: 1\r\n\r\n"


@pytest.fixture
async def websocket_echo(nursery):
    """Echo messages; "path" asks for the request's path."""

    async def handle(request: WebSocketRequest) -> None:
        websocket = await request.accept()
        while True:
            try:
                message = await websocket.get_message()
                await websocket.send_message(request.path if message == "path" else message)
            except ConnectionClosed:
                return

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    # The library leaves its listener open when it is cancelled.
    async with listener:
        await nursery.start(WebSocketServer(handle, [listener]).run)
        yield Upstream(1, "127.0.0.1", listener.socket.getsockname()[1])


async def test_a_websocket_is_passed_through(run_directory, websocket_echo):
    async with proxy_for(run_directory, routes(1, app=websocket_echo)) as proxy:
        host, port = proxy.address
        async with open_websocket_url(f"ws://{host}:{port}/app/chat?x=1") as websocket:
            for message in ("path", "hello", "x" * 300_000):
                await websocket.send_message(message)
                assert await websocket.get_message() == ("/chat?x=1" if message == "path" else message)
            await websocket.send_message(b"\x00\xff")
            assert await websocket.get_message() == b"\x00\xff"


@pytest.mark.parametrize("whole", [True, False], ids=["between two frames", "within a frame"])
async def test_a_websocket_of_a_version_that_goes_is_told_so_where_it_can_be(run_directory, whole):
    sent = frame(b"hello") if whole else frame(b"hello")[:-1]

    async def speak(stream):
        await read_head(stream, bytearray())
        await stream.send_all(SWITCHED.replace(b"custom/1", b"websocket") + sent)
        await stream.receive_some(1)

    async with front(run_directory, speak) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(UPGRADE.replace(b"custom/1", b"websocket"))
        assert (await visitor.reply()).status == 101
        while len(visitor.buffer) < len(sent):
            assert await visitor.more()
        await proxy.publish(routes(2, app=None))
        assert await proxy.drain(1, 0.05) == DrainReceipt(1, 0, 1)
        while await visitor.more():
            pass
        going_away = b"\x88\x02\x03\xe9"
        assert visitor.buffer == sent + (going_away if whole else b"")


async def test_any_upgrade_is_a_tunnel_and_early_bytes_are_part_of_it(run_directory):
    async def switch(stream):
        head = await read_head(stream, bytearray())
        assert b"Upgrade: custom/1" in head
        await stream.send_all(SWITCHED + b"early")
        while data := await stream.receive_some(100):
            await stream.send_all(data.upper())
        await stream.send_all(b"last words")

    async with front(run_directory, switch) as (proxy, service), visit(proxy) as visitor:
        await visitor.send(UPGRADE + b"first")
        reply = await visitor.reply()
        assert (reply.status, reply.header("upgrade"), reply.header("x-extra")) == (101, "custom/1", "1")
        assert reply.header("connection") == "Upgrade"
        await visitor.send(b" more")
        with trio.fail_after(10):
            while visitor.buffer != b"earlyFIRST MORE":
                assert await visitor.more()
            await visitor.stream.send_eof()
            while await visitor.more():
                pass
        assert visitor.buffer == b"earlyFIRST MORElast words"
        with trio.fail_after(5):
            while service.open:
                await trio.lowlevel.checkpoint()


async def test_a_tunnel_ends_within_a_second_when_its_visitor_leaves(run_directory):
    ended = trio.Event()

    async def switch(stream):
        await read_head(stream, bytearray())
        await stream.send_all(SWITCHED)
        assert not await stream.receive_some(100)
        ended.set()
        # Whoever writes on finds nobody there: `open_service` expects that.
        while True:
            await stream.send_all(b"x" * 1000)

    async with front(run_directory, switch) as (proxy, _):
        async with visit(proxy) as visitor:
            await visitor.send(UPGRADE)
            await visitor.reply()
        with trio.fail_after(1.5):
            await ended.wait()


async def test_a_tunnel_whose_visitor_has_ended_goes_on_as_long_as_its_service_speaks(run_directory):
    limits = Limits(sweep=0.05, last_words=0.5)
    said = 0

    async def switch(stream):
        nonlocal said
        await read_head(stream, bytearray())
        await stream.send_all(SWITCHED)
        assert not await stream.receive_some(100)
        begun = trio.current_time()
        while trio.current_time() - begun < 4 * limits.last_words:
            await stream.send_all(b"x")
            said += 1
            await trio.sleep(limits.last_words / 20)
        await stream.send_all(b"end")

    async with front(run_directory, switch, limits=limits) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(UPGRADE)
        assert (await visitor.reply()).status == 101
        await visitor.stream.send_eof()
        while await visitor.more():
            pass
        assert visitor.buffer == b"x" * said + b"end"


async def test_a_tunnel_whose_visitor_has_ended_ends_where_its_service_is_silent(run_directory):
    async def switch(stream):
        await read_head(stream, bytearray())
        await stream.send_all(SWITCHED)
        assert not await stream.receive_some(100)
        await over.wait()

    over = trio.Event()
    limits = Limits(sweep=0.05, last_words=0.2)
    async with front(run_directory, switch, limits=limits) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(UPGRADE)
        await visitor.reply()
        await visitor.stream.send_eof()
        assert await visitor.is_closed()
        over.set()


async def test_a_silent_tunnel_ends_after_its_limit(run_directory):
    async def switch(stream):
        await read_head(stream, bytearray())
        await stream.send_all(SWITCHED)
        await stream.receive_some(100)

    limits = Limits(sweep=0.05, tunnel=0.2)
    async with front(run_directory, switch, limits=limits) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(UPGRADE)
        await visitor.reply()
        assert await visitor.is_closed()


async def test_a_refused_upgrade_is_an_ordinary_answer(run_directory):
    async with front(run_directory, answering(ok(b"no"), close=False)) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(UPGRADE)
            assert (reply.status, reply.body) == (200, b"no")


def frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([0x81, size]) + payload
    if size < 1 << 16:
        return bytes([0x81, 126]) + size.to_bytes(2, "big") + payload
    return bytes([0x81, 127]) + size.to_bytes(8, "big") + payload


@given(st.lists(st.sampled_from([0, 1, 125, 126, 70_000]), min_size=1, max_size=4), st.data())
def test_the_boundaries_of_frames_are_known_wherever_the_stream_is_cut(sizes: list[int], data: st.DataObject) -> None:
    frames = [frame(b"\x88" * size) for size in sizes]
    stream = b"".join(frames)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    cut = data.draw(st.one_of(st.integers(0, len(stream)), st.sampled_from(sorted(ends))))
    boundaries = FrameBoundaries()
    boundaries.follow(stream[:cut])
    assert boundaries.between is (cut in ends)
    boundaries.follow(stream[cut:])
    assert boundaries.between
