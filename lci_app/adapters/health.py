"""The health probe: one HTTP request to a candidate, answered by a value whatever happens."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import h11
import trio

from lci_app.interfaces import HealthReply

BODY_BYTES: Final = 300
# Some applications answer a health check with an endless stream: its status counts, its body is not waited for.
BODY_SECONDS: Final = 1.0
# Enough for any head that a real server sends; h11's own limit of 16 KiB is met by large cookies.
_HEAD_BYTES: Final = 64 * 1024
_RECEIVE_BYTES: Final = 16 * 1024
_WORDS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "no route to host",
}


class HttpHealthProbe:
    """Fulfils `interfaces.HealthProbe` for `http://` addresses. `ms` is the time until the head of the answer."""

    async def get(self, url: str, timeout: float) -> HealthReply:
        began = time.monotonic()
        exchange = _Exchange()
        error: str | None = None
        with trio.move_on_after(timeout) as scope:
            error = await _attempt(url, exchange)
        if exchange.status is not None:
            return HealthReply(exchange.status, None, exchange.answered_ms(began), exchange.text())
        if scope.cancelled_caught:
            error = f"no answer within {timeout:g} s"
        return HealthReply(None, error, exchange.answered_ms(began), "")


@dataclass(slots=True)
class _Exchange:
    """What is known of the answer so far."""

    status: int | None = None
    answered_at: float | None = None
    body: bytes = b""

    def answered_ms(self, began: float) -> float:
        ended = time.monotonic() if self.answered_at is None else self.answered_at
        return round((ended - began) * 1000, 1)

    def text(self) -> str:
        return self.body[:BODY_BYTES].decode("utf-8", "replace")


async def _attempt(url: str, exchange: _Exchange) -> str | None:
    """Fill in the exchange; returns a few words where there was no answer."""
    try:
        host, port, request = _request(url)
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_STREAM) as sock:
            await sock.connect((host, port))
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
            await _send_all(sock, connection.send(request) + connection.send(h11.EndOfMessage()))
            return await _receive(sock, connection, exchange)
    except h11.RemoteProtocolError:
        return "not HTTP"
    except (ValueError, h11.LocalProtocolError) as error:
        return f"not an address that can be asked: {error}"
    except OSError as error:
        return _WORDS.get(error.errno or 0) or (os.strerror(error.errno).lower() if error.errno else str(error))


def _request(url: str) -> tuple[str, int, h11.Request]:
    """Return where to connect and what to ask; ValueError for an address that is not plain HTTP."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise ValueError(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("Host", parts.netloc.rpartition("@")[2]),
        ("User-Agent", "lci-health-check/1"),
        ("Accept", "*/*"),
        ("Connection", "close"),
    ]
    return parts.hostname, parts.port or 80, h11.Request(method="GET", target=target, headers=headers)


async def _send_all(sock: trio.socket.SocketType, data: bytes) -> None:
    while data:
        data = data[await sock.send(data) :]


async def _receive(sock: trio.socket.SocketType, connection: h11.Connection, exchange: _Exchange) -> str | None:
    if not await _receive_head(sock, connection, exchange):
        return "connection closed without an answer"
    with trio.move_on_after(BODY_SECONDS):
        await _receive_body(sock, connection, exchange)
    return None


async def _receive_head(sock: trio.socket.SocketType, connection: h11.Connection, exchange: _Exchange) -> bool:
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            exchange.status = event.status_code
            exchange.answered_at = time.monotonic()
            return True
        if event is h11.NEED_DATA:
            data = await sock.recv(_RECEIVE_BYTES)
            if not data:
                if connection.trailing_data[0]:
                    raise h11.RemoteProtocolError("the head ends early")
                return False
            connection.receive_data(data)


async def _receive_body(sock: trio.socket.SocketType, connection: h11.Connection, exchange: _Exchange) -> None:
    """Take what there is of the body, up to BODY_BYTES; a body that breaks off is no error of the check."""
    try:
        while len(exchange.body) < BODY_BYTES:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await sock.recv(_RECEIVE_BYTES))
            elif isinstance(event, h11.Data):
                exchange.body += bytes(event.data)
            else:
                return
    except (OSError, h11.RemoteProtocolError):
        return
