"""Small services for the proxy's tests: real sockets, answers as raw as a test wants them."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import trio

from lci_app.core.routing import Upstream

Handler = Callable[[trio.SocketStream], Awaitable[None]]


@dataclass
class Service:
    """A running service. `connections` counts those it accepted; `open` those that are open now."""

    upstream: Upstream
    connections: int = 0
    open: int = 0
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def open_service(handler: Handler, *, number: int = 1) -> AsyncIterator[Service]:
    """Run a service that gives each connection to `handler` and closes it after it."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    service = Service(Upstream(number, "127.0.0.1", port))

    async def accept(stream: trio.SocketStream) -> None:
        service.connections += 1
        service.open += 1
        try:
            async with stream:
                await handler(stream)
        except trio.BrokenResourceError:
            pass
        finally:
            service.open -= 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, accept, listeners)
        yield service
        nursery.cancel_scope.cancel()


async def read_head(stream: trio.SocketStream, buffer: bytearray) -> bytes:
    """Take a head off the stream; empty at its end."""
    while b"\r\n\r\n" not in buffer:
        data = await stream.receive_some(65536)
        if not data:
            return b""
        buffer += data
    end = buffer.index(b"\r\n\r\n") + 4
    head = bytes(buffer[:end])
    del buffer[:end]
    return head


def header(head: bytes, name: str) -> str | None:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None


async def read_body(stream: trio.SocketStream, head: bytes, buffer: bytearray) -> bytes:
    """Take the body that follows `head`, whole, by its length or its chunks."""
    if header(head, "transfer-encoding") == "chunked":
        return await _read_chunks(stream, buffer)
    return await _take(stream, buffer, int(header(head, "content-length") or 0))


async def _take(stream: trio.SocketStream, buffer: bytearray, size: int) -> bytes:
    while len(buffer) < size:
        data = await stream.receive_some(65536)
        if not data:
            raise trio.BrokenResourceError
        buffer += data
    taken = bytes(buffer[:size])
    del buffer[:size]
    return taken


async def _read_chunks(stream: trio.SocketStream, buffer: bytearray) -> bytes:
    body = bytearray()
    while True:
        while b"\r\n" not in buffer:
            await _more(stream, buffer)
        line = bytes(buffer[: buffer.index(b"\r\n")])
        del buffer[: len(line) + 2]
        data = (await _take(stream, buffer, int(line, 16) + 2))[:-2]
        if not data:
            return bytes(body)
        body += data


async def _more(stream: trio.SocketStream, buffer: bytearray) -> None:
    data = await stream.receive_some(65536)
    if not data:
        raise trio.BrokenResourceError
    buffer += data


def answering(raw: bytes, *, close: bool = True) -> Handler:
    """Answer each request on a connection with these bytes; `close` after the first."""

    async def handle(stream: trio.SocketStream) -> None:
        buffer = bytearray()
        while head := await read_head(stream, buffer):
            await read_body(stream, head, buffer)
            await stream.send_all(raw)
            if close:
                return

    return handle


def echo(name: str = "echo", seen: list[bytes] | None = None) -> Handler:
    """Answer with JSON of what was seen: `name`, `line`, `headers` (a list of pairs), `body`; keeps alive."""

    async def handle(stream: trio.SocketStream) -> None:
        buffer = bytearray()
        while head := await read_head(stream, buffer):
            body = await read_body(stream, head, buffer)
            if seen is not None:
                seen.append(head)
            await stream.send_all(ok(_as_json(name, head, body)))

    return handle


def _as_json(name: str, head: bytes, body: bytes) -> bytes:
    line, *headers = head.decode("latin-1").strip().split("\r\n")
    pairs = [each.split(": ", 1) for each in headers]
    return json.dumps({"name": name, "line": line, "headers": pairs, "body": body.decode("latin-1")}).encode()


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def refusing(number: int = 1) -> Iterator[Upstream]:
    """Give a version whose port is taken, so that nobody else gets it, and refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield Upstream(number, "127.0.0.1", taken.getsockname()[1])
