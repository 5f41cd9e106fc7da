"""The life of one build, from its turn to its recorded end. The log opens first, and an end is always recorded."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from lci_app.core.model import Build, BuildStatus, Failure, FailureKind, StageKind, StageStatus, Timestamp
from lci_app.interfaces import Logs, LogWriter, Store, Trouble
from lci_app.services.build_record import BuildEnd, BuildRecord, log_of
from lci_app.services.build_stages import CANCELLED, START_AGAIN, BuildStages, Work
from lci_app.services.build_step import BuildStep
from lci_app.services.hub import Hub
from lci_app.services.secrets import Secrets
from lci_app.services.source_stage import SourceStage
from lci_app.services.sweeper import Sweeper
from lci_app.services.under_trouble import attempt, insist

# None is a build that has not begun.
_Live = Callable[[Build, trio.CancelScope], Awaitable[BuildEnd | None]]

GOES_ON: Final = "lci was restarted while this build ran: it goes on."

_log = logging.getLogger(__name__)


@dataclass
class Builder:
    store: Store
    record: BuildRecord
    logs: Logs
    source: SourceStage
    secrets: Secrets
    step: BuildStep
    stages: BuildStages
    sweeper: Sweeper
    hub: Hub
    # When the host was started: what was left before may not have come to the disk whole.
    booted_at: Timestamp = ""

    async def run(self, queued: Build, *, by_request: trio.CancelScope) -> None:
        """Run a queued build to its end. `by_request` is the scope that a person's cancellation cancels.

        Only a cancellation from outside it leaves no end: lci stops, and starts the build again when it is back.
        """
        await self._to_end(queued, by_request, self._begin)

    async def resume(self, left: Build, *, by_request: trio.CancelScope) -> None:
        """Go on with a build whose command an earlier lci has left running, as `run`.

        Where there is nothing to go on with, the build goes back to the queue. Waits for the engine, since only the
        engine knows.
        """
        await self._to_end(left, by_request, self._go_on)

    async def _to_end(self, build: Build, by_request: trio.CancelScope, live: _Live) -> None:
        end: BuildEnd | None = CANCELLED
        with by_request:
            end = await live(build, by_request)
        if end is not None and build.output_build_id is None:
            await self.step.clear(build.id)
        if end is not None and end.status is not BuildStatus.SUCCESS:
            await self.sweeper.make_room(build)
        change = await self.record.end(build, end) if end is not None else None
        if change is not None:
            if change.build.status is BuildStatus.FAILED:
                self.hub.build_failed(change.build)
            self.hub.build_changed(change)
            await self.sweeper.sweep(change.build)

    async def _begin(self, queued: Build, by_request: trio.CancelScope) -> BuildEnd | None:
        """Do the work with its log open; None where the build was cancelled before it began.

        A log that cannot be closed changes nothing about what was done.
        """
        end = None
        try:
            async with self.logs.open(log_of(queued)) as log:
                if await self._is_called_off(queued):
                    return None
                await log.mask(await self.secrets.mask_of_source(queued.project_id))
                begun = await self.record.begin(await self._with_commit(queued, log))
                if begun is None:
                    return None
                work = Work(begun, log, _why_again(queued), of_head=queued.commit_hash is None)
                end = await self.stages.to_end(work, by_request)
        except Trouble as trouble:
            await trio.lowlevel.checkpoint_if_cancelled()
            if end is None:
                await self.record.begin(queued)
            end = end or _without_log(queued, "source", trouble)
        return end

    async def _go_on(self, build: Build, by_request: trio.CancelScope) -> BuildEnd | None:
        """Do what is left of the work, as `_begin`."""
        end = None
        built = await insist(partial(self._has_built, build), what=f"tell how far build {build.id} came")
        left = None if built else await insist(partial(self.step.left_by, build), what=f"find what {build.id} left")
        if left is None and not built:
            return START_AGAIN
        if built:
            # What it ran once before its start would run twice at a time.
            await self.step.clear(build.id)
        try:
            async with self.logs.open(log_of(build)) as log:
                work = Work(build, log, GOES_ON, left=left, built=built, stage="build")
                end = await self.stages.to_end(work, by_request)
        except Trouble as trouble:
            await trio.lowlevel.checkpoint_if_cancelled()
            end = end or _without_log(build, "build", trouble)
        return end

    async def _has_built(self, build: Build) -> bool:
        """Return whether the build's command has ended well, and what it left is there, and whole."""
        steps = [each for each in await self.store.stages(build.id) if each.kind is StageKind.STEP]
        if not any(each.status is StageStatus.SUCCESS and (each.finished_at or "") > self.booted_at for each in steps):
            return False
        return await self.step.has_output(build)

    async def _is_called_off(self, queued: Build) -> bool:
        """Return whether the build was cancelled, or deleted, after it was chosen and before it is begun."""
        now = await self.store.build(queued.id)
        return now is None or now.status is not BuildStatus.QUEUED

    async def _with_commit(self, queued: Build, log: LogWriter) -> Build:
        """Find out which commit is built before the build is called Building, where its branch's head is wanted."""
        if queued.commit_hash is not None or queued.output_build_id is not None:
            return queued
        await log.begin_stage("source")
        # Where it cannot be found out, the stage that needs the commit meets the same error, and fails the build by it.
        resolve = partial(self.source.resolve, queued, log)
        return await attempt(resolve, what=f"tell the commit of build {queued.id} yet") or queued


def _why_again(build: Build) -> str:
    """Return what the log says of an earlier try."""
    if build.failure is not None:
        return f"Trying again after trouble: {build.failure.message}"
    return "lci was restarted while this build ran: it starts again." if build.restarts else ""


def _without_log(build: Build, stage: str, trouble: Trouble) -> BuildEnd:
    _log.warning("the log of build %d: %s", build.id, trouble)
    return BuildEnd(BuildStatus.FAILED, Failure(FailureKind.INFRA, stage, trouble.code, str(trouble)))
