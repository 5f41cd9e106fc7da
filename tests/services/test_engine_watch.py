"""The engine goes and comes: it is noticed, told, and looked at anew before it is trusted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import trio

from lci_app.core.model import BuildStatus, Slot, SlotStatus
from lci_app.interfaces import Trouble
from lci_app.services.engine_watch import PING_EVERY
from tests.services.house import House, Watched, eventually


@pytest.fixture
async def watched(house: House) -> AsyncIterator[House]:
    """A house that watches its engine."""
    async with trio.open_nursery() as nursery:
        await nursery.start(house.keeper.run)
        nursery.start_soon(house.engine_watch.run)
        await eventually(lambda: house.world.watches > 0)
        yield house
        nursery.cancel_scope.cancel()


def away(house: House) -> None:
    house.world.down = True
    house.world.cut()


def reasons(house: House) -> list[str]:
    return [each.code for each in house.readiness.reasons]


async def test_an_engine_that_goes_is_noticed_at_once_and_so_is_its_return(watched: House) -> None:
    away(watched)
    with trio.fail_after(1):
        await eventually(lambda: reasons(watched) == ["DOCKER_UNAVAILABLE"])
    await trio.sleep(3600)
    assert reasons(watched) == ["DOCKER_UNAVAILABLE"]
    watched.world.down = False
    with trio.fail_after(3):
        await eventually(lambda: reasons(watched) == [])


async def test_an_engine_that_takes_connections_and_never_answers_is_noticed(watched: House) -> None:
    gone: Callable[[], Awaitable[Any]]

    async def hang() -> None:
        await trio.sleep(3)
        raise Trouble("DOCKER_UNAVAILABLE", "no answer in time")

    gone = hang
    watched.engine_watch.engine = Watched(watched.engine, ping=gone)
    with trio.fail_after(PING_EVERY + 4):
        await eventually(lambda: reasons(watched) == ["DOCKER_UNAVAILABLE"])


async def test_a_stream_that_is_cut_is_opened_again_and_everything_looked_at(watched: House) -> None:
    shop = await watched.register()
    await watched.build(shop)
    (container,) = watched.runtimes(shop)
    listeners, watched.world.listeners = watched.world.listeners, []
    container.end(137)  # nobody hears of it
    watched.world.listeners = listeners
    watched.world.cut()
    await eventually(lambda: container.running)
    assert reasons(watched) == []
    assert watched.world.watches == 2


async def test_builds_of_an_engine_that_was_away_are_built_when_it_is_back(watched: House) -> None:
    shop = await watched.register()
    away(watched)
    await eventually(lambda: reasons(watched) != [])
    build = await watched.order(shop)
    await trio.sleep(60)
    assert [each.id for each in await watched.store.queued_builds()] == [build.id]
    watched.world.down = False
    ended = await watched.ended(build)
    assert (ended.status, ended.infra_retries) == (BuildStatus.SUCCESS, 0)
    assert (await watched.slot(shop, Slot.BLUE)).status is SlotStatus.RUNNING
