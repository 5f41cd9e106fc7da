"""What a log holds of a program's output already, passed over when the whole output comes once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from lci_app.core.log_lines import Run


class OutputDiffers(Exception):
    """What comes is not what the log holds: it cannot be the same output from its beginning."""


class StoredOutput:
    """Of one stream, in their order: how many records there are, and what their texts come to."""

    def __init__(self) -> None:
        self.records = 0
        self._digest = blake2b()

    def add(self, lines: bytes) -> None:
        """Add records by their texts, each ended by a newline."""
        self.records += lines.count(b"\n")
        self._digest.update(lines)

    def is_same(self, other: StoredOutput) -> bool:
        return self.records == other.records and self._digest.digest() == other._digest.digest()


class PassedOver:
    """Leaves out of a stream's lines those at its beginning that are stored."""

    def __init__(self, stored: StoredOutput) -> None:
        self._stored = stored
        self._seen = StoredOutput()

    @property
    def missing(self) -> int:
        """How many stored records have not come again yet."""
        return self._stored.records - self._seen.records

    def rest(self, runs: Iterable[Run]) -> Iterator[Run]:
        """Yield what is not stored yet. Raises OutputDiffers."""
        for run in runs:
            start = self._pass(run.lines)
            if start < len(run.lines):
                yield Run(run.lines[start:], run.continued)

    def _pass(self, lines: bytes) -> int:
        """Return where in `lines` begins what is new."""
        missing = self.missing
        if not missing:
            return 0
        end = len(lines) if lines.count(b"\n") <= missing else _after(lines, missing)
        self._seen.add(lines[:end])
        if not self.missing and not self._seen.is_same(self._stored):
            raise OutputDiffers
        return end


def _after(lines: bytes, number: int) -> int:
    """Return where the first `number` lines end."""
    end = 0
    for _ in range(number):
        end = lines.index(b"\n", end) + 1
    return end
