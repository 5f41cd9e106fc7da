"""What a request costs, and how many of them a worker carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.figures import AtLeast, Figure
from bench.proxy.nginx import run_nginx_upstream
from bench.proxy.pairs import Contender, contenders, directory, in_turn
from bench.proxy.processes import cpu_seconds
from bench.proxy.wrk import load

ROUNDS: Final = 5
ROUNDS_OF_NEW_CONNECTIONS: Final = 3
SECONDS: Final = 2
MOST_SECONDS: Final = 25.0
WARM_UP_SECONDS: Final = 1
CONNECTIONS: Final = 32
SIZES: Final = {"100 B": 100, "10 KiB": 10240}


@dataclass(frozen=True, slots=True)
class _Run:
    rate: float
    # Seconds of the worker's CPU.
    cost: float


def measure() -> Sequence[Figure]:
    """Varied browser requests on 32 kept connections: CPU a request and requests a second, beside nginx."""
    with directory() as place:
        figures = [figure for name, size in SIZES.items() for figure in _measure(place / str(size), name, size)]
        return [*figures, *_measure(place / "source", "100 B, not compiled", 100, compiled=False)]


def measure_new_connections() -> Sequence[Figure]:
    """The same with a new connection for each request."""
    with directory() as place:
        return _measure(place / "new", "new connections", 100, close=True, rounds=ROUNDS_OF_NEW_CONNECTIONS)


def _measure(
    place: Path, name: str, size: int, *, close: bool = False, rounds: int = ROUNDS, compiled: bool = True
) -> Sequence[Figure]:
    path = f"/app/{size}/"

    def run(contender: Contender, seconds: int = SECONDS) -> _Run:
        before = cpu_seconds(contender.worker)
        done = load(contender.port, path, connections=CONNECTIONS, seconds=seconds, close=close)
        return _Run(done.rate, (cpu_seconds(contender.worker) - before) / done.requests)

    place.mkdir()
    with run_nginx_upstream(place) as upstream, contenders(place, upstream, compiled=compiled) as both:
        for contender in both:
            run(contender, WARM_UP_SECONDS)
        pairs = in_turn(both, run, rounds=rounds, seconds=MOST_SECONDS)
        direct = load(upstream, f"/{size}/", connections=CONNECTIONS, seconds=WARM_UP_SECONDS, close=close)
    goal = AtLeast(0.9) if compiled else None
    return [
        Figure(f"{name}: nginx's CPU / ours", "", [nginx.cost / ours.cost for ours, nginx in pairs], goal),
        Figure(f"{name}: our req/s / nginx's", "", [ours.rate / nginx.rate for ours, nginx in pairs], goal),
        Figure(f"{name}: CPU a request", "µs", [ours.cost * 1e6 for ours, _ in pairs]),
        Figure(f"{name}: CPU a request, nginx", "µs", [nginx.cost * 1e6 for _, nginx in pairs]),
        Figure(f"{name}: one worker", "req/s", [ours.rate for ours, _ in pairs]),
        Figure(f"{name}: one worker, nginx", "req/s", [nginx.rate for _, nginx in pairs]),
        Figure(f"{name}: no proxy", "req/s", [direct.rate]),
    ]
