"""All build logs of one data directory: opened, read, searched and followed."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Final, TypeVar

import trio

from lci_app.adapters.log_files.files import make_directories, open_for_appending
from lci_app.adapters.log_files.followers import Followers
from lci_app.adapters.log_files.index import DamagedError, Entry, Tail, index_path
from lci_app.adapters.log_files.mending import mend
from lci_app.adapters.log_files.reading import PAGE_BYTES, LogReader, reading
from lci_app.adapters.log_files.regex_child import Request
from lci_app.adapters.log_files.regex_search import regex_search
from lci_app.adapters.log_files.substring_search import substring_search
from lci_app.adapters.log_files.writer import BuildLogWriter
from lci_app.interfaces import Clock, LogRecord, LogWriter, Trouble

# Readers share few threads, so that a crowd of viewers cannot take the processor from the builds' output.
READING_THREADS: Final = 2
SEARCHING_THREADS: Final = 2
# A disk that takes longer to sync a finished log is given up on, so that it cannot keep lci from ending.
CLOSE_SECONDS: Final = 30.0

REGEX_COMMAND: Final = (sys.executable, "-P", "-m", "lci_app.adapters.log_files.regex_child")

T = TypeVar("T")


class LogFiles:
    """`interfaces.Logs` on files below `directory`; `regex_command` starts `regex_child.main`.

    `alarm` is called, in the event loop, whenever the disk has failed a write.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        regex_command: Sequence[str] = REGEX_COMMAND,
        alarm: Callable[[], None] = lambda: None,
    ) -> None:
        self._alarm = alarm
        self._directory = directory
        self._clock = clock
        self._regex_command = regex_command
        self._readers = trio.CapacityLimiter(READING_THREADS)
        self._searchers = trio.CapacityLimiter(SEARCHING_THREADS)
        self._writers: dict[Path, BuildLogWriter] = {}
        # Held while a log is opened for writing or mended: one that is being written must not be mended from outside.
        self._mending = Lock()

    @asynccontextmanager
    async def open(self, relative: str) -> AsyncIterator[LogWriter]:
        """Open a log for appending, by one writer at a time. Raises Trouble("LOG_FAILED")."""
        path = self.path(relative)
        # One for each log: its system lines keep their order, and a slow disk under one holds up no other.
        limiter = trio.CapacityLimiter(1)
        followers = Followers()
        alarm = partial(_call_soon, trio.lowlevel.current_trio_token(), self._alarm)
        opening = partial(BuildLogWriter, path, self._clock, followers, limiter, alarm)
        try:
            writer = await trio.to_thread.run_sync(self._open, path, opening, limiter=limiter)
        except Trouble:
            self._alarm()
            raise
        try:
            yield writer
        finally:
            with trio.move_on_after(CLOSE_SECONDS, shield=True) as patience:
                try:
                    await trio.to_thread.run_sync(writer.close, abandon_on_cancel=True, limiter=limiter)
                finally:
                    del self._writers[path]
                    followers.ring()
            if patience.cancelled_caught:
                raise Trouble("LOG_FAILED", f"{path}: the disk did not take the last lines in {CLOSE_SECONDS:.0f} s")

    async def read(self, relative: str, first: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` records from `first`; fewer, but one at least, where they exceed 4 MiB."""
        first = max(first, 1)
        return await self._use(relative, [], lambda reader: reader.page(first, limit))

    async def total(self, relative: str) -> int:
        writer = self._writers.get(self.path(relative))
        if writer is not None:
            await trio.lowlevel.checkpoint()
            return writer.last_number
        return await self._use(relative, 0, LogReader.total)

    async def search(self, relative: str, query: str, *, regex: bool, first: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` records whose text holds `query`.

        A substring in lower case matches either case (of the letters a to z); a regular expression is Python's, and
        is given ten seconds. Raises ValueError for one that is malformed or takes longer.
        """
        first = max(first, 1)
        path = self.path(relative)
        start = await self._use(relative, None, lambda reader: _search_start(reader, first))
        if start is None or limit <= 0:
            return []
        if not regex:
            with _trouble(path, "searched"), closing(substring_search(path, *start, query, first)) as steps:
                return await _up_to(limit, steps, self._searchers)
        entry, size = start
        request = Request(
            path=str(path),
            number=entry.number,
            offset=entry.offset,
            size=size,
            query=query,
            first=first,
            limit=limit,
            max_bytes=PAGE_BYTES,
        )
        async with self._searchers:
            return await regex_search(self._regex_command, request)

    async def wait_beyond(self, relative: str, number: int) -> None:
        path = self.path(relative)
        writer = self._writers.get(path)
        if writer is None:
            await trio.lowlevel.checkpoint()
            return
        await writer.followers.wait(lambda: writer.last_number > number or self._writers.get(path) is not writer)

    def is_open(self, relative: str) -> bool:
        return self.path(relative) in self._writers

    def path(self, relative: str) -> Path:
        """Return where the log is, or would be. Raises ValueError for a path that leads out of the data directory."""
        parts = PurePosixPath(relative)
        if not parts.name or parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"{relative!r} is not a path below the data directory")
        return self._directory / parts

    def _open(self, path: Path, opening: Callable[[], BuildLogWriter]) -> BuildLogWriter:
        with self._mending, _trouble(path, "opened"):
            if path in self._writers:
                raise RuntimeError(f"{path} is being written already")
            make_directories(self._directory, path.parent)
            writer = self._writers[path] = opening()
            return writer

    async def _use(self, relative: str, missing: T, use: Callable[[LogReader], T]) -> T:
        """Run `use` in a thread on the log as it is now; returns `missing` where there is no such log."""
        path = self.path(relative)

        def call() -> T:
            with _trouble(path, "read"):
                try:
                    return self._mended(path, use)
                except FileNotFoundError:
                    return missing

        return await trio.to_thread.run_sync(call, limiter=self._readers)

    def _mended(self, path: Path, use: Callable[[LogReader], T]) -> T:
        writer = self._writers.get(path)
        published, recent = (None, None) if writer is None else (writer.tail.size, writer.recent)
        try:
            with reading(path, published, recent) as reader:
                return use(reader)
        except DamagedError:
            tail = self._mend(path)
        with reading(path, tail.size) as reader:
            return use(reader)

    def _mend(self, path: Path) -> Tail:
        with self._mending, ExitStack() as stack:
            writer = self._writers.get(path)
            if writer is not None:
                return writer.mend_index()
            log = open_for_appending(path)
            stack.callback(os.close, log)
            index = open_for_appending(index_path(path))
            stack.callback(os.close, index)
            return mend(log, index)


def _search_start(reader: LogReader, first: int) -> tuple[Entry, int] | None:
    return (reader.entry_before(first), reader.size) if reader.size else None


async def _up_to(limit: int, steps: Iterator[list[LogRecord]], threads: trio.CapacityLimiter) -> list[LogRecord]:
    """Collect what a search finds, one step after the other, each in a thread."""
    found: list[LogRecord] = []
    length = 0
    while len(found) < limit and length < PAGE_BYTES:
        step = await trio.to_thread.run_sync(next, steps, None, limiter=threads)
        if step is None:
            break
        found += step
        length += sum(len(record.text) for record in step)
    return found[:limit]


def _call_soon(loop: trio.lowlevel.TrioToken, function: Callable[[], None]) -> None:
    """Have a function called in the event loop, from any thread; a loop that has ended calls nothing any more."""
    with suppress(trio.RunFinishedError):
        loop.run_sync_soon(function, idempotent=True)


@contextmanager
def _trouble(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Trouble("LOG_FAILED", f"the log {path} cannot be {what}: {error.strerror or error}") from error
    except DamagedError as error:
        raise Trouble("LOG_FAILED", f"the log {path} cannot be {what}: its index stays damaged") from error
