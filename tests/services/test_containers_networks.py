"""Which network containers run in, and what becomes of networks."""

from __future__ import annotations

from lci_app.core.subnets import NetworkKind
from lci_app.interfaces import Isolated
from tests.services.house import House, Outside, open_house

BUILDS, SERVICES = NetworkKind.BUILDS, NetworkKind.SERVICES


def networks(house: House) -> set[tuple[int, NetworkKind]]:
    return {(project, kind) for _, project, kind in house.world.networks}


async def test_a_version_runs_in_its_projects_own_network_for_services(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    (running,) = house.runtimes(shop)
    assert running.spec.network == f"{SERVICES}-{shop.id}"
    assert networks(house) == {(shop.id, BUILDS), (shop.id, SERVICES)}


async def test_networks_go_with_their_project(house: House) -> None:
    shop, other = await house.register(), await house.register("other", number=2)
    for project in (shop, other):
        await house.build(project)
    await house.projects.delete(shop)
    assert networks(house) == {(other.id, BUILDS), (other.id, SERVICES)}


async def test_the_start_removes_networks_that_nothing_needs(outside: Outside) -> None:
    async with open_house(outside) as house:
        shop = await house.register()
        await house.build(shop)
        await house.engine.project_network(4711, BUILDS)
    async with open_house(outside) as house:
        await house.reconciler.settle_world()
        assert networks(house) == {(shop.id, BUILDS), (shop.id, SERVICES)}


async def test_a_build_without_walls_says_so_in_its_log(house: House) -> None:
    house.isolation.state = Isolated(enforced=False, reason="iptables is not installed")
    build = await house.build(await house.register())
    assert "Isolation degraded: iptables is not installed." in house.log(build)
    house.isolation.state = Isolated(enforced=True)
    again = await house.build((await house.store.project(build.project_id)) or await house.register())
    assert not any("Isolation" in line for line in house.log(again))
