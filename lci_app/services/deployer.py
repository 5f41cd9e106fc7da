"""Puts versions live: drives `core.rollout` and reports back to it.

The order is the promise: what cannot be undone is one transaction, everything before it leaves no trace, and
everything after it is brought to its end, at the latest by the next start.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import trio

from lci_app.core.codes import FailureCode
from lci_app.core.model import Build, DeploymentOutcome, Failure, FailureKind, Health, Slot, SlotStatus, Trust
from lci_app.core.project import Project
from lci_app.core.rollout import (
    Answer,
    CleanSlot,
    Command,
    CommitSwitch,
    Committed,
    Ending,
    HealthRule,
    Live,
    LookAtCandidate,
    NotHealthy,
    Overruled,
    Probe,
    RunBefore,
    StartCandidate,
    SwitchTraffic,
    Wait,
    Withdrawn,
    rollout,
)
from lci_app.interfaces import Clock, DomainTaken, Engine, OutsideError, Refusal, Store
from lci_app.services.candidate import Candidate, DeployOrder
from lci_app.services.health_checks import HealthChecks
from lci_app.services.hub import Hub
from lci_app.services.idle_slot import IdleSlot
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.retirement import Retirement
from lci_app.services.routes import SWITCH_SECONDS, Routes
from lci_app.services.under_trouble import attempt, insist

# How long undoing a candidate may take when everything else is being cancelled.
UNDO_SECONDS: Final = 20.0
LOG_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outdated:
    """A build that was ordered later serves already: nothing was touched."""

    serving: int


@dataclass
class Deployer:
    store: Store
    engine: Engine
    idle_slot: IdleSlot
    health_checks: HealthChecks
    routes: Routes
    retirement: Retirement
    locks: ProjectLocks
    hub: Hub
    clock: Clock

    async def deploy(self, order: DeployOrder) -> Live | Outdated | Withdrawn | Failure:
        """Put a version live: then every worker of the data plane serves it. Whatever else leaves the old one serving.

        What the outside refuses or fails at is a Failure too, with what was seen of the candidate until then. The
        candidate is gone by then, and when this raises, unless the engine is in trouble.
        """
        if order.build.trust is not Trust.TRUSTED:
            raise Refusal("NEVER_DEPLOYED", "What nobody vouches for, as a pull request, is never deployed.")
        async with self.locks.hold(order.build.project_id):
            project = await self.store.project(order.build.project_id)
            if project is None:
                raise Refusal("PROJECT_NOT_FOUND", "The project was deleted.")
            serving = await self._serving(project)
            if serving is not None and serving.id > order.build.id:
                return Outdated(serving.build_number)
            slot = project.active_slot.other if project.active_slot is not None else Slot.BLUE
            deployment = await self.store.begin_deployment(
                order.build,
                slot,
                requested_by=order.build.requested_by or str(order.build.trigger),
                at=self.clock.now(),
            )
            return await self._roll_out(Candidate(order, project, deployment))

    async def _serving(self, project: Project) -> Build | None:
        """Return the build whose version has the traffic."""
        if project.active_slot is None:
            return None
        live = (await self.store.slots(project.id))[project.active_slot]
        return None if live.build_id is None else await self.store.build(live.build_id)

    async def _roll_out(self, candidate: Candidate) -> Live | Withdrawn | Failure:
        try:
            ending = await self._obey_machine(candidate)
        except OutsideError as error:
            if candidate.committed:
                raise
            kind = FailureKind.DEPLOY if isinstance(error, Refusal) else FailureKind.INFRA
            return await self._fail(candidate, kind, error.code, str(error))
        except BaseException as error:
            with trio.move_on_after(UNDO_SECONDS, shield=True):
                await self._abandon(candidate, error)
            raise
        match ending:
            case Live():
                await self._settle(candidate)
                return ending
            case Withdrawn():
                await self._undo(candidate, DeploymentOutcome.CANCELLED, "Cancelled.")
                return ending
            case NotHealthy(code, reason, exit_code):
                return await self._fail(candidate, FailureKind.DEPLOY, code, reason, exit_code)

    async def _obey_machine(self, candidate: Candidate) -> Ending:
        settings, log = candidate.order.settings, candidate.order.log
        await log.system(f"Deploying to {candidate.slot}, port {candidate.project.port(candidate.slot)}.")
        machine = rollout(
            HealthRule(
                settings.health_check_url,
                settings.health_check_interval,
                settings.health_check_retries,
                settings.start_period,
            ),
            before=bool(settings.runtime_before.strip()),
        )
        answer: Answer = None
        while True:
            try:
                command = machine.send(answer)
            except StopIteration as stop:
                ending: Ending = stop.value
                return ending
            answer = await self._obey(command, candidate)

    async def _obey(self, command: Command, candidate: Candidate) -> Answer:
        match command:
            case CleanSlot():
                await self.idle_slot.clean(candidate)
            case RunBefore():
                return await self.idle_slot.run_before(candidate)
            case StartCandidate():
                await self.idle_slot.start(candidate)
            case LookAtCandidate():
                return await self.idle_slot.look(candidate)
            case Probe(number):
                return await self.health_checks.check(candidate, number)
            case Wait(seconds):
                await trio.sleep(seconds)
            case CommitSwitch():
                return await self._commit(candidate)
            case SwitchTraffic():
                await self._switch_traffic(candidate)
        return None

    async def _commit(self, candidate: Candidate) -> Committed | Overruled:
        assert candidate.container_id is not None  # noqa: S101 - the rollout starts it first
        # Before the commit, so that a version that serves is never without its restart policy.
        await self.engine.serve_for_good(candidate.container_id)
        candidate.old = (await self.store.slots(candidate.project.id))[candidate.slot.other]
        state = candidate.state(SlotStatus.RUNNING, Health.HEALTHY)
        switched = await self.store.commit_switch(
            candidate.deployment.id, state, candidate.order.addresses, self.clock.now()
        )
        if switched is None:
            return Overruled()
        if isinstance(switched, DomainTaken):
            raise Refusal("DOMAIN_TAKEN", f"{switched.domain} belongs to the project {switched.by_project} already.")
        # Nothing may come between the two: the store has promised that a commit is never lost to a cancellation.
        candidate.committed = True
        return Committed()

    async def _switch_traffic(self, candidate: Candidate) -> None:
        name = candidate.project.name
        await insist(self.routes.publish, what=f"switch the traffic of {name}", shielded=SWITCH_SECONDS)
        self.hub.container_changed(candidate.state(SlotStatus.RUNNING, Health.HEALTHY), "Running")
        await self._say(candidate, f"{candidate.slot} serves {name} now.")

    async def _settle(self, candidate: Candidate) -> None:
        """Let the old version leave, and close the books of a switch that has happened."""
        settings, old = candidate.order.settings, candidate.old
        if old is not None and old.container_id is not None:
            self.retirement.begin(
                old,
                receiver=candidate.deployment.id,
                bake=settings.bake_seconds,
                drain=settings.drain_timeout,
            )
        self._announce_end(candidate, "Success", "")
        end = partial(
            self.store.end_deployment,
            candidate.deployment.id,
            DeploymentOutcome.SUCCESS,
            reason="",
            at=self.clock.now(),
        )
        await insist(end, what="record a deployment", shielded=SWITCH_SECONDS)

    async def _abandon(self, candidate: Candidate, error: BaseException) -> None:
        """Undo what an exception has left half done; from the commit on nothing is undone."""
        if candidate.committed:
            return
        if not isinstance(error, Exception):
            await self._undo(candidate, DeploymentOutcome.CANCELLED, "Cancelled.")
            return
        reason = "lci failed for a reason it did not foresee."
        await self._undo(candidate, DeploymentOutcome.FAILED, reason)
        self._announce_end(candidate, "Failed", reason)

    async def _fail(
        self, candidate: Candidate, kind: FailureKind, code: FailureCode, reason: str, exit_code: int | None = None
    ) -> Failure:
        last_words = await self._undo(candidate, DeploymentOutcome.FAILED, reason)
        self._announce_end(candidate, "Failed", reason)
        active = candidate.project.active_slot
        serving = (
            "Nothing served before, nothing serves now."
            if active is None
            else f"{active} serves on; nothing changed for visitors."
        )
        return Failure(
            kind,
            stage="deploy",
            code=code,
            message=f"{reason} {serving}",
            exit_code=exit_code,
            health_checks=tuple(candidate.attempts),
            container_log=tuple(last_words),
        )

    async def _undo(self, candidate: Candidate, outcome: DeploymentOutcome, reason: str) -> list[str]:
        """Take down a candidate that does not get the traffic; returns its last words."""
        last_words: list[str] = []
        keep = outcome is DeploymentOutcome.FAILED and candidate.order.settings.keep_failed
        with trio.move_on_after(UNDO_SECONDS, shield=True):
            last_words = await self.idle_slot.take_down(candidate, keep=keep)
            for line in last_words:
                await self._say(candidate, f"| {line}")
            if keep and candidate.container_id is not None:
                kept = f"Its container {candidate.container_id[:12]} is kept, stopped, until the next deployment."
                await self._say(candidate, kept)
            end = partial(
                self.store.end_deployment,
                candidate.deployment.id,
                outcome,
                reason=reason,
                container_log=last_words,
                at=self.clock.now(),
            )
            await insist(end, what="record a deployment")
        return last_words

    async def _say(self, candidate: Candidate, text: str) -> None:
        """Write to the build's log what nothing may fail for, and nothing be broken off for."""
        with trio.move_on_after(LOG_SECONDS, shield=True):
            await attempt(partial(candidate.order.log.system, text), what="write to a build's log")

    def _announce_end(self, candidate: Candidate, status: Literal["Success", "Failed"], reason: str) -> None:
        self.hub.deployment_ended(candidate.project, candidate.order.build.id, candidate.slot, status, reason)
