"""At the start: what the database says and what is really there are brought together, both ways."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from lci_app.core import names
from lci_app.core.model import (
    Build,
    BuildStatus,
    Deployment,
    DeploymentOutcome,
    Failure,
    FailureKind,
    Health,
    SlotState,
    SlotStatus,
    StageKind,
    StageStatus,
)
from lci_app.core.project import Project
from lci_app.interfaces import Clock, ContainerState, Engine, Logs, OutsideError, Requeue, Store, Workspace
from lci_app.services.build_record import log_of
from lci_app.services.hub import Hub
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.retirement import Retirement, receiver_of
from lci_app.services.slot_health import SlotHealth
from lci_app.services.under_trouble import attempt

# A build that lci was restarted under this often ends as failed: it may well be what ends lci.
MAX_RESTARTS: Final = 10
# Of the stage of a build's command: it may still run, or it has left what is to be deployed.
_GOES_ON: Final = {StageStatus.RUNNING, StageStatus.SUCCESS}
_SERVED: Final = {SlotStatus.RUNNING, SlotStatus.DRAINING}

_log = logging.getLogger(__name__)


@dataclass
class Reconciler:
    store: Store
    engine: Engine
    retirement: Retirement
    workspace: Workspace
    logs: Logs
    locks: ProjectLocks
    slot_health: SlotHealth
    hub: Hub
    clock: Clock

    async def settle_rows(self) -> None:
        """Give everything that was under way an end or a new beginning. Needs no engine, so that serving can begin."""
        for deployment in await self.store.unfinished_deployments():
            await self._settle_deployment(deployment)
        for build in await self.store.running_builds():
            await self._settle_build(build)

    async def _settle_deployment(self, deployment: Deployment) -> None:
        outcome, reason = DeploymentOutcome.SUCCESS, ""
        if deployment.switched_at is None:
            outcome = DeploymentOutcome.CANCELLED
            reason = "lci was stopped before the switch; the deployment begins again."
        await self.store.end_deployment(deployment.id, outcome, reason=reason, at=self.clock.now())

    async def _settle_build(self, build: Build) -> None:
        deployment = await self.store.deployment_of(build.id)
        if deployment is not None and deployment.switched_at is not None:
            # The commit is what counts: it serves.
            await self._finish(build, BuildStatus.SUCCESS)
        elif build.cancel_requested:
            await self._finish(build, BuildStatus.CANCELLED)
        elif build.restarts >= MAX_RESTARTS:
            message = f"lci was restarted {build.restarts} times while this build ran."
            await self._finish(
                build, BuildStatus.FAILED, Failure(FailureKind.INFRA, "source", "TOO_MANY_RESTARTS", message)
            )
        elif await self._ran_its_command(build):
            # What is left of it, the engine and the disk know: whoever runs builds asks them.
            await self.store.note_restart(build.id)
        else:
            await self.store.requeue_build(build.id, Requeue.RESTART)

    async def _ran_its_command(self, build: Build) -> bool:
        begun = await self.store.stages(build.id)
        return any(stage.kind is StageKind.STEP and stage.status in _GOES_ON for stage in begun)

    async def _finish(self, build: Build, status: BuildStatus, failure: Failure | None = None) -> None:
        lines = await attempt(partial(self.logs.total, log_of(build)), what="count the lines of a log")
        await self.store.finish_build(build.id, status, failure=failure, log_lines=lines or 0, at=self.clock.now())

    async def settle_world(self) -> None:
        """Remove what bears our label and belongs to nothing, and see what became of the versions that served.

        Raises Trouble("DOCKER_UNAVAILABLE") where the engine does not answer; it may then be called again. What is
        wrong with a single container is logged, and stands in its slot.
        """
        # Asked first: what begins after that brings its own.
        running = {str(build.id) for build in await self.store.running_builds()}
        by_project: defaultdict[int, list[ContainerState]] = defaultdict(list)
        for container in await self.engine.list_ours():
            if container.labels.get(names.LABEL_ROLE) == names.ROLE_BUILD and _build_of(container) in running:
                continue
            by_project[_project_of(container)].append(container)
        await attempt(partial(self._sweep_directories, running), what="sweep the directories of earlier builds")
        _, projects = await self.store.projects()
        for project_id in sorted({*by_project, *(project.id for project in projects)}):
            # People may switch, stop or delete while this goes on.
            async with self.locks.hold(project_id):
                await self._settle_project(project_id, by_project[project_id])
        # After the containers; a version that runs in the engine's own network stays there until the next replaces it.
        await self._one(partial(self.engine.keep_networks, [project.id for project in projects]), "remove networks")

    async def _settle_project(self, project_id: int, containers: Sequence[ContainerState]) -> None:
        """Keep the container of the active slot as it should be, let the other slot's leave, and remove all others."""
        project = await self.store.project(project_id)
        found = {container.id: container for container in containers}
        slots = await self.store.slots(project_id)
        for state in slots.values():
            container = found.get(state.container_id or "")
            if project is not None and state.slot is project.active_slot:
                await self._settle_active(project, state, found.pop(state.container_id or "", None))
            elif project is not None and container is not None and state.status in _SERVED:
                # Workers of the proxy that outlived an earlier lci may still have requests on it.
                receiver = receiver_of(state, slots[state.slot.other])
                self.retirement.begin(state, receiver=receiver, bake=0, drain=project.settings.drain_timeout)
                del found[container.id]
            elif state.status is not SlotStatus.EMPTY:
                await self.store.set_slot(SlotState(project_id, state.slot, port=state.port))
        await self._remove(list(found.values()))

    async def _remove(self, containers: Sequence[ContainerState]) -> None:
        for container in containers:
            _log.info("removing container %s (%s): nothing needs it", container.name, container.id[:12])
            await self._one(partial(self.engine.remove, container.id), f"remove container {container.name}")

    async def _settle_active(self, project: Project, state: SlotState, container: ContainerState | None) -> None:
        if state.container_id is None:
            return
        if container is None:
            _log.error("the container of %s, %s, is gone: deploy again or roll back", project.name, state.slot)
            await self._note_error(state)
        elif project.stopped:
            await self._one(partial(self.engine.stop, container.id), f"stop {project.name}")
            await self.store.set_slot(replace(state, status=SlotStatus.STOPPED, health=Health.UNKNOWN))
        elif not await self._one(partial(self._keep_up, container), f"start {project.name} again"):
            await self._note_error(state)
        elif not container.running or (state.status, state.health) != (SlotStatus.RUNNING, Health.HEALTHY):
            unknown = replace(state, status=SlotStatus.RUNNING, health=Health.UNKNOWN)
            await self.store.set_slot(unknown)
            self.slot_health.check_soon(unknown)

    async def _note_error(self, state: SlotState) -> None:
        wrong = replace(state, status=SlotStatus.ERROR, health=Health.UNHEALTHY)
        await self.store.set_slot(wrong)
        self.hub.container_changed(wrong, "Error")

    async def _keep_up(self, container: ContainerState) -> None:
        if not container.running:
            await self.engine.start_again(container.id)
        await self.engine.serve_for_good(container.id)

    async def _one(self, act: Callable[[], Awaitable[None]], what: str) -> bool:
        """Do something to one container; what goes wrong with it must not hold up all others."""
        try:
            await act()
        except OutsideError as error:
            if error.code == "DOCKER_UNAVAILABLE":
                raise
            _log.warning("cannot %s: %s", what, error)
            return False
        return True

    async def _sweep_directories(self, running: Collection[str]) -> None:
        """Remove what looks at repositories left, and checkouts, scratch and outputs of builds that run no more."""
        await self._sweep(names.SURVEYS)
        for project_id in await self.workspace.children("workspace"):
            for name in await self.workspace.children(f"workspace/{project_id}"):
                _, found, build_id = name.partition("checkout-")
                if found and build_id not in running:
                    await self._sweep(f"workspace/{project_id}/{name}")
        for build_id in await self.workspace.children("builds"):
            if build_id not in running:
                await self._sweep(f"builds/{build_id}")
        for build_id in await self.workspace.children("output"):
            build = await self.store.build(int(build_id)) if build_id.isdecimal() else None
            if build_id not in running and (build is None or not build.retained):
                await self._sweep(f"output/{build_id}")

    async def _sweep(self, relative: str) -> None:
        await attempt(partial(self.workspace.remove, relative), what=f"remove {relative}")


def _build_of(container: ContainerState) -> str:
    return container.labels.get(names.LABEL_BUILD, "")


def _project_of(container: ContainerState) -> int:
    """Return whose container it is by its label; 0, which is no project, where that makes no sense."""
    label = container.labels.get(names.LABEL_PROJECT, "")
    return int(label) if label.isdecimal() else 0
