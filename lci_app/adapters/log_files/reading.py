"""Reads a stored log: any page by one seek, and never past the end that its writer has published."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from lci_app.adapters.log_files.files import open_for_reading, whole_records
from lci_app.adapters.log_files.index import (
    DamagedError,
    Entry,
    entry_at,
    entry_count,
    index_path,
    last_entry,
    ordinal_before,
)
from lci_app.adapters.log_files.mending import check_whole
from lci_app.adapters.log_files.recent import RecentBlocks
from lci_app.core.log_lines import decode, texts
from lci_app.core.log_resume import StoredOutput
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord

# After the last entry.
_END: Final = Entry(sys.maxsize, sys.maxsize)
# A page ends early where its records are so long that they would fill the memory.
PAGE_BYTES: Final = 4 * 1024 * 1024
# Read at once on the way back from a log's end: 6 MiB where each is as long as a line may be.
_LINES_AT_ONCE: Final = 100


class LogReader:
    """A log as it was when it was opened. `size` is its end; what is written afterwards is not looked at."""

    def __init__(self, log: int, index: int, size: int, recent: RecentBlocks | None) -> None:
        self._log = log
        self._index = index
        self._recent = recent
        self.size = size

    def total(self) -> int:
        if not self.size:
            return 0
        last = last_entry(self._index)
        return last.number - 1 + sum(block.count(b"\n") for block in whole_records(self._log, last.offset, self.size))

    def entry_before(self, number: int) -> Entry:
        """Return the place to begin at for what comes from `number` on. The log must not be empty."""
        return entry_at(self._index, ordinal_before(self._index, number))

    def page(self, first: int, limit: int) -> list[LogRecord]:
        """Return up to `limit` records from `first`; fewer, but one at least, where they exceed PAGE_BYTES."""
        records: list[LogRecord] = []
        length = 0
        for start, end in self._blocks(first):
            if len(records) >= limit or length >= PAGE_BYTES:
                break
            skip = max(0, first - start.number)
            records += self._records(start, end, skip, limit - len(records))
            length += end.offset - start.offset
        return records

    def _blocks(self, first: int) -> Iterator[tuple[Entry, Entry]]:
        """Yield where each block from the one with record `first` on begins and ends."""
        if not self.size:
            return
        ordinal, count = ordinal_before(self._index, first), entry_count(self._index)
        start = entry_at(self._index, ordinal)
        while start.offset < self.size:
            ordinal += 1
            end = entry_at(self._index, ordinal) if ordinal < count else _END
            yield start, end if end.offset < self.size else Entry(_END.number, self.size)
            start = end

    def _records(self, start: Entry, end: Entry, skip: int, limit: int) -> list[LogRecord]:
        if self._recent is not None:
            known = self._recent.records(start, end.offset, self._load)
            return known[skip : min(skip + limit, end.number - start.number)]
        data = self._load(start.offset, end.offset).split(b"\n", skip)[-1]
        return [LogRecord(number, *fields) for number, fields in enumerate(decode(data, limit), start.number + skip)]

    def _load(self, start: int, end: int) -> bytes:
        return os.pread(self._log, end - start, start)

    def last_output(self, last: int, lines: int, characters: int) -> list[LogRecord]:
        """Return the last records up to number `last` that are not lci's own: `lines`, or as many as `characters` hold.

        One at least, where there is any.
        """
        found: list[LogRecord] = []
        while last > 0:
            first = max(1, last - _LINES_AT_ONCE + 1)
            for record in reversed([*self._all(first, last)]):
                if record.stream is Stream.SYSTEM:
                    continue
                characters -= len(record.text)
                if found and (len(found) == lines or characters < 0):
                    return found[::-1]
                found.append(record)
            last = first - 1
        return found[::-1]

    def stored_output(self, after: int) -> Mapping[Stream, StoredOutput]:
        """Return what there is of a program's own output behind record number `after`."""
        found = {Stream.STDOUT: StoredOutput(), Stream.STDERR: StoredOutput()}
        if not self.size:
            return found
        start = self.entry_before(after + 1)
        skip = max(0, after + 1 - start.number)
        for block in whole_records(self._log, start.offset, self.size):
            passed = min(skip, block.count(b"\n"))
            skip -= passed
            for stream, text in texts(block.split(b"\n", passed)[-1]):
                if stream in found:
                    found[stream].add(text)
        return found

    def _all(self, first: int, last: int) -> Iterator[LogRecord]:
        while first <= last and (page := self.page(first, last - first + 1)):
            yield from page
            first = page[-1].number + 1


@contextmanager
def reading(path: Path, published: int | None, recent: RecentBlocks | None = None) -> Iterator[LogReader]:
    """Open a log up to its `published` size, or, where nobody writes it, up to its end.

    Raises FileNotFoundError where there is no log, and DamagedError where it needs mending first.
    """
    with ExitStack() as stack:
        log = open_for_reading(path)
        stack.callback(os.close, log)
        try:
            index = open_for_reading(index_path(path))
        except FileNotFoundError:
            raise DamagedError from None
        stack.callback(os.close, index)
        size = os.fstat(log).st_size if published is None else published
        if published is None:
            check_whole(log, index, size)
        yield LogReader(log, index, size, recent)
