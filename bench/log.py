"""The log's adapter alone: what Docker's reader thread can hand over, and what reading it back costs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import trio

from bench.figures import AtLeast, AtMost, Figure
from lci_app.adapters.clock import SystemClock
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.core.model import Stream
from lci_app.core.names import build_log

RUNS: Final = 3
LINES: Final = 1_000_000
LINE: Final = b"%062d\n"
# 20 KB: what one frame of Docker's attach stream holds when a program floods.
CHUNK_LINES: Final = 320
SINGLE_LINES: Final = 20_000
RELATIVE: Final = build_log(1, 1)

FIGURES: Final = (
    ("stored, synced", "lines/s", AtLeast(600_000)),
    ("stored one by one", "lines/s", None),
    ("peak memory", "MB", AtMost(150)),
    ("page of 200 in the middle", "ms", AtMost(5)),
    ("search for what is not there", "s", AtMost(1)),
    ("regex for what is not there", "s", None),
)


def measure() -> Sequence[Figure]:
    """A million lines of 63 bytes through the log's adapter, each run in a process of its own."""
    runs = [json.loads(subprocess.check_output([sys.executable, "-m", "bench.log"])) for _ in range(RUNS)]
    return [Figure(name, unit, [run[name] for run in runs], goal) for name, unit, goal in FIGURES]


async def run_once() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lci-bench-") as directory:
        logs = LogFiles(Path(directory), SystemClock())
        stored = await seconds(lambda: _store(logs, RELATIVE, LINES, CHUNK_LINES))
        # Before the finds are read back: it is the writing that must stay small.
        memory = peak_memory()
        single = await seconds(lambda: _store(logs, build_log(1, 2), SINGLE_LINES, 1))
        measured = (
            LINES / stored,
            SINGLE_LINES / single,
            memory,
            1000 * await seconds(lambda: logs.read(RELATIVE, LINES // 2, 200)),
            await seconds(lambda: logs.search(RELATIVE, "not there", regex=False, first=0, limit=100)),
            await seconds(lambda: logs.search(RELATIVE, r"not\s+there", regex=True, first=0, limit=100)),
        )
    return dict(zip((name for name, _, _ in FIGURES), measured, strict=True))


async def _store(logs: LogFiles, relative: str, lines: int, chunk_lines: int) -> None:
    chunk = LINE * chunk_lines % tuple(range(chunk_lines))
    async with logs.open(relative) as writer:
        await writer.begin_stage("build")

        def feed() -> None:
            for _ in range(lines // chunk_lines):
                writer.feed(Stream.STDOUT, chunk)

        await trio.to_thread.run_sync(feed)
    if await logs.total(relative) != lines:
        raise RuntimeError(f"{relative} holds {await logs.total(relative)} lines instead of {lines}")


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    start = perf_counter()
    await work()
    return perf_counter() - start


def peak_memory() -> float:
    """Return the most that this process ever held, in MB."""
    [kilobytes] = re.findall(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kilobytes) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(trio.run(run_once)))
