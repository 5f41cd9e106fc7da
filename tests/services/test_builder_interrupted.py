"""A build that something happens to, at each step it takes outside: it has an end, and nothing is left over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
import trio

from lci_app.core.model import Build, BuildStatus, DeploymentOutcome, SlotStatus, StageStatus
from lci_app.core.project import Project
from lci_app.interfaces import Trouble
from tests.adapters.sqlite_store import inline_store
from tests.services.house import House, Outside, as_it_is, open_house

# More than any build takes: whoever counts so far does not end.
MOST_STEPS = 300


@dataclass
class Second:
    """A house in which version 1 serves, and a second build that has been queued."""

    house: House
    shop: Project
    build: Build


@pytest.fixture
async def served(outside: Outside) -> Outside:
    """What is there when one version of one project serves; each test takes copies of it."""
    async with open_house(outside) as house:
        assert (await house.build(await house.register())).status is BuildStatus.SUCCESS
    return outside


@asynccontextmanager
async def second_build(outside: Outside) -> AsyncIterator[Second]:
    async with open_house(outside) as house:
        shop = await house.store.project_by_name("shop")
        assert shop is not None
        yield Second(house, shop, await house.order(shop))


def each_step(served: Outside) -> Iterator[tuple[int, Outside]]:
    """Yield the steps of a build, each with an outside of its own."""
    for step in range(1, MOST_STEPS):
        yield step, as_it_is(served, f"step-{step}")
    raise AssertionError("a build takes more steps than there can be")


async def assert_settled(house: House, shop: Project) -> None:
    """Assert what holds whenever nothing is under way: one version runs, and everybody agrees which."""
    await house.settled()
    fresh = await house.fresh(shop)
    assert fresh.active_slot is not None
    active, idle = await house.slot(shop, fresh.active_slot), await house.slot(shop, fresh.active_slot.other)
    assert (active.status, idle.status, idle.container_id) == (SlotStatus.RUNNING, SlotStatus.EMPTY, None)
    assert [(each.id, each.running) for each in house.world.containers.values()] == [(active.container_id, True)]
    assert house.world.containers[active.container_id or ""].restart_policy == "unless-stopped"
    upstream = house.proxy.upstream(shop.name)
    assert upstream is not None
    assert (upstream.id, upstream.port) == (active.deployment_id, shop.port(fresh.active_slot))
    assert await house.store.unfinished_deployments() == []
    assert await house.store.running_builds() == []
    assert await house.workspace.children("workspace/1") == ["mirror.git"]
    kept = [str(build.id) for build in await house.store.retained_builds(shop.id)]
    assert await house.workspace.children("output") == sorted(kept)
    assert house.logs.open_now == set()


async def assert_ended(house: House, shop: Project, build: Build) -> None:
    """Assert that the build's end, its stages, its deployment and the slots tell the same story."""
    stages = await house.store.stages(build.id)
    assert all(stage.finished_at is not None for stage in stages)
    deployment = await house.store.deployment_of(build.id)
    slots = await house.store.slots(shop.id)
    serves = build.id in {state.build_id for state in slots.values() if state.status is SlotStatus.RUNNING}
    switched = deployment is not None and deployment.outcome is DeploymentOutcome.SUCCESS
    succeeded = build.status is BuildStatus.SUCCESS
    assert (serves, switched) == (succeeded, succeeded)
    if not succeeded:
        assert build.deployed_slot is None
        assert StageStatus.RUNNING not in [stage.status for stage in stages]
    await assert_settled(house, shop)


async def test_cancelled_by_a_person_at_any_step_it_wins_or_loses_but_never_both(served: Outside) -> None:
    seen = set()
    for step, outside in each_step(served):
        async with second_build(outside) as second, trio.open_nursery() as nursery:
            house = second.house
            house.faults.at(step, lambda: nursery.start_soon(house.scheduler.cancel, second.build.id))  # noqa: B023
            build = await house.ended(second.build)
            if not house.faults.has_happened:
                break
            assert build.status is (BuildStatus.CANCELLED if build.cancel_requested else BuildStatus.SUCCESS), step
            await assert_ended(house, second.shop, build)
            seen.add(build.status)
    assert seen == {BuildStatus.CANCELLED, BuildStatus.SUCCESS}


async def test_stopped_at_any_step_it_is_brought_to_its_end_by_the_next_start(served: Outside) -> None:
    for step, outside in each_step(served):
        stopped = trio.Event()
        async with second_build(outside) as second:
            second.house.faults.at(step, stopped.set)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_unless, stopped, second, nursery.cancel_scope)
                await stopped.wait()
                nursery.cancel_scope.cancel()
        if not stopped.is_set():
            break
        async with open_house(outside) as again:
            build = await again.ended(second.build)
            assert build.status is BuildStatus.SUCCESS, second.house.faults.steps[-1]
            await assert_ended(again, second.shop, build)


async def _end_unless(stopped: trio.Event, second: Second, scope: trio.CancelScope) -> None:
    await second.house.ended(second.build)
    await second.house.settled()
    scope.cancel()


async def test_killed_at_any_step_it_is_brought_to_its_end_by_the_next_start(served: Outside) -> None:
    seen = set()
    for step, outside in each_step(served):
        left: list[Outside] = []
        async with second_build(outside) as second:
            second.house.faults.at(step, lambda: left.append(as_it_is(outside, "killed")))  # noqa: B023
            await second.house.ended(second.build)
            await second.house.settled()
            name = second.house.faults.steps[step - 1] if left else ""
        if not left:
            break
        built = await has_built(left[0], second.build)
        async with open_house(left[0]) as again:
            build = await again.ended(second.build)
            assert build.status is BuildStatus.SUCCESS, name
            await assert_ended(again, second.shop, build)
            # What has been built is not built again, but deployed.
            assert again.log(build).count("Building with img.") == 1 if built else True, name
            seen.add(built)
    assert seen == {False, True}


async def has_built(outside: Outside, build: Build) -> bool:
    """Return whether the build's command was recorded as ended when lci was killed."""
    async with inline_store(outside.root) as store:
        ended = {(stage.name, stage.status) for stage in await store.stages(build.id)}
    return ("build", StageStatus.SUCCESS) in ended


async def test_trouble_at_any_step_passes_and_the_build_succeeds(served: Outside) -> None:
    for step, outside in each_step(served):
        async with second_build(outside) as second:
            house = second.house
            house.faults.at(step, partial(fail, house, Trouble("DISK_FULL", "no space left on device")))
            build = await house.ended(second.build)
            await house.settled()
            if not house.faults.has_happened:
                break
            await assert_succeeded(second, build, step)


async def test_an_unforeseen_error_outside_is_tried_once_more_and_harms_nobody_else(served: Outside) -> None:
    for step, outside in each_step(served):
        async with second_build(outside) as second:
            house = second.house
            house.faults.at(step, partial(fail, house, RuntimeError("nobody thought of this"), but="store."))
            build = await house.ended(second.build)
            await house.settled()
            if not house.faults.has_happened:
                break
            await assert_succeeded(second, build, step)


async def assert_succeeded(second: Second, build: Build, step: int) -> None:
    assert build.status is BuildStatus.SUCCESS, second.house.faults.steps[step - 1]
    # What could not be swept at that moment is left to the next start.
    await second.house.reconciler.settle_world()
    await assert_ended(second.house, second.shop, build)


def fail(house: House, error: Exception, *, but: str = "nothing") -> None:
    """Let the call that is about to be made fail; one that has been made has done what it promises."""
    before_or_after, call = house.faults.steps[-1].split()
    if before_or_after == "before" and not call.startswith(but):
        raise error
