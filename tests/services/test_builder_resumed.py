"""A build whose command ran when lci was killed."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, Health, Slot, SlotStatus, Stream
from lci_app.interfaces import ContainerState
from tests.doubles.engine import Script
from tests.services.house import Outside, Watched, as_it_is, open_house

GOES_ON = "lci was restarted while this build ran: it goes on."
AGAIN = "lci was restarted while this build ran: it starts again."


@pytest.fixture
async def killed(outside: Outside) -> tuple[Outside, Build]:
    """What is there when lci was killed while a command ran that had printed a line, and the build."""
    outside.world.scripts["make"] = Script([(Stream.STDOUT, b"one\n")])
    async with open_house(outside) as house:
        build = await house.order(await house.register())
        await house.until(build, lambda now: "one" in house.log(now))
        return as_it_is(outside, "killed"), build


def replay(outside: Outside, *lines: bytes, exit_code: int | None = 0) -> None:
    """Have the container that was left print these lines, its first ones included, and end."""
    for container in outside.world.containers.values():
        container.script = Script([(Stream.STDOUT, line) for line in lines], exit_code=exit_code)


async def test_it_is_gone_on_with_and_its_restart_is_counted(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    replay(outside, b"one\n", b"two\n")
    async with open_house(outside) as house:
        ended = await house.ended(build)
        assert (ended.status, ended.restarts) == (BuildStatus.SUCCESS, 1)
        printed = [text for text in house.log(build) if text in {"one", "two", GOES_ON}]
        assert printed == ["one", GOES_ON, "two"]
        assert [stage.name for stage in await house.store.stages(build.id)] == ["source", "build", "deploy"]


async def test_where_its_container_is_gone_it_starts_again_and_is_counted_once(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    outside.world.containers.clear()
    outside.world.scripts["make"] = Script(exit_code=0)
    async with open_house(outside) as house:
        ended = await house.ended(build)
        assert (ended.status, ended.restarts) == (BuildStatus.SUCCESS, 1)
        assert AGAIN in house.log(build)


async def test_what_was_killed_while_nobody_looked_starts_again(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    (container,) = outside.world.containers.values()
    container.end(137)
    outside.world.scripts["make"] = Script(exit_code=0)
    async with open_house(outside) as house:
        assert (await house.ended(build)).status is BuildStatus.SUCCESS
        assert AGAIN in house.log(build)
        assert container.id not in outside.world.containers


async def test_where_its_output_is_not_kept_from_the_beginning_it_is_tried_again(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    replay(outside, b"two\n")
    outside.world.scripts["make"] = Script([(Stream.STDOUT, b"one\n")], exit_code=0)
    async with open_house(outside) as house:
        ended = await house.ended(build)
        assert (ended.status, ended.infra_retries) == (BuildStatus.SUCCESS, 1)
        assert "two" not in house.log(build)


async def test_it_waits_for_the_engine_and_its_place_is_taken_meanwhile(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    replay(outside, b"one\n")
    outside.world.scripts["make"] = Script(exit_code=0)
    outside.world.down = True
    async with open_house(outside, build=False) as house, trio.open_nursery() as nursery:
        await nursery.start(house.scheduler.run)
        project = await house.store.project_by_name("shop")
        assert project is not None
        second = await house.order(project)
        await trio.sleep(120)
        now = await house.store.build(build.id)
        assert now is not None
        assert now.status is BuildStatus.BUILDING
        outside.world.down = False
        await house.reconciler.settle_world()
        house.scheduler.settled.set()
        first_ended, second_ended = await house.ended(build), await house.ended(second)
        assert (first_ended.status, second_ended.status) == (BuildStatus.SUCCESS, BuildStatus.SUCCESS)
        assert (first_ended.finished_at or "") <= (second_ended.started_at or "")
        nursery.cancel_scope.cancel()


async def test_it_can_be_cancelled_while_the_engine_is_away(killed: tuple[Outside, Build]) -> None:
    outside, build = killed
    outside.world.down = True
    async with open_house(outside, build=False) as house, trio.open_nursery() as nursery:
        await nursery.start(house.scheduler.run)
        await house.scheduler.cancel(build.id)
        await trio.sleep(10)
        outside.world.down = False
        assert (await house.ended(build)).status is BuildStatus.CANCELLED
        assert outside.world.named(names.build_container(build.id)) is None
        nursery.cancel_scope.cancel()


async def test_it_is_deployed_only_when_what_an_earlier_lci_left_is_settled(killed: tuple[Outside, Build]) -> None:
    """What is compared with the rows was seen before: a version that came since would be taken for lost."""
    outside, build = killed
    replay(outside, b"one\n")
    async with open_house(outside, build=False) as house, trio.open_nursery() as nursery:
        seen, go_on = trio.Event(), trio.Event()
        list_ours = house.engine.list_ours

        async def listed_long_ago() -> list[ContainerState]:
            found = await list_ours()
            seen.set()
            await go_on.wait()
            return found

        house.reconciler.engine = Watched(house.engine, list_ours=listed_long_ago)
        nursery.start_soon(house.reconciler.settle_world)
        await seen.wait()
        await nursery.start(house.scheduler.run)
        await trio.sleep(60)
        go_on.set()
        await trio.testing.wait_all_tasks_blocked()
        house.scheduler.settled.set()
        assert (await house.ended(build)).status is BuildStatus.SUCCESS
        slot = (await house.store.slots(build.project_id))[Slot.BLUE]
        assert (slot.status, slot.health) == (SlotStatus.RUNNING, Health.HEALTHY)
        nursery.cancel_scope.cancel()


@pytest.fixture
async def killed_deploying(outside: Outside) -> tuple[Outside, Build]:
    """What is there when lci was killed while a version's own command before its start ran, and the build."""
    outside.world.scripts |= {"make": Script(exit_code=0), "migrate": Script()}
    async with open_house(outside) as house:
        build = await house.order(await house.register(runtime_before="migrate"))
        name = names.build_container(build.id, "before")
        await house.until(build, lambda _: (found := outside.world.named(name)) is not None and found.running)
        return as_it_is(outside, "killed"), build


async def test_what_was_built_is_deployed_and_what_ran_before_its_start_is_ended_first(
    killed_deploying: tuple[Outside, Build],
) -> None:
    outside, build = killed_deploying
    (left,) = outside.world.containers
    outside.world.scripts["migrate"] = Script(exit_code=0)
    async with open_house(outside) as house:
        ended = await house.ended(build)
        assert (ended.status, ended.restarts, ended.health_check_attempts) == (BuildStatus.SUCCESS, 1, 1)
        assert left not in outside.world.containers
        assert house.log(build).count("Building with img.") == 1
        assert [text for text in house.log(build) if text == GOES_ON] == [GOES_ON]


async def test_where_its_output_is_gone_it_is_built_again(killed_deploying: tuple[Outside, Build]) -> None:
    outside, build = killed_deploying
    outside.world.scripts["migrate"] = Script(exit_code=0)
    (outside.root / names.output(build.id)).rmdir()
    async with open_house(outside) as house:
        ended = await house.ended(build)
        assert (ended.status, ended.restarts) == (BuildStatus.SUCCESS, 1)
        assert house.log(build).count("Building with img.") == 2


async def test_after_a_start_of_the_host_it_is_built_again_since_it_may_be_torn(
    killed_deploying: tuple[Outside, Build],
) -> None:
    outside, build = killed_deploying
    outside.world.scripts["migrate"] = Script(exit_code=0)
    async with open_house(outside, build=False) as house, trio.open_nursery() as nursery:
        house.builder.booted_at = "9999-01-01T00:00:00.000Z"
        await nursery.start(house.scheduler.run)
        await house.reconciler.settle_world()
        house.scheduler.settled.set()
        ended = await house.ended(build)
        assert (ended.status, ended.restarts) == (BuildStatus.SUCCESS, 1)
        assert house.log(build).count("Building with img.") == 2
        nursery.cancel_scope.cancel()


async def test_a_deployment_to_go_on_with_can_be_cancelled_before_it_begins_again(
    killed_deploying: tuple[Outside, Build],
) -> None:
    outside, build = killed_deploying
    async with open_house(outside, build=False) as house, trio.open_nursery() as nursery:
        await nursery.start(house.scheduler.run)
        await trio.sleep(10)
        await house.scheduler.cancel(build.id)
        assert (await house.ended(build)).status is BuildStatus.CANCELLED
        assert await house.workspace.children("output") == []
        nursery.cancel_scope.cancel()
