"""A clock that goes by trio's own, so that tests under `autojump_clock` decide what time it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import trio

_BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class TrioClock:
    """`late`: seconds that have passed beside trio's."""

    _started: float = field(default_factory=trio.current_time)
    late: float = 0.0

    def now(self) -> str:
        moment = _BEGIN + timedelta(seconds=self.seconds())
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds(self) -> float:
        return trio.current_time() - self._started + self.late
