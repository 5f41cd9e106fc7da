"""The queue as those who fill it see it: builds are recorded, announced, and the scheduler is woken, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lci_app.core.model import Build, BuildStatus, NewBuild
from lci_app.interfaces import Clock, Gone, Notice, Once, Placed, StatusChange, Store
from lci_app.services.hub import Hub
from lci_app.services.results import NoSuchProject


@dataclass
class BuildQueue:
    store: Store
    hub: Hub
    bell: Notice
    clock: Clock

    async def add(self, new: NewBuild, once: Once[Placed] | None = None) -> Placed | NoSuchProject:
        """Queue one build; it is on disk when this returns."""
        placed = await self.store.queue_build(new, self.clock.now(), once=once)
        if isinstance(placed, Gone):
            return NoSuchProject("The project was deleted.")
        self.announce([placed.build])
        return placed

    async def add_all(self, news: Sequence[NewBuild], once: Once[Sequence[Placed]] | None = None) -> Sequence[Placed]:
        """Queue all of these builds or none, but for those whose project was deleted."""
        placed = await self.store.queue_builds(news, self.clock.now(), once=once)
        self.announce([each.build for each in placed])
        return placed

    def announce(self, builds: Sequence[Build]) -> None:
        """Tell of builds that have just been recorded, and wake the scheduler."""
        for build in builds:
            self.hub.build_queued(build)
        self.bell.ring()

    def withdrawn(self, builds: Sequence[Build]) -> None:
        """Tell of builds that were queued, and are Cancelled now."""
        for build in builds:
            self.hub.build_changed(StatusChange(build, BuildStatus.QUEUED))

    def admit(self, build: Build) -> None:
        """Tell that a build waits for nothing but its turn any more, and wake the scheduler."""
        self.hub.build_changed(StatusChange(build, BuildStatus.QUEUED))
        self.bell.ring()

    async def place(self, build: Build) -> Placed:
        """Return a build with its place: what was queued a moment ago and has begun since is still the next."""
        position = await self.store.queue_position(build)
        waits_for_its_turn = build.status is BuildStatus.QUEUED and build.waits_for is None
        return Placed(build, position or 1 if waits_for_its_turn else position)
