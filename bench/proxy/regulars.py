"""Visitors who ask steadily, on connections that they keep and on new ones, whatever happens to the proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import perf_counter, sleep
from typing import Final

from bench.proxy.visitor import BadAnswer, Visitor, browser_head

# Each asks once in so many seconds: 200 requests a second, all together.
_INTERVAL: Final = 0.04
_KEEPING: Final = 4
_COMING: Final = 4


class Regulars:
    """`failed` holds what went wrong with each request that was not answered as it should be."""

    def __init__(self, port: int, path: str, body: bytes) -> None:
        self.failed: list[str] = []
        self._port = port
        self._path = path
        self._body = body
        # When each answer came.
        self._times: list[float] = []
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._visit, args=(number < _KEEPING,)) for number in range(_KEEPING + _COMING)
        ]

    @property
    def answered(self) -> int:
        return len(self._times)

    @property
    def longest_gap(self) -> float:
        """The longest time in seconds between two answers, whomever they were for."""
        return max(b - a for a, b in pairwise(sorted(self._times)))

    def come(self) -> None:
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, keeps: bool) -> None:
        kept: Visitor | None = None
        due = perf_counter()
        while not self._stopped.is_set():
            kept = self._ask(kept, keeps=keeps)
            due = max(due + _INTERVAL, perf_counter())
            sleep(max(due - perf_counter(), 0))
        if kept is not None:
            kept.socket.close()

    def _ask(self, kept: Visitor | None, *, keeps: bool) -> Visitor | None:
        """Ask once; return the connection where it is to be asked on again, and close it otherwise."""
        lines = () if keeps else ("Connection: close",)
        visitor = kept
        try:
            visitor = visitor or Visitor(self._port)
            visitor.expect(self._body, browser_head(self._path, *lines))
        except (OSError, BadAnswer) as error:
            self.failed.append(repr(error))
        else:
            self._times.append(perf_counter())
            if keeps and not visitor.last:
                return visitor
        if visitor is not None:
            visitor.socket.close()
        return None


@contextmanager
def run_regulars(port: int, path: str, body: bytes) -> Iterator[Regulars]:
    """Have visitors ask for `path`, whose answer is to be `body`, while the block runs."""
    regulars = Regulars(port, path, body)
    regulars.come()
    try:
        yield regulars
    finally:
        regulars.leave()
