"""The builds' logs: one writer each, any number of readers. Errors are those of `outside`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lci_app.core.masking import Mask
from lci_app.core.model import Stream


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One stored line. `continued` marks a piece of a line longer than 64 KiB that goes on in the next record."""

    number: int
    timestamp: str
    stream: Stream
    stage: str
    text: str
    continued: bool = False


class LogWriter(Protocol):
    """An open build log. Lines are on disk, and readers told, as they arrive; numbers are dense from 1."""

    @property
    def last_number(self) -> int: ...

    def feed(self, stream: Stream, data: bytes) -> None:
        """Take raw output of the current stage. Blocks on the disk: call it in a thread. Safe from any thread."""

    async def system(self, text: str) -> int:
        """Write lci's own line(s) to the log; returns the number of the last."""

    async def mask(self, mask: Mask) -> None:
        """Keep what the mask knows out of every line from now on, before it is stored."""

    async def begin_stage(self, stage: str) -> None:
        """Flush unfinished lines; what follows belongs to `stage`."""

    async def pass_over(self, after: int) -> None:
        """Take what is fed from now on for a program's output from its beginning, and store none of it twice.

        What the log holds of that output is all that follows line `after`. Where something else comes, `feed` raises
        Trouble("OUTPUT_DIFFERS").
        """

    async def passed_whole(self) -> None:
        """Tell that all of it was fed. Raises Trouble("OUTPUT_DIFFERS") where less came than the log holds."""

    async def last_output(self, lines: int, characters: int) -> list[LogRecord]:
        """Return the program's own last records: at most `lines`, and no more than hold `characters`, one at least."""


class Logs(Protocol):
    def open(self, relative: str) -> AbstractAsyncContextManager[LogWriter]:
        """Open a log below the data directory for appending (numbers go on); flushed and synced when left."""

    async def read(self, relative: str, first: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` records from number `first` (inclusive, 0 = 1); one seek, whatever the log's length.

        Fewer where they exceed 4 MiB, but one at least."""

    async def total(self, relative: str) -> int: ...

    async def search(self, relative: str, query: str, *, regex: bool, first: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` matching records from `first`, fewer where they exceed 4 MiB.

        ValueError with the reason for what cannot be searched for.
        """

    async def wait_beyond(self, relative: str, number: int) -> None:
        """Return when the log holds a record after `number`, or nobody writes to it any more."""

    def is_open(self, relative: str) -> bool: ...

    def path(self, relative: str) -> Path: ...
