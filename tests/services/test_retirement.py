"""How versions leave: kept, drained, removed, called back, or stuck."""

from __future__ import annotations

from typing import Any

import trio

from lci_app.core.events import ContainerStatus
from lci_app.core.model import Build, Health, Slot, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import Trouble
from lci_app.services.results import SlotEmpty
from tests.doubles.engine import Container
from tests.services.house import House


async def two_versions(house: House, **settings: Any) -> tuple[Project, Container]:
    """Put a first version live, then a second; returns the project and the first one's container."""
    shop = await house.register(**settings)
    await house.build(shop)
    (old,) = house.runtimes(shop)
    await house.build(shop)
    return shop, old


async def test_the_old_version_is_drained_then_removed_and_the_receipt_kept(house: House) -> None:
    shop = await house.register(drain_timeout=60)
    first = await house.build(shop)
    blue = await house.slot(shop, Slot.BLUE)
    house.proxy.busy[blue.deployment_id or 0] = busy = trio.Event()
    second = await house.build(shop)
    await trio.sleep(30)
    assert len(house.runtimes(shop)) == 2
    draining = await house.slot(shop, Slot.BLUE)
    assert (draining.status, draining.build_id) == (SlotStatus.DRAINING, first.id)
    busy.set()
    await house.settled()
    assert len(house.runtimes(shop)) == 1
    assert await house.slot(shop, Slot.BLUE) == SlotState(shop.id, Slot.BLUE, port=shop.blue_port)
    deployment = await house.store.deployment_of(second.id)
    assert deployment is not None
    assert deployment.receipt == {"in_flight": 1, "finished": 1, "cut": 0}
    assert [(each.slot, each.status) for each in house.hub.of(ContainerStatus)][-1] == (Slot.BLUE, "Stopped")


async def receipt_of(house: House, build: Build) -> Any:
    deployment = await house.store.deployment_of(build.id)
    assert deployment is not None
    return deployment.receipt


async def test_a_switch_by_hand_leaves_its_receipt_with_the_newer_deployment(house: House) -> None:
    shop = await house.register(bake_seconds=600)
    first = await house.build(shop)
    second = await house.build(shop)
    green = await house.slot(shop, Slot.GREEN)
    house.proxy.busy[green.deployment_id or 0] = busy = trio.Event()
    busy.set()
    assert not isinstance(await house.runtime.switch(shop, Slot.BLUE), SlotEmpty)
    await house.settled()
    assert await receipt_of(house, first) is None
    assert await receipt_of(house, second) == {"in_flight": 1, "finished": 1, "cut": 0}


async def test_a_version_that_was_leaving_when_lci_was_killed_gets_its_receipt_after_the_restart(house: House) -> None:
    shop = await house.register(bake_seconds=3600)
    await house.build(shop)
    second = await house.build(shop)
    blue = await house.slot(shop, Slot.BLUE)
    house.proxy.busy[blue.deployment_id or 0] = busy = trio.Event()
    busy.set()
    # As if it was killed: nobody knows any more that this version is leaving.
    await house.retirement.drop(shop.id)
    await house.reconciler.settle_world()
    await house.settled()
    assert await receipt_of(house, second) == {"in_flight": 1, "finished": 1, "cut": 0}


async def test_a_receipt_outlasts_a_full_disk_and_holds_nobody_up(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    full = True

    def fall(call: str) -> None:
        if call == "store.record_receipt" and full:
            raise Trouble("DISK_FULL", "the disk is full")

    house.faults.always = fall
    second = await house.build(shop)
    await house.settled()
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.EMPTY
    await trio.sleep(120)
    assert await receipt_of(house, second) is None
    full = False
    await trio.sleep(60)
    assert await receipt_of(house, second) == {"in_flight": 0, "finished": 0, "cut": 0}


async def test_where_nobody_knows_what_was_in_flight_there_is_no_receipt(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    house.proxy.remembers = False
    second = await house.build(shop)
    await house.settled()
    assert await receipt_of(house, second) is None


async def test_what_does_not_finish_in_time_is_cut(house: House) -> None:
    shop = await house.register(drain_timeout=60)
    await house.build(shop)
    blue = await house.slot(shop, Slot.BLUE)
    house.proxy.busy[blue.deployment_id or 0] = trio.Event()
    began = house.clock.seconds()
    second = await house.build(shop)
    await house.settled()
    assert 60 <= house.clock.seconds() - began < 70
    deployment = await house.store.deployment_of(second.id)
    assert deployment is not None
    assert deployment.receipt == {"in_flight": 1, "finished": 0, "cut": 1}


async def test_a_version_that_is_baked_keeps_running_for_so_long(house: House) -> None:
    shop, old = await two_versions(house, bake_seconds=600)
    await trio.sleep(590)
    assert old.running
    blue = await house.slot(shop, Slot.BLUE)
    assert (blue.status, blue.health) == (SlotStatus.RUNNING, Health.HEALTHY)
    await house.settled()
    assert old.removed
    assert house.clock.seconds() < 620


async def test_whoever_needs_the_slot_ends_the_baking(house: House) -> None:
    shop, old = await two_versions(house, bake_seconds=3600)
    third = await house.build(shop)
    assert third.deployed_slot is Slot.BLUE
    assert old.removed
    assert house.clock.seconds() < 60


async def test_a_version_that_did_not_serve_well_is_not_worth_baking(house: House) -> None:
    shop = await house.register(bake_seconds=3600)
    await house.build(shop)
    await house.runtime.stop(shop)
    await house.build(shop)
    await house.settled()
    assert house.clock.seconds() < 60
    assert len(house.runtimes(shop)) == 1


async def test_a_baked_version_can_be_called_back_a_draining_one_cannot(house: House) -> None:
    shop, old = await two_versions(house, bake_seconds=600)
    assert await house.retirement.recall(shop.id, Slot.BLUE)
    await trio.sleep(3600)
    assert old.running

    green = await house.slot(shop, Slot.GREEN)
    house.proxy.busy[green.deployment_id or 0] = trio.Event()
    house.retirement.begin(green, receiver=None, bake=10, drain=60)
    await trio.sleep(30)
    assert not await house.retirement.recall(shop.id, Slot.GREEN)
    await house.settled()
    assert (await house.slot(shop, Slot.GREEN)).status is SlotStatus.EMPTY


async def test_nothing_that_leaves_is_called_back_at_once(house: House) -> None:
    assert await house.retirement.recall(4711, Slot.BLUE)


async def test_trouble_with_the_engine_is_outlasted(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    (old,) = house.runtimes(shop)

    def fall(call: str) -> None:
        if call == "proxy.drain":
            house.world.down = True

    house.faults.always = fall
    builds: list[Build] = []

    async def build() -> None:
        builds.append(await house.build(shop))

    async with trio.open_nursery() as nursery:
        # It is final only when the engine says that none of its containers is left.
        nursery.start_soon(build)
        await trio.sleep(120)
        blue = await house.slot(shop, Slot.BLUE)
        assert (blue.status, blue.container_id) == (SlotStatus.ERROR, old.id)
        house.world.down = False
    (second,) = builds
    await house.settled()
    assert old.removed
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.EMPTY
    # Drained once: what is counted then is the receipt.
    assert house.proxy.drained == [blue.deployment_id]
    deployment = await house.store.deployment_of(second.id)
    assert deployment is not None
    assert deployment.receipt == {"in_flight": 0, "finished": 0, "cut": 0}


async def test_whoever_needs_a_slot_that_is_stuck_does_not_wait_for_ever(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    (old,) = house.runtimes(shop)

    def fall(call: str) -> None:
        if call == "engine.remove":
            raise RuntimeError("nobody thought of this")

    house.faults.always = fall
    await house.build(shop)
    await trio.sleep(600)
    assert old.running
    house.faults.always = lambda _: None
    assert (await house.build(shop)).deployed_slot is Slot.BLUE
    assert old.removed


async def test_a_project_that_goes_takes_its_leaving_versions_along(house: House) -> None:
    shop, old = await two_versions(house, bake_seconds=3600)
    await house.retirement.drop(shop.id)
    assert house.retirement._leaving == {}
    assert old.running
    await house.retirement.drop(shop.id)


async def test_versions_that_are_cut_short_by_a_stop_are_removed_at_the_next_start(house: House) -> None:
    shop, old = await two_versions(house, bake_seconds=3600)
    await house.retirement.drop(shop.id)
    await house.reconciler.settle_world()
    await house.settled()
    assert old.removed
    assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.EMPTY
