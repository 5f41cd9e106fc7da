"""One connection under hypercorn, with what hypercorn itself leaves open.

hypercorn's own connection waits for ever on a client that does not read, never notices that a WebSocket client is
gone, keeps a connection for ever whose handler left messages unread, switches to HTTP/2 when a client asks for it,
and resets the connection of a client that is still sending when it is refused. Its version is locked, since
what is overridden here is no public interface.
"""

from __future__ import annotations

import logging
import secrets
import socket
from dataclasses import replace
from itertools import chain
from math import inf
from typing import Any, Final

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.typing import AppWrapper, ConnectionState
from hypercorn.utils import parse_socket_addr
from wsproto.connection import ConnectionState as WebSocketState
from wsproto.events import Ping

from lci_app.api.problem import Problem
from lci_app.api.wire.base import failure

logger = logging.getLogger(__name__)

# What must move within the time: a client that takes less than a slice in it is stuck.
SEND_SLICE: Final = 64 * 1024
SEND_SECONDS: Final = 30.0
PING_SECONDS: Final = 20.0
# A WebSocket client answers pings; one that says nothing for two of them is gone.
SILENCE_SECONDS: Final = 2 * PING_SECONDS + 10
# The kernel gives up on a peer that acknowledges nothing.
UNACKNOWLEDGED_MS: Final = 30_000
# How long a closed connection still takes what the client sends, so that it can read its answer.
LINGER_SECONDS: Final = 1.0
_REQUEST_ID: Final = b"x-request-id"
_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class Http1(H11Protocol):
    """HTTP/1 only: an `Upgrade: h2c` is ignored, as the standard allows, and HTTP/2 is refused."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Hypercorn would go to HTTP/2 here."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version in {b"1.0", b"1.1"}:
            await super()._create_stream(request)
            return
        await self._send_error_response(505)
        await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response):
            added = []
            if all(name.lower() != _REQUEST_ID for name, _ in event.headers):
                added.append((_REQUEST_ID, secrets.token_hex(8).encode()))
            if self.connection.their_state is h11.SEND_BODY:
                # Answered before its body was read: the connection ends with the answer, and the client must know.
                added.append((b"connection", b"close"))
            event = replace(event, headers=[*event.headers, *added])
        await super().stream_send(event)

    async def _send_error_response(self, status_code: int) -> None:
        """Answer what is no HTTP/1 request in the same form as everything else."""
        body = failure(Problem(status_code, "BAD_REQUEST", "This is no HTTP/1.1 request that lci could read."))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (_REQUEST_ID, secrets.token_hex(8).encode()),
        ]
        every = list(chain(headers, self.config.response_headers("h11")))
        answer = (h11.Response(status_code=status_code, headers=every), h11.Data(data=body), h11.EndOfMessage())
        # At once: a handler that still has the request could put its own answer in between.
        await self.send(RawData(data=b"".join(self.connection.send(event) or b"" for event in answer)))


class Connection(TCPServer):
    """`run` serves one connection; whatever happens in it, the server goes on."""

    def __init__(self, app: AppWrapper, config: Config, context: Any, stream: trio.SocketStream) -> None:
        super().__init__(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]
        self._scope = trio.CancelScope()
        self._closing = False
        self._read_to_end = trio.Event()

    async def run(self) -> None:
        try:
            with self._scope:
                await self._serve()
        except OSError:
            pass  # gone before it began
        except Exception:
            logger.exception("a connection failed")
        finally:
            await trio.aclose_forcefully(self.stream)

    async def _serve(self) -> None:
        own = self.stream.socket
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = parse_socket_addr(own.family, own.getpeername())
        server = parse_socket_addr(own.family, own.getsockname())
        async with TaskGroup() as tasks:
            self._task_group = tasks
            self.protocol = Http1(  # type: ignore[assignment]
                self.app,
                self.config,
                self.context,
                tasks,
                ConnectionState({}),
                False,
                client,
                server,
                self.protocol_send,
            )
            await self.idle_task.restart(tasks, self._idle_timeout)
            tasks.spawn(self._ping)
            await self._read_data()
            # What the client has left behind: handlers, pings.
            self._scope.cancel()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            async with self.send_lock:
                await self._send(event.data)
        elif isinstance(event, Closed):
            await self._close()
        else:
            # It comes in the task of a handler that has just ended, and may be cancelled: the idle timer is not to
            # get lost with it.
            with trio.CancelScope(shield=True):
                await super().protocol_send(event)

    async def _send(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), SEND_SLICE):
                with trio.fail_after(SEND_SECONDS):
                    await self.stream.send_all(data[start : start + SEND_SLICE])
        except (*_GONE, trio.TooSlowError):
            # Handlers are cancelled, not told: one that sends does not listen, and its queue may be full.
            self._scope.cancel()
        except trio.Cancelled:
            # Half a message may be out: nothing can follow it.
            self._scope.cancel()
            raise

    async def _read_data(self) -> None:
        try:
            while True:
                with trio.fail_after(self._patience()):
                    data = bytes(await self.stream.receive_some(MAX_RECV))
                await self.protocol.handle(RawData(data))
                if not data:
                    break
                if self._is_refusing():
                    await self._close()
        except (*_GONE, trio.TooSlowError):
            pass
        self._read_to_end.set()

    async def _ping(self) -> None:
        """Ping a WebSocket client from time to time, never before its first message, as hypercorn would."""
        while True:
            await trio.sleep(PING_SECONDS)
            websocket = self._websocket
            if websocket is not None:
                await websocket._send_wsproto_event(Ping())  # noqa: SLF001 - its only way to send a ping

    @property
    def _websocket(self) -> WSStream | None:
        """The WebSocket that this connection has become, once its handshake was accepted."""
        stream = self.protocol.stream  # type: ignore[attr-defined]
        return stream if isinstance(stream, WSStream) and hasattr(stream, "connection") else None

    def _patience(self) -> float:
        return SILENCE_SECONDS if isinstance(self.protocol.stream, WSStream) else inf  # type: ignore[attr-defined]

    def _is_refusing(self) -> bool:
        """Whether hypercorn has closed a WebSocket for a message that is too long: it tells neither side to hang up."""
        websocket = self._websocket
        return (
            websocket is not None
            and websocket.state is ASGIWebsocketState.CONNECTED
            and websocket.connection.state is WebSocketState.LOCAL_CLOSING
        )

    async def _close(self) -> None:
        """Begin to end the connection, in a task of its own: whoever asks for it may be cancelled at any time."""
        if not self._closing:
            self._closing = True
            self._task_group.spawn(self._hang_up)

    async def _hang_up(self) -> None:
        """End the connection once the client has read its answer; one that goes on sending has a while for it."""
        try:
            await self.stream.send_eof()
            with trio.move_on_after(LINGER_SECONDS):
                await self._read_to_end.wait()
        except (*_GONE, trio.BusyResourceError):
            pass
        self._scope.cancel()
