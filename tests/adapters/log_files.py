"""What the tests of the log files share."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import trio

from lci_app.adapters.log_files.files import open_for_appending
from lci_app.adapters.log_files.index import index_path
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.adapters.log_files.mending import mend
from lci_app.core.log_lines import Run, encode
from lci_app.core.model import Stream

RELATIVE = "logs/7/42.log"
AT = "2026-11-20T11:02:54.123Z"


class StillClock:
    def now(self) -> str:
        return AT

    def seconds(self) -> float:
        return 0.0


def logs_in(directory: Path) -> LogFiles:
    return LogFiles(directory, StillClock())


async def feed(writer, stream: Stream, *chunks: bytes) -> None:
    for chunk in chunks:
        await trio.to_thread.run_sync(writer.feed, stream, chunk)


def record(text: bytes, stream: Stream = Stream.STDOUT, stage: str = "build") -> bytes:
    return encode(Run(text + b"\n"), AT, stream, stage)


def stored(directory: Path, data: bytes, index: bytes | None = None) -> Path:
    """Put a log as a crash may have left it; without an index where none is given."""
    path = directory / RELATIVE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    index_path(path).unlink(missing_ok=True)
    if index is not None:
        index_path(path).write_bytes(index)
    return path


def mended(path: Path) -> Path:
    with descriptors(path) as (log, index):
        mend(log, index)
    return path


@contextmanager
def descriptors(path: Path):
    log, index = open_for_appending(path), open_for_appending(index_path(path))
    try:
        yield log, index
    finally:
        os.close(log)
        os.close(index)
