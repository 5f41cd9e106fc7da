"""Letting a build run that waits for somebody to look at its commit first."""

from __future__ import annotations

from dataclasses import dataclass

from lci_app.core.lifecycle import FINAL
from lci_app.core.model import Build
from lci_app.core.project import PullRequests
from lci_app.interfaces import Clock, Once, Store
from lci_app.services.build_queue import BuildQueue
from lci_app.services.results import BuildFinished, NoSuchBuild, NothingToApprove


@dataclass
class Approvals:
    store: Store
    queue: BuildQueue
    clock: Clock

    async def approve(
        self, build_id: int, *, commit_hash: str | None, by: str, once: Once[Build] | None = None
    ) -> Build | NoSuchBuild | BuildFinished | NothingToApprove:
        """Let a build run that waits for approval. Its commit is approved, and no other: a later one waits again.

        `commit_hash`, where it is given, must be the build's.
        """
        build = await self.store.build(build_id)
        project = None if build is None else await self.store.project(build.project_id)
        if build is None or project is None:
            return NoSuchBuild(build_id)
        if project.settings.pull_requests is not PullRequests.FORKS_AFTER_APPROVAL and build.waits_for is not None:
            return NothingToApprove(f"{project.name} builds no pull requests from forks: see its pull_requests.")
        if commit_hash not in {None, build.commit_hash}:
            return NothingToApprove(f"Build {build.build_number} of {project.name} is of commit {build.commit_hash}.")
        approved = await self.store.approve_build(build_id, by, self.clock.now(), once=once)
        if approved is not None:
            self.queue.admit(approved)
            return approved
        now = await self.store.build(build_id)
        if now is None:
            return NoSuchBuild(build_id)
        if now.status in FINAL:
            return BuildFinished(now)
        return NothingToApprove(f"Build {now.build_number} of {now.project_name} does not wait for approval.")
