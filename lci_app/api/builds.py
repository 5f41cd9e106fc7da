"""Builds: lists, one, and what is done with them."""

from __future__ import annotations

from lci_app.api import problem
from lci_app.api.lookup import build_of, project_of
from lci_app.api.needs import Approvals, Orders, Scheduler
from lci_app.api.problem import Problem
from lci_app.api.route import Call, Reply
from lci_app.api.wire.builds import (
    ApprovalBody,
    BuildDocument,
    BuildsQuery,
    ProjectBuildsQuery,
    QueuedBuild,
    TriggerBody,
    build_list,
    build_page,
)
from lci_app.core.lifecycle import FINAL
from lci_app.core.model import Build
from lci_app.interfaces import BuildFilter, Placed, Store
from lci_app.services.results import (
    BuildFinished,
    Invalid,
    NoSuchBuild,
    NoSuchProject,
    NothingRetained,
    NothingToApprove,
)


class BuildPages:
    def __init__(self, store: Store, orders: Orders, scheduler: Scheduler, approvals: Approvals) -> None:
        self._store = store
        self._orders = orders
        self._scheduler = scheduler
        self._approvals = approvals

    async def list_builds(self, call: Call) -> Reply:
        query = call.query_as(BuildsQuery)
        return await self._list(query, query.project_id, call.caller.projects)

    async def list_project_builds(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        return await self._list(call.query_as(ProjectBuildsQuery), project.id)

    async def show_build(self, call: Call) -> Reply:
        build = await build_of(self._store, call)
        stages = await self._store.stages(build.id)
        return Reply(build_page(build, stages, await self._store.queue_position(build)))

    async def trigger_build(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        body = call.body_as(TriggerBody)
        placed = await self._orders.trigger(
            project,
            commit_hash=body.commit_hash,
            branch=body.branch,
            priority=body.priority,
            deploy=body.deploy,
            parameters=body.parameters,
            by=call.caller.name,
            once=call.once(_queued),
        )
        match placed:
            case Placed():
                return _queued(placed)
            case Invalid(field, reason):
                raise problem.invalid(field, reason)
            case NoSuchProject():
                raise problem.no_such_project(call.path["project"])

    async def rebuild(self, call: Call) -> Reply:
        placed = await self._orders.rebuild(call.build_id(), by=call.caller.name, once=call.once(_queued))
        match placed:
            case Placed():
                return _queued(placed)
            case NoSuchBuild(build_id):
                raise problem.no_such_build(build_id)
            case NoSuchProject(message):
                raise problem.no_project_of_repository(message)
            case NothingRetained(message):
                raise problem.conflict("NOTHING_RETAINED", message)

    async def cancel_build(self, call: Call) -> Reply:
        cancelled = await self._scheduler.cancel(call.build_id())
        match cancelled:
            case Build():
                return Reply(BuildDocument.of(cancelled))
            case NoSuchBuild(build_id):
                raise problem.no_such_build(build_id)
            case BuildFinished(build):
                raise _has_ended(build)

    async def approve_build(self, call: Call) -> Reply:
        commit_hash = call.body_as(ApprovalBody).commit_hash
        approved = await self._approvals.approve(
            call.build_id(), commit_hash=commit_hash, by=call.caller.name, once=call.once(_approved)
        )
        match approved:
            case Build():
                return _approved(approved)
            case NoSuchBuild(build_id):
                raise problem.no_such_build(build_id)
            case BuildFinished(build):
                raise _has_ended(build)
            case NothingToApprove(message):
                raise problem.conflict("CONFLICT", message)

    async def _list(
        self, query: ProjectBuildsQuery, project_id: int | None, project_ids: frozenset[int] | None = None
    ) -> Reply:
        wanted = BuildFilter(
            project_id=project_id, project_ids=project_ids, status=query.status, before_id=query.before_id
        )
        total, builds = await self._store.builds(wanted, limit=query.limit, offset=query.offset)
        return Reply(build_list(total, builds))


def _queued(placed: Placed) -> Reply:
    return Reply(QueuedBuild.of(placed), 202)


def _approved(build: Build) -> Reply:
    return Reply(BuildDocument.of(build))


def _has_ended(build: Build) -> Problem:
    state = f"has ended already: {build.status}"
    if build.status not in FINAL:
        state = "has the traffic already: `rollback` goes back to the one before"
    message = f"Build {build.build_number} of {build.project_name} {state}."
    return problem.conflict("BUILD_FINISHED", message, status=build.status)
