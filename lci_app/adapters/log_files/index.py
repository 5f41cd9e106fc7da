"""The index beside a log: which record begins where, once every few KiB of the log.

Its entries have a fixed size, so the one to begin at is found by bisection; they are spaced by bytes and not by
records, so that what has to be skipped is little however long the lines are. Entries are hints: each is true by
itself (it bears a checksum), and where some are missing, reading skips more and is as right.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

# The most that lies between two entries, unless a single record is longer.
BLOCK_BYTES: Final = 8 * 1024

_PLACE: Final = struct.Struct("<QQ")
_CHECKSUM: Final = struct.Struct("<I")
ENTRY_BYTES: Final = _PLACE.size + _CHECKSUM.size


class DamagedError(Exception):
    """The log's end or its index is not what it has to be; `mending.mend` puts it right."""


class Entry(NamedTuple):
    """A record's number, and the offset of its first byte in the log."""

    number: int
    offset: int


class Tail(NamedTuple):
    """Where a log ends: its bytes, its records, and the offset of its last entry (-1 where it has none)."""

    size: int = 0
    total: int = 0
    last_entry: int = -1


def index_path(log: Path) -> Path:
    return log.with_name(log.name + ".idx")


def pack(entry: Entry) -> bytes:
    place = _PLACE.pack(*entry)
    return place + _CHECKSUM.pack(zlib.crc32(place))


def extended(tail: Tail, records: bytes) -> tuple[Tail, bytes]:
    """Return where the log ends after these whole records, and the entries that the index has to get for them."""
    size, total, last_entry = tail
    entries = []
    for length, count in _blocks(records):
        if last_entry < 0 or size + length - last_entry > BLOCK_BYTES:
            entries.append(pack(Entry(total + 1, size)))
            last_entry = size
        size += length
        total += count
    return Tail(size, total, last_entry), b"".join(entries)


def _blocks(records: bytes) -> Iterator[tuple[int, int]]:
    """Yield length and number of records of parts that are no longer than a block, or a single record."""
    start = 0
    while start < len(records):
        end = records.rfind(b"\n", start, start + BLOCK_BYTES) + 1
        end = end or records.index(b"\n", start + BLOCK_BYTES) + 1
        yield end - start, records.count(b"\n", start, end)
        start = end


def entry_count(index: int) -> int:
    return os.fstat(index).st_size // ENTRY_BYTES


def entry_at(index: int, ordinal: int) -> Entry:
    """Return the entry at this place, counted from 0. Raises DamagedError where there is no sound one."""
    data = os.pread(index, ENTRY_BYTES, ordinal * ENTRY_BYTES)
    place = data[: _PLACE.size]
    if len(data) < ENTRY_BYTES or _CHECKSUM.pack(zlib.crc32(place)) != data[_PLACE.size :]:
        raise DamagedError
    return Entry(*_PLACE.unpack(place))


def last_entry(index: int) -> Entry:
    """Raises DamagedError where there is none."""
    return entry_at(index, _last(entry_count(index)))


def ordinal_before(index: int, number: int) -> int:
    """Return the place of the last entry that is not after record `number`. Raises DamagedError where there is none."""
    ordinals = range(entry_count(index))
    return _last(bisect_right(ordinals, number, key=lambda ordinal: entry_at(index, ordinal).number))


def _last(count: int) -> int:
    if not count:
        raise DamagedError
    return count - 1
