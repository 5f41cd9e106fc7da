"""A proxy on TCP that spoils what a server (TCP or Unix) answers: late, cut, reset, dribbled, garbled, or never."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

Reach = Callable[[], Awaitable[trio.SocketStream]]
GARBAGE = bytes(range(255, -1, -1)) * 4


@dataclass
class Chaos:
    """What happens to each connection from now on. Counts are of bytes of the answer.

    `silent`: nothing is ever answered. `latency`: seconds before each piece. `cut_after`: the connection is closed
    then, or reset with `reset`, or kept open and silent with `stall`. `piece`: the most that is passed on at once.
    `garbage`: that is answered instead.
    """

    silent: bool = False
    latency: float = 0.0
    cut_after: int | None = None
    reset: bool = False
    stall: bool = False
    piece: int = 65536
    garbage: bool = False
    connections: int = 0


@asynccontextmanager
async def chaos_proxy(reach: Reach, chaos: Chaos) -> AsyncIterator[int]:
    """Stand in front of the server that `reach` connects to until the block is left; yields the port on 127.0.0.1."""
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, partial(_spoil, reach, chaos), 0, host="127.0.0.1")
        listeners: list[trio.SocketListener] = await nursery.start(serve)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def _spoil(reach: Reach, chaos: Chaos, client: trio.SocketStream) -> None:
    chaos.connections += 1
    if chaos.silent:
        await trio.sleep_forever()
    try:
        if chaos.garbage:
            await client.receive_some()
            await client.send_all(GARBAGE)
            return
        async with await reach() as server, trio.open_nursery() as nursery:
            nursery.start_soon(_pass_on, client, server)
            await _answer(server, client, chaos)
            nursery.cancel_scope.cancel()
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # Either side has had enough: that is what this is for.


async def _pass_on(client: trio.SocketStream, server: trio.SocketStream) -> None:
    async for data in client:
        await server.send_all(data)
    await server.send_eof()


async def _answer(server: trio.SocketStream, client: trio.SocketStream, chaos: Chaos) -> None:
    left = chaos.cut_after
    async for data in server:
        for at in range(0, len(data), chaos.piece):
            if chaos.latency:
                await trio.sleep(chaos.latency)
            await client.send_all(data[at : at + chaos.piece][:left])
            if left is not None:
                left -= min(left, chaos.piece, len(data) - at)
                if left == 0 and chaos.stall:
                    await trio.sleep_forever()
                if left == 0:
                    _close(client, reset=chaos.reset)
                    return


def _close(client: trio.SocketStream, *, reset: bool) -> None:
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
