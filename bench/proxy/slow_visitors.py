"""Visitors who send their heads a few bytes at a time, run as a program.

Arguments: the port, and how many. It prints a line when all are connected, and goes on until its input ends; one whom
the proxy turns away comes back at once.
"""

from __future__ import annotations

import resource
import select
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import Final

from bench.proxy.servants import run_servant, say

_FIRST: Final = b"GET /app/100/ HTTP/1.1\r\nHost: shop.example.com\r\nX-Slow: "
_PIECE: Final = b"abcd"
# Every visitor sends a piece in this time, one after the other.
_ROUND_SECONDS: Final = 2.0
_STEP_SECONDS: Final = 0.01


@contextmanager
def run_slow_visitors(port: int, number: int) -> Iterator[None]:
    """Have so many slow visitors while the block runs."""
    with run_servant("bench.proxy.slow_visitors", str(port), str(number)) as servant:
        servant.word()
        yield


def _arrive(port: int, epoll: select.epoll) -> socket.socket:
    visitor = socket.create_connection(("127.0.0.1", port))
    visitor.setblocking(False)
    visitor.send(_FIRST)
    epoll.register(visitor, select.EPOLLRDHUP)
    return visitor


def _dribble(port: int, number: int, left: threading.Event) -> None:
    epoll = select.epoll()
    visitors = {visitor.fileno(): visitor for visitor in (_arrive(port, epoll) for _ in range(number))}
    queue = deque(visitors)
    say("all are there")
    at_once = round(number * _STEP_SECONDS / _ROUND_SECONDS)
    due = perf_counter()
    while not left.is_set():
        for _ in range(at_once):
            _send_piece(visitors[queue[0]])
            queue.rotate(-1)
        for descriptor, _ in epoll.poll(0):
            visitors[descriptor].close()
            # It gets the lowest free descriptor, which is the one just closed.
            visitor = _arrive(port, epoll)
            visitors[visitor.fileno()] = visitor
        due += _STEP_SECONDS
        sleep(max(due - perf_counter(), 0))


def _send_piece(visitor: socket.socket) -> None:
    try:
        visitor.send(_PIECE)
    except OSError:
        # Turned away just now: that is looked for below.
        return


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    left = threading.Event()
    arguments = (int(sys.argv[1]), int(sys.argv[2]), left)
    thread = threading.Thread(target=_dribble, args=arguments)
    thread.start()
    sys.stdin.read()
    left.set()
    thread.join()


if __name__ == "__main__":
    main()
