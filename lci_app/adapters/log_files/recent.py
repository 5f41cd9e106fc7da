"""What is read of a log while it is written, kept parsed: a crowd of viewers reads the same lines at the same time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from lci_app.adapters.log_files.index import Entry
from lci_app.core.log_lines import decode
from lci_app.interfaces import LogRecord

# About 10,000 ordinary lines in a few MB: two of the longest pages, so that viewers of one log need not keep step.
MAX_BLOCKS: Final = 128


@dataclass(slots=True)
class _Block:
    """Its records so far, and the offset of what follows them."""

    end: int
    records: list[LogRecord] = field(default_factory=list)


class RecentBlocks:
    """The blocks of one log that were asked for last. Stored lines never change, so that nothing here gets stale."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks: dict[int, _Block] = {}

    def records(self, start: Entry, end: int, load: Callable[[int, int], bytes]) -> list[LogRecord]:
        """Return the records from `start`, at least up to offset `end`; `load(start, end)` gives what is not kept."""
        with self._lock:
            block = self._blocks.pop(start.offset, None) or _Block(start.offset)
            # Taken out and put in again: a dictionary's first key is the one that was asked for longest ago.
            self._blocks[start.offset] = block
            if block.end < end:
                lines = decode(load(block.end, end), sys.maxsize)
                following = start.number + len(block.records)
                block.records += [LogRecord(number, *fields) for number, fields in enumerate(lines, following)]
                block.end = end
            if len(self._blocks) > MAX_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            return block.records
