"""What people ask for: a build now, the same once more, an older version again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from lci_app.core.delivery import Delivery
from lci_app.core.matching import of_repository
from lci_app.core.model import Build, NewBuild, Trigger, Trust
from lci_app.core.project import Project, PullRequests
from lci_app.core.pull_request import EVENT, number_of
from lci_app.interfaces import Clock, Once, Placed, Store
from lci_app.services.build_queue import BuildQueue
from lci_app.services.results import BuildsQueued, Invalid, NoSuchBuild, NoSuchProject, NothingRetained

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass
class Orders:
    store: Store
    queue: BuildQueue
    clock: Clock
    github_url: str

    async def trigger(  # noqa: PLR0913 - what the call is given
        self,
        project: Project,
        *,
        commit_hash: str | None = None,
        branch: str | None = None,
        priority: int = 0,
        deploy: bool | None = None,
        parameters: Mapping[str, str] | None = None,
        by: str = "",
        once: Once[Placed] | None = None,
    ) -> Placed | Invalid | NoSuchProject:
        """Queue a build that `by` asked for: of a commit, else of the head of a branch, else of the project's."""
        if parameters:
            return Invalid("parameters", "not supported yet")
        new = _ordered(project, commit_hash, branch, by)
        if isinstance(new, Invalid):
            return new
        return await self.queue.add(replace(new, priority=priority, deploy=deploy is not False), once)

    async def rebuild(
        self, build_id: int, *, by: str = "", once: Once[Placed] | None = None
    ) -> Placed | NoSuchBuild | NoSuchProject | NothingRetained:
        """Queue a new build of the same commit and parameters, which is deployed if the other one was to be.

        It is trusted no more than the other one, and approved only where that one's commit was.
        """
        build = await self.store.build(build_id)
        if build is None:
            return NoSuchBuild(build_id)
        if build.output_build_id is not None:
            kept = await self.store.build(build.output_build_id)
            if kept is None or not kept.retained:
                return NothingRetained(f"The output that build {build.build_number} deployed is no longer kept.")
        new = NewBuild(
            project_id=build.project_id,
            trigger=Trigger.REBUILD,
            branch=build.branch,
            queue_key=build.queue_key,
            trust=build.trust,
            commit_hash=build.commit_hash,
            commit_message=build.commit_message,
            commit_author=build.commit_author,
            requested_by=by,
            pull_request=build.pull_request,
            needs_approval=build.needs_approval,
            approved_commit=build.approved_commit,
            approved_by=build.approved_by,
            approved_at=build.approved_at,
            parameters=build.parameters,
            priority=build.priority,
            deploy=build.deploy,
            output_build_id=build.output_build_id,
        )
        return await self.queue.add(new, once)

    async def rollback(
        self, project: Project, build_id: int | None, *, by: str = "", once: Once[Placed] | None = None
    ) -> Placed | NothingRetained | NoSuchBuild:
        """Queue a build that deploys a kept output again; with it automatic deployment is turned off.

        Without `build_id`: the newest kept build before the one that serves.
        """
        target = await self._rollback_target(project, build_id)
        if not isinstance(target, Build):
            return target
        new = NewBuild(
            project_id=project.id,
            trigger=Trigger.ROLLBACK,
            branch=target.branch,
            queue_key=project.queue_key(target.branch, target.commit_hash),
            trust=target.trust,
            commit_hash=target.commit_hash,
            commit_message=target.commit_message,
            commit_author=target.commit_author,
            requested_by=by,
            parameters=target.parameters,
            output_build_id=target.id,
        )
        placed = await self.queue.add(new, once)
        return placed if isinstance(placed, Placed) else NothingRetained(placed.message)

    async def _rollback_target(self, project: Project, build_id: int | None) -> Build | NothingRetained | NoSuchBuild:
        if build_id is not None:
            build = await self.store.build(build_id)
            if build is None or build.project_id != project.id:
                return NoSuchBuild(build_id)
            if build.output_build_id is not None:
                return await self._rollback_target(project, build.output_build_id)
            if build.trust is not Trust.TRUSTED:
                return NothingRetained(f"Build {build.build_number} is of a pull request: nothing of it is deployed.")
            if not build.retained:
                return NothingRetained(f"The output of build {build.build_number} of {project.name} is not kept.")
            return build
        serving = await self._serving_output(project)
        for build in await self.store.retained_builds(project.id):
            if build.output_build_id is None and build.deployed_slot is not None and build.id < serving:
                return build
        return NothingRetained(f"{project.name} has no kept build before the one that serves.")

    async def _serving_output(self, project: Project) -> int:
        """Return the id of the build whose output serves; a rollback's own id is not the one that made it."""
        if project.active_slot is None:
            return 0
        live = (await self.store.slots(project.id))[project.active_slot]
        build = await self.store.build(live.build_id) if live.build_id is not None else None
        if build is None:
            return 0
        return build.output_build_id or build.id

    async def build_delivery(
        self, row_id: int, *, by: str = "", once: Once[Sequence[Placed]] | None = None
    ) -> BuildsQueued | NoSuchProject | Invalid:
        """Build a delivery that built nothing, because a person says so."""
        delivery = await self.store.delivery(row_id)
        if delivery is None:
            return NoSuchProject(f"There is no delivery {row_id}.")
        _, projects = await self.store.projects()
        meant = of_repository([delivery.repository], projects, self.github_url)
        if delivery.project_ids:
            meant = [project for project in meant if project.id in delivery.project_ids]
        news = _of_delivery(delivery, meant, by)
        if isinstance(news, Invalid):
            return news
        placed = await self.queue.add_all(news, once) if news else []
        return BuildsQueued(placed) if placed else NoSuchProject(f"No project builds {delivery.repository}.")


def _ordered(project: Project, commit_hash: str | None, branch: str | None, by: str) -> NewBuild | Invalid:
    """Return the build that `by` asks for: of a commit, else of the head of a branch, else of the project's."""
    if commit_hash is not None and not _COMMIT.fullmatch(commit_hash):
        return Invalid("commit_hash", "must be a whole commit: 40 hexadecimal digits")
    wanted = branch or project.settings.branch
    try:
        type(project.settings).model_validate({"repo": project.settings.repo, "branch": wanted})
    except ValidationError:
        return Invalid("branch", "must be a git branch name")
    return NewBuild(
        project_id=project.id,
        trigger=Trigger.MANUAL,
        branch=wanted,
        queue_key=project.queue_key(wanted, commit_hash),
        trust=Trust.TRUSTED,
        commit_hash=commit_hash,
        requested_by=by,
    )


def _of_delivery(delivery: Delivery, meant: Sequence[Project], by: str) -> list[NewBuild] | Invalid:
    """Return what `by` asks for who has a delivery built by these projects."""
    number = number_of(delivery.ref) if delivery.event == EVENT else None
    if number is not None:
        return _of_pull_request(delivery, number, meant)
    branch = delivery.ref.removeprefix("refs/heads/")
    if delivery.event != "push" or branch == delivery.ref or delivery.after == "0" * 40:
        return Invalid("id", f"delivery {delivery.id} is no push to a branch that is there: nothing can be built of it")
    ordered = [_ordered(project, delivery.after, branch, by) for project in meant]
    return [new for new in ordered if isinstance(new, NewBuild)]


def _of_pull_request(delivery: Delivery, number: int, meant: Sequence[Project]) -> list[NewBuild] | Invalid:
    """Return builds of the head that a delivery told of. What was not noted of it, where it is from, may be a fork."""
    willing = [each for each in meant if each.settings.pull_requests is PullRequests.FORKS_AFTER_APPROVAL]
    if meant and not willing:
        return Invalid("id", f"delivery {delivery.id} may be of a fork: its project's pull_requests does not allow it")
    return [
        NewBuild(
            project_id=project.id,
            trigger=Trigger.PULL_REQUEST,
            branch=project.settings.branch,
            queue_key=project.pull_request_key(project.settings.branch, delivery.after),
            trust=Trust.UNTRUSTED,
            commit_hash=delivery.after,
            pull_request=number,
            needs_approval=True,
            deploy=False,
        )
        for project in willing
    ]
