"""Logs in memory, as `interfaces.Logs` promises them to those who write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord, LogWriter, Trouble
from tests.makers import NOW


@dataclass
class LogsDouble:
    """`full` names what fails as it does on a full disk: `open`, `write`, `close`."""

    records: dict[str, list[LogRecord]] = field(default_factory=dict)
    open_now: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def open(self, relative: str) -> AsyncIterator[LogWriter]:
        await trio.lowlevel.checkpoint()
        self.need_room("open")
        self.open_now.add(relative)
        writer = _Writer(self, self.records.setdefault(relative, []))
        try:
            yield writer
        finally:
            self.open_now.discard(relative)
            self.need_room("close")

    async def read(self, relative: str, first: int, limit: int) -> list[LogRecord]:
        await trio.lowlevel.checkpoint()
        return self.records.get(relative, [])[max(first, 1) - 1 :][:limit]

    async def total(self, relative: str) -> int:
        await trio.lowlevel.checkpoint()
        return len(self.records.get(relative, []))

    async def search(self, relative: str, query: str, *, regex: bool, first: int, limit: int) -> list[LogRecord]:
        return [each for each in await self.read(relative, first, limit) if query in each.text]

    async def wait_beyond(self, relative: str, number: int) -> None:
        await trio.lowlevel.checkpoint()

    def is_open(self, relative: str) -> bool:
        return relative in self.open_now

    def path(self, relative: str) -> Path:
        return Path(relative)

    def texts(self, relative: str) -> list[str]:
        return [each.text for each in self.records.get(relative, [])]

    def need_room(self, what: str) -> None:
        if what in self.full:
            raise Trouble("LOG_FAILED", "no space left on device")


@dataclass
class _Writer:
    logs: LogsDouble
    records: list[LogRecord]
    stage: str = ""
    masked: Mask = NOTHING
    passed: list[tuple[Stream, str]] = field(default_factory=list)

    @property
    def last_number(self) -> int:
        return len(self.records)

    async def pass_over(self, after: int) -> None:
        await trio.lowlevel.checkpoint()
        self.passed = [(each.stream, each.text) for each in self.records[after:] if each.stream is not Stream.SYSTEM]

    async def passed_whole(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.passed:
            raise Trouble("OUTPUT_DIFFERS", "not all of it came again")

    def feed(self, stream: Stream, data: bytes) -> None:
        self.logs.need_room("write")
        for line in self.masked.in_bytes(data).decode().splitlines():
            if self.passed and stream is not Stream.SYSTEM:
                if self.passed.pop(0) != (stream, line):
                    raise Trouble("OUTPUT_DIFFERS", "something else came")
                continue
            self.records.append(LogRecord(len(self.records) + 1, NOW, stream, self.stage, line))

    async def system(self, text: str) -> int:
        await trio.lowlevel.checkpoint()
        self.feed(Stream.SYSTEM, text.encode())
        return self.last_number

    async def mask(self, mask: Mask) -> None:
        await trio.lowlevel.checkpoint()
        self.masked = mask

    async def begin_stage(self, stage: str) -> None:
        await trio.lowlevel.checkpoint()
        self.stage = stage

    async def last_output(self, lines: int, characters: int) -> list[LogRecord]:
        await trio.lowlevel.checkpoint()
        found = [each for each in self.records if each.stream is not Stream.SYSTEM][-lines:]
        while len(found) > 1 and sum(len(each.text) for each in found) > characters:
            del found[0]
        return found
