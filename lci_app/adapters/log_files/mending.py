"""Puts right what a crash, or a rotten disk, has done to a log and its index."""

from __future__ import annotations

import os

from lci_app.adapters.log_files.files import whole_records, write_whole
from lci_app.adapters.log_files.index import (
    BLOCK_BYTES,
    ENTRY_BYTES,
    DamagedError,
    Entry,
    Tail,
    entry_at,
    entry_count,
    extended,
    last_entry,
)
from lci_app.core.log_lines import MAX_RECORD_BYTES, holds_text


def check_whole(log: int, index: int, size: int) -> None:
    """Look at the end of a log of `size` bytes that nobody writes. Raises DamagedError where it needs mending."""
    if not size:
        return
    unindexed = size - last_entry(index).offset
    if not 0 < unindexed <= BLOCK_BYTES + MAX_RECORD_BYTES or os.pread(log, 1, size - 1) != b"\n":
        raise DamagedError


def mend(log: int, index: int) -> Tail:
    """Make the log end with a whole record and its index complete; return where it ends.

    The last record, where a crash has torn it, is ended where it stops; only one without any text is taken away.
    """
    _mend_end(log)
    return mend_index(log, index)


def _mend_end(log: int) -> None:
    size = os.fstat(log).st_size
    start = max(0, size - MAX_RECORD_BYTES)
    last = os.pread(log, size - start, start)
    torn = last[last.rfind(b"\n") + 1 :]
    if not torn:
        return
    if holds_text(torn):
        write_whole(log, b"\n")
    else:
        os.ftruncate(log, size - len(torn))


def mend_index(log: int, index: int) -> Tail:
    """Keep what is sound of the index and write the rest anew from the log, which ends with a whole record."""
    size = os.fstat(log).st_size
    kept, last = _sound_entries(log, index, size)
    os.ftruncate(index, kept * ENTRY_BYTES)
    tail = Tail() if last is None else Tail(last.offset, last.number - 1, last.offset)
    for records in whole_records(log, tail.size, size):
        tail, entries = extended(tail, records)
        write_whole(index, entries)
    return tail


def _sound_entries(log: int, index: int, size: int) -> tuple[int, Entry | None]:
    """Return how many entries from the first on can be true, and the last of them."""
    kept, last = 0, None
    for ordinal in range(entry_count(index)):
        try:
            entry = entry_at(index, ordinal)
        except DamagedError:
            break
        follows = entry == (1, 0) if last is None else entry > last and entry.offset > last.offset
        if not follows or entry.offset >= size:
            break
        kept, last = ordinal + 1, entry
    if last is not None and last.offset and os.pread(log, 1, last.offset - 1) != b"\n":
        return 0, None
    return kept, last
