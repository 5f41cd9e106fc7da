"""How soon lci serves, and what it holds when nobody asks anything of it."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.figures import AtMost, Figure
from tests.whole.service import Service, children_of

RUNS: Final = 5
# After this long nothing of the start is left to do.
SETTLE_SECONDS: Final = 3.0


def measure() -> Sequence[Figure]:
    """From the command to `lci ready`, from source, and the memory of all processes with two proxy workers."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    service = Service(directory / "data")
    seconds, memory = [], []
    try:
        service.start()
        service.stop()
        for _ in range(RUNS):
            began = time.perf_counter()
            service.start()
            seconds.append(time.perf_counter() - began)
            time.sleep(SETTLE_SECONDS)
            memory.append(_proportional_memory(service))
            service.stop()
    finally:
        shutil.rmtree(directory)
    return [
        Figure("start to ready", "s", seconds, AtMost(1.5)),
        Figure("idle, all processes (PSS)", "MB", memory, AtMost(110)),
    ]


def _proportional_memory(service: Service) -> float:
    """Return what all processes hold in MB, each shared page divided among those that share it."""
    assert service.process is not None
    total = 0
    for pid in [service.process.pid, *children_of(service.process.pid)]:
        [kilobytes] = re.findall(r"^Pss:\s*(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        total += int(kilobytes)
    return total / 1024
