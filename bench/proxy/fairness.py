"""What a visitor notices of another one who keeps the same worker busy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bench.figures import Figure
from bench.proxy.hogged_service import run_hogged_service
from bench.proxy.nginx import run_nginx_proxy, run_nginx_upstream
from bench.proxy.ours import run_proxy
from bench.proxy.pairs import directory
from bench.proxy.slow_heads import good_traffic, p99
from bench.proxy.visitor import Visitor, browser_head

ROUNDS: Final = 2
SECONDS: Final = 2.0
_BESIDE: Final = "/beside/"
_NGINX: Final = (
    "location /beside/ {{ proxy_pass http://127.0.0.1:{}/; proxy_http_version 1.1; proxy_request_buffering off; }}"
)
# Of one byte each: 11,000 in what one receive brings.
_CHUNKS: Final = b"1\r\nx\r\n" * 11_000

_Hog = Callable[[socket.socket], None]


def measure() -> Sequence[Figure]:
    """The p99 of 500 requests a second, alone, beside a body of one-byte chunks, and beside one large download."""
    with (
        directory() as place,
        run_nginx_upstream(place) as upstream,
        run_hogged_service() as hogged,
        run_proxy(place, upstream, beside=hogged) as stand,
        run_nginx_proxy(place, upstream, _NGINX.format(hogged)) as (nginx, _),
    ):
        return [figure for name, port in (("", stand.port), (", nginx", nginx)) for figure in _measure(name, port)]


def _measure(name: str, port: int) -> Sequence[Figure]:
    return [
        Figure(f"alone: p99{name}", "ms", [_p99(port) for _ in range(ROUNDS)]),
        Figure(f"beside one-byte chunks: p99{name}", "ms", [_beside(_send_chunks, port) for _ in range(ROUNDS)]),
        Figure(f"beside a download: p99{name}", "ms", [_beside(_download, port) for _ in range(ROUNDS)]),
    ]


def _p99(port: int) -> float:
    return p99(good_traffic(port, SECONDS))


def _beside(hog: _Hog, port: int) -> float:
    with _busy(hog, port):
        return _p99(port)


@contextmanager
def _busy(hog: _Hog, port: int) -> Iterator[None]:
    """Keep a connection busy while the block runs."""
    with Visitor(port) as visitor:
        thread = threading.Thread(target=_until_closed, args=(hog, visitor.socket))
        thread.start()
        try:
            yield
        finally:
            visitor.socket.shutdown(socket.SHUT_RDWR)
            thread.join()


def _until_closed(hog: _Hog, sock: socket.socket) -> None:
    try:
        hog(sock)
    except OSError:
        return


def _send_chunks(sock: socket.socket) -> None:
    sock.sendall(browser_head(_BESIDE, "Transfer-Encoding: chunked", method="POST"))
    while True:
        sock.sendall(_CHUNKS)


def _download(sock: socket.socket) -> None:
    sock.sendall(browser_head(_BESIDE))
    room = bytearray(1024 * 1024)
    while sock.recv_into(room, 0, socket.MSG_TRUNC):
        pass
