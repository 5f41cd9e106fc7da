"""Builds: queued, listed, ordered, and how their life goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core import names
from lci_app.core.lifecycle import TRANSITIONS, may_follow
from lci_app.core.model import (
    Build,
    BuildStatus,
    Failure,
    FailureKind,
    HealthAttempt,
    Slot,
    StageKind,
    Trigger,
)
from lci_app.interfaces import BuildFilter, Gone, Placed, Requeue, StatusChange
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_build, a_project, new_build

ATTEMPT = HealthAttempt(1, LATER, "http://127.0.0.1:9001/", ok=False, status=500, error=None, ms=1.5, body="ö")
FAILURE = Failure(
    FailureKind.DEPLOY, "deploy", "HEALTH_CHECK_FAILED", "It is not healthy.", 3, 17, (ATTEMPT,), ("last", "words")
)


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


async def finish(store: SqliteStore, build: Build, status: BuildStatus = BuildStatus.SUCCESS) -> StatusChange | None:
    return await store.finish_build(build.id, status, failure=None, log_lines=0, at=LATEST)


async def bring_to(store: SqliteStore, build: Build, status: BuildStatus) -> Build:
    """Take a queued build to that status, the way a build goes."""
    if status is not BuildStatus.QUEUED:
        await store.begin_build(build.id, LATER)
    if status is BuildStatus.DEPLOYING:
        await store.begin_deploying(build.id)
    if status in {BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.CANCELLED}:
        await finish(store, build, status)
    reached = await store.build(build.id)
    assert reached is not None
    assert reached.status is status
    return reached


async def test_every_field_of_a_new_build_comes_back_as_it_was(store):
    project = await a_project(store)
    new = new_build(
        project,
        priority=7,
        trigger=Trigger.ROLLBACK,
        branch="release/1",
        queue_key="k",
        commit_hash="a" * 40,
        commit_message="Add\nall",
        commit_author="Zoë",
        parameters={"a": "b"},
        deploy=False,
        output_build_id=12,
    )
    placed = await store.queue_build(new, EARLY)
    assert isinstance(placed, Placed)
    build = placed.build
    assert build == await store.build(build.id)
    assert {name: getattr(build, name) for name in new.__slots__} == {
        name: getattr(new, name) for name in new.__slots__
    }
    assert (build.project_name, build.build_number, build.status, build.queued_at) == (
        "shop",
        1,
        BuildStatus.QUEUED,
        EARLY,
    )


async def test_numbers_count_per_project_and_ids_over_all(store):
    shop, blog = await a_project(store), await a_project(store, "blog", number=2)
    builds = [await a_build(store, project) for project in (shop, blog, shop, blog)]
    assert [(build.id, build.build_number) for build in builds] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert await store.queue_build(replace(new_build(shop), project_id=99), EARLY) == Gone()
    assert await store.build(99) is None
    assert await store.build(10**30) is None


async def test_queueing_a_rollback_turns_automatic_deployment_off_in_the_same_transaction(store):
    project = await a_project(store)
    await a_build(store, project, trigger=Trigger.REBUILD)
    assert await store.project(project.id) == project
    await a_build(store, project, trigger=Trigger.ROLLBACK)
    now = await store.project(project.id)
    assert (now.settings.auto_deploy, now.revision) == (False, project.revision + 1)


async def test_builds_are_listed_newest_first_by_project_and_status(store):
    shop, blog = await a_project(store), await a_project(store, "blog", number=2)
    one, two, three = [await a_build(store, project) for project in (shop, blog, shop)]
    await store.begin_build(one.id, LATER)

    async def ids(wanted: BuildFilter, limit: int = 50, offset: int = 0) -> tuple[int, list[int]]:
        total, found = await store.builds(wanted, limit=limit, offset=offset)
        return total, [build.id for build in found]

    assert await ids(BuildFilter()) == (3, [three.id, two.id, one.id])
    assert await ids(BuildFilter(), limit=1, offset=1) == (3, [two.id])
    assert await ids(BuildFilter(project_id=shop.id)) == (2, [three.id, one.id])
    assert await ids(BuildFilter(status=BuildStatus.QUEUED)) == (2, [three.id, two.id])
    assert await ids(BuildFilter(project_id=shop.id, status=BuildStatus.BUILDING)) == (1, [one.id])
    assert await ids(BuildFilter(project_id=shop.id, before_id=three.id)) == (2, [one.id])
    assert await ids(BuildFilter(project_id=99)) == (0, [])
    last = await store.last_builds()
    assert {project_id: build.id for project_id, build in last.items()} == {shop.id: three.id, blog.id: two.id}


async def test_what_waits_starts_by_priority_and_then_by_age(store):
    project = await a_project(store)
    low, first, second, high = [await a_build(store, project, priority=priority) for priority in (-1, 0, 0, 5)]
    assert [build.id for build in await store.queued_builds()] == [high.id, first.id, second.id, low.id]
    assert await store.running_builds() == []


async def test_a_position_counts_what_runs_and_what_starts_before_it(store):
    project = await a_project(store)
    running, first, urgent, elsewhere = [
        await a_build(store, project, priority=priority, queue_key=key)
        for priority, key in ((0, "k"), (0, "k"), (9, "k"), (0, "other"))
    ]
    assert [await store.queue_position(build) for build in (running, first, urgent, elsewhere)] == [2, 3, 1, 1]
    await store.begin_build(running.id, LATER)
    assert [await store.queue_position(build) for build in (running, first, urgent, elsewhere)] == [None, 3, 2, 1]
    assert [build.id for build in await store.running_builds()] == [running.id]
    await finish(store, running)
    assert [await store.queue_position(build) for build in (running, first, urgent)] == [None, 2, 1]


async def test_a_build_goes_its_way_and_keeps_its_times(store):
    build = await a_build(store, await a_project(store))
    begun = await store.begin_build(build.id, LATER)
    assert begun == StatusChange(replace(build, status=BuildStatus.BUILDING, started_at=LATER), BuildStatus.QUEUED)
    committed = await store.set_commit(build.id, "b" * 40, "message", "Ana")
    assert (committed.commit_hash, committed.commit_message, committed.commit_author) == ("b" * 40, "message", "Ana")
    await store.set_effective(build.id, {"branch": {"value": "x", "origin": "file"}}, deploy=False)
    deploying = await store.begin_deploying(build.id)
    assert (deploying.build.status, deploying.previous) == (BuildStatus.DEPLOYING, BuildStatus.BUILDING)
    ended = await store.finish_build(build.id, BuildStatus.FAILED, failure=FAILURE, log_lines=17, at=LATEST)
    assert ended.previous is BuildStatus.DEPLOYING
    assert ended.build == replace(
        committed,
        status=BuildStatus.FAILED,
        effective={"branch": {"value": "x", "origin": "file"}},
        deploy=False,
        failure=FAILURE,
        log_lines=17,
        finished_at=LATEST,
        duration_seconds=53.5,
    )


@pytest.mark.parametrize("status", list(BuildStatus))
async def test_only_what_may_follow_follows(store, status):
    project = await a_project(store)

    async def fresh() -> int:
        return (await bring_to(store, await a_build(store, project), status)).id

    steps = {
        BuildStatus.BUILDING: store.begin_build(await fresh(), LATEST),
        BuildStatus.DEPLOYING: store.begin_deploying(await fresh()),
        BuildStatus.QUEUED: store.requeue_build(await fresh(), Requeue.RESTART),
    } | {
        end: store.finish_build(await fresh(), end, failure=None, log_lines=1, at=LATEST)
        for end in BuildStatus
        if not TRANSITIONS[end]
    }
    for following, step in steps.items():
        change = await step
        assert (change is not None) == may_follow(status, following)
        assert change is None or (change.previous, change.build.status) == (status, following)


async def test_what_has_ended_never_changes(store):
    ended = await bring_to(store, await a_build(store, await a_project(store)), BuildStatus.FAILED)
    assert await store.set_commit(ended.id, "c" * 40, "late", "late") is None
    await store.set_effective(ended.id, {"late": 1}, deploy=False)
    assert await store.request_cancel(ended.id, LATEST) is None
    assert await store.build(ended.id) == ended
    for missing in (store.begin_build(99, LATER), store.begin_deploying(99), store.request_cancel(99, LATER)):
        assert await missing is None
    assert await store.requeue_build(99, Requeue.INFRA) is None
    assert await store.finish_build(99, BuildStatus.FAILED, failure=None, log_lines=0, at=LATER) is None


async def test_a_queued_build_is_cancelled_at_once(store):
    build = await a_build(store, await a_project(store))
    change = await store.request_cancel(build.id, LATER)
    assert (change.build.status, change.previous) == (BuildStatus.CANCELLED, BuildStatus.QUEUED)
    assert (change.build.finished_at, change.build.duration_seconds) == (LATER, None)
    assert await store.begin_build(build.id, LATEST) is None


@pytest.mark.parametrize("status", [BuildStatus.BUILDING, BuildStatus.DEPLOYING])
@pytest.mark.parametrize("end", [BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.CANCELLED])
async def test_a_running_build_whose_cancellation_was_accepted_ends_cancelled(store, status, end):
    build = await bring_to(store, await a_build(store, await a_project(store)), status)
    change = await store.request_cancel(build.id, LATER)
    assert change == StatusChange(replace(build, cancel_requested=True), status)
    assert await store.request_cancel(build.id, LATEST) == change
    assert await store.begin_deploying(build.id) is None
    ended = await store.finish_build(build.id, end, failure=FAILURE, log_lines=1, at=LATEST)
    assert (ended.build.status, ended.build.failure, ended.build.retained) == (BuildStatus.CANCELLED, None, False)


async def test_a_build_that_goes_back_keeps_id_number_and_place_and_counts_why(store):
    project = await a_project(store)
    build = await a_build(store, project)
    younger = await a_build(store, project)
    await store.begin_build(build.id, LATER)
    await store.begin_stage(build.id, "source", StageKind.SOURCE, LATER)
    change = await store.requeue_build(build.id, Requeue.INFRA, failure=FAILURE)
    assert change == StatusChange(replace(build, infra_retries=1, failure=FAILURE), BuildStatus.BUILDING)
    assert await store.stages(build.id) == []
    assert [each.id for each in await store.queued_builds()] == [build.id, younger.id]
    await store.begin_build(build.id, LATER)
    again = await store.requeue_build(build.id, Requeue.RESTART)
    assert again.build == replace(build, infra_retries=1, restarts=1)


async def test_a_build_whose_cancellation_was_accepted_does_not_go_back(store):
    build = await bring_to(store, await a_build(store, await a_project(store)), BuildStatus.BUILDING)
    await store.request_cancel(build.id, LATEST)
    change = await store.requeue_build(build.id, Requeue.RESTART)
    assert (change.build.status, change.build.restarts) == (BuildStatus.CANCELLED, 0)
    assert (change.build.finished_at, change.build.duration_seconds) == (LATEST, 53.5)
    assert await store.queued_builds() == []


async def test_success_keeps_the_output_that_a_build_made_until_it_is_forgotten(store):
    project = await a_project(store)
    old, new, failed = [await a_build(store, project) for _ in range(3)]
    rolled_back = await a_build(store, project, output_build_id=old.id, trigger=Trigger.ROLLBACK)
    ends = [BuildStatus.SUCCESS, BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.SUCCESS]
    for build, end in zip((old, new, failed, rolled_back), ends, strict=True):
        await bring_to(store, build, end)
    assert [build.id for build in await store.retained_builds(project.id)] == [new.id, old.id]
    await store.forget_output(old.id)
    assert [build.id for build in await store.retained_builds(project.id)] == [new.id]
    assert (await store.build(new.id)).deployed_slot is None


async def test_success_names_the_slot_only_where_it_switched(store):
    build = await a_build(store, await a_project(store))
    await store.begin_build(build.id, LATER)
    deployment = await store.begin_deployment(build, Slot.BLUE, requested_by="x", at=LATER)
    await store.commit_switch(deployment.id, (await store.slots(build.project_id))[Slot.BLUE], {}, LATER)
    change = await finish(store, build)
    assert change is not None
    assert (change.build.deployed_slot, change.build.retained) == (Slot.BLUE, True)


async def test_a_clock_that_was_set_back_makes_no_negative_duration(store):
    build = await a_build(store, await a_project(store))
    await store.begin_build(build.id, LATEST)
    change = await store.finish_build(build.id, BuildStatus.SUCCESS, failure=None, log_lines=0, at=EARLY)
    assert change.build.duration_seconds == 0.0
