"""The table that the data plane serves by."""

from __future__ import annotations

import pytest
import trio

from lci_app.core.model import Slot, SlotStatus
from lci_app.core.routing import Route, Upstream
from lci_app.interfaces import Trouble
from tests.services.house import House, Outside, eventually, open_house


async def test_every_project_has_a_route_and_only_what_is_live_an_upstream(house: House) -> None:
    shop = await house.register(domains=["shop.example"], strip_prefix=False)
    await house.register("bare", number=2)
    await house.build(shop)
    await house.settled()
    deployment = await house.store.live_deployment(shop.id, Slot.BLUE)
    assert deployment is not None
    assert house.proxy.tables[-1].routes == (
        Route("bare", None),
        Route("shop", Upstream(deployment.id, "127.0.0.1", shop.blue_port), ("shop.example",), strip_prefix=False),
    )


async def test_a_stopped_project_has_no_upstream_and_each_table_is_newer_than_the_last(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    await house.runtime.stop(shop)
    assert house.proxy.upstream("shop") is None
    generations = [table.generation for table in house.proxy.tables]
    assert generations == sorted(set(generations))


async def test_tables_are_published_one_after_the_other(house: House) -> None:
    house.proxy.stalled = stalled = trio.Event()
    shop = await house.register()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(house.routes.publish)
        await trio.sleep(1)
        assert (await house.slot(shop, Slot.BLUE)).status is SlotStatus.EMPTY
        stalled.set()
    generations = [table.generation for table in house.proxy.tables]
    assert generations == sorted(set(generations))


async def test_what_could_not_be_published_is_published_later(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    refused: list[str] = []

    def refuse(call: str) -> None:
        if call == "proxy.publish" and len(refused) < 3:
            refused.append(call)
            raise RuntimeError("nobody thought of this")

    house.faults.always = refuse
    with pytest.raises(Trouble, match="cannot be told"):
        await house.runtime.stop(shop)
    assert house.proxy.upstream("shop") is not None
    await eventually(lambda: house.proxy.upstream("shop") is None)


async def test_the_table_is_back_after_a_restart_before_the_engine_was_asked(outside: Outside) -> None:
    async with open_house(outside) as before:
        await before.build(await before.register())
        served = before.proxy.upstream("shop")
    outside.world.down = True
    async with open_house(outside, build=False) as after:
        assert served is not None
        assert after.proxy.upstream("shop") == served
