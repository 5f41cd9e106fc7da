"""The doctor looks at all of it, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest

from lci_app.core import names
from lci_app.core.disk import Disk
from lci_app.core.model import Slot
from lci_app.core.subnets import NetworkKind, Route
from lci_app.interfaces import Isolated
from lci_app.services.doctor import Doctor
from tests.services.house import House

GIB = 1024**3


@dataclass
class Host:
    place: str = "/data"
    opened: list[str] = field(default_factory=list)

    free: int = 500 * GIB

    def disk(self) -> Disk:
        return Disk(self.free, 1000 * GIB, 500, 1000)

    def routes(self) -> list[Route]:
        return [Route("tun0", IPv4Network("10.9.0.0/16"))]

    def open_to_others(self) -> list[str]:
        return self.opened


@dataclass
class Listening:
    """The ports of containers that run, and have not lost theirs."""

    house: House

    async def is_free(self, port: int) -> bool:
        running = [each for each in self.house.world.containers.values() if each.running]
        return port not in {each for container in running for each in container.spec.ports.values()}


async def codes(house: House, *, served: bool = True, host: Host | None = None) -> list[str]:
    ports = Listening(house)
    doctor = Doctor(
        house.store,
        house.engine,
        house.isolation,
        house.workspace,
        house.logs,
        host or Host(),
        ports,
        house.clock,
        None,
        served,
    )
    return [each.code for each in await doctor.examine()]


async def test_after_a_deployment_everything_is_as_it_should_be(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    await house.build(shop)
    await house.settled()
    assert await codes(house) == []


async def test_a_build_under_way_is_no_orphan_while_a_service_runs(house: House) -> None:
    build = await house.order(await house.register(build_command="hang"))
    container = await house.container(build)
    assert await codes(house) == []
    assert await codes(house, served=False) == ["ORPHAN_CONTAINER", "BUILD_WITHOUT_OWNER"]
    container.end(0)


async def test_what_somebody_else_took_away_is_found(house: House) -> None:
    shop = await house.register()
    build = await house.build(shop)
    blue = await house.slot(shop, Slot.BLUE)
    del house.world.containers[blue.container_id or ""]
    await house.workspace.remove(names.output(build.id))
    house.logs.records[names.build_log(shop.id, build.build_number)].pop()
    assert await codes(house) == ["CONTAINER_MISSING", "LOG_SHORT", "OUTPUT_MISSING"]


async def test_networks_that_are_nobodys_gone_or_in_the_way_are_found(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    await house.engine.project_network(4711, NetworkKind.BUILDS)
    house.world.subnets["lcib-4711"] = IPv4Network("10.9.8.0/27")
    assert await codes(house) == ["ORPHAN_NETWORK", "SUBNET_OVERLAP"]
    await house.engine.remove_networks(4711)
    house.world.networks.clear()
    assert await codes(house) == ["NETWORK_MISSING"]


async def test_an_engine_that_is_away_walls_that_fell_and_open_files_are_found(house: House) -> None:
    house.world.down = True
    house.isolation.state = Isolated(enforced=False, reason="iptables is not installed")
    found = await codes(house, host=Host(opened=["/data/db/lci.db"]))
    assert found == ["DOCKER_UNAVAILABLE", "MODE_OPEN", "ISOLATION_DEGRADED"]
    house.world.down = False


async def test_a_disk_on_which_no_build_starts_is_an_error(house: House) -> None:
    assert await codes(house, host=Host(free=0)) == ["DISK_FULL", "DISK_LOW"]


async def test_a_version_whose_port_the_engine_has_lost_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.build(await house.register())

    async def is_free(_self: Listening, _port: int) -> bool:
        return True

    monkeypatch.setattr(Listening, "is_free", is_free)
    assert await codes(house) == ["PORT_SILENT"]
