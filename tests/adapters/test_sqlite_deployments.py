"""Deployments, the switch, and who wins when a cancellation meets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core import names
from lci_app.core.model import (
    Build,
    BuildStatus,
    Deployment,
    DeploymentOutcome,
    Health,
    HealthAttempt,
    Slot,
    SlotState,
    SlotStatus,
)
from lci_app.core.project import Project
from lci_app.interfaces import Requeue, Trouble
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_build, a_project


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


def state(build: Build, slot: Slot, **fields: object) -> SlotState:
    ports = {Slot.BLUE: 9001, Slot.GREEN: 9002}
    plain = SlotState(build.project_id, slot, SlotStatus.STARTING, ports[slot], f"c{build.id}", health=Health.HEALTHY)
    return replace(plain, build_id=build.id, **fields)  # type: ignore[arg-type]


async def under_way(store: SqliteStore, project: Project, slot: Slot = Slot.BLUE) -> tuple[Build, Deployment]:
    """Bring a new build to the point where its deployment could switch."""
    build = await a_build(store, project, commit_hash="d" * 40)
    await store.begin_build(build.id, EARLY)
    await store.begin_deploying(build.id)
    return build, await store.begin_deployment(build, slot, requested_by="webhook", at=LATER)


async def live(store: SqliteStore, project: Project, slot: Slot) -> Deployment:
    """Take a new build through its whole deployment."""
    build, deployment = await under_way(store, project, slot)
    assert await store.commit_switch(deployment.id, state(build, slot), {}, LATER) is not None
    await store.end_deployment(deployment.id, DeploymentOutcome.SUCCESS, reason="", at=LATEST)
    await store.finish_build(build.id, BuildStatus.SUCCESS, failure=None, log_lines=1, at=LATEST)
    found = await store.deployment_of(build.id)
    assert found is not None
    return found


async def test_a_deployment_takes_number_commit_and_trigger_from_its_build(store):
    build, deployment = await under_way(store, await a_project(store))
    assert deployment == Deployment(
        id=1,
        project_id=build.project_id,
        build_id=build.id,
        slot=Slot.BLUE,
        trigger=build.trigger,
        started_at=LATER,
        build_number=1,
        commit_hash="d" * 40,
        requested_by="webhook",
    )
    assert await store.deployment_of(build.id) == deployment
    assert await store.unfinished_deployments() == [deployment]
    assert await store.deployment_of(99) is None


async def test_every_attempt_is_kept_and_counted(store):
    build, deployment = await under_way(store, await a_project(store))
    attempts = (
        HealthAttempt(1, LATER, "http://127.0.0.1:9001/", ok=False, status=None, error="refused", ms=0.4),
        HealthAttempt(2, LATEST, "http://127.0.0.1:9001/", ok=True, status=204, error=None, ms=3.0, body="ok"),
    )
    for attempt in attempts:
        await store.add_health_check(deployment.id, attempt)
    log = ("last line", "half a ? face")
    await store.end_deployment(
        deployment.id,
        DeploymentOutcome.FAILED,
        reason="not healthy",
        container_log=["last line", "half a ? face"],
        at=LATEST,
    )
    kept = await store.deployment_of(build.id)
    assert kept == replace(
        deployment,
        health_checks=attempts,
        outcome=DeploymentOutcome.FAILED,
        reason="not healthy",
        container_log=log,
        finished_at=LATEST,
    )
    assert (await store.build(build.id)).health_check_attempts == 2
    assert await store.unfinished_deployments() == []
    with pytest.raises(Trouble, match="removed meanwhile"):
        await store.add_health_check(99, attempts[0])


async def test_an_outcome_stays_but_a_success_may_be_flipped_back(store):
    project = await a_project(store)
    failed_build, failed = await under_way(store, project)
    await store.end_deployment(failed.id, DeploymentOutcome.FAILED, reason="first", at=LATER)
    for late in DeploymentOutcome:
        await store.end_deployment(failed.id, late, reason="late", at=LATEST)
    kept = await store.deployment_of(failed_build.id)
    assert (kept.outcome, kept.reason, kept.finished_at) == (DeploymentOutcome.FAILED, "first", LATER)
    good = await live(store, project, Slot.GREEN)
    await store.end_deployment(good.id, DeploymentOutcome.CANCELLED, reason="late", at=LATEST)
    await store.end_deployment(good.id, DeploymentOutcome.FLIPPED_BACK, reason="by hand", at=LATEST)
    flipped = await store.deployment_of(good.build_id)
    assert (flipped.outcome, flipped.reason) == (DeploymentOutcome.FLIPPED_BACK, "by hand")


async def test_deployments_are_listed_newest_first_each_with_its_own_attempts(store):
    project, other = await a_project(store), await a_project(store, "other", number=2)
    ids = []
    for number in range(3):
        _, deployment = await under_way(store, project)
        ids.append(deployment.id)
        await store.add_health_check(
            deployment.id, HealthAttempt(number, LATER, "u", ok=True, status=200, error=None, ms=1.0)
        )
    await under_way(store, other)
    total, found = await store.deployments(project.id, limit=2, offset=0)
    assert (total, [(each.id, [check.attempt for check in each.health_checks]) for each in found]) == (
        3,
        [(ids[2], [2]), (ids[1], [1])],
    )
    total, found = await store.deployments(project.id, limit=2, offset=1, before_id=ids[2])
    assert (total, [each.id for each in found]) == (3, [ids[0]])


async def test_the_switch_makes_its_slot_active_and_lets_the_other_drain(store):
    project = await a_project(store)
    first = await live(store, project, Slot.BLUE)
    await store.set_stopped(project.id, stopped=True, at=LATER)
    before = await store.project(project.id)
    build, second = await under_way(store, project, Slot.GREEN)
    switched = await store.commit_switch(second.id, state(build, Slot.GREEN, deployment_id=second.id), {}, LATEST)
    assert switched == before.model_copy(
        update={
            "active_slot": Slot.GREEN,
            "stopped": False,
            "revision": before.revision + 1,
            "updated_at": LATEST,
        }
    )
    slots = await store.slots(project.id)
    assert (slots[Slot.BLUE].status, slots[Slot.BLUE].container_id) == (SlotStatus.DRAINING, f"c{first.build_id}")
    assert slots[Slot.GREEN] == state(build, Slot.GREEN, status=SlotStatus.RUNNING, deployment_id=second.id)
    assert (await store.live_deployment(project.id, Slot.GREEN)).switched_at == LATEST
    assert (await store.live_deployment(project.id, Slot.BLUE)).id == first.id


async def test_an_empty_slot_does_not_drain_and_nothing_is_live_before_the_first_switch(store):
    project = await a_project(store)
    assert await store.live_deployment(project.id, Slot.BLUE) is None
    await live(store, project, Slot.BLUE)
    assert (await store.slots(project.id))[Slot.GREEN].status is SlotStatus.EMPTY


async def test_a_cancellation_before_the_switch_wins(store):
    project = await a_project(store)
    build, deployment = await under_way(store, project)
    before = (await store.project(project.id), await store.slots(project.id))
    assert (await store.request_cancel(build.id, LATER)).build.cancel_requested
    assert await store.commit_switch(deployment.id, state(build, Slot.BLUE), {}, LATEST) is None
    assert (await store.project(project.id), await store.slots(project.id)) == before
    assert (await store.deployment_of(build.id)).switched_at is None


async def test_a_cancellation_after_the_switch_loses(store):
    build, deployment = await under_way(store, await a_project(store))
    assert await store.commit_switch(deployment.id, state(build, Slot.BLUE), {}, LATER) is not None
    assert await store.request_cancel(build.id, LATEST) is None
    change = await store.finish_build(build.id, BuildStatus.SUCCESS, failure=None, log_lines=1, at=LATEST)
    assert change.build.status is BuildStatus.SUCCESS


async def test_when_a_cancellation_meets_the_switch_exactly_one_wins(store):
    project = await a_project(store)
    for _ in range(20):
        build, deployment = await under_way(store, project)
        answers: dict[str, object] = {}

        async def switch(build: Build, deployment: Deployment, answers: dict[str, object]) -> None:
            answers["switch"] = await store.commit_switch(deployment.id, state(build, Slot.BLUE), {}, LATER)

        async def cancel(build: Build, answers: dict[str, object]) -> None:
            answers["cancel"] = await store.request_cancel(build.id, LATER)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(switch, build, deployment, answers)
            nursery.start_soon(cancel, build, answers)
        assert (answers["switch"] is None) != (answers["cancel"] is None)
        end = await store.finish_build(build.id, BuildStatus.SUCCESS, failure=None, log_lines=1, at=LATEST)
        expected = BuildStatus.SUCCESS if answers["cancel"] is None else BuildStatus.CANCELLED
        assert end.build.status is expected


async def test_what_has_ended_or_went_back_to_the_queue_does_not_switch(store):
    project = await a_project(store)
    finished, first = await under_way(store, project)
    await store.finish_build(finished.id, BuildStatus.FAILED, failure=None, log_lines=1, at=LATER)
    requeued, second = await under_way(store, project)
    await store.requeue_build(requeued.id, Requeue.RESTART)
    given_up, third = await under_way(store, project)
    await store.end_deployment(third.id, DeploymentOutcome.FAILED, reason="x", at=LATER)
    for build, deployment in ((finished, first), (requeued, second), (given_up, third)):
        assert await store.commit_switch(deployment.id, state(build, Slot.BLUE), {}, LATEST) is None
    assert await store.commit_switch(99, state(given_up, Slot.BLUE), {}, LATEST) is None
    assert await store.project(project.id) == project


async def test_a_flip_takes_only_a_running_and_healthy_slot(store):
    project = await a_project(store)
    await live(store, project, Slot.BLUE)
    second = await live(store, project, Slot.GREEN)
    active = await store.project(project.id)
    assert await store.commit_flip(project.id, Slot.BLUE, {}, LATEST) is None
    blue = (await store.slots(project.id))[Slot.BLUE]
    await store.set_slot(replace(blue, status=SlotStatus.RUNNING, health=Health.UNHEALTHY))
    assert await store.commit_flip(project.id, Slot.BLUE, {}, LATEST) is None
    await store.set_slot(replace(blue, status=SlotStatus.RUNNING, health=Health.HEALTHY))
    assert await store.commit_flip(project.id, Slot.GREEN, {}, LATEST) == active
    flipped = await store.commit_flip(project.id, Slot.BLUE, {}, LATEST)
    assert (flipped.active_slot, flipped.revision) == (Slot.BLUE, active.revision + 1)
    assert (await store.live_deployment(project.id, Slot.GREEN)).id == second.id
    assert await store.commit_flip(99, Slot.BLUE, {}, LATEST) is None


async def test_a_receipt_is_kept_with_its_deployment(store):
    _, deployment = await under_way(store, await a_project(store))
    await store.record_receipt(deployment.id, {"in_flight": 3, "finished": 2, "cut": 1})
    reading = store._database._connections.glancing
    (receipt,) = reading.execute("SELECT receipt FROM deployments WHERE id = ?", (deployment.id,)).fetchone()
    assert receipt == '{"in_flight": 3, "finished": 2, "cut": 1}'
