"""Finds the lines that hold a text: by the whole block first, so that only what is found costs anything.

Colours within the text are no part of it, unless they are what is looked for.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

from lci_app.adapters.log_files.files import open_for_reading, whole_records
from lci_app.adapters.log_files.index import Entry
from lci_app.core.log_lines import decode, text_start
from lci_app.core.terminal import ESCAPE, plain_bytes
from lci_app.interfaces import LogRecord


def substring_search(
    path: Path, start: Entry, size: int, query: str, first: int
) -> Generator[list[LogRecord], None, None]:
    """Yield the matching records from number `first` on, a list for each step of STEP_BYTES. Blocks on the disk."""
    needle = query.encode(errors="surrogatepass")
    if b"\n" in needle:
        return
    log = open_for_reading(path)
    try:
        number = start.number
        for block in whole_records(log, start.offset, size):
            yield [
                LogRecord(number + line, *next(decode(record, 1)))
                for line, record in _matches(block, needle)
                if number + line >= first
            ]
            number += block.count(b"\n")
    finally:
        os.close(log)


def _matches(block: bytes, needle: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each record whose text holds the needle, with its place among the block's records, from 0."""
    shown = block if ESCAPE.encode() in needle else plain_bytes(block)
    if shown is block:
        yield from _holding(block, needle)
        return
    records: list[bytes] = []
    for line, _ in _holding(shown, needle):
        # `splitlines` would part a record at a carriage return, too.
        records = records or block.split(b"\n")
        yield line, records[line] + b"\n"


def _holding(block: bytes, needle: bytes) -> Iterator[tuple[int, bytes]]:
    folded = block.lower() if needle == needle.lower() else block
    lines = counted = begin = 0
    while (hit := folded.find(needle, begin)) >= 0:
        start = block.rfind(b"\n", begin, hit) + 1 or begin
        end = block.find(b"\n", hit)
        if end < 0:
            return
        text = start + text_start(block[start : end + 1])
        if hit >= text or folded.find(needle, text, end) >= 0:
            lines += block.count(b"\n", counted, start)
            counted = start
            yield lines, block[start : end + 1]
        begin = end + 1
