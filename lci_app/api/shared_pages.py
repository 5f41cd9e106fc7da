"""Pages of stored logs as viewers read them: a crowd at one place of a log has it read, and written as JSON, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import trio

from lci_app.api.wire.logs import log_batch_message
from lci_app.interfaces import LogRecord, Logs

# A line has up to 64 KiB: more at a time would let one viewer weigh on the service.
PAGE_LINES: Final = 500
# Of text that is kept for whoever comes to the same place; some seconds of a log that is being written.
MOST_CHARACTERS: Final = 4 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Page:
    """Lines of one build that follow one another."""

    records: Sequence[LogRecord]
    characters: int
    _batch: str | None = None

    def batch(self, build_id: int) -> str:
        """Return the WebSocket message that holds them all."""
        if self._batch is None:
            self._batch = log_batch_message(build_id, self.records)
        return self._batch


@dataclass(slots=True, eq=False)
class _Reading:
    done: trio.Event = field(default_factory=trio.Event)
    page: Page | None = None


class SharedPages:
    """What is stored never changes: a page that was read once is right for ever, only more may follow it."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        # The one that was asked for longest ago is the first.
        self._kept: dict[tuple[str, int], Page] = {}
        self._characters = 0
        self._readings: dict[tuple[str, int], _Reading] = {}

    async def page(self, path: str, first: int) -> Page:
        """Return lines from number `first` on; without any where there were none when it was called. Raises Trouble."""
        place = (path, first)
        while place in self._readings:
            reading = self._readings[place]
            await reading.done.wait()
            # One that found nothing may have looked before this was called.
            if reading.page is not None and reading.page.records:
                return reading.page
        kept = self._kept.pop(place, None)
        if kept is not None:
            self._kept[place] = kept
            await trio.lowlevel.checkpoint()
            return kept
        return await self._read(place)

    async def _read(self, place: tuple[str, int]) -> Page:
        reading = self._readings[place] = _Reading()
        try:
            records = await self._logs.read(*place, PAGE_LINES)
            reading.page = Page(records, sum(len(each.text) for each in records))
        finally:
            del self._readings[place]
            reading.done.set()
        if records:
            self._keep(place, reading.page)
        return reading.page

    def _keep(self, place: tuple[str, int], page: Page) -> None:
        self._kept[place] = page
        self._characters += page.characters
        while self._characters > MOST_CHARACTERS:
            oldest = next(iter(self._kept))
            self._characters -= self._kept.pop(oldest).characters
