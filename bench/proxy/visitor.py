"""A visitor that asks one thing after another, and sees how long each answer takes."""

from __future__ import annotations

import socket
import struct
from itertools import count
from types import TracebackType
from typing import Final, Self

# Seconds and microseconds. It ends a bench that hangs, and decides nothing else.
_PATIENCE: Final = struct.pack("ll", 30, 0)

_numbers = count()


def browser_head(path: str, *lines: str, method: str = "GET") -> bytes:
    """Return a browser's head that asks for `path`: eleven header lines, and then `lines`. No two are alike."""
    number = next(_numbers)
    head = (
        f"{method} {path}?{number} HTTP/1.1",
        "Host: shop.example.com",
        f"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/{100 + number % 97}.0.0.0 Safari/537.36",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        f"Accept-Language: en-GB,en;q=0.{number % 9}",
        "Accept-Encoding: gzip, deflate, br",
        f"Referer: http://shop.example.com/shelf/{number}",
        f"Cookie: session={number * 7919}; theme=dark",
        "Upgrade-Insecure-Requests: 1",
        "Sec-Fetch-Dest: document",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Site: same-origin",
    )
    return "\r\n".join((*head, *lines, "", "")).encode()


class BadAnswer(Exception):
    """No answer, half of one, or another than 200."""


class Visitor:
    """One connection to what listens at `port` of this host, closed on leaving. Its calls block.

    `last`: the answer said that it is the connection's last.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.last = False
        # Python's own time-out would wait for each operation with a system call of its own.
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.socket.setsockopt(socket.SOL_SOCKET, option, _PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer. Raises BadAnswer, OSError."""
        self.socket.sendall(request)
        return self.answer()

    def expect(self, body: bytes, request: bytes) -> None:
        """Send a request that is to be answered with `body`. Raises BadAnswer, OSError."""
        answer = self.ask(request)
        if answer != body:
            raise BadAnswer(repr(answer))

    def answer(self) -> bytes:
        """Return the body of an answer, which must have a length. Raises BadAnswer, OSError."""
        head, body = self.answer_head()
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body

    def answer_head(self) -> tuple[bytes, bytes]:
        """Return an answer's head, and what came with it. Raises BadAnswer, OSError."""
        data = self._more()
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, rest = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise BadAnswer(data[:200].decode("latin-1"))
        self.last = b"\r\nconnection: close" in head.lower()
        return head, rest

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise BadAnswer("The connection was closed before the answer was whole.")
        return data
