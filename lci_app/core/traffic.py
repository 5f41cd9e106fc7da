"""What the data plane has carried: counters that only grow, and gauges of this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# The upper bounds of the classes of duration, in seconds; the last class has none.
DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class ProjectTraffic:
    """One project's requests. `answers` by status class, `2xx`; `none`: the visitor left before it got one.

    `durations` counts by the classes of `DURATIONS`, `seconds` is their sum: from the routing of a request to the last
    byte of its answer; tunnels have none. Bytes are the visitors', heads and bodies. `in_flight` is a gauge.
    """

    answers: Mapping[str, int] = field(default_factory=dict)
    durations: tuple[int, ...] = (0,) * (len(DURATIONS) + 1)
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """All workers together. `answers` has those to requests for no project, too; `failures` are lci's own bugs.

    `workers` and `open_connections` are gauges.
    """

    workers: int = 0
    connections: int = 0
    open_connections: int = 0
    failures: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    projects: Mapping[str, ProjectTraffic] = field(default_factory=dict)
