"""A Unix socket that leads to the real engine until it is cut: how a test takes the engine away from one client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio

ENGINE = "/var/run/docker.sock"


class EngineLink:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[trio.CancelScope, trio.Event] = {}
        self.is_cut_for_good = False

    @property
    def address(self) -> str:
        return f"unix://{self._path}"

    async def cut(self) -> None:
        """Break every connection off, as an engine that restarts; new ones are taken."""
        for scope, closed in list(self._open.items()):
            scope.cancel()
            await closed.wait()

    async def cut_for_good(self) -> None:
        """Break every connection off; nobody answers any more."""
        self.is_cut_for_good = True
        self._path.unlink()
        await self.cut()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM) as listener:
            await listener.bind(str(self._path))
            listener.listen()
            task_status.started()
            async with trio.open_nursery() as nursery:
                while True:
                    client, _ = await listener.accept()
                    nursery.start_soon(self._forward, trio.SocketStream(client))

    async def _forward(self, client: trio.SocketStream) -> None:
        scope, closed = trio.CancelScope(), trio.Event()
        self._open[scope] = closed
        with scope:
            async with client, await trio.open_unix_socket(ENGINE) as engine, trio.open_nursery() as nursery:
                nursery.start_soon(_copy, client, engine)
                await _copy(engine, client)
                nursery.cancel_scope.cancel()
        del self._open[scope]
        closed.set()


async def _copy(source: trio.SocketStream, destination: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in source:
            await destination.send_all(data)
        await destination.send_eof()


@asynccontextmanager
async def open_engine_link(directory: Path) -> AsyncIterator[EngineLink]:
    link = EngineLink(directory / "engine.sock")
    async with trio.open_nursery() as nursery:
        await nursery.start(link.serve)
        yield link
        nursery.cancel_scope.cancel()
