"""The running versions of a project, as people handle them: look, switch, stop, start, restart, read their output."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import DeploymentOutcome, Health, Slot, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import AsyncLines, Clock, ContainerState, DomainTaken, Engine, Proxy, Refusal, Store
from lci_app.services.hub import Hub
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.repository_values import addresses_of
from lci_app.services.results import SlotEmpty
from lci_app.services.retirement import STOP_GRACE, Retirement, receiver_of
from lci_app.services.routes import SWITCH_SECONDS, Routes
from lci_app.services.secrets import Secrets
from lci_app.services.slot_health import SlotHealth
from lci_app.services.under_trouble import attempt, insist

Slots = dict[Slot, SlotState]


@dataclass
class Runtime:
    store: Store
    engine: Engine
    slot_health: SlotHealth
    proxy: Proxy
    routes: Routes
    retirement: Retirement
    secrets: Secrets
    locks: ProjectLocks
    hub: Hub
    clock: Clock

    async def slots(self, project: Project) -> Slots:
        """Return both slots, with what the engine says of their containers now."""
        slots = await self.store.slots(project.id)
        for slot, state in slots.items():
            if state.container_id is not None and state.status is SlotStatus.RUNNING:
                seen = await self.engine.inspect(state.container_id)
                if seen is None or not seen.running or seen.paused:
                    slots[slot] = replace(state, status=SlotStatus.ERROR, health=Health.UNHEALTHY)
        return slots

    async def switch(self, project: Project, slot: Slot) -> Project | SlotEmpty:
        """Give the traffic to the other version, if it still runs and is healthy."""
        async with self.locks.hold(project.id):
            fresh = await self.store.project(project.id)
            if fresh is None:
                return SlotEmpty(f"{project.name} was deleted.")
            if fresh.active_slot is slot:
                return fresh
            slots = await self.slots(fresh)
            wanted = slots[slot]
            ready = (wanted.status, wanted.health) == (SlotStatus.RUNNING, Health.HEALTHY)
            if not ready or not await self.retirement.recall(project.id, slot):
                return SlotEmpty(
                    f"{slot} of {project.name} runs nothing to switch to: the old version is removed after a switch "
                    "unless bake_seconds keeps it. `rollback` redeploys a kept build."
                )
            return await self._flip(fresh, wanted, slots[slot.other])

    async def _flip(self, project: Project, wanted: SlotState, leaving: SlotState) -> Project | SlotEmpty:
        build = await self.store.build(wanted.build_id) if wanted.build_id is not None else None
        addresses = addresses_of(build.effective) if build is not None and build.effective is not None else {}
        flipped = None
        try:
            flipped = await self.store.commit_flip(project.id, wanted.slot, addresses, self.clock.now())
        finally:
            if not isinstance(flipped, Project):
                # It was called back in vain: it leaves again.
                self._retire(project, wanted, leaving)
        if isinstance(flipped, DomainTaken):
            raise Refusal("DOMAIN_TAKEN", f"{flipped.domain} belongs to the project {flipped.by_project} by now.")
        if flipped is None:
            return SlotEmpty(f"{wanted.slot} of {project.name} does not run any more.")
        await insist(self.routes.publish, what=f"switch the traffic of {project.name}", shielded=SWITCH_SECONDS)
        self._retire(project, leaving, wanted)
        await self._tell_flip(flipped, wanted, leaving)
        return flipped

    async def _tell_flip(self, project: Project, wanted: SlotState, leaving: SlotState) -> None:
        reason = f"Switched back to {wanted.slot} by hand."
        self.hub.container_changed(wanted, "Running")
        if wanted.build_id is not None:
            self.hub.deployment_ended(project, wanted.build_id, wanted.slot, "Success", reason)
        if leaving.deployment_id is not None:
            end = partial(
                self.store.end_deployment,
                leaving.deployment_id,
                DeploymentOutcome.FLIPPED_BACK,
                reason=reason,
                at=self.clock.now(),
            )
            await attempt(end, what="note that a deployment was taken back")

    def _retire(self, project: Project, leaving: SlotState, other: SlotState) -> None:
        if leaving.container_id is not None:
            settings, receiver = project.settings, receiver_of(leaving, other)
            self.retirement.begin(leaving, receiver=receiver, bake=settings.bake_seconds, drain=settings.drain_timeout)

    async def restart(self, project: Project, slot: Slot | None) -> Slots | SlotEmpty:
        """Restart a version's container (the active one's), and return when it is healthy or READY_TIMEOUT is over."""
        async with self.locks.hold(project.id):
            found = await self._found(project, slot)
            if isinstance(found, SlotEmpty):
                return found
            state, _ = found
            if state.status in {SlotStatus.STOPPED, SlotStatus.DRAINING}:
                return SlotEmpty(f"{state.slot} of {project.name} is {state.status}: there is nothing to restart.")
            await self.engine.restart(_container(state), grace=STOP_GRACE)
            await self.slot_health.note_started(state)
            return await self.slots(project)

    async def stop(self, project: Project) -> Slots | SlotEmpty:
        """Take the project off the data plane, let its requests finish, and stop its container.

        Raises Trouble; it may be asked for again, and the next start of lci brings it to its end.
        """
        async with self.locks.hold(project.id):
            state = await self._occupied(project, None)
            if isinstance(state, SlotEmpty):
                return state
            # Nothing is taken off the data plane that could not be stopped then.
            await self.engine.version()
            await self.store.set_stopped(project.id, stopped=True, at=self.clock.now())
            await self.routes.publish()
            if state.deployment_id is not None:
                await self.proxy.drain(state.deployment_id, project.settings.drain_timeout)
            await self.engine.stop(_container(state), grace=STOP_GRACE)
            stopped = replace(state, status=SlotStatus.STOPPED, health=Health.UNKNOWN)
            await self.store.set_slot(stopped)
            self.hub.container_changed(stopped, "Stopped")
            return await self.slots(project)

    async def start(self, project: Project) -> Slots | SlotEmpty:
        """Start a stopped project again; it gets its traffic when it is healthy or READY_TIMEOUT is over.

        Where it runs already it is left as it is.
        """
        async with self.locks.hold(project.id):
            found = await self._found(project, None)
            if isinstance(found, SlotEmpty):
                return found
            state, container = found
            if not container.running:
                await self.engine.start_again(container.id)
            if not container.running or state.status is not SlotStatus.RUNNING:
                await self.slot_health.note_started(state)
            await self.store.set_stopped(project.id, stopped=False, at=self.clock.now())
            await self.routes.publish()
            return await self.slots(project)

    async def set_maintenance(self, project: Project, message: str | None) -> Project | None:
        """Tell visitors `message` (empty: the usual words) instead of serving them, or serve them again (None).

        Returns when every worker does so, the project as it is then, None where it was deleted meanwhile. Requests in
        flight are finished; builds and deployments go on.
        """
        changed = await self.store.set_maintenance(project.id, message, self.clock.now())
        await self.routes.publish()
        return changed

    async def tail(self, project: Project, slot: Slot | None, lines: int) -> list[str] | SlotEmpty:
        """Return the last lines of a version's output (the active one's)."""
        state = await self._occupied(project, slot)
        if isinstance(state, SlotEmpty):
            return state
        return await self.engine.tail(_container(state), lines, await self._mask_of(state))

    @asynccontextmanager
    async def follow(self, project: Project, slot: Slot | None, lines: int) -> AsyncIterator[AsyncLines | SlotEmpty]:
        """Open a version's output (the active one's): the last `lines`, then what comes while the block lasts."""
        state = await self._occupied(project, slot)
        if isinstance(state, SlotEmpty):
            yield state
            return
        async with self.engine.follow(_container(state), lines, await self._mask_of(state)) as output:
            yield output

    async def _occupied(self, project: Project, slot: Slot | None) -> SlotState | SlotEmpty:
        fresh = await self.store.project(project.id)
        wanted = slot or (fresh.active_slot if fresh is not None else None)
        if wanted is None:
            return SlotEmpty(f"Nothing of {project.name} is deployed yet.")
        state = (await self.store.slots(project.id))[wanted]
        if state.container_id is None:
            return SlotEmpty(f"{wanted} of {project.name} holds no container.")
        return state

    async def _found(self, project: Project, slot: Slot | None) -> tuple[SlotState, ContainerState] | SlotEmpty:
        state = await self._occupied(project, slot)
        if isinstance(state, SlotEmpty):
            return state
        container = await self.engine.inspect(_container(state))
        if container is None:
            return SlotEmpty(
                f"The container in {state.slot} of {project.name} was removed by somebody else: "
                "deploy again or roll back."
            )
        return state, container

    async def _mask_of(self, state: SlotState) -> Mask:
        """Return what is kept out of a version's output: what it was given, and what is stored by now."""
        settings = await self.slot_health.settings_of(state)
        if settings is None or not settings.runtime_secrets:
            return NOTHING
        container = await self.engine.inspect(_container(state))
        given = {} if container is None else container.environment
        return await self.secrets.mask_of_version(state.project_id, settings.runtime_secrets, given)


def _container(state: SlotState) -> str:
    assert state.container_id is not None  # noqa: S101 - only occupied slots come here
    return state.container_id
