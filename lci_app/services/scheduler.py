"""Starts builds when their turn has come, and owns them while they run. A bell wakes it; it never polls."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import trio

from lci_app.core.model import Build, BuildStatus
from lci_app.core.scheduling import QueueRule, plan
from lci_app.interfaces import Clock, Store
from lci_app.services.bell import Bell
from lci_app.services.builder import Builder
from lci_app.services.hub import Hub
from lci_app.services.readiness import Readiness
from lci_app.services.results import BuildFinished, NoSuchBuild
from lci_app.services.under_trouble import insist

_log = logging.getLogger(__name__)


class _Live(Protocol):
    async def __call__(self, build: Build, /, *, by_request: trio.CancelScope) -> None: ...


@dataclass
class _Running:
    """A build and the scope by which a person's cancellation reaches it."""

    build: Build
    by_request: trio.CancelScope = field(default_factory=trio.CancelScope)
    ended: trio.Event = field(default_factory=trio.Event)


@dataclass
class Scheduler:
    store: Store
    builder: Builder
    bell: Bell
    hub: Hub
    clock: Clock
    readiness: Readiness
    max_parallel: int
    # Set when nothing of an earlier run can be in the way of what starts.
    settled: trio.Event
    _running: dict[int, _Running] = field(default_factory=dict)
    _held_back: Counter[int] = field(default_factory=Counter)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Go on with the builds that an earlier lci left, and start others until cancelled; each runs in this task's
        nursery.
        """
        async with trio.open_nursery() as builds:
            for build in await insist(self.store.running_builds, what="look for builds to go on with"):
                self._own_from_now(builds, build, self.builder.resume)
            task_status.started()
            await self.settled.wait()
            self.bell.ring()
            while True:
                await self.bell.wait()
                await insist(partial(self._start_due, builds), what="look through the queue")

    async def cancel(self, build_id: int) -> Build | NoSuchBuild | BuildFinished:
        """Cancel a build: a queued one never starts, a running one is on its way out when this returns."""
        change = await self.store.request_cancel(build_id, self.clock.now())
        if change is None:
            build = await self.store.build(build_id)
            return NoSuchBuild(build_id) if build is None else BuildFinished(build)
        if change.build.status is BuildStatus.CANCELLED:
            self.hub.build_changed(change)
            self.bell.ring()
        running = self._running.get(build_id)
        if running is not None:
            running.by_request.cancel()
        return change.build

    @contextmanager
    def held_back(self, project_id: int) -> Iterator[None]:
        """Start no build of that project while the block lasts."""
        self._held_back[project_id] += 1
        try:
            yield
        finally:
            self._held_back[project_id] -= 1
            self.bell.ring()

    async def wait_ended(self, build_id: int) -> None:
        """Return when no task works on that build."""
        running = self._running.get(build_id)
        if running is not None:
            await running.ended.wait()

    async def _start_due(self, builds: trio.Nursery) -> None:
        if not self.readiness.is_ready:
            return  # readiness rings the bell when that is over
        waiting = await self.store.queued_builds()
        rules = await self._rules(waiting)
        queued = [each for each in waiting if each.id not in self._running and not self._held_back[each.project_id]]
        decided = plan(
            queued,
            (running.build.queue_key for running in self._running.values()),
            max_parallel=self.max_parallel,
            rule_of=lambda build: rules[build.project_id],
        )
        for build in decided.start:
            self._own_from_now(builds, build, self.builder.run)
        for build in decided.superseded:
            _log.info("build %d is superseded: a newer one of %s waits", build.id, build.branch)
            await self.cancel(build.id)

    async def _rules(self, queued: list[Build]) -> dict[int, QueueRule]:
        rules = {}
        for project_id in {build.project_id for build in queued}:
            project = await self.store.project(project_id)
            rules[project_id] = (
                QueueRule(project.settings.queue_policy, project.settings.queue_limit) if project else QueueRule()
            )
        return rules

    def _own_from_now(self, builds: trio.Nursery, build: Build, live: _Live) -> None:
        self._running[build.id] = running = _Running(build)
        builds.start_soon(self._own, running, live)

    async def _own(self, running: _Running, live: _Live) -> None:
        """Own one build's whole life."""
        try:
            await live(running.build, by_request=running.by_request)
        finally:
            del self._running[running.build.id]
            running.ended.set()
            self.bell.ring()
