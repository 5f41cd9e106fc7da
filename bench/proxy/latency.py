"""What a proxy adds to the time of a single request."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import perf_counter_ns
from typing import Final

from bench.figures import AtMost, Figure
from bench.proxy.nginx import run_nginx_upstream
from bench.proxy.pairs import contenders, directory
from bench.proxy.visitor import Visitor, browser_head

ROUNDS: Final = 15
REQUESTS: Final = 300


def measure() -> Sequence[Figure]:
    """The median time to an answer over one connection, without a proxy, through ours and through nginx."""
    direct, ours, nginx = [], [], []
    with (
        directory() as place,
        run_nginx_upstream(place) as upstream,
        contenders(place, upstream) as (our_proxy, their_proxy),
        Visitor(upstream) as to_service,
        Visitor(our_proxy.port) as to_ours,
        Visitor(their_proxy.port) as to_nginx,
    ):
        for _ in range(ROUNDS):
            direct.append(_p50(to_service, "/100/"))
            ours.append(_p50(to_ours, "/app/100/"))
            nginx.append(_p50(to_nginx, "/app/100/"))
    return [
        Figure(
            "added p50, ours - nginx's",
            "µs",
            [mine - theirs for mine, theirs in zip(ours, nginx, strict=True)],
            AtMost(30),
        ),
        Figure("added p50", "µs", [mine - bare for mine, bare in zip(ours, direct, strict=True)]),
        Figure("added p50, nginx", "µs", [theirs - bare for theirs, bare in zip(nginx, direct, strict=True)]),
        Figure("p50 without a proxy", "µs", direct),
    ]


def _p50(visitor: Visitor, path: str) -> float:
    """Return the median time to an answer, in µs."""
    took = []
    for _ in range(REQUESTS):
        request = browser_head(path)
        began = perf_counter_ns()
        visitor.ask(request)
        took.append(perf_counter_ns() - began)
    return median(took) / 1000
