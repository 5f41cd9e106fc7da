"""A visitor who asks all the time, so that every pause is seen."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from time import perf_counter, sleep
from typing import Final

from bench.proxy.visitor import BadAnswer, Visitor, browser_head

# From an answer to the next request, in seconds.
PAUSE: Final = 0.002


class Probe:
    """Asks on one connection for `/app/probe-0`, `/app/probe-1` … and wants these names as answers.

    `answered` holds the names, `failed` what went wrong with the others. A new connection is made after a failure.
    """

    def __init__(self, port: int) -> None:
        self.answered: list[str] = []
        self.failed: dict[str, str] = {}
        self._port = port
        self._times: list[float] = []
        self._stopped = threading.Event()

    def ask_on(self) -> None:
        visitor = Visitor(self._port)
        for number in count():
            if self._stopped.is_set():
                break
            name = f"probe-{number}"
            try:
                visitor.expect(name.encode(), browser_head(f"/app/{name}"))
            except (OSError, BadAnswer) as error:
                self.failed[name] = repr(error)
                visitor.socket.close()
                visitor = Visitor(self._port)
            else:
                self._times.append(perf_counter())
                self.answered.append(name)
            sleep(PAUSE)
        visitor.socket.close()

    def stop(self) -> None:
        self._stopped.set()

    def longest_gaps(self, marks: Sequence[float]) -> Sequence[float]:
        """Return, for each time from a mark to the next, the longest time in ms between two answers that touches it."""
        return [self._longest_gap(begin, end) * 1000 for begin, end in pairwise(marks)]

    def _longest_gap(self, begin: float, end: float) -> float:
        before = max(bisect_right(self._times, begin) - 1, 0)
        after = bisect_left(self._times, end)
        return max(b - a for a, b in pairwise(self._times[before : after + 1]))


@contextmanager
def run_probe(port: int) -> Iterator[Probe]:
    """Have a probe ask while the block runs."""
    probe = Probe(port)
    thread = threading.Thread(target=probe.ask_on)
    thread.start()
    try:
        yield probe
    finally:
        probe.stop()
        thread.join()
