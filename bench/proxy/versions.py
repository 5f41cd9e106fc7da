"""Versions of a service that come and go, run as a program: each tells who asked it what.

It obeys lines of JSON: `"start"` is answered with the port of a new version; a port stops that version, its
connections cut, as the end of its container would; `"report"` is answered with how often each request was seen.
A request is known by the last part of its path. WebSockets are echoed, each message being a request of its own.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import trio

from bench.proxy.messages import Ended, frame, read_frame, read_request
from bench.proxy.servants import Servant, run_servant, say

_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Versions:
    """The program as a bench handles it."""

    def __init__(self, servant: Servant) -> None:
        self._order = servant.order

    def start(self) -> int:
        """Start a version and return its port."""
        port: int = self._order("start")
        return port

    def stop(self, port: int) -> None:
        self._order(port)

    def report(self) -> Mapping[str, int]:
        """Return how often each request was seen, by all versions together."""
        seen: Mapping[str, int] = self._order("report")
        return seen


@contextmanager
def run_versions() -> Iterator[Versions]:
    with run_servant("bench.proxy.versions") as servant:
        yield Versions(servant)


class _Host:
    def __init__(self, nursery: trio.Nursery) -> None:
        self.seen: Counter[str] = Counter()
        self._nursery = nursery
        self._running: dict[int, trio.CancelScope] = {}

    async def obey(self, order: Any) -> Any:
        match order:
            case "start":
                return await self._nursery.start(self._run)
            case "report":
                return self.seen
            case int():
                return self._running.pop(order).cancel()
            case _:
                raise ValueError(order)

    async def _run(self, *, task_status: trio.TaskStatus[int]) -> None:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        with trio.CancelScope() as self._running[port]:
            task_status.started(port)
            await trio.serve_listeners(self._serve, [listener])

    async def _serve(self, stream: trio.SocketStream) -> None:
        buffer = bytearray()
        try:
            async with stream:
                while (request := await read_request(stream, buffer)) is not None:
                    name = request.path.partition("?")[0].rpartition("/")[2]
                    self.seen[name] += 1
                    if request.upgrade:
                        await stream.send_all(_SWITCHING)
                        await self._echo(stream, buffer)
                        return
                    body = name.encode()
                    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        except (trio.BrokenResourceError, Ended):
            # The other end left without a word; whoever missed an answer says so.
            return

    async def _echo(self, stream: trio.SocketStream, buffer: bytearray) -> None:
        while message := await read_frame(stream, buffer):
            self.seen[message.decode()] += 1
            await stream.send_all(frame(message))


async def _main() -> None:
    async with trio.open_nursery() as nursery:
        host = _Host(nursery)
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            say(await host.obey(json.loads(line)))
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(_main)
