"""The disk fills and empties: no build starts that would fail for it, and each starts by itself afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
import trio

from lci_app.core.disk import Disk
from lci_app.core.model import BuildStatus
from lci_app.interfaces import Trouble
from lci_app.services.bell import Bell
from lci_app.services.disk_watch import LOOK_EVERY, DiskWatch
from tests.services.house import House

MIB = 1024**2


@dataclass
class DiskDouble:
    seen: Disk = field(default_factory=lambda: Disk(1000 * MIB, 2000 * MIB, 5000, 10_000))
    trouble: Trouble | None = None
    proofs: int = 0
    place: str = "/data"

    async def look(self) -> Disk:
        await trio.lowlevel.checkpoint()
        return self.seen

    async def prove(self) -> None:
        self.proofs += 1
        await trio.lowlevel.checkpoint()
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
async def watch(house: House) -> AsyncIterator[tuple[DiskDouble, Bell]]:
    disk, alarm = DiskDouble(), Bell()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(DiskWatch(disk, house.readiness, alarm, 100 * MIB).run)
        yield disk, alarm
        nursery.cancel_scope.cancel()


def codes(house: House) -> list[str]:
    return [each.code for each in house.readiness.reasons]


async def test_a_disk_that_fills_is_told_in_time_holds_builds_and_lets_them_go(
    house: House, watch: tuple[DiskDouble, Bell]
) -> None:
    disk, _ = watch
    shop = await house.register()
    disk.seen = replace(disk.seen, free_bytes=90 * MIB)
    await trio.sleep(LOOK_EVERY + 0.1)
    assert (codes(house), house.readiness.is_ready) == (["DISK_LOW"], True)
    disk.seen = replace(disk.seen, free_bytes=MIB)
    await trio.sleep(LOOK_EVERY + 0.1)
    assert (codes(house), house.readiness.is_ready) == (["DISK_FULL"], False)
    build = await house.order(shop)
    await trio.sleep(600)
    assert [each.id for each in await house.store.queued_builds()] == [build.id]
    disk.seen = replace(disk.seen, free_bytes=500 * MIB)
    assert (await house.ended(build)).status is BuildStatus.SUCCESS
    assert codes(house) == []


async def test_a_write_that_failed_is_believed_at_once_and_until_one_succeeds(
    house: House, watch: tuple[DiskDouble, Bell]
) -> None:
    disk, alarm = watch
    await trio.sleep(0.1)
    disk.trouble = Trouble("DISK_IO", "the disk that holds /data reports an error (Input/output error)")
    alarm.ring()
    await trio.sleep(0.1)
    assert codes(house) == ["DISK_IO"]
    await trio.sleep(60)
    assert codes(house) == ["DISK_IO"]
    disk.trouble = None
    await trio.sleep(LOOK_EVERY + 0.1)
    assert codes(house) == []


async def test_a_disk_that_is_well_is_not_written_to(house: House, watch: tuple[DiskDouble, Bell]) -> None:
    disk, _ = watch
    await trio.sleep(600)
    assert disk.proofs == 0
