"""A build that prints a million lines, from its container to the stored log."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from bench.figures import AtLeast, AtMost, Figure
from tests.git_server import run_git_server
from tests.whole.service import Service, run_service

RUNS: Final = 3
LINES: Final = 1_000_000
# 62 characters and a newline, from one of the cheapest programs that print.
COMMAND: Final = f"yes {'x' * 62} | head -n {LINES}"


def measure() -> Sequence[Figure]:
    """A real build that prints a million lines of 63 bytes as fast as its container can."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with run_git_server(directory / "git") as server, run_service(directory / "data") as service:
            repository = server.create("acme/shop")
            repository.commit({"index.html": "x"})
            service.register("bench", repository.url, build_command=COMMAND)
            speeds = [_flood(service) for _ in range(RUNS)]
            return [
                Figure("stored whole, through Docker", "lines/s", speeds, AtLeast(200_000)),
                Figure("peak memory of the service", "MB", [_peak_memory(service)], AtMost(150)),
            ]
    finally:
        shutil.rmtree(directory)


def _flood(service: Service) -> float:
    build = service.build_now("bench", deploy=False)
    first = service.get(f"/api/builds/{build['id']}/logs/search?q={'x' * 62}&limit=1")["lines"][0]
    total = service.get(f"/api/builds/{build['id']}/logs?limit=1")["total"]
    last = service.get(f"/api/builds/{build['id']}/logs?from={first['number'] + LINES - 1}&limit=1")["lines"][0]
    if build["status"] != "Success" or last["text"] != "x" * 62 or total < LINES:
        raise RuntimeError(f"{build['status']}: {total} lines stored")
    took = datetime.fromisoformat(last["timestamp"]) - datetime.fromisoformat(first["timestamp"])
    return LINES / took.total_seconds()


def _peak_memory(service: Service) -> float:
    """Return the most that the service's main process ever held, in MB."""
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    [kilobytes] = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024
