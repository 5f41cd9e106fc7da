"""What a worker holds for visitors who ask nothing."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from bench.figures import AtMost, Figure
from bench.proxy.nginx import run_nginx_upstream
from bench.proxy.pairs import Contender, contenders, directory
from bench.proxy.processes import resident_megabytes
from bench.proxy.visitor import Visitor, browser_head

CONNECTIONS: Final = 1000


def measure() -> Sequence[Figure]:
    """The memory of a worker with 1,000 connections, each of which has asked once and is kept."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with directory() as place, run_nginx_upstream(place) as upstream, contenders(place, upstream) as (ours, nginx):
        fresh = resident_megabytes(ours.worker)
        return [
            Figure("1,000 idle connections, a worker", "MB", [_with_idle_connections(ours)], AtMost(40)),
            Figure("1,000 idle connections, nginx", "MB", [_with_idle_connections(nginx)]),
            Figure("a fresh worker", "MB", [fresh]),
        ]


def _with_idle_connections(contender: Contender) -> float:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(Visitor(contender.port)).ask(browser_head("/app/100/"))
        return resident_megabytes(contender.worker)
