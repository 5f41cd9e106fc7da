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
# What is kept for whoever comes to the same place, in characters: some seconds of a log that is being written.
MOST_CHARACTERS: Final = 4 * 1024 * 1024
# What a record takes beside its text.
RECORD: Final = 200
# A page that was not full is given out so long, in seconds: to those who follow together, and so keep step. Whoever
# comes later gets all there is by then, and not the pieces in which it came.
FRESH: Final = 1.0


@dataclass(slots=True, eq=False)
class Page:
    """Lines of one build that follow one another."""

    records: Sequence[LogRecord]
    characters: int
    read_at: float
    _batch: str | None = None

    def is_fresh(self) -> bool:
        return len(self.records) == PAGE_LINES or trio.current_time() - self.read_at < FRESH

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
        # How many follow a log live; each of them says so.
        self.followers = 0
        self._turns = trio.Lock()
        # The one that was asked for longest ago is the first.
        self._kept: dict[tuple[str, int], Page] = {}
        self._characters = 0
        self._readings: dict[tuple[str, int], _Reading] = {}

    async def page(self, path: str, first: int) -> Page:
        """Return lines from number `first` on; without any where there were none when it was called. Raises Trouble."""
        # One in a pass of the loop, then the next: so that others of the service have their turns between a crowd's.
        async with self._turns:
            pass
        place = (path, first)
        while place in self._readings:
            reading = self._readings[place]
            await reading.done.wait()
            # One that found nothing may have looked before this was called.
            if reading.page is not None and reading.page.records:
                return reading.page
        kept = self._take(place)
        if kept is None or not kept.is_fresh():
            return await self._read(place)
        self._keep(place, kept)
        await trio.lowlevel.checkpoint()
        return kept

    async def _read(self, place: tuple[str, int]) -> Page:
        reading = self._readings[place] = _Reading()
        try:
            records = await self._logs.read(*place, PAGE_LINES)
            characters = sum(RECORD + len(each.text) for each in records)
            reading.page = Page(records, characters, trio.current_time())
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
            self._take(next(iter(self._kept)))

    def _take(self, place: tuple[str, int]) -> Page | None:
        page = self._kept.pop(place, None)
        if page is not None:
            self._characters -= page.characters
        return page
