"""Follows a build over the WebSocket: every line once and in order, however often the connection breaks."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import outcome
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from lci_app.cli.client import Service
from lci_app.cli.exits import CommandError, Exit
from lci_app.core.lifecycle import FINAL
from lci_app.core.model import BuildStatus

# Seconds. A connection that is silent for longer is asked whether it lives.
_IDLE: Final = 30.0
_ANSWER: Final = 15.0
# A batch holds at most some thousand lines of 64 KiB.
_LARGEST_MESSAGE: Final = 512 * 1024 * 1024
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0

_Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
# number, timestamp, stream, text
Line = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is shown what happens; both are called in order, one at a time.

    `lines` gets lines, and the numbers of those that go on in the next line of their stream.
    """

    lines: Callable[[Sequence[Line], Collection[int]], None]
    event: Callable[[dict[str, Any]], None]


class _CutError(Exception):
    """The connection ended before the build did."""


async def follow(
    service: Service, build_id: int, viewer: Viewer, *, first_line: int = 1, give_up_after: float = 60.0
) -> BuildStatus:
    """Show a build from `first_line` until it has ended; returns its final status.

    A broken connection is made again and goes on with the next line. Raises CommandError: UNREACHABLE where the
    service has not answered for `give_up_after` seconds, NOT_ALLOWED, NOT_FOUND.
    """
    following = _Following(service, build_id, viewer, max(1, first_line))
    pause = _FIRST_PAUSE
    lost_at = trio.current_time()
    while True:
        try:
            return await following.one_connection()
        except _CutError as cut:
            if following.connected:
                following.connected = False
                lost_at, pause = trio.current_time(), _FIRST_PAUSE
            if trio.current_time() + pause - lost_at > give_up_after:
                raise service.unreachable(cut) from None
            await trio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


class _Following:
    def __init__(self, service: Service, build_id: int, viewer: Viewer, next_line: int) -> None:
        self.connected = False
        self._service = service
        self._build_id = build_id
        self._viewer = viewer
        self._next_line = next_line

    async def one_connection(self) -> BuildStatus:
        """Return the final status; raises _CutError where the connection ends before."""
        with _cuts(self._service):
            async with await _dial(self._service) as stream:
                try:
                    async with trio.open_nursery() as nursery:
                        # What the conversation raises goes past the nursery, so that it is no group.
                        result = await outcome.acapture(self._converse, nursery, stream)
                        nursery.cancel_scope.cancel()
                except ExceptionGroup as group:
                    raise group.exceptions[0] from None  # noqa: ASYNC123 - a group of one
                return result.unwrap()

    async def _converse(self, nursery: trio.Nursery, stream: _Stream) -> BuildStatus:
        with trio.fail_after(_ANSWER):
            connection = await wrap_client_stream(
                nursery,
                stream,
                self._service.authority,
                f"{self._service.path}/ws",
                extra_headers=[(name.encode(), value.encode()) for name, value in self._service.headers().items()],
                max_message_size=_LARGEST_MESSAGE,
                receive_buffer_size=64 * 1024,
            )
            await connection.send_message(self._subscription())
        while True:
            status = self._take(await _next_message(connection))
            if status is not None:
                return status

    def _subscription(self) -> str:
        wanted = {"target": "build", "build_id": self._build_id, "from_line": self._next_line, "batch": True}
        return json.dumps({"type": "subscribe", **wanted})

    def _take(self, message: dict[str, Any]) -> BuildStatus | None:
        """Show one message; returns the final status when it tells it."""
        self.connected = True
        match message.get("type"):
            case "log_batch" if message["build_id"] == self._build_id:
                self._take_lines(message["lines"], message.get("continued", ()))
            case "build_status" if message["build_id"] == self._build_id:
                self._viewer.event(message)
                status = BuildStatus(message["status"])
                return status if status in FINAL else None
            case "health_check" | "deployment" if message["build_id"] == self._build_id:
                self._viewer.event(message)
            case "error" if message["code"] == "RESOURCE_NOT_FOUND":
                raise CommandError(Exit.NOT_FOUND, message["message"], code=message["code"])
        return None

    def _take_lines(self, lines: Sequence[Line], continued: Collection[int]) -> None:
        fresh = [line for line in lines if line[0] >= self._next_line]
        if not fresh:
            return
        if fresh[0][0] != self._next_line:
            raise _CutError(f"line {self._next_line} is missing")
        self._next_line = fresh[-1][0] + 1
        self._viewer.lines(fresh, frozenset(continued))


async def _dial(service: Service) -> _Stream:
    """Connect; only here is an OSError the network's, and not that of an output that was closed."""
    try:
        with trio.fail_after(_ANSWER):
            if not service.secure:
                return await trio.open_tcp_stream(service.host, service.port)
            context = ssl.create_default_context()
            return await trio.open_ssl_over_tcp_stream(
                service.host, service.port, ssl_context=context, https_compatible=True
            )
    except OSError as error:
        raise _CutError(error) from None


@contextmanager
def _cuts(service: Service) -> Iterator[None]:
    """Turn what a network does into _CutError, and a refusal into CommandError."""
    try:
        yield
    except ConnectionRejected as refusal:
        if refusal.status_code in {401, 403}:
            raise CommandError(
                Exit.NOT_ALLOWED, f"{service.url} refuses live following (HTTP {refusal.status_code})"
            ) from None
        raise _CutError(f"live following is answered with HTTP {refusal.status_code}") from None
    except (HandshakeError, ConnectionClosed, trio.BrokenResourceError, trio.TooSlowError) as error:
        raise _CutError(f"the live connection broke ({type(error).__name__})") from None


async def _next_message(connection: WebSocketConnection) -> dict[str, Any]:
    while True:
        with trio.move_on_after(_IDLE):
            message: dict[str, Any] = json.loads(await connection.get_message())
            return message
        with trio.fail_after(_ANSWER):
            await connection.ping()
