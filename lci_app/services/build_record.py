"""How a build begins and ends in the store, whatever trouble the machine is in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, Failure, FailureKind
from lci_app.interfaces import Clock, Logs, Requeue, StatusChange, Store
from lci_app.services.hub import Hub
from lci_app.services.under_trouble import attempt, insist

# Trouble of the machine is given this many seconds to pass before the build's one more try.
TROUBLE_PAUSE: Final = 2.0
MAX_INFRA_RETRIES: Final = 1
# How long recording an end may take when everything else is being cancelled. Seconds.
RECORD_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class BuildEnd:
    """`status` Queued: nothing is left of an earlier lci's work, and the build starts again."""

    status: BuildStatus
    failure: Failure | None = None


@dataclass
class BuildRecord:
    store: Store
    logs: Logs
    hub: Hub
    clock: Clock

    async def begin(self, queued: Build) -> Build | None:
        """Record and announce that it is Building; None where it was cancelled, or deleted, while it waited."""
        begin = partial(self.store.begin_build, queued.id, self.clock.now())
        begun = await insist(begin, what=f"begin build {queued.id}")
        if begun is None:
            return None
        self.hub.build_changed(begun)
        return begun.build

    async def end(self, queued: Build, end: BuildEnd) -> StatusChange | None:
        """Record the end, or the one more try that trouble of the machine is given; who asked announces it.

        While the disk is full the build keeps its place: nothing of its key starts, and nobody takes it for ended.
        """
        trouble = end.failure is not None and end.failure.kind is FailureKind.INFRA
        again = trouble and queued.infra_retries < MAX_INFRA_RETRIES
        if again:
            await trio.sleep(TROUBLE_PAUSE)

        async def record() -> StatusChange | None:
            if end.status is BuildStatus.QUEUED:
                return await self.store.requeue_build(queued.id, Requeue.NOTHING_LEFT)
            if again:
                requeued = await self.store.requeue_build(queued.id, Requeue.INFRA, failure=end.failure)
                if requeued is not None:
                    return requeued
            lines = await attempt(partial(self.logs.total, log_of(queued)), what="count the lines of a log")
            return await self.store.finish_build(
                queued.id, end.status, failure=end.failure, log_lines=lines or 0, at=self.clock.now()
            )

        return await insist(record, what=f"record the end of build {queued.id}", shielded=RECORD_SECONDS)


def log_of(build: Build) -> str:
    return names.build_log(build.project_id, build.build_number)
