"""Takes away what builds leave on the disk. What cannot be removed now is left to the next start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, Trust
from lci_app.core.retention import outputs_to_forget
from lci_app.interfaces import Store, Workspace
from lci_app.services.under_trouble import attempt


@dataclass
class Sweeper:
    store: Store
    workspace: Workspace

    async def sweep(self, build: Build) -> None:
        """Remove what a build that has ended, or waits again, needed only while it ran; and outputs not kept longer."""
        await self._remove(names.checkout(build.project_id, build.id))
        await self._remove(names.scratch(build.id))
        if build.status is not BuildStatus.SUCCESS or build.trust is not Trust.TRUSTED:
            await self._remove(names.output(build.id))
            return
        await attempt(partial(self._forget_old_outputs, build.project_id), what="forget old outputs")

    async def make_room(self, build: Build) -> None:
        """Remove the output of a build that is about to end without one: on a full disk its end is recorded only so."""
        await self._remove(names.output(build.id))

    async def _forget_old_outputs(self, project_id: int) -> None:
        project = await self.store.project(project_id)
        if project is None:
            return
        # Asked first: whatever begins to need an output after that finds out for itself whether it is still kept.
        kept = [build for build in await self.store.retained_builds(project_id) if build.output_build_id is None]
        in_use = await self._outputs_in_use(project_id)
        for build in outputs_to_forget(kept, keep=project.settings.keep_releases, in_use=in_use):
            await self.store.forget_output(build.id)
            await self._remove(names.output(build.id))

    async def _outputs_in_use(self, project_id: int) -> set[int]:
        """Return the builds whose output a version runs from, or a build is about to deploy."""
        in_use = set()
        for build in [*await self.store.queued_builds(), *await self.store.running_builds()]:
            if build.project_id == project_id and build.output_build_id is not None:
                in_use.add(build.output_build_id)
        for slot in (await self.store.slots(project_id)).values():
            runs = await self.store.build(slot.build_id) if slot.build_id is not None else None
            if runs is not None:
                in_use.add(runs.output_build_id or runs.id)
        return in_use

    async def _remove(self, relative: str) -> None:
        await attempt(partial(self.workspace.remove, relative), what=f"remove {relative}")
