"""How builds end, and what they leave."""

from __future__ import annotations

import trio

from lci_app.core import names
from lci_app.core.events import BuildStatusChanged
from lci_app.core.model import Build, BuildStatus, FailureKind, Slot, StageStatus, Stream
from lci_app.interfaces import Refusal
from tests.doubles.engine import Script
from tests.services.house import House, Outside, open_house

S = BuildStatus


async def stages(house: House, build: Build) -> list[tuple[str, StageStatus]]:
    return [(stage.name, stage.status) for stage in await house.store.stages(build.id)]


async def test_a_build_goes_from_its_source_to_its_success(house: House) -> None:
    house.world.scripts["make"] = Script([(Stream.STDOUT, b"made a shelf\n")], exit_code=0)
    shop = await house.register()
    build = await house.build(shop)
    assert (build.status, build.commit_hash, build.commit_author) == (S.SUCCESS, "a" * 40, "Ana")
    assert house.hub.statuses(build.id) == [S.QUEUED, S.BUILDING, S.DEPLOYING, S.SUCCESS]
    assert await stages(house, build) == [(name, StageStatus.SUCCESS) for name in ("source", "build", "deploy")]
    log = house.log(build)
    assert "made a shelf" in log
    assert "Blue serves shop now." in log
    assert build.log_lines == len(log)
    records = house.logs.records[names.build_log(shop.id, 1)]
    assert {record.stage for record in records} == {"source", "build", "deploy"}


async def test_each_status_is_told_with_the_one_before(house: House) -> None:
    build = await house.build(await house.register())
    told = [each for each in house.hub.of(BuildStatusChanged) if each.build_id == build.id]
    assert [each.previous_status for each in told] == [None, S.QUEUED, S.BUILDING, S.DEPLOYING]


async def test_a_command_that_fails_is_the_projects_fault_and_named_with_its_telling_line(house: House) -> None:
    output = [(Stream.STDOUT, b"one\n"), (Stream.STDERR, b"error: no shelf\n"), (Stream.STDOUT, b"bye\n")]
    house.world.scripts["make"] = Script(output, exit_code=3)
    shop = await house.register()
    build = await house.build(shop)
    assert build.status is S.FAILED
    assert build.failure is not None
    assert (build.failure.kind, build.failure.stage) == (FailureKind.BUILD, "build")
    assert (build.failure.code, build.failure.exit_code) == ("EXIT_CODE", 3)
    assert house.log(build)[(build.failure.log_line or 0) - 1] == "error: no shelf"
    assert house.log(build)[-1] == f"Failed: {build.failure.message}"
    told = [(event.type, getattr(event, "code", "")) for event in house.hub.published[-2:]]
    assert told == [("error", "EXIT_CODE"), ("build_status", "")]
    assert await stages(house, build) == [("source", StageStatus.SUCCESS), ("build", StageStatus.FAILED)]
    assert not house.workspace.path(names.output(build.id)).exists()
    assert not house.workspace.path(names.checkout(shop.id, build.id)).exists()


async def test_what_a_project_does_not_say_is_named(house: House) -> None:
    shop = await house.register(build_command="", runtime_image="")
    build = await house.build(shop)
    assert build.failure is not None
    assert (build.failure.kind, build.failure.code) == (FailureKind.BUILD, "CONFIGURATION_INCOMPLETE")
    assert "build_command and runtime_image" in build.failure.message
    # What is not deployed needs no image to run by.
    await house.change(shop, build_command="make")
    assert (await house.build(shop, deploy=False)).status is S.SUCCESS


async def test_a_refusal_of_the_source_is_not_tried_again(house: House) -> None:
    house.source.refusal = Refusal("COMMIT_NOT_FOUND", "the commit is gone")
    build = await house.build(await house.register())
    assert build.failure is not None
    assert (build.failure.kind, build.failure.code) == (FailureKind.BUILD, "COMMIT_NOT_FOUND")
    assert build.infra_retries == 0


async def test_a_build_that_takes_too_long_is_ended_and_says_by_which_setting(house: House) -> None:
    house.world.scripts["make"] = Script([(Stream.STDOUT, b"sleeping\n")])
    build = await house.build(await house.register(build_timeout=60))
    assert build.failure is not None
    assert (build.failure.kind, build.failure.code) == (FailureKind.BUILD, "BUILD_TIMEOUT")
    assert "60 s (build_timeout)" in build.failure.message
    assert house.world.containers == {}


async def test_what_is_not_to_be_deployed_is_built_and_verified_only(house: House) -> None:
    shop = await house.register()
    build = await house.build(shop, deploy=False)
    assert (build.status, build.deployed_slot, build.retained) == (S.SUCCESS, None, True)
    assert "Built and verified; not deployed: as was asked." in house.log(build)
    assert house.runtimes(shop) == []


async def test_a_push_is_not_deployed_while_automatic_deployment_is_off_but_an_order_is(house: House) -> None:
    shop = await house.register(auto_deploy=False)
    assert (await house.ended(await house.pushed(shop))).deployed_slot is None
    assert (await house.build(shop)).deployed_slot is Slot.BLUE


async def test_automatic_deployment_that_is_turned_off_during_a_build_counts_for_it(house: House) -> None:
    house.world.scripts["make"] = Script()
    shop = await house.register()
    build = await house.pushed(shop)
    container = await house.container(build)
    await house.projects.set_auto_deploy(shop, enabled=False)
    container.end(0)
    ended = await house.ended(build)
    assert (ended.status, ended.deployed_slot) == (S.SUCCESS, None)
    assert any("`lci auto-deploy shop on` turns it on" in line for line in house.log(build))


async def test_a_rollback_that_was_ordered_during_a_parallel_build_is_not_overtaken_by_it(house: House) -> None:
    shop = await house.register(queue_key="{project}-{branch}", queue_limit=2)
    first, second = await house.build(shop), await house.build(shop)
    house.world.scripts["make"] = Script()
    late = await house.order(shop)
    container = await house.container(late)
    placed = await house.orders.rollback(await house.fresh(shop), first.id)
    rolled = await house.ended(placed.build)  # type: ignore[union-attr]
    assert (rolled.status, second.status) == (S.SUCCESS, S.SUCCESS)
    container.end(0)
    ended = await house.ended(late)
    assert (ended.status, ended.deployed_slot) == (S.SUCCESS, None)
    assert "which was ordered later, serves already" in house.log(late)[-1]
    active = (await house.fresh(shop)).active_slot
    assert active is not None
    assert (await house.slot(shop, active)).build_id == rolled.id


async def test_a_rollback_deploys_the_kept_output_by_the_settings_of_then(house: House) -> None:
    shop = await house.register(runtime_env={"COLOUR": "red"})
    first = await house.build(shop)
    await house.change(shop, runtime_env={"COLOUR": "green"})
    await house.build(shop)
    placed = await house.orders.rollback(await house.fresh(shop), None)
    rolled = await house.ended(placed.build)  # type: ignore[union-attr]
    assert (rolled.status, rolled.output_build_id, rolled.retained) == (S.SUCCESS, first.id, False)
    assert await stages(house, rolled) == [("deploy", StageStatus.SUCCESS)]
    await house.settled()
    (container,) = house.runtimes(shop)
    assert container.spec.environment["COLOUR"] == "red"
    assert container.spec.mounts[0].host == house.workspace.path(names.output(first.id))
    records = house.logs.records[names.build_log(shop.id, rolled.build_number)]
    assert {record.stage for record in records} == {"deploy"}
    assert "Automatic deployment is off" in records[0].text


async def test_a_rollback_to_an_output_that_is_gone_changes_nothing(house: House) -> None:
    shop = await house.register()
    first, second = await house.build(shop), await house.build(shop)
    placed = await house.orders.rollback(await house.fresh(shop), first.id)
    await house.workspace.remove(names.output(first.id))
    rolled = await house.ended(placed.build)  # type: ignore[union-attr]
    assert rolled.failure is not None
    assert rolled.failure.code == "OUTPUT_MISSING"
    assert (await house.slot(shop, Slot.GREEN)).build_id == second.id


async def test_a_withdrawn_deployment_ends_its_stage_with_its_build(house: House) -> None:
    shop = await house.register(health_check_retries=100)
    house.probe.answers = [500] * 100
    build = await house.order(shop)
    await house.until(build, lambda now: now.status is S.DEPLOYING)
    await trio.sleep(10)
    await house.scheduler.cancel(build.id)
    ended = await house.ended(build)
    assert ended.status is S.CANCELLED
    assert await stages(house, build) == [
        ("source", StageStatus.SUCCESS),
        ("build", StageStatus.SUCCESS),
        ("deploy", StageStatus.CANCELLED),
    ]


async def test_what_stops_with_lci_says_so_in_its_log_and_goes_on_in_the_same_one(outside: Outside) -> None:
    outside.world.scripts["make"] = Script()
    async with open_house(outside) as house:
        shop = await house.register()
        build = await house.order(shop)
        await house.container(build)
    assert outside.world.containers == {}
    assert house.log(build)[-1] == "lci stops; the build goes on when it is back."
    outside.world.scripts["make"] = Script(exit_code=0)
    async with open_house(outside) as again:
        ended = await again.ended(build)
        assert (ended.status, ended.restarts, ended.build_number) == (S.SUCCESS, 1, 1)
        assert "lci was restarted while this build ran: it starts again." in again.log(build)
        records = outside.logs.records[names.build_log(shop.id, 1)]
        assert [record.number for record in records] == list(range(1, len(records) + 1))
