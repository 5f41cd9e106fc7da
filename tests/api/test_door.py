from __future__ import annotations

from contextlib import ExitStack
from ipaddress import IPv4Network

import pytest
import trio

from lci_app.api import door
from lci_app.api.door import MOST_OF_ONE, Door, Shares
from tests.api.rig import Rig, serving
from tests.api.test_connection import get


@pytest.mark.parametrize(
    ("host", "refused", "lets_in"),
    [
        ("127.0.0.1", "127.0.0.0/8", False),
        ("127.0.0.1", "10.213.0.0/16", True),
        # A socket for both kinds of addresses sees an IPv4 visitor as ::ffff:127.0.0.1.
        ("::", "127.0.0.0/8", False),
        ("::", "10.213.0.0/16", True),
    ],
)
async def test_a_refused_network_gets_no_word_and_others_are_let_in(host: str, refused: str, lets_in: bool) -> None:
    with trio.socket.socket(trio.socket.AF_INET6 if ":" in host else trio.socket.AF_INET) as sock:
        if ":" in host:
            sock.setsockopt(trio.socket.IPPROTO_IPV6, trio.socket.IPV6_V6ONLY, 0)
        await sock.bind((host, 0))
        sock.listen()
        guarded = Door(trio.SocketListener(sock), [IPv4Network(refused)])

        async def greet(stream: trio.SocketStream) -> None:
            await stream.send_all(b"hello")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, greet, [guarded])
            stream = await trio.open_tcp_stream("127.0.0.1", sock.getsockname()[1])
            with trio.fail_after(10):
                heard = await _all_of(stream)
            assert heard == (b"hello" if lets_in else b"")
            nursery.cancel_scope.cancel()


async def _all_of(stream: trio.SocketStream) -> bytes:
    try:
        async with stream:
            return b"".join([chunk async for chunk in stream])
    except trio.BrokenResourceError:
        return b""


def test_one_address_has_no_more_than_its_share(caplog: pytest.LogCaptureFixture) -> None:
    shares = Shares(trusted=[IPv4Network("192.0.2.1/32")])
    with ExitStack() as stack:
        many = [stack.enter_context(shares.held(f"2001:db8::{number:x}")) for number in range(MOST_OF_ONE + 1)]
        assert many == [True] * MOST_OF_ONE + [False]
        assert stack.enter_context(shares.held("2001:db8:0:1::1")), "another network"
        for peer in ("127.0.0.1", "::1", "192.0.2.1"):
            assert all(stack.enter_context(shares.held(peer)) for _ in range(MOST_OF_ONE + 1)), (
                "it asks for many people"
            )
    assert "the last from 2001:db8::100" in caplog.text
    with shares.held("2001:db8::1") as is_admitted:
        assert is_admitted, "what is closed counts no more"
    assert not shares._held


def test_strangers_leave_places_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST", 8)
    shares = Shares()
    with ExitStack() as stack:
        assert [stack.enter_context(shares.held(f"198.51.100.{n}")) for n in range(7)] == [True] * 6 + [False]
        assert [stack.enter_context(shares.held("127.0.0.1")) for _ in range(3)] == [True, True, False]


async def test_a_connection_beyond_all_is_closed_and_one_that_ends_makes_room(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST", 2)
    with trio.fail_after(10):
        async with serving(rig):
            async with await trio.open_tcp_stream("127.0.0.1", rig.port) as first:
                assert b" 200 " in await _asked(rig, first)
                async with await trio.open_tcp_stream("127.0.0.1", rig.port) as second:
                    assert b" 200 " in await _asked(rig, second)
                    async with await trio.open_tcp_stream("127.0.0.1", rig.port) as third:
                        assert await _asked(rig, third) == b""
            answer = b""
            while not answer:
                async with await trio.open_tcp_stream("127.0.0.1", rig.port) as again:
                    answer = await _asked(rig, again)
            assert b" 200 " in answer


async def _asked(rig: Rig, stream: trio.SocketStream) -> bytes:
    """Ask for something; empty where the connection was closed."""
    try:
        await stream.send_all(get("/healthz", rig))
        return bytes(await stream.receive_some())
    except trio.BrokenResourceError:
        return b""
