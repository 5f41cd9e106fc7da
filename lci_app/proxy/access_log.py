"""A worker's access log: one JSON object a line for a request that is over, appended to a file that workers share."""

from __future__ import annotations

import json
import logging
import os
import random  # nosemgrep: no-guessable-secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import trio

_log = logging.getLogger(__name__)

_PERIOD: Final = 1.0
# While the disk takes nothing, so many bytes wait; what comes then is lost, and that is said.
_MAX_WAITING: Final = 4 * 1024 * 1024
# A batch that the disk has not taken within so many seconds is left to its thread: visitors and shutdown go on.
_PATIENCE: Final = 2.0


class AccessLog:
    """`percent` of all requests are written down, and every one that was answered 5xx.

    The file is opened for each batch, so that it may be moved away at any time. What a crash interrupts is lost, at
    most the last second's. No line is written twice.
    """

    def __init__(self, path: Path, percent: int) -> None:
        self._path = path
        self._share = percent / 100
        # Noted and not written, in order: the reactor's thread appends, the writing one removes.
        self._lines: list[bytes] = []
        # Each counter has one thread that changes it.
        self._noted = 0
        self._written = 0
        self._lost = 0
        self._lost_and_said = 0
        self._torn = False
        self._failing = False
        # One batch at a time, also where the one before was left to its thread.
        self._limiter = trio.CapacityLimiter(1)

    def takes(self, status: int) -> bool:
        return status >= 500 or random.random() < self._share  # noqa: S311 # nosec B311

    @property
    def waiting(self) -> int:
        """How many bytes are noted and not written."""
        return self._noted - self._written

    def note(self, entry: dict[str, Any]) -> None:
        """Keep an entry for the next batch; its time is now."""
        if self.waiting > _MAX_WAITING:
            self._lost += 1
            return
        text = json.dumps({"time": _now(), **entry}, ensure_ascii=False, separators=(",", ":"))
        line = text.encode("utf-8", "replace") + b"\n"
        self._lines.append(line)
        self._noted += len(line)

    async def run(self) -> None:
        """Write a batch each second until cancelled, then the last one."""
        try:
            while True:
                await trio.sleep(_PERIOD)
                await self.flush()
        finally:
            with trio.move_on_after(_PATIENCE, shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Write what was noted, cancelled or not; where that fails it is kept for the next time.

        Returns after two seconds at the latest: a disk that hangs must not stall visitors.
        """
        if not self._lines:
            return
        with trio.move_on_after(_PATIENCE, shield=True):
            await trio.to_thread.run_sync(self._write, limiter=self._limiter, abandon_on_cancel=True)

    def _write(self) -> None:
        batch = self._lines.copy()
        opening = b"\n" if self._torn else b""
        try:
            taken = append(self._path, opening + b"".join(batch))
        except OSError as error:
            if not self._failing:
                _log.warning("The access log %s cannot be written: %s.", self._path, error.strerror)
            self._failing = True
            return
        self._failing = False
        self._forget(batch, taken - len(opening))
        lost = self._lost
        if lost > self._lost_and_said:
            _log.warning("%d lines of the access log %s were lost.", lost - self._lost_and_said, self._path)
            self._lost_and_said = lost

    def _forget(self, batch: list[bytes], taken: int) -> None:
        """Drop the lines that the disk took whole; the one that it tore is written again, on a line of its own."""
        whole = 0
        for line in batch:
            if taken < len(line):
                break
            taken -= len(line)
            whole += 1
            self._written += len(line)
        self._torn = taken != 0
        del self._lines[:whole]


def append(path: Path, data: bytes) -> int:
    """Append to a file that only its owner may read, as several processes may at once; return how many bytes it took.

    Raises OSError where it took none.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    taken = 0
    try:
        while taken < len(data):
            taken += os.write(descriptor, memoryview(data)[taken:])
    except OSError:
        if not taken:
            raise
    finally:
        os.close(descriptor)
    return taken


def _now() -> str:
    moment = datetime.now(UTC)  # noqa: TID251 - a line tells the wall time, and nothing is measured by it
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
