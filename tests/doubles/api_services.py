"""The services behind the API, each as small as its protocol allows, on a real store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import trio

from lci_app.core.model import Build, Health, Slot, SlotState, SlotStatus
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.interfaces import (
    AsyncLines,
    Changed,
    Clock,
    DomainTaken,
    Gone,
    NameTaken,
    Once,
    PortsTaken,
    Store,
    Trouble,
)
from lci_app.services.hub import Hub
from lci_app.services.results import BuildFinished, Deleted, NoSuchBuild, SlotEmpty


@dataclass
class StoreProjects:
    store: Store
    clock: Clock

    async def create(self, new: NewProject, once: Once[Project] | None = None) -> Project | NameTaken | DomainTaken:
        number = max(await self.store.port_numbers(), default=0) + 1
        created = await self.store.create_project(new, number=number, port_base=9000, at=self.clock.now(), once=once)
        assert not isinstance(created, PortsTaken)
        return created

    async def update(
        self, project_id: int, settings: ProjectSettings, secrets: ProjectSecrets | None, if_revision: int | None
    ) -> Project | Gone | Changed | DomainTaken:
        return await self.store.update_project(
            project_id, settings, secrets, if_revision=if_revision, at=self.clock.now()
        )

    async def set_auto_deploy(self, project: Project, enabled: bool) -> Project | None:
        return await self.store.set_auto_deploy(project.id, enabled=enabled, at=self.clock.now())

    async def delete(self, project: Project) -> Deleted:
        return Deleted(0, await self.store.delete_project(project.id), 0)


@dataclass
class StoreScheduler:
    store: Store
    hub: Hub
    clock: Clock

    async def cancel(self, build_id: int) -> Build | NoSuchBuild | BuildFinished:
        change = await self.store.request_cancel(build_id, self.clock.now())
        if change is not None:
            self.hub.build_changed(change)
            return change.build
        build = await self.store.build(build_id)
        return NoSuchBuild(build_id) if build is None else BuildFinished(build)


@dataclass
class Lines:
    source: AsyncIterator[str]

    def __aiter__(self) -> AsyncLines:
        return self

    async def __anext__(self) -> str:
        return await anext(self.source)


@dataclass
class ScriptedRuntime:
    """Slots as recorded; containers that do as they are told at once. `down`: Docker does not answer."""

    store: Store
    clock: Clock
    down: bool = False
    output: list[str] = field(default_factory=lambda: ["listening", "GET /"])
    entered: trio.Event = field(default_factory=trio.Event)
    hold: trio.Event | None = None
    switches: int = 0

    async def slots(self, project: Project) -> dict[Slot, SlotState]:
        self._need_docker()
        return await self.store.slots(project.id)

    async def switch(self, project: Project, slot: Slot) -> Project | SlotEmpty:
        self._need_docker()
        self.entered.set()
        if self.hold is not None:
            await self.hold.wait()
        flipped = await self.store.commit_flip(project.id, slot, {}, self.clock.now())
        if not isinstance(flipped, Project):
            return SlotEmpty(f"{slot} is empty; rollback redeploys a kept build.")
        self.switches += 1
        return flipped

    async def restart(self, project: Project, slot: Slot | None) -> dict[Slot, SlotState] | SlotEmpty:
        return await self._each(project, slot)

    async def stop(self, project: Project) -> dict[Slot, SlotState] | SlotEmpty:
        return await self._each(project, None)

    async def start(self, project: Project) -> dict[Slot, SlotState] | SlotEmpty:
        return await self._each(project, None)

    async def set_maintenance(self, project: Project, message: str | None) -> Project | None:
        return await self.store.set_maintenance(project.id, message, self.clock.now())

    async def tail(self, project: Project, slot: Slot | None, lines: int) -> list[str] | SlotEmpty:
        slots = await self._each(project, slot)
        return slots if isinstance(slots, SlotEmpty) else self.output[-lines:]

    @asynccontextmanager
    async def follow(self, project: Project, slot: Slot | None, lines: int) -> AsyncIterator[AsyncLines | SlotEmpty]:
        slots = await self._each(project, slot)
        if isinstance(slots, SlotEmpty):
            yield slots
            return

        async def written() -> AsyncGenerator[str]:
            for line in self.output[-lines:]:
                yield line
            if self.hold is not None:
                await self.hold.wait()

        async with aclosing(written()) as source:
            yield Lines(source)

    async def _each(self, project: Project, slot: Slot | None) -> dict[Slot, SlotState] | SlotEmpty:
        slots = await self.slots(project)
        wanted = slot or project.active_slot
        if wanted is None or slots[wanted].container_id is None:
            return SlotEmpty("Nothing runs there.")
        return slots

    def _need_docker(self) -> None:
        if self.down:
            raise Trouble("DOCKER_UNAVAILABLE", "Docker does not answer at /var/run/docker.sock.")


def running(project: Project, slot: Slot, build: Build, at: str) -> SlotState:
    """Return a slot in which a version of that build serves."""
    return SlotState(
        project_id=project.id,
        slot=slot,
        status=SlotStatus.RUNNING,
        port=project.port(slot),
        container_id=f"c{build.id}",
        build_id=build.id,
        build_number=build.build_number,
        commit_hash=build.commit_hash,
        started_at=at,
        health=Health.HEALTHY,
    )
