"""A steady crowd of visitors, run as a program: GET, POST and WebSocket, each request with a name of its own.

Its argument is the proxy's port. At its input's end it finishes what it has begun and says what was answered, what
failed and how long it was there.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Final

import trio

from bench.proxy.messages import Ended, frame, read_answer, read_frame
from bench.proxy.servants import say
from bench.proxy.visitor import browser_head

# Each visitor asks once in so many seconds: 620 requests and messages a second, all together.
_INTERVAL: Final = 0.024
_GETTERS: Final = 7
_POSTERS: Final = 5
# A WebSocket lives for so many messages: a drain that waits for it ends soon.
_TALKERS: Final = 3
_MESSAGES: Final = 4
_PATIENCE: Final = 20.0
_UPGRADE: Final = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
_KEY: Final = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

_Ask = Callable[["Link", str], Awaitable[None]]


@dataclass
class Report:
    """Names of requests: `answered` as they should be, and `failed` with what went wrong."""

    answered: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Wrong(Exception):
    """An answer that is not the one to what was asked."""


class Link:
    """A connection to the proxy that is made when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stream: trio.SocketStream | None = None
        self._buffer = bytearray()

    async def open(self) -> tuple[trio.SocketStream, bytearray]:
        if self._stream is None:
            self._stream = await trio.open_tcp_stream("127.0.0.1", self._port)
            self._buffer = bytearray()
        return self._stream, self._buffer

    def close(self) -> None:
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None

    async def ask(self, request: bytes, status: int, body: bytes) -> None:
        stream, buffer = await self.open()
        await stream.send_all(request)
        answer = await read_answer(stream, buffer)
        if answer != (status, body):
            raise Wrong(str(answer))


async def _get(link: Link, name: str) -> None:
    await link.ask(browser_head(f"/app/{name}"), 200, name.encode())


async def _post(link: Link, name: str) -> None:
    body, framing = b"hello", "Content-Length: 5"
    if int(name.rpartition("-")[2]) % 2:
        body, framing = b"5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    head = browser_head(f"/app/{name}", framing, method="POST")
    await link.ask(head + body, 200, name.encode())


class Crowd:
    def __init__(self, port: int) -> None:
        self.report = Report()
        self.stopped = trio.Event()
        self._port = port

    async def visit(self, ask: _Ask, who: str) -> None:
        """Ask steadily over one connection; a new one is made only after a failure."""
        link = Link(self._port)
        due = trio.current_time()
        for number in count():
            if self.stopped.is_set():
                break
            await self._attempt(ask, link, f"{who}-{number}")
            due = max(due + _INTERVAL, trio.current_time())
            await trio.sleep_until(due)
        link.close()

    async def talk(self, who: str) -> None:
        """Open one WebSocket after the other, and say something on each now and then."""
        for session in count():
            if self.stopped.is_set():
                return
            link = Link(self._port)
            await self._converse(link, f"{who}-{session}")
            link.close()

    async def _converse(self, link: Link, name: str) -> None:
        going_on = await self._attempt(_upgrade, link, name)
        for number in range(_MESSAGES):
            await trio.sleep(_INTERVAL)
            going_on = going_on and await self._attempt(_say, link, f"{name}-{number}")

    async def _attempt(self, ask: _Ask, link: Link, name: str) -> bool:
        try:
            with trio.fail_after(_PATIENCE):
                await ask(link, name)
        except (OSError, trio.BrokenResourceError, trio.TooSlowError, Ended, Wrong) as error:
            self.report.failed[name] = repr(error)
            link.close()
            return False
        self.report.answered.append(name)
        return True


async def _upgrade(link: Link, name: str) -> None:
    await link.ask(browser_head(f"/app/{name}", *_UPGRADE, _KEY), 101, b"")


async def _say(link: Link, name: str) -> None:
    stream, buffer = await link.open()
    await stream.send_all(frame(name.encode(), masked=True))
    if await read_frame(stream, buffer) != name.encode():
        raise Wrong("The echo is another one.")


async def _main(port: int) -> None:
    crowd = Crowd(port)
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(_GETTERS):
            nursery.start_soon(crowd.visit, _get, f"get{number}")
        for number in range(_POSTERS):
            nursery.start_soon(crowd.visit, _post, f"post{number}")
        for number in range(_TALKERS):
            nursery.start_soon(crowd.talk, f"talk{number}")
        await trio.to_thread.run_sync(sys.stdin.read)
        crowd.stopped.set()
    crowd.report.seconds = trio.current_time() - began
    say(asdict(crowd.report))


if __name__ == "__main__":
    trio.run(_main, int(sys.argv[1]))
