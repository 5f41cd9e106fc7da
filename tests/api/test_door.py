from __future__ import annotations

from ipaddress import IPv4Network

import pytest
import trio

from lci_app.api.door import Door


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
        door = Door(trio.SocketListener(sock), [IPv4Network(refused)])

        async def greet(stream: trio.SocketStream) -> None:
            await stream.send_all(b"hello")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, greet, [door])
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
