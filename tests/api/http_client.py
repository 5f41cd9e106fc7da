"""A plain HTTP client on a real socket: one request, its answer, or the events that it streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import h11
import trio

from lci_app.core.model import Scope
from tests.api.rig import Rig


@dataclass(frozen=True)
class ServerEvent:
    name: str = "message"
    id: str = ""
    data: str = ""


class EventStream:
    """Iterates over events; comments are skipped, or asked for."""

    def __init__(self, status: int, headers: dict[str, str], chunks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._buffer = b""

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> ServerEvent:
        while True:
            block = await self._block()
            if block is None:
                raise StopAsyncIteration
            if not block.startswith(":"):
                return _event(block)

    async def event(self) -> ServerEvent:
        return await anext(self)

    async def comment(self) -> str:
        block = await self._block()
        assert block is not None
        assert block.startswith(":")
        return block[1:].strip()

    async def _block(self) -> str | None:
        while b"\n\n" not in self._buffer:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                assert self._buffer == b""
                return None
            self._buffer += chunk
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        return block.decode()


def _event(block: str) -> ServerEvent:
    fields = dict(line.split(": ", 1) for line in block.splitlines())
    return ServerEvent(fields.get("event", "message"), fields.get("id", ""), fields["data"])


async def handshake(
    rig: Rig, *, scope: Scope | None = None, path: str = "/ws", **headers: str
) -> h11.Response | h11.InformationalResponse:
    """Ask for a WebSocket; return the answer to that."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if scope is not None:
        given["Authorization"] = f"Bearer {rig.tokens[scope]}"
    given |= {"Host": f"127.0.0.1:{rig.port}", "Connection": "Upgrade", "Upgrade": "websocket"}
    given |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with await trio.open_tcp_stream("127.0.0.1", rig.port) as stream:
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target=path, headers=[*given.items()])
        await stream.send_all(connection.send(request) or b"")
        await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
        response = await _next(connection, stream)
        assert isinstance(response, h11.Response | h11.InformationalResponse)
        return response


@asynccontextmanager
async def open_events(rig: Rig, path: str, **headers: str) -> AsyncIterator[EventStream]:
    given = {"Accept": "text/event-stream", "Authorization": f"Bearer {rig.tokens[Scope.READ]}"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with await trio.open_tcp_stream("127.0.0.1", rig.port) as stream:
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target=path, headers=[("Host", "lci"), *given.items()])
        await stream.send_all(connection.send(request) or b"")
        await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
        response = await _next(connection, stream)
        assert isinstance(response, h11.Response)
        names = {name.decode(): value.decode() for name, value in response.headers}
        async with aclosing(_body(connection, stream)) as chunks:
            yield EventStream(response.status_code, names, chunks)


async def _body(connection: h11.Connection, stream: trio.SocketStream) -> AsyncGenerator[bytes, None]:
    while True:
        event = await _next(connection, stream)
        if isinstance(event, h11.EndOfMessage):
            return
        assert isinstance(event, h11.Data)
        yield bytes(event.data)


async def _next(connection: h11.Connection, stream: trio.SocketStream) -> Any:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await stream.receive_some())
    return event
