"""People's hands on running versions: look, switch, stop, start, restart, read."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.core.events import ContainerStatus, DeploymentEnded
from lci_app.core.model import DeploymentOutcome, Health, Slot, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import Trouble
from lci_app.services.results import SlotEmpty
from lci_app.services.slot_health import READY_TIMEOUT
from tests.doubles.engine import Container, Script
from tests.services.house import House


async def serving(house: House, **settings: Any) -> tuple[Project, Container]:
    shop = await house.register(**settings)
    await house.build(shop)
    (container,) = house.runtimes(shop)
    return shop, container


async def baked(house: House) -> tuple[Project, Container, Container]:
    """Put two versions live, of which the first is kept; returns their containers, first and second."""
    shop, first = await serving(house, bake_seconds=3600)
    await house.build(shop)
    (second,) = [each for each in house.runtimes(shop) if each.id != first.id]
    return shop, first, second


async def test_a_slot_whose_container_is_down_is_an_error_whatever_was_recorded(house: House) -> None:
    shop, container = await serving(house)
    assert (await house.runtime.slots(shop))[Slot.BLUE].status is SlotStatus.RUNNING
    container.end(1)
    seen = (await house.runtime.slots(shop))[Slot.BLUE]
    assert (seen.status, seen.health) == (SlotStatus.ERROR, Health.UNHEALTHY)


async def test_the_traffic_goes_back_to_a_version_that_was_kept(house: House) -> None:
    shop, first, second = await baked(house)
    switched = await house.runtime.switch(shop, Slot.BLUE)
    assert isinstance(switched, Project)
    assert switched.active_slot is Slot.BLUE
    upstream = house.proxy.upstream("shop")
    assert upstream is not None
    assert upstream.port == shop.blue_port
    newest = (await house.store.deployments(shop.id, limit=1, offset=0))[1][0]
    assert newest.outcome is DeploymentOutcome.FLIPPED_BACK
    # Now the other one is kept, and then goes.
    await trio.sleep(3000)
    assert second.running
    await house.settled()
    assert (first.running, second.removed) == (True, True)


async def test_a_version_that_gets_the_traffic_back_brings_its_own_addresses(house: House) -> None:
    house.source.files["a" * 40] = {".lci.toml": '[project]\ndomains = ["one.example"]\n'}
    shop, _ = await serving(house, bake_seconds=3600)
    house.source.files["b" * 40] = {".lci.toml": '[project]\ndomains = ["two.example"]\nstrip_prefix = false\n'}
    house.source.heads["main"] = "b" * 40
    await house.build(shop)
    assert (await house.fresh(shop)).settings.domains == ("two.example",)
    switched = await house.runtime.switch(shop, Slot.BLUE)
    assert isinstance(switched, Project)
    assert switched.settings.domains == ("one.example",)
    assert house.proxy.tables[-1].routes[0].domains == ("one.example",)


async def test_a_switch_by_hand_is_told_to_everybody(house: House) -> None:
    shop, first, _ = await baked(house)
    await house.runtime.switch(shop, Slot.BLUE)
    told = house.hub.of(DeploymentEnded)[-1]
    assert (told.build_id, told.slot, told.status) == (1, Slot.BLUE, "Success")
    assert "by hand" in told.reason
    running = house.hub.of(ContainerStatus)[-1]
    assert (running.slot, running.container_id, running.status) == (Slot.BLUE, first.id, "Running")


async def test_a_switch_that_is_committed_reaches_the_proxy_whatever_stands_in_the_way(house: House) -> None:
    shop, _, second = await baked(house)
    failures = 3

    def fail(call: str) -> None:
        nonlocal failures
        if call == "proxy.publish" and failures:
            failures -= 1
            raise RuntimeError("nobody thought of this")

    house.faults.always = fail
    switched = await house.runtime.switch(shop, Slot.BLUE)
    assert isinstance(switched, Project)
    upstream = house.proxy.upstream("shop")
    assert upstream is not None
    assert upstream.port == shop.blue_port
    await house.settled()
    assert second.removed


async def test_a_switch_to_the_active_slot_changes_nothing_and_looks_at_what_is_true_now(house: House) -> None:
    shop, _, second = await baked(house)
    assert shop.active_slot is None
    before = len(house.proxy.tables)
    switched = await house.runtime.switch(shop, Slot.GREEN)
    assert isinstance(switched, Project)
    assert switched.active_slot is Slot.GREEN
    assert len(house.proxy.tables) == before
    assert second.running


@pytest.mark.parametrize("state", ["empty", "down", "draining", "deleted"])
async def test_there_is_nothing_to_switch_to(house: House, state: str) -> None:
    shop, first, _ = await baked(house)
    match state:
        case "empty":
            await house.retirement.wait_empty(shop.id, Slot.BLUE)
        case "down":
            first.end(1)
        case "draining":
            blue = await house.slot(shop, Slot.BLUE)
            house.proxy.busy[blue.deployment_id or 0] = trio.Event()
            house.retirement._leaving[shop.id, Slot.BLUE].hurry.set()
            await trio.sleep(1)
        case "deleted":
            await house.store.delete_project(shop.id)
    answer = await house.runtime.switch(shop, Slot.BLUE)
    assert isinstance(answer, SlotEmpty)
    if state != "deleted":
        assert "rollback" in answer.message
        assert (await house.fresh(shop)).active_slot is Slot.GREEN
    await house.retirement.drop(shop.id)


async def test_a_version_that_is_called_back_and_cannot_serve_leaves_again(house: House) -> None:
    shop, first, _ = await baked(house)

    def spoil(call: str) -> None:
        if call == "store.commit_flip":
            raise Trouble("DATABASE_FULL", "the disk is full")

    house.faults.always = spoil
    with pytest.raises(Trouble):
        await house.runtime.switch(shop, Slot.BLUE)
    house.faults.always = lambda _: None
    assert (await house.fresh(shop)).active_slot is Slot.GREEN
    await house.settled()
    assert first.removed


async def test_a_stopped_project_has_no_traffic_and_no_running_container(house: House) -> None:
    shop, container = await serving(house)
    slots = await house.runtime.stop(shop)
    assert isinstance(slots, dict)
    assert (slots[Slot.BLUE].status, slots[Slot.BLUE].health) == (SlotStatus.STOPPED, Health.UNKNOWN)
    assert (container.running, container.removed) == (False, False)
    assert house.proxy.upstream("shop") is None
    assert isinstance(await house.runtime.stop(shop), dict)


async def test_requests_finish_before_the_container_stops(house: House) -> None:
    shop, container = await serving(house, drain_timeout=60)
    blue = await house.slot(shop, Slot.BLUE)
    house.proxy.busy[blue.deployment_id or 0] = busy = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.runtime.stop, shop)
        await trio.sleep(10)
        assert house.proxy.upstream("shop") is None
        assert container.running
        busy.set()
    assert not container.running


async def test_a_started_project_gets_its_traffic_when_it_is_healthy(house: House) -> None:
    shop, container = await serving(house)
    await house.runtime.stop(shop)
    house.probe.answers = [503, 503]
    slots = await house.runtime.start(shop)
    assert isinstance(slots, dict)
    assert (slots[Slot.BLUE].status, slots[Slot.BLUE].health) == (SlotStatus.RUNNING, Health.HEALTHY)
    assert container.running
    assert house.proxy.upstream("shop") is not None
    assert not (await house.fresh(shop)).stopped


async def test_a_started_project_that_does_not_become_healthy_gets_its_traffic_in_the_end(house: House) -> None:
    shop, _ = await serving(house)
    await house.runtime.stop(shop)
    house.probe.answers = [503] * 100_000
    began = house.clock.seconds()
    slots = await house.runtime.start(shop)
    assert isinstance(slots, dict)
    assert slots[Slot.BLUE].health is Health.UNHEALTHY
    assert house.clock.seconds() - began == pytest.approx(READY_TIMEOUT, abs=1)
    assert house.proxy.upstream("shop") is not None


async def test_starting_what_runs_changes_nothing(house: House) -> None:
    shop, _ = await serving(house)
    before = await house.slot(shop, Slot.BLUE)
    await trio.sleep(100)
    await house.runtime.start(shop)
    assert await house.slot(shop, Slot.BLUE) == before


async def test_a_restart_keeps_container_and_slot(house: House) -> None:
    shop, container = await serving(house)
    before = await house.slot(shop, Slot.BLUE)
    await trio.sleep(100)
    slots = await house.runtime.restart(shop, None)
    assert isinstance(slots, dict)
    assert slots[Slot.BLUE].container_id == container.id
    assert (slots[Slot.BLUE].started_at or "") > (before.started_at or "")
    assert container.running


async def test_a_restart_brings_back_what_has_died(house: House) -> None:
    shop, container = await serving(house)
    container.end(1)
    slots = await house.runtime.restart(shop, Slot.BLUE)
    assert isinstance(slots, dict)
    assert slots[Slot.BLUE].status is SlotStatus.RUNNING


async def test_a_version_that_leaves_during_its_restart_stays_gone(house: House) -> None:
    shop, first, _ = await baked(house)
    house.probe.meanwhile = house.retirement._leaving[shop.id, Slot.BLUE].hurry.set
    house.probe.answers = [503] * 1000
    await house.runtime.restart(shop, Slot.BLUE)
    assert first.removed
    assert await house.slot(shop, Slot.BLUE) == SlotState(shop.id, Slot.BLUE, port=shop.blue_port)


async def test_what_is_stopped_is_started_not_restarted(house: House) -> None:
    shop, container = await serving(house)
    await house.runtime.stop(shop)
    assert isinstance(await house.runtime.restart(shop, None), SlotEmpty)
    assert not container.running


@pytest.mark.parametrize("slot", [None, Slot.GREEN])
async def test_an_empty_slot_can_be_neither_restarted_nor_read(house: House, slot: Slot | None) -> None:
    shop = await house.register()
    for answer in (
        await house.runtime.restart(shop, slot),
        await house.runtime.tail(shop, slot, 10),
        await house.runtime.stop(shop),
        await house.runtime.start(shop),
    ):
        assert isinstance(answer, SlotEmpty)
    async with house.runtime.follow(shop, slot, 10) as output:
        assert isinstance(output, SlotEmpty)


async def test_a_container_that_somebody_else_removed_is_said_to_be_gone(house: House) -> None:
    shop, container = await serving(house)
    del house.world.containers[container.id]
    for answer in (await house.runtime.restart(shop, None), await house.runtime.start(shop)):
        assert isinstance(answer, SlotEmpty)
        assert "deploy again" in answer.message


async def test_an_engine_that_goes_away_in_the_middle_leaves_what_can_be_done_again(house: House) -> None:
    shop, container = await serving(house)

    def fall(call: str) -> None:
        if call == "engine.stop":
            house.world.down = True

    house.faults.always = fall
    with pytest.raises(Trouble):
        await house.runtime.stop(shop)
    assert (await house.fresh(shop)).stopped
    assert house.proxy.upstream("shop") is None
    house.world.down = False
    house.faults.always = lambda _: None
    assert isinstance(await house.runtime.stop(shop), dict)
    assert not container.running
    assert isinstance(await house.runtime.start(shop), dict)
    assert container.running


async def test_people_wait_for_a_deployment_and_find_what_it_has_made(house: House) -> None:
    shop, _ = await serving(house)
    house.probe.answers = [503, 503]
    build = await house.order(shop)
    await house.until(build, lambda now: now.health_check_attempts >= 1)
    slots = await house.runtime.stop(shop)
    await house.ended(build)
    assert isinstance(slots, dict)
    assert slots[Slot.GREEN].status is SlotStatus.STOPPED
    assert (await house.fresh(shop)).stopped


async def test_a_new_version_of_a_stopped_project_serves(house: House) -> None:
    shop, _ = await serving(house)
    await house.runtime.stop(shop)
    await house.build(shop)
    await house.settled()
    assert not (await house.fresh(shop)).stopped
    upstream = house.proxy.upstream("shop")
    assert upstream is not None
    assert upstream.port == shop.green_port
    assert len(house.runtimes(shop)) == 1


async def test_the_output_is_read_and_followed(house: House) -> None:
    house.world.scripts["serve"] = Script()
    shop, container = await serving(house)
    container.write(b"one\ntwo\n")
    assert await house.runtime.tail(shop, None, 1) == ["two"]
    async with house.runtime.follow(shop, Slot.BLUE, 1) as output:
        assert not isinstance(output, SlotEmpty)
        assert await anext(output) == "two"
        container.write(b"three\n")
        assert await anext(output) == "three"
