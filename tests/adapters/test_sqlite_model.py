"""Queue, builds, switches and slots against the real store, by a model that knows what must be; each step is a restart.

Bounded here; the rules draw what a scheduler, a deployer, people and a reconciler may ask for, in any order.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lci_app.adapters.sqlite import SqliteStore
from lci_app.core.delivery import Verdict
from lci_app.core.lifecycle import TRANSITIONS
from lci_app.core.model import Build, BuildStatus, DeploymentOutcome, Health, Slot, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import NewDelivery, Requeue
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, a_project, inline_store, new_build

T = TypeVar("T")
FINAL = {BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.CANCELLED}


class QueueAndSlots(RuleBasedStateMachine):
    """What every caller was told so far; the store must never say otherwise."""

    @initialize()
    def open(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.shop: Project = self.ask(a_project)
        self.delivered: dict[str, int] = {}
        self.ended: dict[int, BuildStatus] = {}
        self.cancelled: set[int] = set()
        self.switched: dict[int, tuple[int, Slot]] = {}
        self.live: tuple[int, Slot] | None = None

    def teardown(self) -> None:
        if hasattr(self, "directory"):
            shutil.rmtree(self.directory)

    def ask(self, act: Callable[[SqliteStore], Awaitable[T]]) -> T:
        """Do one thing in a store that is opened for it and closed after it."""

        async def main() -> T:
            async with inline_store(self.directory) as store:
                return await act(store)

        return trio.run(main)

    def build(self, data: Any) -> Build:
        build_id = data.draw(st.sampled_from(sorted(self.delivered.values())))
        found = self.ask(lambda store: store.build(build_id))
        assert found is not None
        return found

    def note(self, change: Any) -> None:
        """Hold a change of status against the table of transitions, and remember an end."""
        if change is not None and change.build.status is not change.previous:
            assert change.build.status in TRANSITIONS[change.previous]
            if change.build.status in FINAL:
                self.ended[change.build.id] = change.build.status

    @rule(number=st.integers(1, 6), priority=st.integers(-1, 1))
    def deliver(self, number: int, priority: int) -> None:
        delivery = NewDelivery(f"guid-{number}", "push", after=f"{number}" * 40)
        recorded = self.ask(
            lambda store: store.record_delivery(
                delivery,
                verdict=Verdict.QUEUED,
                reason="",
                builds=[new_build(self.shop, priority=priority)],
                project_ids=[self.shop.id],
                at=EARLY,
            )
        )
        assert recorded.duplicate == (delivery.delivery_id in self.delivered)
        (build,) = recorded.builds
        assert self.delivered.setdefault(delivery.delivery_id, build.id) == build.id

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def begin(self, data: Any) -> None:
        before = self.build(data)
        change = self.ask(lambda store: store.begin_build(before.id, EARLY))
        assert (change is not None) == (before.status is BuildStatus.QUEUED)
        self.note(change)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        before = self.build(data)
        change = self.ask(lambda store: store.request_cancel(before.id, LATER))
        if before.status in FINAL or before.id in self.switched:
            assert change is None
        if change is not None:
            self.cancelled.add(before.id)
        self.note(change)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def deploy(self, data: Any) -> None:
        before = self.build(data)
        change = self.ask(lambda store: store.begin_deploying(before.id))
        assert change is None or before.id not in self.cancelled
        self.note(change)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def switch(self, data: Any) -> None:
        """Put a build live that is Deploying, once, in the slot that is not live."""
        build = self.build(data)
        if build.status is not BuildStatus.DEPLOYING or build.id in self.switched:
            return
        slot = Slot.BLUE if self.live is None else self.live[1].other

        async def act(store: SqliteStore) -> tuple[int, Any]:
            begun = await store.begin_deployment(build, slot, requested_by="webhook", at=LATER)
            state = SlotState(
                self.shop.id, slot, SlotStatus.RUNNING, self.shop.port(slot), f"c{build.id}", health=Health.HEALTHY,
                build_id=build.id, deployment_id=begun.id,
            )  # fmt: skip
            return begun.id, await store.commit_switch(begun.id, state, {}, LATER)

        deployment, project = self.ask(act)
        assert (project is None) == (build.id in self.cancelled)
        if project is not None:
            self.live = self.switched[build.id] = (deployment, slot)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), status=st.sampled_from(sorted(FINAL)))
    def finish(self, data: Any, status: BuildStatus) -> None:
        before = self.build(data)
        if before.id in self.switched and status is not BuildStatus.SUCCESS:
            return

        async def act(store: SqliteStore) -> Any:
            for deployment in await store.unfinished_deployments():
                if deployment.build_id == before.id:
                    await store.end_deployment(deployment.id, DeploymentOutcome.SUCCESS, reason="", at=LATEST)
            return await store.finish_build(before.id, status, failure=None, log_lines=0, at=LATEST)

        change = self.ask(act)
        assert change is None or before.status not in FINAL
        self.note(change)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), why=st.sampled_from(Requeue))
    def requeue(self, data: Any, why: Requeue) -> None:
        """As after a restart: what has switched is finished instead."""
        before = self.build(data)
        if before.id in self.switched:
            return
        change = self.ask(lambda store: store.requeue_build(before.id, why))
        assert change is None or before.status not in FINAL
        self.note(change)

    @invariant()
    def everything_is_as_was_told(self) -> None:
        if not hasattr(self, "shop"):
            return

        async def act(store: SqliteStore) -> None:
            for build_id, status in self.ended.items():
                build = await store.build(build_id)
                assert build is not None
                assert build.status is status
            queued = await store.queued_builds()
            assert queued == sorted(queued, key=lambda build: (-build.priority, build.id))
            project = await store.project(self.shop.id)
            assert project is not None
            assert project.active_slot == (None if self.live is None else self.live[1])
            if self.live is not None:
                slot = (await store.slots(self.shop.id))[self.live[1]]
                assert (slot.deployment_id, slot.status) == (self.live[0], SlotStatus.RUNNING)
            running = {build.id for build in await store.running_builds()}
            assert running | {build.id for build in queued} | set(self.ended) == set(self.delivered.values())

        self.ask(act)


TestQueueAndSlots = QueueAndSlots.TestCase
TestQueueAndSlots.settings = settings(max_examples=20, stateful_step_count=20, suppress_health_check=list(HealthCheck))
