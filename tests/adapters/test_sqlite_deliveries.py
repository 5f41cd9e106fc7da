"""Deliveries: kept for good, each builds once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from lci_app.adapters.sqlite import open_store
from lci_app.core import names
from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.model import BuildStatus
from lci_app.interfaces import NewDelivery
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_project, new_build

PUSH = NewDelivery("guid-1", "push", "acme/shop", "refs/heads/main", "1" * 40, "2" * 40)


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


async def test_a_delivery_and_its_builds_are_kept_together(store):
    shop, blog = await a_project(store), await a_project(store, "blog", number=2)
    recorded = await store.record_delivery(
        PUSH,
        verdict=Verdict.QUEUED,
        reason="",
        builds=[new_build(shop), new_build(blog)],
        project_ids=[shop.id, blog.id],
        at=LATER,
    )
    assert [(build.project_id, build.status, build.queued_at) for build in recorded.builds] == [
        (shop.id, BuildStatus.QUEUED, LATER),
        (blog.id, BuildStatus.QUEUED, LATER),
    ]
    assert recorded.delivery == Delivery(
        id=1,
        delivery_id="guid-1",
        event="push",
        received_at=LATER,
        verdict=Verdict.QUEUED,
        reason="",
        repository="acme/shop",
        ref="refs/heads/main",
        before="1" * 40,
        after="2" * 40,
        build_ids=tuple(build.id for build in recorded.builds),
        project_ids=(shop.id, blog.id),
    )
    assert not recorded.duplicate
    assert await store.delivery(1) == recorded.delivery
    assert await store.delivery(99) is None
    assert await store.queued_builds() == recorded.builds


async def test_a_known_delivery_changes_nothing_however_it_comes_again(store):
    shop = await a_project(store)

    async def deliver(delivery: NewDelivery, at: str):
        return await store.record_delivery(
            delivery,
            verdict=Verdict.QUEUED,
            reason="",
            builds=[new_build(shop)],
            project_ids=[shop.id],
            at=at,
        )

    first = await deliver(PUSH, EARLY)
    again = await deliver(replace(PUSH, ref="refs/heads/other"), LATER)
    assert again == replace(first, duplicate=True)
    assert len(await store.queued_builds()) == 1


async def test_the_same_delivery_many_times_at_once_builds_once(store):
    shop = await a_project(store)
    answers = []

    async def deliver() -> None:
        answers.append(
            await store.record_delivery(
                PUSH,
                verdict=Verdict.QUEUED,
                reason="",
                builds=[new_build(shop)],
                project_ids=[shop.id],
                at=LATER,
            )
        )

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(deliver)
    assert [answer.duplicate for answer in answers].count(False) == 1
    assert {build.id for answer in answers for build in answer.builds} == {1}


async def test_a_delivery_of_an_unknown_repository_is_decided_anew(store):
    first = await store.record_delivery(
        PUSH, verdict=Verdict.UNKNOWN_REPOSITORY, reason="no project", builds=[], project_ids=[], at=EARLY
    )
    shop = await a_project(store)
    second = await store.record_delivery(
        PUSH, verdict=Verdict.QUEUED, reason="", builds=[new_build(shop)], project_ids=[shop.id], at=LATER
    )
    assert not second.duplicate
    assert len(second.builds) == 1
    assert second.delivery == replace(
        first.delivery,
        verdict=Verdict.QUEUED,
        reason="",
        received_at=LATER,
        build_ids=(second.builds[0].id,),
        project_ids=(shop.id,),
    )


async def test_what_a_removed_project_was_meant_to_build_is_left_out(store):
    shop, gone = await a_project(store), await a_project(store, "gone", number=2)
    await store.delete_project(gone.id)
    recorded = await store.record_delivery(
        PUSH,
        verdict=Verdict.QUEUED,
        reason="",
        builds=[new_build(gone), new_build(shop)],
        project_ids=[gone.id, shop.id],
        at=LATER,
    )
    assert [build.project_id for build in recorded.builds] == [shop.id]
    assert recorded.delivery.project_ids == (shop.id,)


async def test_a_delivery_outlives_its_project_and_still_builds_only_once(store):
    shop = await a_project(store)
    wanted = {"verdict": Verdict.QUEUED, "reason": "", "project_ids": [shop.id]}
    await store.record_delivery(PUSH, builds=[new_build(shop)], at=EARLY, **wanted)
    await store.delete_project(shop.id)
    again = await store.record_delivery(PUSH, builds=[], at=LATER, **wanted)
    assert again.duplicate
    assert (again.builds, again.delivery.build_ids, again.delivery.received_at) == ([], (), EARLY)


async def test_deliveries_are_listed_newest_first_of_all_or_of_one_project(store):
    shop, blog = await a_project(store), await a_project(store, "blog", number=2)
    for number, project in enumerate([shop, blog, shop], start=1):
        await store.record_delivery(
            replace(PUSH, delivery_id=f"guid-{number}"),
            verdict=Verdict.BRANCH,
            reason="another branch",
            builds=[],
            project_ids=[project.id],
            at=LATEST,
        )

    async def ids(**page: int | None) -> tuple[int, list[int]]:
        total, found = await store.deliveries(**{"project_id": None, "limit": 50, "offset": 0} | page)
        return total, [delivery.id for delivery in found]

    assert await ids() == (3, [3, 2, 1])
    assert await ids(limit=1, offset=1) == (3, [2])
    assert await ids(before_id=3) == (3, [2, 1])
    assert await ids(project_id=shop.id) == (2, [3, 1])
    assert await ids(project_id=shop.id, before_id=3) == (2, [1])
    assert await ids(project_id=99) == (0, [])
