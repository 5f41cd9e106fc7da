"""At the start: rows and the world are brought together, both ways."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio

from lci_app.core import names
from lci_app.core.model import (
    Build,
    BuildStatus,
    DeploymentOutcome,
    Health,
    Slot,
    SlotState,
    SlotStatus,
)
from lci_app.core.project import Project
from lci_app.interfaces import ContainerSpec, Requeue, Trouble
from lci_app.services.reconciler import MAX_RESTARTS
from lci_app.services.slot_health import READY_TIMEOUT
from tests.adapters.sqlite_store import EARLY, a_build, inline_store
from tests.doubles.engine import Container, EngineDouble, Script
from tests.services.house import INSTANCE, House, Outside, open_house


async def live(house: House) -> tuple[Project, Container, SlotState]:
    shop = await house.register()
    await house.build(shop)
    (container,) = house.runtimes(shop)
    return shop, container, await house.slot(shop, Slot.BLUE)


async def left_over(house: House, instance: str = INSTANCE, *, project_id: str = "1", name: str = "x") -> Container:
    """Start a container that no row knows."""
    labels = {**names.labels(instance=instance, role=names.ROLE_BUILD, project_id=1), names.LABEL_PROJECT: project_id}
    container_id = await EngineDouble(house.world, instance).start(ContainerSpec(name, "img", labels))
    return house.world.containers[container_id]


# --- rows


async def begun(outside: Outside) -> tuple[Project, Build]:
    """Leave a build that was Building when lci was killed."""
    async with open_house(outside) as house:
        shop = await house.register()
    async with inline_store(outside.root) as store:
        build = await a_build(store, shop)
        await store.begin_build(build.id, EARLY)
    return shop, build


async def test_what_was_queued_keeps_its_order(outside: Outside) -> None:
    async with open_house(outside, build=False) as house:
        shop = await house.register()
        builds = [await house.order(shop, priority=priority) for priority in (0, 5, 0)]
    async with open_house(outside, build=False) as again:
        assert [each.id for each in await again.store.queued_builds()] == [builds[1].id, builds[0].id, builds[2].id]
        assert [each.restarts for each in await again.store.queued_builds()] == [0, 0, 0]


async def test_a_build_that_ran_is_started_again_with_its_number(outside: Outside) -> None:
    _, build = await begun(outside)
    async with open_house(outside) as again:
        ended = await again.ended(build)
    assert (ended.status, ended.restarts, ended.build_number) == (BuildStatus.SUCCESS, 1, build.build_number)


async def test_a_build_whose_cancellation_was_accepted_does_not_come_back(outside: Outside) -> None:
    _, build = await begun(outside)
    async with inline_store(outside.root) as store:
        await store.request_cancel(build.id, EARLY)
    async with open_house(outside) as again:
        assert (await again.ended(build)).status is BuildStatus.CANCELLED
        assert again.source.asked == []


async def test_a_build_that_ends_lci_again_and_again_is_given_up(outside: Outside) -> None:
    _, build = await begun(outside)
    async with inline_store(outside.root) as store:
        for _ in range(MAX_RESTARTS):
            await store.requeue_build(build.id, Requeue.RESTART)
            await store.begin_build(build.id, EARLY)
    async with open_house(outside) as again:
        ended = await again.ended(build)
    assert ended.status is BuildStatus.FAILED
    assert ended.failure is not None
    assert ended.failure.code == "TOO_MANY_RESTARTS"


@pytest.mark.parametrize("recorded", [None, DeploymentOutcome.SUCCESS, DeploymentOutcome.FLIPPED_BACK])
async def test_a_build_that_had_switched_is_a_success_however_far_its_books_were(
    outside: Outside, recorded: DeploymentOutcome | None
) -> None:
    shop, build = await begun(outside)
    async with inline_store(outside.root) as store:
        deployment = await store.begin_deployment(build, Slot.BLUE, requested_by="manual", at=EARLY)
        state = SlotState(shop.id, Slot.BLUE, container_id="c1", build_id=build.id, deployment_id=deployment.id)
        assert await store.commit_switch(deployment.id, state, {}, EARLY) is not None
        if recorded is not None:
            await store.end_deployment(deployment.id, DeploymentOutcome.SUCCESS, reason="", at=EARLY)
            await store.end_deployment(deployment.id, recorded, reason="", at=EARLY)
    async with open_house(outside) as again:
        ended = await again.ended(build)
        assert (ended.status, ended.restarts, ended.deployed_slot) == (BuildStatus.SUCCESS, 0, Slot.BLUE)
        assert again.source.asked == []
        assert await again.store.unfinished_deployments() == []


async def test_a_deployment_that_had_not_switched_is_cancelled_and_its_build_started_again(outside: Outside) -> None:
    _, build = await begun(outside)
    async with inline_store(outside.root) as store:
        first = await store.begin_deployment(build, Slot.BLUE, requested_by="manual", at=EARLY)
    async with open_house(outside) as again:
        assert (await again.ended(build)).restarts == 1
        _, deployments = await again.store.deployments(build.project_id, limit=9, offset=0)
    outcomes = {each.id: each.outcome for each in deployments}
    assert outcomes.pop(first.id) is DeploymentOutcome.CANCELLED
    assert list(outcomes.values()) == [DeploymentOutcome.SUCCESS]


async def test_the_lines_of_a_log_are_counted_whoever_ends_the_build(outside: Outside) -> None:
    _, build = await begun(outside)
    async with outside.logs.open(names.build_log(build.project_id, build.build_number)) as log:
        await log.system("one")
    async with inline_store(outside.root) as store:
        await store.request_cancel(build.id, EARLY)
    async with open_house(outside) as again:
        assert (await again.ended(build)).log_lines == 1


# --- the world


async def test_what_serves_is_left_as_it_is(house: House) -> None:
    shop, container, before = await live(house)
    await house.reconciler.settle_world()
    assert (container.running, container.restarts) == (True, 0)
    assert await house.slot(shop, Slot.BLUE) == before


async def test_a_version_that_went_down_with_the_machine_is_started_again(house: House) -> None:
    shop, container, before = await live(house)
    container.end(137)
    container.restart_policy = "no"
    await house.reconciler.settle_world()
    assert (container.running, container.restart_policy) == (True, "unless-stopped")
    # It is healthy when it has said so itself.
    assert await house.slot(shop, Slot.BLUE) == replace(before, health=Health.UNKNOWN)
    await trio.sleep(1)
    assert await house.slot(shop, Slot.BLUE) == before


async def test_a_version_that_was_in_error_and_runs_is_asked_how_it_is(house: House) -> None:
    shop, _, before = await live(house)
    await house.store.set_slot(replace(before, status=SlotStatus.ERROR, health=Health.UNHEALTHY))
    house.probe.answers = [500] * 3
    await house.reconciler.settle_world()
    assert await house.slot(shop, Slot.BLUE) == replace(before, health=Health.UNKNOWN)
    await trio.sleep(2 * READY_TIMEOUT)
    assert await house.slot(shop, Slot.BLUE) == before


async def test_a_version_whose_container_is_gone_is_an_error_and_keeps_its_slot(house: House) -> None:
    shop, container, before = await live(house)
    del house.world.containers[container.id]
    await house.reconciler.settle_world()
    expected = replace(before, status=SlotStatus.ERROR, health=Health.UNHEALTHY)
    assert await house.slot(shop, Slot.BLUE) == expected
    assert (await house.build(shop)).deployed_slot is Slot.GREEN


async def test_what_belongs_to_nothing_is_removed_and_what_is_not_ours_is_not_touched(house: House) -> None:
    _, container, _ = await live(house)
    orphans = [
        await left_over(house, name="build"),
        await left_over(house, project_id="4711", name="deleted"),
        await left_over(house, project_id="", name="nobody"),
    ]
    theirs = await left_over(house, "theirs", name="other")
    await house.reconciler.settle_world()
    assert [each.removed for each in orphans] == [True, True, True]
    assert set(house.world.containers) == {container.id, theirs.id}


async def test_a_stop_that_was_cut_short_is_finished(house: House) -> None:
    shop, container, _ = await live(house)
    await house.store.set_stopped(shop.id, stopped=True, at=EARLY)
    await house.reconciler.settle_world()
    assert not container.running
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.STOPPED
    await house.reconciler.settle_world()
    assert not container.running


async def test_a_version_that_no_longer_serves_is_drained_before_it_goes(house: House) -> None:
    shop = await house.register(bake_seconds=3600, drain_timeout=60)
    await house.build(shop)
    blue = await house.slot(shop, Slot.BLUE)
    await house.build(shop)
    await house.retirement.drop(shop.id)
    await house.reconciler.settle_world()
    await house.settled()
    assert house.proxy.drained == [blue.deployment_id]
    assert len(house.runtimes(shop)) == 1


async def test_a_candidate_of_an_earlier_run_is_removed(house: House) -> None:
    shop, container, _ = await live(house)
    candidate = await left_over(house)
    starting = SlotState(shop.id, Slot.GREEN, SlotStatus.STARTING, container_id=candidate.id, deployment_id=99)
    await house.store.set_slot(starting)
    await house.reconciler.settle_world()
    assert candidate.removed
    assert await house.slot(shop, Slot.GREEN) == SlotState(shop.id, Slot.GREEN, port=shop.green_port)
    assert container.running


async def test_a_row_of_a_container_that_is_gone_is_emptied(house: House) -> None:
    shop, _, _ = await live(house)
    await house.store.set_slot(SlotState(shop.id, Slot.GREEN, SlotStatus.DRAINING, container_id="gone"))
    await house.reconciler.settle_world()
    assert (await house.slot(shop, Slot.GREEN)).status is SlotStatus.EMPTY


async def test_an_engine_that_does_not_answer_is_asked_again_later(house: House) -> None:
    _, container, _ = await live(house)
    container.end(137)
    house.world.down = True
    with pytest.raises(Trouble):
        await house.reconciler.settle_world()
    house.world.down = False
    await house.reconciler.settle_world()
    assert container.running


async def test_one_container_that_makes_trouble_does_not_hold_up_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    shop, container, _ = await live(house)
    forge = await house.register("forge", number=2)
    await house.build(forge)
    (other,) = house.runtimes(forge)
    container.end(137)
    other.end(137)
    container.script = Script(start_error=Trouble("PORT_TAKEN", "port 9001 is taken by another program"))
    orphan = await left_over(house)
    await house.reconciler.settle_world()
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.ERROR
    assert "port 9001 is taken" in caplog.text
    assert (other.running, orphan.removed) == (True, True)


# --- the disk


async def test_what_builds_needed_only_while_they_ran_is_swept_and_what_is_kept_stays(house: House) -> None:
    shop = await house.register()
    build = await house.build(shop)
    for relative in (
        "workspace/1/checkout-9/app",
        "workspace/7/checkout-1",
        "builds/9/npm",
        "output/9",
        "output/rubbish",
    ):
        house.workspace.path(relative).mkdir(parents=True)
    await house.reconciler.settle_world()
    assert await house.workspace.children("workspace/1") == ["mirror.git"]
    assert await house.workspace.children("workspace/7") == []
    assert await house.workspace.children("builds") == []
    assert await house.workspace.children("output") == [str(build.id)]


async def test_what_cannot_be_swept_stops_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for relative in ("builds/8", "builds/9"):
        house.workspace.path(relative).mkdir(parents=True)
    house.workspace.stuck = {"builds/8"}
    orphan = await left_over(house)
    await house.reconciler.settle_world()
    assert await house.workspace.children("builds") == ["8"]
    assert orphan.removed
    assert "builds/8" in caplog.text
