"""Adds up what the workers have counted, so that no sum falls when one of them ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import reduce
from typing import Any

from lci_app.core.traffic import ProjectTraffic, Traffic
from lci_app.proxy.control import Counters

_Sums = Mapping[str, Any]


class Totals:
    """Remembers what each worker said last; what it counts between that and its end is lost."""

    def __init__(self) -> None:
        self._ended: _Sums = {}
        self._last: dict[object, _Sums] = {}

    def add_up(self, said: Mapping[object, Counters], projects: Collection[str]) -> Traffic:
        """Return the sums over the workers that `said` and those that said something earlier, for these projects."""
        for worker in self._last.keys() - said.keys():
            self._ended = _added(self._ended, _without_gauges(self._last.pop(worker)))
        self._last |= {worker: asdict(counters) for worker, counters in said.items()}
        sums = reduce(_added, self._last.values(), self._ended)
        per_project = sums.get("projects", {})
        return Traffic(
            workers=len(said),
            connections=sums.get("connections", 0),
            open_connections=sums.get("open_connections", 0),
            failures=sums.get("failures", 0),
            answers=sums.get("answers", {}),
            projects={name: _project(per_project.get(name)) for name in sorted(projects)},
        )


def _project(sums: _Sums | None) -> ProjectTraffic:
    return ProjectTraffic() if sums is None else ProjectTraffic(**{**sums, "durations": tuple(sums["durations"])})


def _without_gauges(sums: _Sums) -> _Sums:
    idle = {name: {**figures, "in_flight": 0} for name, figures in sums["projects"].items()}
    return {**sums, "open_connections": 0, "in_flight": 0, "projects": idle}


def _added(one: Any, other: Any) -> Any:
    """Add numbers, and lists and mappings of them member by member; what only one of them has counts as it is."""
    if isinstance(one, Mapping):
        both = {name: _added(one[name], other[name]) for name in one.keys() & other.keys()}
        return {**one, **other, **both}
    if isinstance(one, list):
        return [_added(*pair) for pair in zip(one, other, strict=True)]
    return one + other
