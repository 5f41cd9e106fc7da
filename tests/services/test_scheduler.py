"""Order, limits, cancellation, and waking up without polling."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lci_app.core.model import Build, BuildStatus
from lci_app.core.project import Project
from lci_app.interfaces import Trouble
from lci_app.services.results import BuildFinished, NoSuchBuild
from tests.doubles.engine import Script
from tests.services.house import House, Outside, open_house


async def endless(house: House, name: str = "shop", *, number: int = 1, **settings: Any) -> Project:
    """Register a project whose builds run until somebody ends them."""
    house.world.scripts["forever"] = Script()
    return await house.register(name, number=number, build_command="forever", **settings)


async def running(house: House, *builds: Build) -> None:
    """Return when the containers of these builds run."""
    for build in builds:
        await house.container(build)


def end(house: House, build: Build) -> None:
    container = house.world.named(f"lci-build-{build.id}")
    assert container is not None
    container.end(1)


async def test_builds_of_one_project_run_one_after_the_other_in_their_order(house: House) -> None:
    shop = await endless(house)
    first, second = await house.order(shop), await house.order(shop)
    await running(house, first)
    await wait_all_tasks_blocked()
    assert [build.id for build in await house.store.queued_builds()] == [second.id]
    end(house, first)
    await running(house, second)


async def test_projects_do_not_hold_each_other_up(house: House) -> None:
    shop, forge = await endless(house), await endless(house, "forge", number=2)
    await running(house, await house.order(shop), await house.order(forge))


async def test_no_more_builds_run_than_may(outside: Outside) -> None:
    async with open_house(outside, max_parallel=2) as house:
        projects = [await endless(house, f"shop{n}", number=n) for n in (1, 2, 3)]
        builds = [await house.order(project) for project in projects]
        await running(house, *builds[:2])
        await wait_all_tasks_blocked()
        assert house.world.named(f"lci-build-{builds[2].id}") is None
        end(house, builds[0])
        await running(house, builds[2])


async def test_the_higher_priority_starts_first(house: House) -> None:
    shop = await endless(house)
    first = await house.order(shop)
    await running(house, first)
    usual, urgent = await house.order(shop), await house.order(shop, priority=5)
    end(house, first)
    await running(house, urgent)
    assert [build.id for build in await house.store.queued_builds()] == [usual.id]


async def test_branches_with_keys_of_their_own_run_at_the_same_time(house: House) -> None:
    house.source.heads["next"] = "b" * 40
    shop = await endless(house, queue_key="{project}-{branch}")
    await running(house, await house.order(shop), await house.order(shop, branch="next"))


async def test_it_sleeps_until_the_bell_rings(house: House) -> None:
    await house.register()
    await wait_all_tasks_blocked()
    house.faults.steps.clear()
    await trio.sleep(3600)
    assert house.faults.steps == []


async def test_a_cancelled_build_that_waits_never_starts(house: House) -> None:
    shop = await endless(house)
    first, second = await house.order(shop), await house.order(shop)
    await running(house, first)
    cancelled = await house.scheduler.cancel(second.id)
    assert isinstance(cancelled, Build)
    assert cancelled.status is BuildStatus.CANCELLED
    assert house.hub.statuses(second.id) == [BuildStatus.QUEUED, BuildStatus.CANCELLED]
    end(house, first)
    await house.ended(first)
    await wait_all_tasks_blocked()
    assert house.log(second) == []
    assert (await house.ended(second)).started_at is None


async def test_a_cancelled_build_that_runs_loses_its_container_and_frees_its_key(house: House) -> None:
    shop = await endless(house)
    first, second = await house.order(shop), await house.order(shop)
    await running(house, first)
    assert isinstance(await house.scheduler.cancel(first.id), Build)
    assert (await house.ended(first)).status is BuildStatus.CANCELLED
    assert house.world.named(f"lci-build-{first.id}") is None
    assert house.log(first)[-1] == "Cancelled."
    await running(house, second)


async def test_cancelling_again_is_answered_alike_and_what_has_ended_stays_so(house: House) -> None:
    shop = await endless(house)
    build = await house.order(shop)
    await running(house, build)
    assert isinstance(await house.scheduler.cancel(build.id), Build)
    assert isinstance(await house.scheduler.cancel(build.id), Build)
    await house.ended(build)
    finished = await house.scheduler.cancel(build.id)
    assert isinstance(finished, BuildFinished)
    assert finished.build.status is BuildStatus.CANCELLED
    assert await house.scheduler.cancel(4711) == NoSuchBuild(4711)


async def test_an_older_push_that_waits_is_superseded_where_only_the_latest_is_wanted(house: House) -> None:
    shop = await endless(house, queue_policy="latest")
    first = await house.pushed(shop)
    await running(house, first)
    older, newer = await house.pushed(shop), await house.pushed(shop)
    assert (await house.ended(older)).status is BuildStatus.CANCELLED
    end(house, first)
    await running(house, newer)


async def test_a_project_that_is_held_back_starts_nothing_and_goes_on_after_that(house: House) -> None:
    shop = await endless(house)
    forge = await endless(house, "forge", number=2)
    with house.scheduler.held_back(shop.id):
        with house.scheduler.held_back(shop.id):
            waiting, other = await house.order(shop), await house.order(forge)
            await running(house, other)
        await wait_all_tasks_blocked()
        assert house.world.named(f"lci-build-{waiting.id}") is None
    await running(house, waiting)


async def test_a_store_in_trouble_is_asked_again(house: House, caplog: pytest.LogCaptureFixture) -> None:
    shop = await endless(house)
    refused = 3

    def trouble(call: str) -> None:
        nonlocal refused
        if call == "store.queued_builds" and refused:
            refused -= 1
            raise Trouble("DATABASE_IO", "the disk reports an error")

    house.faults.always = trouble
    await running(house, await house.order(shop))
    assert "the disk reports an error" in caplog.text


async def test_a_build_whose_project_is_deleted_while_it_waits_is_passed_over(house: House) -> None:
    shop, forge = await endless(house), await endless(house, "forge", number=2)
    first, second = await house.order(shop), await house.order(shop)
    await running(house, first)
    await house.store.delete_project(shop.id)
    end(house, first)
    await house.scheduler.wait_ended(first.id)
    assert await house.store.build(second.id) is None
    await running(house, await house.order(forge))
