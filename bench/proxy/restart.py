"""What visitors notice when lci itself ends and starts again."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from bench.figures import AtMost, Figure
from bench.proxy.processes import free_port
from bench.proxy.regulars import Regulars, run_regulars
from tests.git_server import run_git_server
from tests.whole.service import START_SECONDS, Service, remove_containers

# Visitors come for so long before and after each restart.
AROUND_SECONDS: Final = 1.0
WAYS: Final = {"restarted": signal.SIGHUP, "killed and started": signal.SIGKILL}


def measure() -> Sequence[Figure]:
    """The whole program with a service in Docker, its main process ended and started while visitors ask."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with run_git_server(directory / "git") as server, _run_service(directory / "data") as service:
            repository = server.create("acme/shop")
            repository.commit({"index.html": "x"})
            service.register("bench", repository.url)
            service.succeed("bench")
            return [figure for way, number in WAYS.items() for figure in _measure(service, way, number)]
    finally:
        shutil.rmtree(directory)


def _measure(service: Service, way: str, number: signal.Signals) -> Sequence[Figure]:
    port = int(service.proxy_url.rpartition(":")[2])
    with run_regulars(port, "/bench/index.html", b"x") as regulars:
        sleep(AROUND_SECONDS)
        _end(service, number)
        began = perf_counter()
        service.start()
        started = perf_counter() - began
        sleep(AROUND_SECONDS)
    _tell(way, regulars)
    return [
        Figure(f"{way}: failed", "requests", [len(regulars.failed)], AtMost(0)),
        Figure(f"{way}: answered", "requests", [regulars.answered]),
        Figure(f"{way}: longest time without an answer", "s", [regulars.longest_gap]),
        Figure(f"{way}: of it, until it was ready again", "s", [started]),
    ]


def _tell(way: str, regulars: Regulars) -> None:
    for what, times in Counter(regulars.failed).most_common(3):
        sys.stderr.write(f"{way}: {times} times {what}\n")


def _end(service: Service, number: signal.Signals) -> None:
    """End the main process, and wait for nothing else: what it leaves running may hold its output open."""
    assert service.process is not None
    service.process.send_signal(number)
    service.process.wait(START_SECONDS)
    service.process = None


@contextmanager
def _run_service(data_dir: Path) -> Iterator[Service]:
    """Serve at an address that stays; in the end nothing of it is left, workers that outlive it neither."""
    service = Service(data_dir, options=("--proxy-port", str(free_port())))
    try:
        service.start()
        yield service
    finally:
        if service.process is not None:
            _end(service, signal.SIGTERM)
        for worker in _processes_of(data_dir):
            os.kill(worker, signal.SIGKILL)
        remove_containers(data_dir)


def _processes_of(data_dir: Path) -> Sequence[int]:
    """Return the processes that were told of this directory when they were started."""
    found = []
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = arguments.read_bytes()
        except OSError:
            continue
        if any(each.startswith(bytes(data_dir)) for each in told.split(b"\0")):
            found.append(int(arguments.parent.name))
    return found
