"""Builds on the worst day: every one has an end, and none takes another along."""

from __future__ import annotations

import pytest
import trio

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, FailureKind, Slot
from lci_app.interfaces import Trouble
from tests.doubles.engine import Script
from tests.services.house import House, eventually

S = BuildStatus


async def test_trouble_of_the_machine_is_tried_once_more_and_then_counts(house: House) -> None:
    house.source.refusal = Trouble("REPOSITORY_UNREACHABLE", "the host does not answer")
    build = await house.build(await house.register())
    assert (build.status, build.infra_retries) == (S.FAILED, 1)
    assert build.failure is not None
    assert (build.failure.kind, build.failure.code) == (FailureKind.INFRA, "REPOSITORY_UNREACHABLE")
    assert house.hub.statuses(build.id) == [S.QUEUED, S.BUILDING, S.QUEUED, S.BUILDING, S.FAILED]
    assert "Trying again after trouble: the host does not answer" in house.log(build)


async def test_trouble_that_passes_is_only_a_second_try(house: House) -> None:
    house.source.refusal = Trouble("REPOSITORY_UNREACHABLE", "the host does not answer")

    def pass_(call: str) -> None:
        if call == "store.requeue_build":
            house.source.refusal = None

    house.faults.always = pass_
    build = await house.build(await house.register())
    assert (build.status, build.infra_retries, build.failure) == (S.SUCCESS, 1, None)
    assert "Trying again after trouble: the host does not answer" in house.log(build)


async def test_a_build_that_is_cancelled_while_trouble_passes_is_not_tried_again(house: House) -> None:
    house.source.refusal = Trouble("REPOSITORY_UNREACHABLE", "the host does not answer")
    build = await house.order(await house.register())
    await eventually(lambda: any("Failed:" in line for line in house.log(build)))
    assert isinstance(await house.scheduler.cancel(build.id), Build)
    ended = await house.ended(build)
    assert (ended.status, ended.infra_retries, ended.failure) == (S.CANCELLED, 0, None)


async def test_a_bug_in_one_build_is_logged_and_ends_that_build_alone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    shop, forge = await house.register(), await house.register("forge", number=2)

    def bug(call: str) -> None:
        if call == "source.checkout":
            raise KeyError("nobody thought of this")

    house.faults.always = bug
    build = await house.build(shop)
    assert build.failure is not None
    assert (build.failure.code, build.failure.kind) == ("INTERNAL", FailureKind.INFRA)
    assert "KeyError" not in build.failure.message
    assert "nobody thought of this" in caplog.text
    house.faults.always = lambda _: None
    assert (await house.build(forge)).status is S.SUCCESS


async def test_a_log_that_cannot_be_opened_fails_the_build_as_trouble(house: House) -> None:
    house.logs.full = {"open"}
    build = await house.build(await house.register())
    assert build.failure is not None
    assert (build.failure.kind, build.failure.code, build.infra_retries) == (FailureKind.INFRA, "LOG_FAILED", 1)


async def test_a_log_that_cannot_be_closed_takes_nothing_back(house: House) -> None:
    house.logs.full = {"close"}
    build = await house.build(await house.register())
    assert (build.status, build.infra_retries, build.failure) == (S.SUCCESS, 0, None)


async def test_a_full_disk_does_not_hide_why_a_build_failed(house: House) -> None:
    house.world.scripts["make"] = Script(exit_code=3)
    shop = await house.register()

    def fill(call: str) -> None:
        if call == "engine.run_attached":
            house.logs.full = {"write", "close"}

    house.faults.always = fill
    build = await house.build(shop)
    assert build.failure is not None
    assert (build.failure.code, build.failure.exit_code, build.infra_retries) == ("EXIT_CODE", 3, 0)


async def test_a_log_that_is_full_after_the_switch_does_not_fail_the_build(house: House) -> None:
    shop = await house.register()

    def fill(call: str) -> None:
        if call == "proxy.publish":
            house.logs.full = {"write", "close"}

    house.faults.always = fill
    build = await house.build(shop)
    assert (build.status, build.deployed_slot) == (S.SUCCESS, Slot.BLUE)


async def test_a_full_database_delays_the_end_but_never_loses_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await house.register()
    is_full = True

    def full(call: str) -> None:
        if is_full and call in {"store.finish_build", "store.end_stage", "store.end_deployment"}:
            raise Trouble("DATABASE_FULL", "the disk that holds the database is full")

    house.faults.always = full
    first, second = await house.order(shop), await house.order(shop)
    await trio.sleep(300)
    now = await house.store.build(first.id)
    assert now is not None
    assert now.status is S.DEPLOYING
    # Its version serves already, and the next of its key does not begin before it has ended.
    assert house.proxy.upstream("shop") is not None
    assert [build.id for build in await house.store.queued_builds()] == [second.id]
    is_full = False
    assert (await house.ended(first)).status is S.SUCCESS
    assert (await house.ended(second)).status is S.SUCCESS
    assert "is full" in caplog.text


async def test_a_build_that_cannot_begin_waits_for_the_disk(house: House) -> None:
    shop = await house.register()
    is_full = True

    def full(call: str) -> None:
        if is_full and call == "store.begin_build":
            raise Trouble("DATABASE_FULL", "the disk that holds the database is full")

    house.faults.always = full
    build = await house.order(shop)
    await trio.sleep(100)
    is_full = False
    assert (await house.ended(build)).status is S.SUCCESS


async def test_nothing_that_cannot_be_swept_holds_up_the_end_of_a_build(house: House) -> None:
    shop = await house.register()

    def stick(call: str) -> None:
        if call == "store.finish_build":
            house.workspace.stuck = {names.checkout(shop.id, 1), names.scratch(1)}

    house.faults.always = stick
    assert (await house.build(shop)).status is S.SUCCESS
    assert (await house.build(shop)).status is S.SUCCESS
