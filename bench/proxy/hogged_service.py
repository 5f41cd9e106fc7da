"""A service that is never the slow side, run as a program: it prints its port, and serves until its input ends.

It answers a GET with zeros as long as they are taken, and any other request never, while it takes all of its body.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.proxy.large_bodies import BLOCK, send_body
from bench.proxy.servants import run_servant, say

# As good as endless.
_SIZE: Final = BLOCK * 1_000_000


@contextmanager
def run_hogged_service() -> Iterator[int]:
    """Run it, and give its port."""
    with run_servant("bench.proxy.hogged_service") as servant:
        yield servant.word()


def _attend(connection: socket.socket) -> None:
    with connection:
        try:
            if connection.recv(65536).startswith(b"GET "):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % _SIZE)
                send_body(connection, _SIZE, chunked=False)
            buffer = bytearray(1024 * 1024)
            while connection.recv_into(buffer, 0, socket.MSG_TRUNC):
                pass
        except ConnectionError:
            return


def _accept(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_attend, args=(connection,), daemon=True).start()


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    say(listening.getsockname()[1])
    threading.Thread(target=_accept, args=(listening,), daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
