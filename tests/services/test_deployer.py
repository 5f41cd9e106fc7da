"""Every path of a rollout: only a healthy version gets the traffic, and whatever fails leaves the old one serving."""

from __future__ import annotations

import trio

from lci_app.core.events import ContainerStatus, DeploymentEnded
from lci_app.core.model import (
    Build,
    BuildStatus,
    DeploymentOutcome,
    FailureKind,
    Health,
    Slot,
    SlotState,
    SlotStatus,
    Stream,
)
from lci_app.core.project import Project
from tests.adapters.sqlite_store import inline_store
from tests.doubles.engine import Script
from tests.services.house import House, Outside, open_house

S = BuildStatus


async def served(house: House) -> tuple[Project, Build, SlotState]:
    """Register a project and put its first version live."""
    shop = await house.register()
    build = await house.build(shop)
    return shop, build, await house.slot(shop, Slot.BLUE)


async def test_the_first_version_goes_to_blue_and_the_next_to_green(house: House) -> None:
    shop, first, blue = await served(house)
    assert (first.deployed_slot, first.health_check_attempts) == (Slot.BLUE, 1)
    assert (blue.status, blue.health, blue.build_id) == (SlotStatus.RUNNING, Health.HEALTHY, first.id)
    second = await house.build(shop)
    await house.settled()
    assert second.deployed_slot is Slot.GREEN
    (container,) = house.runtimes(shop)
    assert (container.name, container.restart_policy) == ("lci-shop-green", "unless-stopped")
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.EMPTY
    assert (await house.build(shop)).deployed_slot is Slot.BLUE


async def test_it_is_told_committed_and_published_before_it_is_called_a_success(house: House) -> None:
    seen: list[tuple[str, BuildStatus]] = []
    shop = await house.register()
    build = await house.order(shop)

    def watch(call: str) -> None:
        if call in {"store.commit_switch", "proxy.publish", "store.finish_build"}:
            seen.append((call, house.hub.statuses(build.id)[-1]))

    house.faults.always = watch
    await house.ended(build)
    assert seen == [
        ("store.commit_switch", S.DEPLOYING),
        ("proxy.publish", S.DEPLOYING),
        ("store.finish_build", S.DEPLOYING),
    ]
    (told,) = house.hub.of(DeploymentEnded)
    assert (told.status, told.slot, told.url, told.reason) == ("Success", Slot.BLUE, "http://public/shop/", "")
    assert [each.status for each in house.hub.of(ContainerStatus)] == ["Starting", "Running"]


async def test_a_build_is_no_success_before_every_worker_serves_it(house: House) -> None:
    shop, _, _ = await served(house)
    house.proxy.stalled = stalled = trio.Event()
    second = await house.order(shop)
    await house.until(second, lambda now: now.status is S.DEPLOYING)
    await trio.sleep(500)
    now = await house.store.build(second.id)
    assert now is not None
    assert now.status is S.DEPLOYING
    # The old version must not go while workers may still send requests to it.
    assert len(house.runtimes(shop)) == 2
    assert house.proxy.drained == []
    stalled.set()
    assert (await house.ended(second)).status is S.SUCCESS
    await house.settled()
    assert len(house.runtimes(shop)) == 1


async def test_without_a_health_check_it_only_has_to_stay_up(house: House) -> None:
    shop = await house.register(health_check_url="", health_check_interval=5)
    build = await house.build(shop)
    assert (build.status, build.health_check_attempts) == (S.SUCCESS, 0)
    assert house.probe.asked == []
    assert (build.duration_seconds or 0) >= 15


async def test_failures_within_the_start_period_do_not_count(house: House) -> None:
    shop = await house.register(start_period=60, health_check_retries=1)
    house.probe.answers = [503] * 40
    build = await house.build(shop)
    assert (build.status, build.health_check_attempts) == (S.SUCCESS, 41)


async def test_a_project_that_was_deleted_meanwhile_gets_no_container(house: House) -> None:
    shop, _, _ = await served(house)

    def delete(call: str) -> None:
        if call == "workspace.is_directory":
            house.faults.always = lambda _: None
            nursery.start_soon(house.store.delete_project, shop.id)

    async with trio.open_nursery() as nursery, house.locks.hold(shop.id):
        build = await house.order(shop)
        house.faults.always = delete
        await trio.sleep(5)
    await house.scheduler.wait_ended(build.id)
    assert len(house.runtimes(shop)) == 1


async def test_a_cancellation_after_the_commit_comes_too_late(house: House) -> None:
    shop, _, _ = await served(house)
    house.proxy.stalled = stalled = trio.Event()
    build = await house.order(shop)
    await house.until(build, lambda now: now.status is S.DEPLOYING)
    await trio.sleep(10)
    assert (await house.fresh(shop)).active_slot is Slot.GREEN
    answer = await house.scheduler.cancel(build.id)
    assert not isinstance(answer, Build)
    stalled.set()
    assert (await house.ended(build)).status is S.SUCCESS


async def test_lci_stopped_between_commit_and_proxy_finishes_the_switch_first(outside: Outside) -> None:
    stalled = trio.Event()

    async def answer_late() -> None:
        await trio.sleep(10)
        stalled.set()

    async with trio.open_nursery() as nursery, open_house(outside) as house:
        shop, _, _ = await served(house)
        house.proxy.stalled = stalled
        build = await house.order(shop)
        await house.until(build, lambda now: now.status is S.DEPLOYING)
        await trio.sleep(5)
        assert (await house.fresh(shop)).active_slot is Slot.GREEN
        nursery.start_soon(answer_late)
    upstream = house.proxy.upstream("shop")
    assert upstream is not None
    assert upstream.port == shop.green_port
    async with inline_store(outside.root) as store:
        deployment = await store.deployment_of(build.id)
    assert deployment is not None
    assert deployment.outcome is DeploymentOutcome.SUCCESS
    async with open_house(outside) as again:
        ended = await again.ended(build)
        assert (ended.status, ended.restarts, ended.deployed_slot) == (S.SUCCESS, 0, Slot.GREEN)


async def test_lci_stopped_while_no_worker_answers_leaves_the_switch_to_the_next_start(outside: Outside) -> None:
    async with open_house(outside) as house:
        shop, _, _ = await served(house)
        house.proxy.stalled = trio.Event()
        build = await house.order(shop)
        await house.until(build, lambda now: now.status is S.DEPLOYING)
        await trio.sleep(5)
    async with open_house(outside) as again:
        ended = await again.ended(build)
        assert (ended.status, ended.restarts, ended.deployed_slot) == (S.SUCCESS, 0, Slot.GREEN)
        upstream = again.proxy.upstream("shop")
        assert upstream is not None
        assert upstream.port == shop.green_port
        await again.settled()
        assert [each.name for each in again.runtimes(shop)] == ["lci-shop-green"]


async def test_deployments_of_one_project_wait_for_each_other(house: House) -> None:
    shop = await house.register(queue_limit=2)
    most: list[int] = []
    house.probe.meanwhile = lambda: most.append(len(house.runtimes(shop)))
    house.probe.answers = [500, 500]
    first, second = await house.order(shop), await house.order(shop)
    for build in (first, second):
        await house.ended(build)
    assert max(most) <= 2
    active = (await house.fresh(shop)).active_slot
    assert active is not None
    assert (await house.slot(shop, active)).build_id == second.id


async def test_a_build_that_was_ordered_earlier_never_replaces_a_later_one(house: House) -> None:
    shop = await house.register(queue_limit=2)
    house.world.scripts["make"] = Script()
    older, newer = await house.order(shop), await house.order(shop)
    await house.container(older)
    (await house.container(newer)).end(0)
    assert (await house.ended(newer)).deployed_slot is Slot.BLUE
    (await house.container(older)).end(0)
    late = await house.ended(older)
    assert (late.status, late.deployed_slot) == (S.SUCCESS, None)
    assert (await house.slot(shop, Slot.BLUE)).build_id == newer.id


async def test_a_versions_own_command_runs_to_its_end_before_it_is_started(house: House) -> None:
    shop = await house.register(runtime_before="migrate", runtime_env={"DATABASE": "shop"})
    house.world.scripts["migrate"] = Script(output=[(Stream.STDOUT, b"3 migrations\n")], exit_code=0)
    made: list[tuple[str, bool]] = []

    def look(call: str) -> None:
        if call == "engine.start":
            made.append((call, any("3 migrations" in line for line in house.log(build))))

    build = await house.order(shop)
    house.faults.always = look
    assert (await house.ended(build)).status is S.SUCCESS
    assert made == [("engine.start", True)]
    assert [each.spec.environment["DATABASE"] for each in house.runtimes(shop)] == ["shop"]


async def test_a_version_whose_own_command_fails_is_not_started(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    before = await house.slot(shop, Slot.BLUE)
    await house.change(shop, runtime_before="migrate")
    house.world.scripts["migrate"] = Script(output=[(Stream.STDERR, b"no such table\n")], exit_code=3)
    build = await house.build(shop)
    assert build.failure is not None
    assert (build.failure.code, build.failure.exit_code) == ("BEFORE_FAILED", 3)
    assert build.failure.kind is FailureKind.DEPLOY
    assert any("no such table" in line for line in house.log(build))
    assert await house.slot(shop, Slot.BLUE) == before
    assert len(house.runtimes(shop)) == 1


async def test_a_command_that_does_not_end_is_ended(house: House) -> None:
    shop = await house.register(runtime_before="hang", build_timeout=60)
    build = await house.build(shop)
    assert build.failure is not None
    assert (build.failure.code, build.failure.exit_code) == ("BEFORE_FAILED", 124)
    assert len(house.world.containers) == 0
