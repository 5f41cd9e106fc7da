"""Build logs, on every way that leads to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from lci_app.api.wire.base import DEFAULT_LINES, Answer, LineNumber, Lines, Query
from lci_app.core.model import Stream, Timestamp
from lci_app.interfaces import LogRecord

LAST_EVENT_ID: Final = "Last-Event-ID"


class LogQuery(Query):
    """A page from line `from` (inclusive, 0 = 1), or the last `tail` lines."""

    first: LineNumber | None = Field(default=None, alias="from")
    limit: Lines | None = None
    tail: Lines | None = None


class Resumption(Query):
    """The header by which a client of an event stream says what it had last."""

    last: LineNumber = Field(alias=LAST_EVENT_ID)


class LogSearchQuery(Query):
    q: str = Field(min_length=1, max_length=1000)
    regex: bool = False
    first: LineNumber = Field(default=0, alias="from")
    limit: Lines = DEFAULT_LINES


class LogLineDocument(Answer):
    """`continued`: the line was longer than 64 KiB and goes on in the next."""

    number: int
    timestamp: Timestamp
    stream: Stream
    stage: str
    text: str
    continued: bool

    @classmethod
    def of(cls, record: LogRecord) -> LogLineDocument:
        return LogLineDocument.model_construct(
            number=record.number,
            timestamp=record.timestamp,
            stream=record.stream,
            stage=record.stage,
            text=record.text,
            continued=record.continued,
        )


class LogPage(Answer):
    """`total` is the number of the last line; `complete` says that no more will come."""

    lines: list[LogLineDocument]
    total: int
    complete: bool

    @classmethod
    def of(cls, records: Sequence[LogRecord], total: int, *, complete: bool) -> LogPage:
        return LogPage.model_construct(
            lines=[LogLineDocument.of(each) for each in records], total=total, complete=complete
        )


class LogMatches(Answer):
    """`next_from` is where the search goes on; null when it has seen the last line."""

    lines: list[LogLineDocument]
    total: int
    next_from: int | None

    @classmethod
    def of(cls, records: Sequence[LogRecord], total: int, *, next_from: int | None) -> LogMatches:
        lines = [LogLineDocument.of(each) for each in records]
        return LogMatches.model_construct(lines=lines, total=total, next_from=next_from)


class LogStage(Answer):
    """`first_line` is the number of the first line of a stage, or of the one that it will have next."""

    stage: str
    first_line: int


class LogStages(Answer):
    """In the log's order. A build that was started again shows the stages of its last start."""

    stages: list[LogStage]


def log_message(build_id: int, project_id: int, record: LogRecord) -> str:
    """Return `core.events.LogLine` as JSON."""
    return _json(
        {
            "type": "log",
            "timestamp": record.timestamp,
            "build_id": build_id,
            "project_id": project_id,
            "line": record.text,
            "line_number": record.number,
            "stream": record.stream,
            "stage": record.stage,
            "continued": record.continued,
        }
    )


def log_batch_message(build_id: int, records: Sequence[LogRecord]) -> str:
    """Return `core.events.LogBatch` as JSON."""
    lines = [(each.number, each.timestamp, each.stream, each.text) for each in records]
    return _json(
        {
            "type": "log_batch",
            "timestamp": records[-1].timestamp,
            "build_id": build_id,
            "lines": lines,
            "continued": [each.number for each in records if each.continued],
        }
    )


def log_event_data(record: LogRecord) -> str:
    return LogLineDocument.of(record).model_dump_json()


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
