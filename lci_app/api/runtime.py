"""What runs: slots, switching between them, their containers' output, and how they came there."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from lci_app.api import problem
from lci_app.api.lookup import project_of
from lci_app.api.needs import Addresses, Orders, Runtime
from lci_app.api.problem import Problem
from lci_app.api.route import EVENTS, Call, Content, Reply
from lci_app.api.slots import live_slots
from lci_app.api.sse import runtime_log_events
from lci_app.api.wire.builds import QueuedRollback
from lci_app.api.wire.deployments import DeploymentList, DeploymentsQuery
from lci_app.api.wire.projects import (
    MaintenanceBody,
    RestartBody,
    RollbackBody,
    RuntimeLog,
    RuntimeLogQuery,
    SwitchBody,
    status_document,
)
from lci_app.core.model import Slot, SlotState
from lci_app.core.project import Project
from lci_app.interfaces import Clock, Placed, Store
from lci_app.services.results import NoSuchBuild, NothingRetained, SlotEmpty


class RuntimePages:
    def __init__(
        self, store: Store, clock: Clock, runtime: Runtime, orders: Orders, addresses: Addresses, stop: trio.Event
    ) -> None:
        self._store = store
        self._clock = clock
        self._runtime = runtime
        self._orders = orders
        self._addresses = addresses
        self._stop = stop

    async def show_status(self, call: Call) -> Reply:
        return await self._status(await project_of(self._store, call))

    async def switch(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        switched = await self._runtime.switch(project, call.body_as(SwitchBody).target_slot)
        if isinstance(switched, SlotEmpty):
            raise _empty(switched)
        return await self._status(switched)

    async def rollback(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        build_id = call.body_as(RollbackBody).build_id
        placed = await self._orders.rollback(project, build_id, by=call.caller.name, once=call.once(_queued_rollback))
        match placed:
            case Placed():
                return _queued_rollback(placed)
            case NoSuchBuild(build_id):
                raise problem.no_such_build(build_id)
            case NothingRetained(message):
                raise problem.conflict("NOTHING_RETAINED", message)

    async def restart(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        return await self._outcome(project, await self._runtime.restart(project, call.body_as(RestartBody).slot))

    async def stop(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        return await self._outcome(project, await self._runtime.stop(project))

    async def start(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        return await self._outcome(project, await self._runtime.start(project))

    async def set_maintenance(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        asked = call.body_as(MaintenanceBody)
        changed = await self._runtime.set_maintenance(project, asked.message.strip() if asked.enabled else None)
        if changed is None:
            raise problem.no_such_project(project.name)
        return await self._status(changed)

    async def list_deployments(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        query = call.query_as(DeploymentsQuery)
        total, deployments = await self._store.deployments(
            project.id, limit=query.limit, offset=query.offset, before_id=query.before_id
        )
        return Reply(DeploymentList.of(total, deployments))

    async def show_runtime_log(self, call: Call) -> Reply | Content:
        project = await project_of(self._store, call)
        query = call.query_as(RuntimeLogQuery)
        # Asked for events, too: an empty slot is refused before the stream has begun.
        lines = await self._runtime.tail(project, query.slot, query.tail)
        if isinstance(lines, SlotEmpty):
            raise _empty(lines)
        if call.wants_events():
            return Content(runtime_log_events(self._runtime, project, query.slot, query.tail, self._stop), EVENTS)
        return Reply(RuntimeLog(lines=lines))

    async def _outcome(self, project: Project, slots: Mapping[Slot, SlotState] | SlotEmpty) -> Reply:
        if isinstance(slots, SlotEmpty):
            raise _empty(slots)
        fresh = await self._store.project(project.id)
        if fresh is None:
            raise problem.no_such_project(project.name)
        return Reply(status_document(fresh, slots, addresses=self._addresses, now=self._clock.now()))

    async def _status(self, project: Project) -> Reply:
        slots = await live_slots(self._runtime, self._store, project)
        return Reply(status_document(project, slots, addresses=self._addresses, now=self._clock.now()))


def _queued_rollback(placed: Placed) -> Reply:
    return Reply(QueuedRollback.of(placed), 202)


def _empty(refused: SlotEmpty) -> Problem:
    return problem.conflict("SLOT_EMPTY", refused.message)
