"""The machine's clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path


class SystemClock:
    """Fulfils `interfaces.Clock`: the one place where wall time is read."""

    def now(self) -> str:
        return _timestamp(datetime.now(UTC))  # noqa: TID251 - here is where the clocks that are handed in come from

    def seconds(self) -> float:
        return time.monotonic()


def booted_at() -> str:
    """Return when this host was started (proc(5), `btime`)."""
    (seconds,) = re.findall(r"^btime (\d+)$", Path("/proc/stat").read_text(encoding="ascii"), re.MULTILINE)
    return _timestamp(datetime.fromtimestamp(int(seconds), UTC))


def _timestamp(at: datetime) -> str:
    """Return a moment in UTC as `core.model.Timestamp`."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
