"""Writes one build's log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import trio

from lci_app.adapters.log_files.files import open_for_appending, write_whole
from lci_app.adapters.log_files.followers import Followers
from lci_app.adapters.log_files.index import ENTRY_BYTES, Tail, entry_count, extended, index_path
from lci_app.adapters.log_files.mending import mend, mend_index
from lci_app.adapters.log_files.reading import reading
from lci_app.adapters.log_files.recent import RecentBlocks
from lci_app.core.log_lines import LineCutter, Run, encode, is_stage_name
from lci_app.core.log_resume import OutputDiffers, PassedOver
from lci_app.core.masking import NOTHING, Mask, MaskedStream
from lci_app.core.model import Stream
from lci_app.interfaces import Clock, LogRecord, Trouble


class BuildLogWriter:
    """An `interfaces.LogWriter`. Whoever makes it calls `close`, in a thread, and rings its followers after."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        followers: Followers,
        limiter: trio.CapacityLimiter,
        alarm: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the log, mended where a crash has torn it. Blocks on the disk. Raises OSError.

        `alarm` is called, in any thread, whenever the disk has failed a write.
        """
        self._alarm = alarm
        self._path = path
        self._clock = clock
        self._limiter = limiter
        self.followers = followers
        self.recent = RecentBlocks()
        # Held while lines are cut and stored, so that each stream's bytes stay in their order.
        self._lock = Lock()
        self._cutters = {stream: LineCutter() for stream in Stream}
        self._mask = NOTHING
        self._streams = {stream: MaskedStream(NOTHING) for stream in Stream}
        self._stage = ""
        # What a program printed that is stored already, while it comes again.
        self._passed: Mapping[Stream, PassedOver] = {}
        self._closed = False
        with ExitStack() as opened:
            self._log = open_for_appending(path)
            opened.callback(os.close, self._log)
            self._index = open_for_appending(index_path(path))
            opened.callback(os.close, self._index)
            # What readers may see: replaced as one, after the records and their entries are in the files.
            self.tail = mend(self._log, self._index)
            opened.pop_all()

    @property
    def last_number(self) -> int:
        return self.tail.total

    def feed(self, stream: Stream, data: bytes) -> None:
        with self._lock:
            self._store(stream, self._not_passed(stream, self._cutters[stream].feed(self._streams[stream].feed(data))))

    async def system(self, text: str) -> int:
        return await trio.to_thread.run_sync(self._system, text, limiter=self._limiter)

    async def mask(self, mask: Mask) -> None:
        await trio.to_thread.run_sync(self._set_mask, mask, limiter=self._limiter)

    async def begin_stage(self, stage: str) -> None:
        if not is_stage_name(stage):
            raise ValueError(f"{stage!r} cannot name a stage: it needs 1 to 64 printable characters without a space")
        await trio.to_thread.run_sync(self._begin_stage, stage, limiter=self._limiter)

    async def pass_over(self, after: int) -> None:
        await trio.to_thread.run_sync(self._pass_over, after, limiter=self._limiter)

    async def passed_whole(self) -> None:
        await trio.to_thread.run_sync(self._passed_whole, limiter=self._limiter)

    async def last_output(self, lines: int, characters: int) -> list[LogRecord]:
        return await trio.to_thread.run_sync(self._last_output, lines, characters, limiter=self._limiter)

    def close(self) -> None:
        """Store the unfinished lines, sync and close. Raises Trouble; it is closed nevertheless."""
        with self._lock:
            if self._closed:
                return
            try:
                self._flush()
                self._sync()
            finally:
                self._closed = True
                os.close(self._log)
                os.close(self._index)

    def mend_index(self) -> Tail:
        """Replace an index that was found missing or rotten."""
        with self._lock:
            if not self._closed:
                replaced, self._index = self._index, open_for_appending(index_path(self._path))
                os.close(replaced)
                mend_index(self._log, self._index)
            return self.tail

    def _system(self, text: str) -> int:
        with self._lock:
            cutter = LineCutter()
            lines = text if text.endswith("\n") else text + "\n"
            self._store(Stream.SYSTEM, cutter.feed(self._mask.in_bytes(lines.encode(errors="replace"))))
            return self.tail.total

    def _set_mask(self, mask: Mask) -> None:
        with self._lock:
            self._flush()
            self._mask = mask
            self._streams = {stream: MaskedStream(mask) for stream in Stream}

    def _begin_stage(self, stage: str) -> None:
        with self._lock:
            self._flush()
            self._stage = stage

    def _pass_over(self, after: int) -> None:
        with self._lock, reading(self._path, self.tail.size) as reader:
            self._passed = {stream: PassedOver(stored) for stream, stored in reader.stored_output(after).items()}

    def _passed_whole(self) -> None:
        with self._lock:
            self._flush()
            missing = sum(passed.missing for passed in self._passed.values())
            self._passed = {}
        if missing:
            raise self._differs(f"{missing} lines of it did not come again")

    def _not_passed(self, stream: Stream, runs: Iterator[Run]) -> Iterator[Run]:
        passed = self._passed.get(stream)
        return runs if passed is None else passed.rest(runs)

    def _differs(self, how: str) -> Trouble:
        return Trouble("OUTPUT_DIFFERS", f"the output is not the one that the log {self._path.name} holds: {how}")

    def _last_output(self, lines: int, characters: int) -> list[LogRecord]:
        with self._lock:
            self._flush()
            tail = self.tail
        with reading(self._path, tail.size) as reader:
            return reader.last_output(tail.total, lines, characters)

    def _flush(self) -> None:
        for stream, cutter in self._cutters.items():
            self._store(stream, self._not_passed(stream, cutter.feed(self._streams[stream].flush())))
            self._store(stream, self._not_passed(stream, cutter.flush()))

    def _store(self, stream: Stream, runs: Iterable[Run]) -> None:
        timestamp = self._clock.now()
        try:
            records = b"".join([encode(run, timestamp, stream, self._stage) for run in runs])
        except OutputDiffers:
            raise self._differs("its beginning is another") from None
        if not records:
            return
        if self._closed:
            raise Trouble("LOG_FAILED", f"the log {self._path.name} is closed: nothing can be added to it")
        tail, entries = extended(self.tail, records)
        indexed = entry_count(self._index)
        try:
            write_whole(self._log, records)
            write_whole(self._index, entries)
        except OSError as error:
            self._take_back(indexed)
            raise self._trouble("be written", error) from error
        self.tail = tail
        self.followers.ring_soon()

    def _take_back(self, indexed: int) -> None:
        try:
            os.ftruncate(self._log, self.tail.size)
            os.ftruncate(self._index, indexed * ENTRY_BYTES)
        except OSError as error:
            raise self._trouble("be cut back after a failed write", error) from error

    def _sync(self) -> None:
        try:
            os.fsync(self._log)
            os.fsync(self._index)
        except OSError as error:
            raise self._trouble("be synced to the disk", error) from error

    def _trouble(self, what: str, error: OSError) -> Trouble:
        self._alarm()
        return Trouble("LOG_FAILED", f"the log {self._path} cannot {what}: {error.strerror or error}")
