"""Starting, refusing to start, and stopping at once whatever clients do."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
import trio
import trio.lowlevel

from lci_app.api import server
from lci_app.api.server import CannotListen, address_of, listen
from tests.api.rig import Rig, serving
from tests.api.test_connection import FLOODS, Ask, get, read_all
from tests.api.ws_client import connected


async def test_a_port_in_use_is_one_sentence() -> None:
    listeners = await listen("127.0.0.1", 0)
    host, port = address_of(listeners)
    with pytest.raises(CannotListen) as refused:
        await listen(host, port)
    wanted = f"Cannot listen on 127.0.0.1:{port}: another program uses that port; choose another with --api-host or"
    assert str(refused.value).startswith(wanted)
    for listener in listeners:
        await listener.aclose()


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.1", "this machine has no such address"), ("no.such.host.invalid", "no such host")]
)
async def test_an_address_that_is_not_ours_is_one_sentence(host: str, reason: str) -> None:
    with pytest.raises(CannotListen, match=reason):
        await listen(host, 0)


async def test_a_listener_is_not_inherited_by_children() -> None:
    (listener,) = await listen("127.0.0.1", 0)
    assert listener.socket.get_inheritable() is False
    await listener.aclose()


async def test_a_request_under_way_is_answered_before_the_end(served: Rig) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", served.port) as client:
        body = b'{"name": "shop", "repo": "a/b"}'
        head = get("/api/projects", served).replace(b"GET", b"POST").removesuffix(b"\r\n")
        head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        await client.send_all(head)
        await trio.lowlevel.checkpoint()
        with trio.fail_after(2.5):
            await client.send_all(body)
            first = await client.receive_some()
            served.stop.set()
            assert b" 201 " in first


async def test_an_idle_connection_does_not_delay_the_end(rig: Rig) -> None:
    with trio.fail_after(1):
        async with serving(rig), await trio.open_tcp_stream("127.0.0.1", rig.port) as client:
            await client.send_all(get("/healthz", rig))
            answer = b""
            while b'"ok"}}' not in answer:
                answer += await client.receive_some()
            rig.stop.set()
            assert await read_all(client) == b""


@pytest.mark.parametrize("ask", FLOODS)
async def test_a_client_that_does_not_read_does_not_delay_the_end(
    rig: Rig, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.2)
    build = await rig.a_build(await rig.a_project())
    await rig.logged(build, 200_000)
    with trio.fail_after(10):
        async with serving(rig), await _with_small_window(rig.port) as client:
            await ask(rig, build.id, client)
            await client.receive_some(1)
            rig.stop.set()


async def test_a_websocket_client_does_not_delay_the_end(rig: Rig) -> None:
    with trio.fail_after(2.5):
        async with serving(rig), connected(rig):
            rig.stop.set()


async def _with_small_window(port: int) -> trio.SocketStream:
    """Connect with a receive buffer that is full at once."""
    own = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await own.connect(("127.0.0.1", port))
    return trio.SocketStream(own)


async def test_a_head_that_comes_drop_by_drop_is_waited_for_no_longer_than_an_idle_client(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 0.2)
    async with (
        serving(rig),
        await trio.open_tcp_stream("127.0.0.1", rig.port) as stream,
        trio.open_nursery() as nursery,
    ):

        async def drip() -> None:
            with suppress(trio.BrokenResourceError):
                while True:
                    await stream.send_all(b"a")
                    await trio.sleep(0.01)

        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: lci\r\n")
        nursery.start_soon(drip)
        with trio.fail_after(15), suppress(trio.BrokenResourceError):
            while await stream.receive_some():
                pass
        nursery.cancel_scope.cancel()
