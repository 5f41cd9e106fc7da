"""Opens a real proxy (worker processes and all) and speaks to it in raw bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import trio

from lci_app.core.routing import Route, RouteTable, Upstream, table
from lci_app.proxy.limits import Limits
from lci_app.proxy.supervisor import Supervisor, open_proxy
from tests.proxy.upstreams import Handler, Service, open_service

# What `lci proxy-worker` does, without the rest of the program.
PROGRAM = [sys.executable, "-c", "import sys; from lci_app.proxy.worker import main; sys.exit(main(sys.argv[2:]))"]


def routes(generation: int, **upstreams: Upstream | None) -> RouteTable:
    """Return a table of projects, underscores in their names read as dashes."""
    return table(generation, [Route(name.replace("_", "-"), upstream) for name, upstream in upstreams.items()])


@asynccontextmanager
async def proxy_for(
    run_directory: Path,
    table: RouteTable,
    *,
    workers: int = 1,
    trusted: Sequence[str] = (),
    refused: Sequence[IPv4Network] = (),
    limits: Limits | None = None,
) -> AsyncIterator[Supervisor]:
    async with open_proxy(
        PROGRAM, run_directory, "127.0.0.1", 0, workers, trusted, limits=limits, refused=refused
    ) as proxy:
        with trio.fail_after(20):
            await proxy.publish(table)
        yield proxy


@asynccontextmanager
async def front(
    run_directory: Path, handler: Handler, *, workers: int = 1, limits: Limits | None = None
) -> AsyncIterator[tuple[Supervisor, Service]]:
    """Open a service, and a proxy that has it at /app/."""
    async with (
        open_service(handler) as service,
        proxy_for(run_directory, routes(1, app=service.upstream), workers=workers, limits=limits) as proxy,
    ):
        yield proxy, service


@dataclass
class Reply:
    """A response as a visitor saw it. `complete`: its framing said that it is whole."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """A raw client connection."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.buffer = bytearray()

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def ask(self, data: bytes, *, method: str = "GET") -> Reply:
        await self.send(data)
        return await self.reply(method=method)

    async def reply(self, *, method: str = "GET") -> Reply:
        """Read one response. Raises EOFError where the connection ends before its head."""
        with trio.fail_after(20):
            head = await self._head()
            line, *lines = head.decode("latin-1").strip().split("\r\n")
            _, status, reason = (line + " ").split(" ", 2)
            headers = [(name, value) for name, _, value in (each.partition(": ") for each in lines)]
            reply = Reply(int(status), reason.strip(), headers, b"", complete=True)
            if method != "HEAD" and reply.status >= 200 and reply.status not in {204, 304}:
                await self._body(reply)
            return reply

    async def _head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            if not await self.more():
                raise EOFError(bytes(self.buffer))
        end = self.buffer.index(b"\r\n\r\n") + 4
        head = bytes(self.buffer[:end])
        del self.buffer[:end]
        return head

    async def more(self) -> bool:
        try:
            data = await self.stream.receive_some(65536)
        except trio.BrokenResourceError:
            return False
        self.buffer += data
        return bool(data)

    async def _body(self, reply: Reply) -> None:
        if reply.header("transfer-encoding") == "chunked":
            await self._chunks(reply)
            return
        length = reply.header("content-length")
        while length is None or len(self.buffer) < int(length):
            if not await self.more():
                reply.complete = length is None
                break
        size = len(self.buffer) if length is None else int(length)
        reply.body = bytes(self.buffer[:size])
        del self.buffer[:size]

    async def _chunks(self, reply: Reply) -> None:
        while True:
            while b"\r\n" not in self.buffer:
                if not await self.more():
                    reply.complete = False
                    return
            size = int(self.buffer[: self.buffer.index(b"\r\n")], 16)
            needed = self.buffer.index(b"\r\n") + 2 + size + 2
            while len(self.buffer) < needed:
                if not await self.more():
                    reply.complete = False
                    return
            reply.body += self.buffer[needed - 2 - size : needed - 2]
            del self.buffer[:needed]
            if not size:
                return

    async def is_closed(self) -> bool:
        """Wait for the proxy's end of the connection; False where more bytes come."""
        with trio.fail_after(20):
            return not self.buffer and not await self.more()


@asynccontextmanager
async def visit(proxy: Supervisor) -> AsyncIterator[Visitor]:
    stream = await trio.open_tcp_stream(*proxy.address)
    async with stream:
        yield Visitor(stream)


async def fetch(proxy: Supervisor, data: bytes, *, method: str = "GET") -> Reply:
    async with visit(proxy) as visitor:
        return await visitor.ask(data, method=method)


def get(target: str, *headers: str, host: str = "example.test") -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()
