"""What serves is kept running: whoever touches its container is noticed, and what can be mended is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import trio

from lci_app.core.events import ContainerStatus, ErrorEvent
from lci_app.core.model import Health, Slot, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import Trouble
from lci_app.services.version_keeper import LONGEST_PAUSE, MAX_STARTS
from tests.doubles.engine import Container
from tests.services.house import House, Watched, eventually


@pytest.fixture
async def kept(house: House) -> AsyncIterator[House]:
    async with trio.open_nursery() as nursery:
        await nursery.start(house.keeper.run)
        nursery.start_soon(house.engine_watch.run)
        await eventually(lambda: house.world.watches > 0)
        yield house
        nursery.cancel_scope.cancel()


async def live(house: House) -> tuple[Project, Container]:
    shop = await house.register()
    await house.build(shop)
    (container,) = house.runtimes(shop)
    return shop, container


async def slot_when(house: House, project: Project, status: SlotStatus, health: Health) -> SlotState:
    with trio.fail_after(3600):
        while True:
            state = await house.slot(project, Slot.BLUE)
            if (state.status, state.health) == (status, health):
                return state
            await trio.sleep(0.05)


def told(house: House) -> list[str]:
    return [each.status for each in house.hub.of(ContainerStatus)]


async def test_a_version_that_somebody_killed_is_shown_so_and_started_again(kept: House) -> None:
    shop, container = await live(kept)
    before = len(told(kept))
    container.end(137)
    with trio.fail_after(0.9):
        await slot_when(kept, shop, SlotStatus.ERROR, Health.UNHEALTHY)
    await slot_when(kept, shop, SlotStatus.RUNNING, Health.HEALTHY)
    assert container.running
    assert told(kept)[before:] == ["Error", "Running"]


async def test_a_version_that_was_removed_is_an_error_that_stays(kept: House) -> None:
    shop, container = await live(kept)
    kept.world.containers.pop(container.id).remove()
    await slot_when(kept, shop, SlotStatus.ERROR, Health.UNHEALTHY)
    await trio.sleep(3600)
    assert kept.runtimes(shop) == []


async def test_a_version_that_is_paused_is_shown_so_and_left_to_whoever_paused_it(kept: House) -> None:
    shop, container = await live(kept)
    container.pause()
    await slot_when(kept, shop, SlotStatus.ERROR, Health.UNHEALTHY)
    await trio.sleep(3600)
    assert container.paused
    container.pause(paused=False)
    # It never ended: what it was before, it is again.
    await slot_when(kept, shop, SlotStatus.RUNNING, Health.HEALTHY)


async def test_a_version_that_cannot_be_started_is_tried_more_and_more_slowly_and_then_given_up(kept: House) -> None:
    shop, container = await live(kept)
    starts: list[float] = []

    async def refuse(container_id: str) -> None:
        starts.append(trio.current_time())
        raise Trouble("PORT_TAKEN", "port 9001 on 127.0.0.1 is taken by another program or container")

    kept.keeper.engine = Watched(kept.engine, start_again=refuse)
    container.end(1)
    await eventually(lambda: len(starts) == MAX_STARTS)
    await trio.sleep(3600)
    assert len(starts) == MAX_STARTS
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert pauses[:3] == pytest.approx([2, 4, 8])
    assert max(pauses) == pytest.approx(LONGEST_PAUSE)
    (error,) = kept.hub.of(ErrorEvent)
    assert (error.code, error.project_id, error.build_id) == ("SERVICE_DOWN", shop.id, None)
    assert "port 9001" in error.message


async def test_a_project_that_was_stopped_stays_stopped(kept: House) -> None:
    shop, container = await live(kept)
    await kept.runtime.stop(await kept.fresh(shop))
    await trio.sleep(3600)
    assert not container.running
    assert (await kept.slot(shop, Slot.BLUE)).status is SlotStatus.STOPPED


async def test_while_it_waits_to_start_it_somebody_else_may(kept: House) -> None:
    shop, container = await live(kept)
    calls: list[Any] = []

    async def count(container_id: str) -> None:
        calls.append(container_id)

    kept.keeper.engine = Watched(kept.engine, start_again=count)
    container.end(137)
    await slot_when(kept, shop, SlotStatus.ERROR, Health.UNHEALTHY)
    await kept.engine.start_again(container.id)
    await slot_when(kept, shop, SlotStatus.RUNNING, Health.HEALTHY)
    await trio.sleep(3600)
    assert calls == []
