"""What a worker counts of one project's requests: plain sums, which the control plane adds up over the workers."""

from __future__ import annotations

from typing import Any

from lci_app.core.traffic import DURATIONS


class Figures:
    """What `core.traffic.ProjectTraffic` says; `answers` by the first digit of the status, 0 where there was none."""

    __slots__ = ("answers", "bytes_in", "bytes_out", "durations", "seconds")

    def __init__(self) -> None:
        self.answers = [0] * 10
        self.durations = [0] * (len(DURATIONS) + 1)
        self.seconds = 0.0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def requests(self) -> int:
        """How many are over."""
        return sum(self.answers)

    def count(self, status: int, seconds: float | None, bytes_in: int, bytes_out: int) -> None:
        """Count a request that is over; `status` 0 where no answer was given, `seconds` None for a tunnel."""
        self.answers[status // 100] += 1
        if seconds is not None:
            self.durations[_duration_class(seconds)] += 1
            self.seconds += seconds
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out

    def to_json(self) -> dict[str, Any]:
        classes = {f"{hundred}xx": self.answers[hundred] for hundred in range(1, 6)}
        return {
            "answers": {**classes, "none": self.answers[0]},
            "durations": self.durations.copy(),
            "seconds": round(self.seconds, 6),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }


def _duration_class(seconds: float) -> int:
    """Return the first class whose bound it does not exceed; for nearly every request that is the first one."""
    number = 0
    for bound in DURATIONS:
        if seconds <= bound:
            break
        number += 1
    return number
