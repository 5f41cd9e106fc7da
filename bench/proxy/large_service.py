"""A service with large bodies, run as a program: it prints its port, and serves until its input ends.

GET /length/SIZE and /chunked/SIZE give as many bytes, in that framing; any other method is answered with the size of
its body.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench.proxy.large_bodies import CutShort, discard_body, send_body
from bench.proxy.servants import run_servant, say


@contextmanager
def run_large_service() -> Iterator[int]:
    """Run it, and give its port."""
    with run_servant("bench.proxy.large_service") as servant:
        yield servant.word()


def _serve(connection: socket.socket) -> None:
    with connection:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            head, _, rest = data.partition(b"\r\n\r\n")
            _answer(connection, head, rest)
            # No visitor here sends a request before it has the answer to the one before.
            data = b""


def _answer(connection: socket.socket, head: bytes, rest: bytes) -> None:
    method, path, _ = head.split(b" ", 2)
    if method == b"GET":
        _, framing, size = path.partition(b"?")[0].decode().split("/")
        chunked = framing == "chunked"
        line = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n{line}\r\n\r\n".encode())
        send_body(connection, int(size), chunked=chunked)
    else:
        announced = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        size = str(discard_body(connection, rest, None if announced is None else int(announced[1])))
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(size)}\r\n\r\n{size}".encode())


def _attend(connection: socket.socket) -> None:
    try:
        _serve(connection)
    except (CutShort, ConnectionError) as error:
        sys.stderr.write(f"large service: {error!r}\n")


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    say(listening.getsockname()[1])
    threading.Thread(target=_accept, args=(listening,), daemon=True).start()
    sys.stdin.read()


def _accept(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_attend, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
