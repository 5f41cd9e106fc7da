"""What visitors notice when one version takes another's place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from time import perf_counter, sleep
from typing import Final

from bench.figures import AtLeast, AtMost, Figure
from bench.proxy.ours import Stand, run_proxy
from bench.proxy.pairs import directory
from bench.proxy.probe import Probe, run_probe
from bench.proxy.servants import run_servant
from bench.proxy.versions import Versions, run_versions

SWITCHES: Final = 200
SWITCHES_LONG: Final = 1000
# A switch is one only when every worker has acknowledged it.
WORKERS: Final = 2
# From the start of one switch to that of the next, in seconds; longer where a drain takes longer.
PERIOD: Final = 0.06
DRAIN_SECONDS: Final = 5.0
# As many periods without a switch tell what the machine's own pauses are.
QUIET_PERIODS: Final = 100
SHOWN_FAILURES: Final = 5


def measure() -> Sequence[Figure]:
    """200 switches under GET, POST and WebSocket: what fails or is done twice, and the pauses a visitor sees."""
    return _measure(SWITCHES)


def measure_long() -> Sequence[Figure]:
    """Do the same 1,000 times."""
    return _measure(SWITCHES_LONG)


def _measure(number: int) -> Sequence[Figure]:
    with directory() as place, run_versions() as versions:
        first = versions.start()
        with run_proxy(place, first, workers=WORKERS) as stand:
            with run_servant("bench.proxy.crowd", str(stand.port)) as crowd, run_probe(stand.port) as probe:
                sleep(PERIOD)
                quiet = _periodically(QUIET_PERIODS, lambda _: None)
                switches = _Switches(stand, versions, first)
                switched = _periodically(number, switches.switch)
                probe.stop()
                report = crowd.last_word()
            seen = versions.report()
    failed = {**report["failed"], **probe.failed}
    wrong = _wrong([*report["answered"], *probe.answered], failed, seen)
    rate = len(report["answered"]) / report["seconds"]
    return [
        Figure(f"{number:,} switches: failed or repeated", "requests", [wrong], AtMost(0)),
        Figure(f"{number:,} switches: cut by a drain", "requests", [switches.cut], AtMost(0)),
        Figure(f"{number:,} switches: asked meanwhile", "req/s", [rate], AtLeast(500)),
        Figure("longest stall at a switch, p99", "ms", [_p99(probe, switched)], AtMost(50)),
        Figure("longest stall without one, p99", "ms", [_p99(probe, quiet)]),
        Figure("a switch, acknowledged", "ms", [1000 * seconds for seconds in switches.took]),
    ]


class _Switches:
    """Puts a new version in the old one's place, as a deployment does, and notes how long that took."""

    def __init__(self, stand: Stand, versions: Versions, first: int) -> None:
        self.took: list[float] = []
        self.cut = 0
        self._stand = stand
        self._versions = versions
        self._port = first

    def switch(self, number: int) -> None:
        port = self._versions.start()
        began = perf_counter()
        self._stand.publish(number + 1, port)
        self.took.append(perf_counter() - began)
        self.cut += self._stand.drain(number, DRAIN_SECONDS)
        self._versions.stop(self._port)
        self._port = port


def _periodically(periods: int, step: Callable[[int], None]) -> Sequence[float]:
    """Take so many steps; return when each began, and when the last was over."""
    marks = []
    for number in range(periods):
        marks.append(perf_counter())
        step(number)
        sleep(max(marks[-1] + PERIOD - perf_counter(), 0))
    return [*marks, perf_counter()]


def _wrong(answered: Sequence[str], failed: Mapping[str, str], seen: Mapping[str, int]) -> int:
    """Count requests that failed, and those that services saw more than once or not at all."""
    for name, why in list(failed.items())[:SHOWN_FAILURES]:
        sys.stderr.write(f"{name}: {why}\n")
    not_once = [name for name in answered if seen.get(name, 0) != 1]
    return len(failed) + len(not_once) + sum(seen.get(name, 0) > 1 for name in failed)


def _p99(probe: Probe, marks: Sequence[float]) -> float:
    return quantiles(probe.longest_gaps(marks), n=100)[98]
