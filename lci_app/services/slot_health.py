"""Whether a version that runs again is healthy: started by hand, or found anew when lci starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import trio

from lci_app.core.model import Health, SlotState, SlotStatus
from lci_app.core.project import ProjectSettings
from lci_app.core.project_file import settings_of
from lci_app.interfaces import Clock, HealthProbe, Store
from lci_app.services.health_checks import is_healthy
from lci_app.services.hub import Hub
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.routes import UPSTREAM_HOST
from lci_app.services.under_trouble import attempt

# A version that is started again may take so long to become healthy; then it is unhealthy, and serves in any case.
READY_TIMEOUT: Final = 30.0
_READY_INTERVAL: Final = 0.25


@dataclass
class SlotHealth:
    store: Store
    probe: HealthProbe
    locks: ProjectLocks
    hub: Hub
    clock: Clock
    _nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Own the checks that nobody waits for, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def check_soon(self, state: SlotState) -> None:
        """Ask a version of unknown health, and note what it says, beside everything else."""
        assert self._nursery is not None, "SlotHealth.run is not running"  # noqa: S101
        self._nursery.start_soon(self._check, state)

    async def note_started(self, state: SlotState) -> None:
        """Record a version that was started again as running, when it is healthy or READY_TIMEOUT is over.

        The caller holds the project.
        """
        await self._note(replace(state, started_at=self.clock.now()), healthy=await self._wait_healthy(state))

    async def settings_of(self, state: SlotState) -> ProjectSettings | None:
        """Return the settings that the version was deployed with."""
        build = await self.store.build(state.build_id) if state.build_id is not None else None
        return settings_of(build.effective) if build is not None and build.effective is not None else None

    async def _check(self, state: SlotState) -> None:
        where = f"the health of slot {state.slot} of project {state.project_id}"
        healthy = await attempt(partial(self._wait_healthy, state), what=f"find out {where}")
        if healthy is None:
            return
        async with self.locks.hold(state.project_id):
            now = (await self.store.slots(state.project_id))[state.slot]
            if (now.status, now.started_at) != (SlotStatus.RUNNING, state.started_at):
                return  # that life is over
            await attempt(partial(self._note, state, healthy=healthy), what=f"note {where}")

    async def _note(self, state: SlotState, *, healthy: bool) -> None:
        now = (await self.store.slots(state.project_id))[state.slot]
        if now.container_id != state.container_id or now.status is SlotStatus.DRAINING:
            return  # it was only kept a while, and its time has come
        health = Health.HEALTHY if healthy else Health.UNHEALTHY
        running = replace(state, status=SlotStatus.RUNNING, health=health)
        await self.store.set_slot(running)
        self.hub.container_changed(running, "Running")

    async def _wait_healthy(self, state: SlotState) -> bool:
        settings = await self.settings_of(state)
        if settings is None or not settings.health_check_url:
            return True
        url = f"http://{UPSTREAM_HOST}:{state.port}{settings.health_check_url}"
        with trio.move_on_after(READY_TIMEOUT):
            while True:
                reply = await self.probe.get(url, settings.health_check_timeout)
                if is_healthy(settings, reply):
                    return True
                await trio.sleep(_READY_INTERVAL)
        return False
