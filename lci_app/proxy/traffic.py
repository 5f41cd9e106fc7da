"""Which requests are in flight on which version, and what became of them: the numbers behind a clean switch.

Everything here is synchronous. A request reads the route table and is counted in one step, so that once a newer
table is set no request can reach a version that left it, except those counted already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from operator import add
from typing import Final, Protocol

import trio

from lci_app.core.routing import RouteTable, Upstream
from lci_app.proxy.control import Counters, Drained, Draining
from lci_app.proxy.figures import Figures
from lci_app.proxy.wire import Wire

# Of so many versions that have left and are not drained it is known what became of their requests.
REMEMBERED: Final = 256


class Request(Protocol):
    """One request in flight."""

    @property
    def project(self) -> str:
        """The project it was routed to."""

    def cut(self) -> None:
        """End the request now."""


class Version:
    """A running version, as this worker uses it: the requests in flight on it, and its unused connections.

    `current`: the newest table names it. `in_flight`: how many requests were on it when it left the table; since then
    so many have `finished`, or were `broken` by us or by the service.
    """

    __slots__ = ("broken", "current", "emptied", "finished", "in_flight", "requests", "unused", "upstream")

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.current = True
        self.requests: set[Request] = set()
        self.unused: list[Wire] = []
        # Set at the next moment in which no request is in flight.
        self.emptied: trio.Event | None = None
        self.in_flight = 0
        self.finished = 0
        self.broken = 0

    def take_stock(self) -> None:
        """Count from now on what becomes of the requests that are on it."""
        self.in_flight = len(self.requests)
        self.finished = 0
        self.broken = 0

    def release(self, request: Request, *, broken: bool) -> None:
        """Count a request no longer, which was added to `requests`."""
        self.requests.remove(request)
        if broken:
            self.broken += 1
        else:
            self.finished += 1
        if self.emptied is not None and not self.requests:
            self.emptied.set()
            self.emptied = None


class Place:
    """Where a project's requests go (`version` None: nowhere now) and are counted."""

    __slots__ = ("figures", "version")

    def __init__(self, version: Version | None, figures: Figures) -> None:
        self.version = version
        self.figures = figures


class Traffic:
    """A worker's route table and the requests in flight by it. `places` has one for each project of the table."""

    def __init__(self) -> None:
        self.table = RouteTable(-1)
        self.places: Mapping[str, Place] = {}
        self.versions: dict[int, Version] = {}
        # Answers to requests that were for no project, or for one that has gone, by the first digit of the status.
        self._answers = [0] * 10
        self.connections = 0
        self.open_connections = 0
        self.failures = 0

    def set_table(self, table: RouteTable) -> None:
        """Route by this table from the next request on; projects that left it lose their figures."""
        upstreams = {route.upstream.id: route.upstream for route in table.routes if route.upstream is not None}
        for key, version in self.versions.items():
            if key in upstreams:
                version.current = True
            elif version.current:
                version.current = False
                version.take_stock()
        self._forget()
        self.versions |= {key: Version(each) for key, each in upstreams.items() if key not in self.versions}
        before = dict(self.places)
        self.places = {
            route.project: Place(
                None if route.upstream is None or route.maintenance is not None else self.versions[route.upstream.id],
                before.pop(route.project).figures if route.project in before else Figures(),
            )
            for route in table.routes
        }
        for gone in before.values():
            self._answers = list(map(add, self._answers, gone.figures.answers))
        self.table = table

    def _forget(self) -> None:
        """Drop the versions that left before many others, and that nobody drains."""
        idle = [key for key, version in self.versions.items() if not version.current and not version.requests]
        for key in idle[:-REMEMBERED]:
            del self.versions[key]

    def draining(self, upstream_id: int) -> Draining:
        """Return what has become of the requests that were on that version when it left the table, or else are now."""
        version = self.versions.get(upstream_id)
        if version is None:
            return Draining(0, known=False)
        if version.current:
            version.take_stock()
        return Draining(version.in_flight, version.finished)

    def drained(self, upstream_id: int) -> Drained:
        """Return what became of them, and forget it; what is in flight still is as good as cut."""
        version = self.versions.get(upstream_id)
        if version is None:
            return Drained(0, 0)
        if not version.current and not version.requests:
            del self.versions[upstream_id]
        return Drained(version.finished, version.in_flight - version.finished)

    async def wait_empty(self, upstream_id: int) -> None:
        """Return when no request is in flight on that version."""
        version = self.versions.get(upstream_id)
        while version is not None and version.requests:
            if version.emptied is None:
                version.emptied = trio.Event()
            await version.emptied.wait()

    def cut(self, upstream_id: int) -> None:
        """End every request that is in flight on that version."""
        version = self.versions.get(upstream_id)
        for request in [] if version is None else list(version.requests):
            request.cut()

    def count_answer(self, status: int) -> None:
        """Count an answer to what was for no project."""
        self._answers[status // 100] += 1

    def counters(self) -> Counters:
        in_flight = Counter(request.project for version in self.versions.values() for request in version.requests)
        answers = self._answers
        for place in self.places.values():
            answers = list(map(add, answers, place.figures.answers))
        return Counters(
            connections=self.connections,
            open_connections=self.open_connections,
            in_flight=in_flight.total(),
            answers={f"{hundred}xx": answers[hundred] for hundred in range(1, 6)},
            failures=self.failures,
            projects={
                project: {**place.figures.to_json(), "in_flight": in_flight[project]}
                for project, place in self.places.items()
                if project in in_flight or place.figures.requests
            },
        )
