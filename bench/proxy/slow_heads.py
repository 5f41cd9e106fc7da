"""What visitors notice of an attack with slow heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from statistics import quantiles
from time import perf_counter, sleep
from typing import Final

from bench.figures import AtMost, Figure
from bench.proxy.nginx import run_nginx_proxy, run_nginx_upstream
from bench.proxy.ours import run_proxy
from bench.proxy.pairs import directory
from bench.proxy.processes import busy_share
from bench.proxy.slow_visitors import run_slow_visitors
from bench.proxy.visitor import Visitor, browser_head

ROUNDS: Final = 4
VISITORS: Final = 5000
# Good traffic: a request each so many seconds, on each of the connections in turn.
INTERVAL: Final = 0.002
CONNECTIONS: Final = 8
SECONDS_ALONE: Final = 2.0
# A head may take so long here, so that a round sees all slow visitors arrive, and all turned away, who come back.
HEAD_SECONDS: Final = 3
SECONDS_BESIDE: Final = 4.0
# From then to then all have arrived, and none is turned away yet.
DRIBBLE_SECONDS: Final = (1.0, 2.5)
# A worker that uses less than this share of a core has done what there was to do.
IDLE_SHARE: Final = 0.05
IDLE_SECONDS: Final = 0.4
MOST_WAITS: Final = 20


def measure() -> Sequence[Figure]:
    """The p99 of 500 requests a second on kept connections, alone and beside 5,000 visitors with slow heads."""
    with (
        directory() as place,
        run_nginx_upstream(place) as upstream,
        run_proxy(place, upstream, head=HEAD_SECONDS) as stand,
        run_nginx_proxy(place, upstream, f"client_header_timeout {HEAD_SECONDS}s;") as (port, worker),
    ):
        pairs = [(_attack(stand.port, stand.worker), _attack(port, worker)) for _ in range(ROUNDS)]
    ours, nginx = zip(*pairs, strict=True)
    return [
        Figure("5,000 slow heads: p99 / alone", "", [run.beside / run.alone for run in ours], AtMost(2)),
        Figure("5,000 slow heads: p99 / alone, nginx", "", [run.beside / run.alone for run in nginx]),
        Figure("5,000 slow heads: p99", "ms", [run.beside for run in ours]),
        Figure("5,000 slow heads: p99 but for their coming and going", "ms", [run.dribbling for run in ours]),
        Figure("alone: p99", "ms", [run.alone for run in ours]),
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """The p99 of the time to an answer, in ms: `alone`, `beside` slow visitors, and while these came and went not."""

    alone: float
    beside: float
    dribbling: float


def _attack(port: int, worker: int) -> _Run:
    alone = good_traffic(port, SECONDS_ALONE)
    with run_slow_visitors(port, VISITORS):
        beside = good_traffic(port, SECONDS_BESIDE)
    for _ in range(MOST_WAITS):
        if busy_share(worker, IDLE_SECONDS) < IDLE_SHARE:
            break
    begin, end = DRIBBLE_SECONDS
    return _Run(p99(alone), p99(beside), p99({due: took for due, took in beside.items() if begin <= due < end}))


def good_traffic(port: int, seconds: float) -> Mapping[float, float]:
    """Return how long answers took in ms, each counted from when its request was due; by that time in seconds."""
    took = {}
    with ExitStack() as stack:
        visitors = cycle([stack.enter_context(Visitor(port)) for _ in range(CONNECTIONS)])
        begin = perf_counter()
        due = 0.0
        while (late := perf_counter() - begin) < seconds:
            sleep(max(due - late, 0))
            next(visitors).ask(browser_head("/app/100/"))
            took[due] = (perf_counter() - begin - due) * 1000
            due += INTERVAL
    return took


def p99(took: Mapping[float, float]) -> float:
    """Return the p99, and the largest where there are too few for one."""
    return max(took.values()) if len(took) < 100 else quantiles(took.values(), n=100)[98]
