"""Serves the API on a port: hypercorn's protocol machinery under our own accept loop, so that stopping is quick.

hypercorn's own loop swallows KeyboardInterrupt, leaves its sockets inheritable to children, and has no word for a
port that is in use.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Network
from typing import Final

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio.worker_context import WorkerContext
from quart_trio import QuartTrio

from lci_app.api.connection import Connection
from lci_app.api.door import Door, Shares, peer_of
from lci_app.core.client_addresses import Networks

# From the stop on: event streams and WebSockets are told at once, requests under way have this long to end.
GRACE_SECONDS: Final = 3.0
KEEP_ALIVE_SECONDS: Final = 30
MAX_WEBSOCKET_MESSAGE: Final = 64 * 1024
MAX_HEAD: Final = 32 * 1024
_BACKLOG: Final = 512
_REASONS: Final = {
    errno.EADDRINUSE: "another program uses that port",
    errno.EACCES: "ports below 1024 need the right to use them",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class CannotListen(Exception):
    """The API cannot listen; `str(error)` is one sentence: where, why, and what to do."""


async def listen(host: str, port: int) -> list[trio.SocketListener]:
    """Open the port (0: any that is free) on every address of `host`. Raises CannotListen."""
    try:
        return await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
    except socket.gaierror:
        raise CannotListen(f"Cannot listen on {host}: no such host; give another with --api-host.") from None
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        message = f"Cannot listen on {host}:{port}: {reason}; choose another with --api-host or --api-port."
        raise CannotListen(message) from None


def address_of(listeners: list[trio.SocketListener]) -> tuple[str, int]:
    """Return host and port of the first."""
    host, port, *_ = listeners[0].socket.getsockname()
    return host, port


async def serve_on(
    app: QuartTrio,
    listeners: list[trio.SocketListener],
    *,
    stop: trio.Event,
    refused: Sequence[IPv4Network] = (),
    trusted: Networks = (),
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on open listeners, and close them, until `stop` is set; connections have GRACE_SECONDS more.

    Nobody in the networks `refused` gets a word out of it; nobody but `trusted` proxies gets more than a share.
    """
    context = WorkerContext(None)
    protocol = _protocol()
    wrapped = ASGIWrapper(app)
    doors = [Door(listener, refused) for listener in listeners]
    shares = Shares(trusted)

    async def serve(stream: trio.SocketStream) -> None:
        with shares.held(peer_of(stream)) as is_admitted:
            if is_admitted:
                await Connection(wrapped, protocol, context, stream).run()
            else:
                await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            accepting.start_soon(partial(trio.serve_listeners, serve, doors, handler_nursery=connections))
            task_status.started()
            await stop.wait()
            accepting.cancel_scope.cancel()
        # Idle connections close themselves; the others when they are done, or when the time is up.
        await context.terminated.set()
        connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS


def _protocol() -> HypercornConfig:
    config = HypercornConfig()
    config.accesslog = None
    config.errorlog = logging.getLogger("lci_app.api.hypercorn")
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.h11_max_incomplete_size = MAX_HEAD
    config.websocket_max_message_size = MAX_WEBSOCKET_MESSAGE
    return config
