"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Fulfils `interfaces.Clock`: the one place where wall time is read."""

    def now(self) -> str:
        at = datetime.now(UTC)  # noqa: TID251 - here is where the clocks that are handed in come from
        return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

    def seconds(self) -> float:
        return time.monotonic()
