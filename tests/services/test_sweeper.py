"""What builds leave on the disk, and how long."""

from __future__ import annotations

from lci_app.core import names
from lci_app.core.model import BuildStatus, Slot
from tests.doubles.engine import Script
from tests.services.house import House


async def outputs(house: House) -> list[int]:
    return [int(name) for name in await house.workspace.children("output")]


async def test_the_last_outputs_are_kept(house: House) -> None:
    shop = await house.register(keep_releases=2)
    builds = [await house.build(shop) for _ in range(4)]
    assert await outputs(house) == [builds[2].id, builds[3].id]
    assert [each.id for each in await house.store.retained_builds(shop.id)] == [builds[3].id, builds[2].id]


async def test_what_serves_is_kept_however_old_it_is(house: House) -> None:
    shop = await house.register(keep_releases=1)
    first = await house.build(shop)
    verified = [await house.build(shop, deploy=False) for _ in range(3)]
    assert await outputs(house) == [first.id, verified[-1].id]


async def test_what_is_kept_for_a_while_keeps_its_output(house: House) -> None:
    shop = await house.register(keep_releases=1, bake_seconds=3600)
    first, second = await house.build(shop), await house.build(shop)
    assert await outputs(house) == [first.id, second.id]


async def test_what_a_rollback_is_about_to_deploy_is_kept(house: House) -> None:
    shop = await house.register(keep_releases=2, queue_limit=2)
    first, second = await house.build(shop), await house.build(shop)
    house.world.scripts["make"] = Script()
    running = await house.order(shop, deploy=False)
    container = await house.container(running)
    house.probe.answers = [503, 503]
    placed = await house.orders.rollback(await house.fresh(shop), first.id)
    rollback = placed.build  # type: ignore[union-attr]
    await house.until(rollback, lambda now: now.status is BuildStatus.DEPLOYING)
    container.end(0)
    await house.ended(running)
    assert first.id in await outputs(house)
    assert (await house.ended(rollback)).status is BuildStatus.SUCCESS
    assert second.deployed_slot is Slot.GREEN


async def test_a_build_that_failed_leaves_no_output(house: House) -> None:
    house.world.scripts["make"] = Script(exit_code=1)
    shop = await house.register()
    await house.build(shop)
    assert await outputs(house) == []


async def test_each_project_keeps_its_own(house: House) -> None:
    shop, forge = await house.register(keep_releases=1), await house.register("forge", number=2, keep_releases=1)
    await house.build(shop, deploy=False)
    kept = [await house.build(forge, deploy=False), await house.build(shop, deploy=False)]
    assert await outputs(house) == [build.id for build in kept]


async def test_isolated_caches_go_with_their_build_and_shared_ones_stay(house: House) -> None:
    shop = await house.register(cache_type=["npm"], cache_mode="isolated")
    build = await house.build(shop)
    assert not house.workspace.path(names.scratch(build.id)).exists()
    await house.change(shop, cache_mode="shared")
    await house.build(shop)
    assert house.workspace.path(names.shared_cache("npm")).is_dir()
