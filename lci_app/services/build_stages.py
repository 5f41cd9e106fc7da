"""The stages of one build: what is done in each, how it ends, and what the log says of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import trio

from lci_app.core.model import (
    Build,
    BuildStatus,
    Failure,
    FailureKind,
    JsonObject,
    Stage,
    StageKind,
    StageStatus,
    Trigger,
)
from lci_app.core.project import ProjectSettings
from lci_app.core.project_file import settings_of
from lci_app.core.rollout import Live, Withdrawn
from lci_app.interfaces import Clock, ContainerState, LogWriter, Refusal, Store, Trouble
from lci_app.services.build_record import BuildEnd
from lci_app.services.build_step import BuildStep
from lci_app.services.deploy_stage import DeployStage, ToDeploy
from lci_app.services.deployer import Outdated
from lci_app.services.secrets import Delivery, Secrets
from lci_app.services.source_stage import SourceStage
from lci_app.services.under_trouble import attempt

# How long a last line may take when everything else is being cancelled. Seconds.
LAST_LINE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class _Failed(Exception):
    """Ends the work; the stage that it leaves ends with it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Overruled(Exception):
    """The build's cancellation was accepted; the stage that it leaves ends with the build."""


@dataclass
class Work:
    """One build under way. `opening`: what the log says first; `of_head`: nobody named the commit.

    `left`: the container of its command that an earlier lci has started. `built`: its command has ended well under an
    earlier lci, and its output is kept.
    """

    build: Build
    log: LogWriter
    opening: str
    of_head: bool = False
    left: ContainerState | None = None
    built: bool = False
    delivery: Delivery = field(default_factory=Delivery)
    stage: str = "source"


@dataclass(frozen=True, slots=True)
class _Plan:
    """`effective`: the settings with their origins; `why_not`: why the build is not deployed, as a clause."""

    settings: ProjectSettings
    effective: JsonObject
    why_not: str | None


CANCELLED: Final = BuildEnd(BuildStatus.CANCELLED)
START_AGAIN: Final = BuildEnd(BuildStatus.QUEUED)


@dataclass
class BuildStages:
    store: Store
    source: SourceStage
    secrets: Secrets
    step: BuildStep
    deploy_stage: DeployStage
    clock: Clock

    async def to_end(self, work: Work, by_request: trio.CancelScope) -> BuildEnd:
        """Do the work; whatever ends it stands in the log."""
        try:
            return await self._judge(work)
        except* trio.Cancelled:
            why = "Cancelled." if by_request.cancel_called else "lci stops; the build goes on when it is back."
            with trio.move_on_after(LAST_LINE_SECONDS, shield=True):
                await self._say(work, why)
            raise
        except* Exception as group:  # noqa: BLE001 - what a cancellation meets on its way changes nothing
            _log.warning("while build %d was cancelled: %r", work.build.id, group.exceptions)
        return CANCELLED

    async def _judge(self, work: Work) -> BuildEnd:
        """Do the work; every failure becomes a Failure."""
        try:
            return await self._work(work)
        except _Overruled:
            return CANCELLED
        except _Failed as failed:
            failure = failed.failure
        except Refusal as refusal:
            kind = FailureKind.DEPLOY if work.stage == "deploy" else FailureKind.BUILD
            failure = Failure(kind, work.stage, refusal.code, str(refusal))
        except Trouble as trouble:
            failure = Failure(FailureKind.INFRA, work.stage, trouble.code, str(trouble))
        except Exception:  # noqa: BLE001 - one build's failure never leaves its own task
            _log.exception("build %d failed for a reason lci did not foresee", work.build.id)
            unforeseen = "lci failed for a reason it did not foresee; its own log tells more."
            failure = Failure(FailureKind.INFRA, work.stage, "INTERNAL", unforeseen)
        line = await self._say(work, f"Failed: {failure.message}")
        return BuildEnd(BuildStatus.FAILED, replace(failure, log_line=failure.log_line or line))

    async def _work(self, work: Work) -> BuildEnd:
        if work.build.output_build_id is not None:
            return await self._deploy_kept(work, work.build.output_build_id)
        if work.built:
            await work.log.begin_stage(work.stage)
            plan = await self._recall(work)
        else:
            plan = await self._build(work)
        # Asked again: a build takes its time, and a rollback meanwhile has turned automatic deployment off.
        why_not = plan.why_not or await self.deploy_stage.why_not(work.build, enabled=True)
        if why_not is not None:
            await self._say(work, f"Built and verified; not deployed: {why_not}.")
            return BuildEnd(BuildStatus.SUCCESS)
        async with self._stage(work, "deploy", StageKind.DEPLOY):
            await self._put_live(work, plan.settings, work.build.id, plan.effective)
        return BuildEnd(BuildStatus.SUCCESS)

    async def _build(self, work: Work) -> _Plan:
        """Run the build's command, or go on with it."""
        if work.left is None:
            plan = await self._prepare(work)
            async with self._stage(work, "build", StageKind.STEP):
                _succeed(await self.step.run(work.build, plan.settings, work.log, work.delivery.for_build))
            return plan
        async with self._stage(work, "build", StageKind.STEP):
            plan = await self._recall(work)
            _succeed(await self.step.resume(work.build, plan.settings, work.left, work.log))
        return plan

    async def _prepare(self, work: Work) -> _Plan:
        """Fetch the source, and settle by which settings it is built and whether it is deployed."""
        async with self._stage(work, "source", StageKind.SOURCE):
            prepared = await self.source.prepare(work.build, work.log, of_head=work.of_head)
            work.build = prepared.build
            effective, settings = prepared.effective.to_json(), prepared.effective.settings.replaced_for(work.build)
            why_not = await self.deploy_stage.why_not(work.build, enabled=prepared.effective.deploy)
            deploy = why_not is None
            _require_complete(settings, deploy=deploy)
            await self.store.set_effective(work.build.id, effective, deploy=deploy)
            await self._take_delivery(work, settings)
        return _Plan(settings, effective, why_not)

    async def _recall(self, work: Work) -> _Plan:
        """Return what was settled before an earlier lci ended."""
        effective = work.build.effective or {}
        settings = settings_of(effective).replaced_for(work.build)
        await self._take_delivery(work, settings)
        return _Plan(settings, effective, None if work.build.deploy else "as was settled when it began")

    async def _deploy_kept(self, work: Work, output_build_id: int) -> BuildEnd:
        """Deploy what an earlier build left, by the settings that it was deployed with then."""
        async with self._stage(work, "deploy", StageKind.DEPLOY):
            kept = await self.store.build(output_build_id)
            if kept is None or kept.effective is None or not kept.retained:
                raise Refusal("NOTHING_RETAINED", "The output of the build to go back to is no longer kept.")
            await self.store.set_effective(work.build.id, kept.effective, deploy=True)
            await work.log.system(
                f"Going back to build {kept.build_number}. Automatic deployment is off: "
                "pushes are built and verified, not deployed, until it is turned on again."
                if work.build.trigger is Trigger.ROLLBACK
                else f"Deploying the kept output of build {kept.build_number}."
            )
            settings = settings_of(kept.effective).replaced_for(kept)
            await self._take_delivery(work, settings)
            await self._put_live(work, settings, kept.id, kept.effective)
        return BuildEnd(BuildStatus.SUCCESS)

    async def _take_delivery(self, work: Work, settings: ProjectSettings) -> None:
        """Fetch the secrets that the build is to get; before anything can print them, the log knows them."""
        work.delivery = await self.secrets.deliver(work.build, settings)
        await work.log.mask(work.delivery.mask)

    async def _put_live(
        self, work: Work, settings: ProjectSettings, output_build_id: int, effective: JsonObject
    ) -> None:
        match await self.deploy_stage.run(
            ToDeploy(work.build, settings, output_build_id, effective, work.log, work.delivery)
        ):
            case Live():
                pass
            case Outdated(serving):
                await self._say(work, f"Not deployed: build {serving}, which was ordered later, serves already.")
            case Withdrawn():
                raise _Overruled
            case Failure() as failure:
                raise _Failed(failure)

    @asynccontextmanager
    async def _stage(self, work: Work, name: str, kind: StageKind) -> AsyncIterator[None]:
        """A stage of the build: what is logged in the block belongs to it, and it ends as the block does.

        A stage that is cancelled ends with its build, and so does one whose end cannot be noted.
        """
        work.stage = name
        await work.log.begin_stage(name)
        if work.opening:
            await work.log.system(work.opening)
            work.opening = ""
        stage = await self._left_stage(work, name) or await self.store.begin_stage(
            work.build.id, name, kind, self.clock.now()
        )
        try:
            yield
        except _Overruled:
            raise
        except Exception as error:
            await self._end_stage(stage, StageStatus.FAILED, str(error))
            raise
        await self._end_stage(stage, StageStatus.SUCCESS, None)

    async def _left_stage(self, work: Work, name: str) -> Stage | None:
        if work.left is None and not work.built:
            return None
        begun = await self.store.stages(work.build.id)
        return next((stage for stage in begun if (stage.name, stage.status) == (name, StageStatus.RUNNING)), None)

    async def _end_stage(self, stage: Stage, status: StageStatus, error: str | None) -> None:
        end = partial(self.store.end_stage, stage, status, error, self.clock.now())
        await attempt(end, what=f"note the end of a stage of build {stage.build_id}")

    async def _say(self, work: Work, text: str) -> int | None:
        """Write to the log what nothing may fail for; returns its line's number."""
        return await attempt(partial(work.log.system, text), what=f"write to the log of build {work.build.id}")


def _succeed(failure: Failure | None) -> None:
    if failure is not None:
        raise _Failed(failure)


def _require_complete(settings: ProjectSettings, *, deploy: bool) -> None:
    """Raise a Refusal naming what neither the project nor its file says."""
    command = [] if settings.build_script else ["build_command"]
    needed = ["build_image", *command, *(["runtime_image"] if deploy else [])]
    missing = [name for name in needed if not str(getattr(settings, name)).strip()]
    if missing:
        raise Refusal(
            "CONFIGURATION_INCOMPLETE",
            f"{' and '.join(missing)} must be set, in the project or in the repository's .lci.toml.",
        )
