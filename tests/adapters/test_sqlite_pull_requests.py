"""Builds that nobody vouches for: they wait for approval, and the database itself keeps them from being deployed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.adapters.sqlite.migrate import migrate, shipped
from lci_app.core import names
from lci_app.core.delivery import Verdict
from lci_app.core.model import Build, BuildStatus, NewBuild, Trigger, Trust, Wait
from lci_app.core.project import Project
from lci_app.interfaces import NewDelivery, Placed, RecordedDelivery
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_build, a_project, pull_request_build

HEAD, NEXT = "c" * 40, "d" * 40


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


async def queued(store: SqliteStore, project: Project, **fields: Any) -> Build:
    placed = await store.queue_build(pull_request_build(project, **fields), EARLY)
    assert isinstance(placed, Placed)
    return placed.build


async def delivered(store: SqliteStore, name: str, *builds: NewBuild) -> RecordedDelivery:
    ids: Sequence[int] = [each.project_id for each in builds]
    return await store.record_delivery(
        NewDelivery(name, "pull_request"), verdict=Verdict.QUEUED, reason="", builds=builds, project_ids=ids, at=LATER
    )


async def test_a_build_that_waits_for_approval_does_not_begin(store):
    build = await queued(store, await a_project(store))
    assert (build.trust, build.pull_request, build.waits_for) == (Trust.UNTRUSTED, 7, Wait.APPROVAL)
    assert await store.begin_build(build.id, LATER) is None
    approved = await store.approve_build(build.id, "ana", LATER)
    assert (approved.waits_for, approved.approved_commit) == (None, HEAD)
    assert (approved.approved_by, approved.approved_at) == ("ana", LATER)
    assert (await store.begin_build(build.id, LATER)).build.status is BuildStatus.BUILDING


async def test_only_what_waits_for_approval_is_approved(store):
    project = await a_project(store)
    push, asked = await a_build(store, project), await queued(store, project)
    assert await store.approve_build(push.id, "ana", LATER) is None
    assert await store.approve_build(4711, "ana", LATER) is None
    assert await store.approve_build(asked.id, "ana", LATER) is not None
    assert await store.approve_build(asked.id, "bob", LATEST) is None
    await store.request_cancel(asked.id, LATER)
    gone = await queued(store, project)
    await store.request_cancel(gone.id, LATER)
    assert await store.approve_build(gone.id, "ana", LATER) is None


async def test_an_approval_lasts_when_a_build_goes_back(store):
    build = await queued(store, await a_project(store), approved_commit=HEAD)
    await store.begin_build(build.id, LATER)
    assert (await store.requeue_build(build.id, "restart")).build.waits_for is None


async def test_what_waits_for_approval_is_in_nobodys_place(store):
    project = await a_project(store)
    asked = await queued(store, project, queue_key="k")
    push = await a_build(store, project, queue_key="k")
    assert (await store.queue_position(push), await store.queue_position(asked)) == (1, None)
    await store.approve_build(asked.id, "ana", LATER)
    assert (await store.queue_position(push), await store.queue_position(asked)) == (2, 1)


async def test_the_next_commit_of_a_pull_request_cancels_what_has_not_begun(store):
    project = await a_project(store)
    first = (await delivered(store, "d1", pull_request_build(project))).builds[0]
    other = (await delivered(store, "d2", pull_request_build(project, number=8))).builds[0]
    second = await delivered(store, "d3", pull_request_build(project, commit_hash=NEXT))
    assert [(each.id, each.status) for each in second.superseded] == [(first.id, BuildStatus.CANCELLED)]
    assert second.builds[0].waits_for is Wait.APPROVAL
    assert (await store.build(other.id)).status is BuildStatus.QUEUED
    await store.approve_build(second.builds[0].id, "ana", LATER)
    third = await delivered(store, "d4", pull_request_build(project))
    assert [each.id for each in third.superseded] == [second.builds[0].id]
    again = await delivered(store, "d4", pull_request_build(project))
    assert (again.duplicate, list(again.superseded)) == (True, [])


async def test_what_has_begun_goes_on_when_the_pull_request_does(store):
    project = await a_project(store)
    first = (await delivered(store, "d1", pull_request_build(project, approved_commit=HEAD))).builds[0]
    await store.begin_build(first.id, LATER)
    assert (await delivered(store, "d2", pull_request_build(project, commit_hash=NEXT))).superseded == []
    assert (await store.build(first.id)).status is BuildStatus.BUILDING


async def test_another_projects_builds_of_the_same_number_stay(store):
    shop, forge = await a_project(store), await a_project(store, "forge", number=2)
    kept = await queued(store, forge)
    assert (await delivered(store, "d1", pull_request_build(shop))).superseded == []
    assert (await store.build(kept.id)).status is BuildStatus.QUEUED


async def test_nothing_that_is_untrusted_is_queued_to_be_deployed(store):
    project = await a_project(store)
    kept = await a_build(store, project)
    for fields in ({"deploy": True}, {"output_build_id": kept.id}):
        with pytest.raises(sqlite3.IntegrityError, match="never deployed"):
            await queued(store, project, **fields)


async def test_nothing_that_is_untrusted_can_become_what_is_deployed(store):
    build = await queued(store, await a_project(store), approved_commit=HEAD)
    await store.begin_build(build.id, LATER)
    with pytest.raises(sqlite3.IntegrityError, match="never deployed"):
        await store.set_effective(build.id, {}, deploy=True)
    with pytest.raises(sqlite3.IntegrityError, match="never deployed"):
        await store.begin_deploying(build.id)
    await store.set_effective(build.id, {}, deploy=False)
    ended = await store.finish_build(build.id, BuildStatus.SUCCESS, failure=None, log_lines=0, at=LATEST)
    assert (ended.build.status, ended.build.retained) == (BuildStatus.SUCCESS, False)
    assert await store.retained_builds(build.project_id) == []


async def test_builds_of_before_are_trusted_unless_they_were_of_a_pull_request(tmp_path):
    path = tmp_path / "lci.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, [each for each in shipped() if each.version < 5], EARLY)
        connection.execute(
            "INSERT INTO projects (name, settings, port_number, blue_port, green_port, created_at, updated_at) "
            "VALUES ('shop', '{}', 1, 9001, 9002, ?, ?)",
            (EARLY, EARLY),
        )
        for number, trigger in enumerate((Trigger.WEBHOOK, Trigger.PULL_REQUEST), start=1):
            connection.execute(
                "INSERT INTO builds (project_id, build_number, status, trigger, branch, queue_key, priority, deploy, "
                "queued_at, commit_message, commit_author, parameters) "
                "VALUES (1, ?, 'Success', ?, 'main', 'k', 0, 1, ?, '', '', '{}')",
                (number, trigger, EARLY),
            )
        migrate(connection, shipped(), LATER)
        found = connection.execute("SELECT trust, deploy FROM builds ORDER BY id").fetchall()
    assert [tuple(row) for row in found] == [("trusted", 1), ("untrusted", 0)]
