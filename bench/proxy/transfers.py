"""What a gigabyte costs, either way and in either framing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from bench.figures import AtLeast, AtMost, Figure
from bench.proxy.large_bodies import discard_body, send_body
from bench.proxy.large_service import run_large_service
from bench.proxy.nginx import LARGE_BUFFERS, PREFIX, run_nginx_proxy
from bench.proxy.pairs import Contender, contenders, directory, in_turn
from bench.proxy.processes import cpu_seconds
from bench.proxy.visitor import Visitor, browser_head

ROUNDS: Final = 3
MOST_SECONDS: Final = 10.0
SIZE: Final = 1024**3
# Enough for the clock ticks in which CPU time is counted.
CHUNKED_SIZE: Final = SIZE // 4


@dataclass(frozen=True, slots=True)
class _Transfer:
    name: str
    size: int
    move: Callable[[Visitor, str, int], None]


@dataclass(frozen=True, slots=True)
class _Run:
    # In MB/s, and in seconds of the worker's CPU a GB.
    speed: float
    cost: float


def measure() -> Sequence[Figure]:
    """1 GiB down and up, and a quarter of it in chunks: MB/s and CPU a GB, beside nginx."""
    transfers = (
        _Transfer("download", SIZE, partial(_download, "length")),
        _Transfer("upload", SIZE, partial(_upload, f"Content-Length: {SIZE}")),
        _Transfer("chunked download", CHUNKED_SIZE, partial(_download, "chunked")),
        _Transfer("chunked upload", CHUNKED_SIZE, partial(_upload, "Transfer-Encoding: chunked")),
    )
    with (
        directory() as place,
        run_large_service() as upstream,
        contenders(place, upstream) as both,
        run_nginx_proxy(place / "tuned", upstream, LARGE_BUFFERS) as (port, worker),
    ):
        tuned = Contender("nginx with large buffers", port, worker)
        return [figure for transfer in transfers for figure in _measure(transfer, both, tuned, upstream)]


def _measure(
    transfer: _Transfer, both: tuple[Contender, Contender], tuned: Contender, upstream: int
) -> Sequence[Figure]:
    pairs = in_turn(both, partial(_run, transfer), rounds=ROUNDS, seconds=MOST_SECONDS)
    large = _run(transfer, tuned)
    return [
        *_figures(transfer.name, pairs),
        Figure(f"{transfer.name}: speed, nginx with large buffers", "MB/s", [large.speed]),
        Figure(f"{transfer.name}: CPU a GB, nginx with large buffers", "s", [large.cost]),
        Figure(f"{transfer.name}: no proxy", "MB/s", [_speed(transfer, upstream, "/")]),
    ]


def _run(transfer: _Transfer, contender: Contender) -> _Run:
    before = cpu_seconds(contender.worker)
    speed = _speed(transfer, contender.port, PREFIX)
    return _Run(speed, (cpu_seconds(contender.worker) - before) / transfer.size * 1e9)


def _speed(transfer: _Transfer, port: int, prefix: str) -> float:
    with Visitor(port) as visitor:
        began = perf_counter()
        transfer.move(visitor, prefix, transfer.size)
        return transfer.size / 1e6 / (perf_counter() - began)


def _figures(name: str, pairs: Sequence[tuple[_Run, _Run]]) -> Sequence[Figure]:
    return [
        Figure(f"{name}: our MB/s / nginx's", "", [ours.speed / nginx.speed for ours, nginx in pairs], AtLeast(1.2)),
        Figure(f"{name}: our CPU / nginx's", "", [ours.cost / nginx.cost for ours, nginx in pairs], AtMost(0.5)),
        Figure(f"{name}: speed", "MB/s", [ours.speed for ours, _ in pairs]),
        Figure(f"{name}: speed, nginx", "MB/s", [nginx.speed for _, nginx in pairs]),
        Figure(f"{name}: CPU a GB", "s", [ours.cost for ours, _ in pairs]),
        Figure(f"{name}: CPU a GB, nginx", "s", [nginx.cost for _, nginx in pairs]),
    ]


def _download(framing: str, visitor: Visitor, prefix: str, size: int) -> None:
    visitor.socket.sendall(browser_head(f"{prefix}{framing}/{size}"))
    head, begun = visitor.answer_head()
    announced = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    came = discard_body(visitor.socket, begun, None if announced is None else int(announced[1]))
    if came != size:
        raise RuntimeError(f"{came} bytes came of {size}: {head!r}")


def _upload(line: str, visitor: Visitor, prefix: str, size: int) -> None:
    visitor.socket.sendall(browser_head(prefix, line, method="POST"))
    send_body(visitor.socket, size, chunked="chunked" in line)
    arrived = visitor.answer()
    if arrived != b"%d" % size:
        raise RuntimeError(f"{arrived!r} bytes arrived of {size}")
