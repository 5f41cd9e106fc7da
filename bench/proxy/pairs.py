"""Our proxy and nginx, in turn under the same load."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

from bench.proxy.nginx import run_nginx_proxy
from bench.proxy.ours import run_proxy

# Memory, not a disk: what is written here must cost neither side.
_MEMORY: Final = Path("/dev/shm")
_Run = TypeVar("_Run")


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the two: the port it serves, and the process id of its worker."""

    name: str
    port: int
    worker: int


@contextmanager
def directory() -> Iterator[Path]:
    """Give a new directory in memory."""
    path = Path(tempfile.mkdtemp(prefix="lci-bench-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def contenders(place: Path, upstream: int, *, compiled: bool = True) -> Iterator[tuple[Contender, Contender]]:
    """Run both before the service at port `upstream`: ours, nginx."""
    with run_proxy(place, upstream, compiled=compiled) as stand, run_nginx_proxy(place, upstream) as (port, worker):
        yield Contender("lci", stand.port, stand.worker), Contender("nginx", port, worker)


def in_turn(
    both: tuple[Contender, Contender], run: Callable[[Contender], _Run], *, rounds: int, seconds: float
) -> Sequence[tuple[_Run, _Run]]:
    """Run each once a round, the one that begins changing; returns the pairs, ours first.

    There are fewer rounds, and one at least, where `seconds` are over before the next: the machine is busy then.
    """
    ours, nginx = both
    pairs: list[tuple[_Run, _Run]] = []
    end = perf_counter() + seconds
    for number in range(rounds):
        if pairs and perf_counter() > end:
            break
        if number % 2:
            theirs = run(nginx)
            pairs.append((run(ours), theirs))
        else:
            mine = run(ours)
            pairs.append((mine, run(nginx)))
    return pairs
