"""Registering, changing and removing projects."""

from __future__ import annotations

from dataclasses import dataclass

from lci_app.core import names
from lci_app.core.port_pool import free_numbers, pair
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.interfaces import (
    BuildFilter,
    Changed,
    Clock,
    DomainTaken,
    Engine,
    Gone,
    NameTaken,
    Once,
    Ports,
    PortsTaken,
    Store,
    Trouble,
    Workspace,
)
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.results import Deleted
from lci_app.services.retirement import Retirement
from lci_app.services.routes import Routes
from lci_app.services.scheduler import Scheduler

# Builds of a project that is being deleted are looked up this many at a time.
_PAGE = 200


@dataclass
class Projects:
    store: Store
    engine: Engine
    workspace: Workspace
    ports: Ports
    routes: Routes
    retirement: Retirement
    scheduler: Scheduler
    locks: ProjectLocks
    clock: Clock
    port_base: int

    async def create(self, new: NewProject, once: Once[Project] | None = None) -> Project | NameTaken | DomainTaken:
        """Register a project with the first pair of ports that no project holds and nobody on the host uses."""
        while True:
            number = await self._free_number()
            created = await self.store.create_project(
                new, number=number, port_base=self.port_base, at=self.clock.now(), once=once
            )
            if isinstance(created, PortsTaken):
                continue
            if isinstance(created, Project):
                await self.routes.publish()
            return created

    async def update(
        self, project_id: int, settings: ProjectSettings, secrets: ProjectSecrets | None, if_revision: int | None
    ) -> Project | Gone | Changed | DomainTaken:
        """Replace a project's settings; they count from the next build, domains and prefix at once."""
        updated = await self.store.update_project(
            project_id, settings, secrets, if_revision=if_revision, at=self.clock.now()
        )
        if isinstance(updated, Project):
            await self.routes.publish()
        return updated

    async def set_auto_deploy(self, project: Project, enabled: bool) -> Project | None:
        return await self.store.set_auto_deploy(project.id, enabled=enabled, at=self.clock.now())

    async def delete(self, project: Project) -> Deleted:
        """Remove a project and everything that lci made for it; its builds are cancelled first.

        Raises Trouble; the project is then stopped, but still there, and it may be asked for again.
        """
        # While Docker does not answer, its containers could not be found again once the rows are gone.
        await self.engine.version()
        with self.scheduler.held_back(project.id):
            await self._cancel_builds(project.id)
            async with self.locks.hold(project.id):
                return await self._remove(project.id)

    async def _remove(self, project_id: int) -> Deleted:
        if await self.store.set_stopped(project_id, stopped=True, at=self.clock.now()) is None:
            # Somebody else has deleted it meanwhile.
            return Deleted(0, 0, 0)
        await self.routes.publish()
        await self.retirement.drop(project_id)
        containers = await self._remove_containers(project_id)
        await self.engine.remove_networks(project_id)
        freed = await self._remove_directories(project_id)
        deleted = await self.store.delete_project(project_id)
        await self.routes.publish()
        return Deleted(containers, deleted, freed)

    async def _free_number(self) -> int:
        held = await self.store.port_numbers()
        for number in free_numbers(self.port_base, held):
            blue, green = pair(self.port_base, number)
            if await self.ports.is_free(blue) and await self.ports.is_free(green):
                return number
        raise Trouble("PORTS_EXHAUSTED", f"No pair of free ports is left above {self.port_base}.")

    async def _cancel_builds(self, project_id: int) -> None:
        queued = [build for build in await self.store.queued_builds() if build.project_id == project_id]
        running = [build for build in await self.store.running_builds() if build.project_id == project_id]
        for build in [*queued, *running]:
            await self.scheduler.cancel(build.id)
        for build in [*queued, *running]:
            await self.scheduler.wait_ended(build.id)

    async def _remove_containers(self, project_id: int) -> int:
        ours = [
            container
            for container in await self.engine.list_ours()
            if container.labels.get(names.LABEL_PROJECT) == str(project_id)
        ]
        for container in ours:
            await self.engine.remove(container.id)
        return len(ours)

    async def _remove_directories(self, project_id: int) -> int:
        freed = await self.workspace.remove(names.project_workspace(project_id))
        freed += await self.workspace.remove(names.project_logs(project_id))
        before: int | None = None
        while True:
            _, builds = await self.store.builds(BuildFilter(project_id, before_id=before), limit=_PAGE, offset=0)
            for build in builds:
                freed += await self.workspace.remove(names.output(build.id))
                freed += await self.workspace.remove(names.scratch(build.id))
            if len(builds) < _PAGE:
                return freed
            before = builds[-1].id
