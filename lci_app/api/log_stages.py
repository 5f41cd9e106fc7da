"""Where each stage begins in a build's log: found by bisection, for the stages say when and the lines do too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lci_app.api.wire.logs import LogStage
from lci_app.core.model import Stage
from lci_app.interfaces import Logs

# Lines that a stage may write between its beginning in the log and in the store.
SLACK_LINES: Final = 100


async def log_stages(logs: Logs, path: str, stages: Sequence[Stage]) -> list[LogStage]:
    """Return the stages that have begun, in the log's order."""
    total = await logs.total(path)
    found: list[LogStage] = []
    for stage in stages:
        if stage.started_at is not None:
            first = found[-1].first_line if found else 1
            found.append(LogStage(stage=stage.name, first_line=await _first_line(logs, path, stage, first, total)))
    return found


async def _first_line(logs: Logs, path: str, stage: Stage, first: int, total: int) -> int:
    """Return the first line from `first` on that the stage wrote; the one after the last where it has written none."""
    low, high = first, total + 1
    while low < high:
        middle = (low + high) // 2
        records = await logs.read(path, middle, 1)
        if records and records[0].timestamp < (stage.started_at or ""):
            low = middle + 1
        else:
            high = middle
    # Its first lines may be a little older than its record.
    for _ in range(SLACK_LINES):
        if low <= first or not (records := await logs.read(path, low - 1, 1)) or records[0].stage != stage.name:
            break
        low -= 1
    # The stage before may have written in the same millisecond.
    while low <= total and (records := await logs.read(path, low, 1)) and records[0].stage != stage.name:
        low += 1
    return low
