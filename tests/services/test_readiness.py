"""While the machine is in trouble builds wait in their order, everybody is told why, and they start by themselves."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from lci_app.core.events import SystemStatus
from lci_app.core.model import BuildStatus
from lci_app.core.readiness import Condition, Reason
from tests.services.house import House

DOWN = Reason("DOCKER_UNAVAILABLE", "Docker does not answer.")
LOW = Reason("DISK_LOW", "The disk is nearly full.", blocking=False)


async def test_builds_wait_in_their_order_and_start_by_themselves(house: House) -> None:
    shop = await house.register()
    house.readiness.note(Condition.ENGINE, DOWN)
    builds = [await house.order(shop) for _ in range(3)]
    await wait_all_tasks_blocked()
    assert [each.id for each in await house.store.queued_builds()] == [each.id for each in builds]
    house.readiness.note(Condition.ENGINE, None)
    ended = [await house.ended(build) for build in builds]
    assert [each.status for each in ended] == [BuildStatus.SUCCESS] * 3
    starts = [each.started_at or "" for each in ended]
    assert starts == sorted(starts)


async def test_every_change_is_told_once(house: House) -> None:
    for reason in (DOWN, Reason(DOWN.code, "in other words"), None, None, LOW):
        house.readiness.note(Condition.DISK, reason)
    told = [(each.ready, [reason.code for reason in each.reasons]) for each in house.hub.of(SystemStatus)]
    assert told == [(False, ["DOCKER_UNAVAILABLE"]), (True, []), (True, ["DISK_LOW"])]


async def test_two_troubles_must_both_pass(house: House) -> None:
    shop = await house.register()
    house.readiness.note(Condition.ENGINE, DOWN)
    house.readiness.note(Condition.DISK, Reason("DISK_FULL", "The disk is full."))
    build = await house.order(shop)
    house.readiness.note(Condition.ENGINE, None)
    await wait_all_tasks_blocked()
    assert [each.id for each in await house.store.queued_builds()] == [build.id]
    house.readiness.note(Condition.DISK, LOW)
    assert (await house.ended(build)).status is BuildStatus.SUCCESS


async def test_who_waits_for_a_condition_does_not_wait_for_a_warning(house: House) -> None:
    house.readiness.note(Condition.DISK, LOW)
    with trio.fail_after(1):
        await house.readiness.wait_sound(Condition.DISK)
