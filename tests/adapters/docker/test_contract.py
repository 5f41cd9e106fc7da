"""What every engine promises: one exam for the real one and for its double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.core.model import Stream
from lci_app.core.subnets import NetworkKind
from lci_app.interfaces import ContainerExit, ContainerSpec, Engine, OutsideError, Refusal, Trouble
from tests.docker_fixtures import IMAGE, free_port, spec_of
from tests.doubles.engine import EngineDouble, EngineWorld, Script


@dataclass
class Subject:
    """Two instances of lci on one engine, and specs of the first; `world` is the double's, which must be told."""

    engine: Engine
    other: Engine
    instance: str
    other_instance: str
    world: EngineWorld

    def spec(self, program: str, does: Script, **fields: Any) -> ContainerSpec:
        self.world.scripts[program] = does
        return spec_of(self.instance, "sh", "-c", program, **fields)

    def others_spec(self, program: str, does: Script, **fields: Any) -> ContainerSpec:
        self.world.scripts[program] = does
        return spec_of(self.other_instance, "sh", "-c", program, **fields)


SLEEPER = ("exec sleep 1000", Script())
SPEAKER = (
    "echo one; echo two; echo three; exec sleep 1000",
    Script(output=[(Stream.STDOUT, b"one\ntwo\nthree\n")]),
)


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.docker), "double"])
async def subject(request: pytest.FixtureRequest, instance: str, other_instance: str) -> AsyncIterator[Subject]:
    world = EngineWorld(images={IMAGE: "sha256:1"})
    async with AsyncExitStack() as stack:
        engines: list[Engine] = [EngineDouble(world, instance), EngineDouble(world, other_instance)]
        if request.param == "real":
            engines = [await stack.enter_async_context(open_engine(None, each)) for each in (instance, other_instance)]
        yield Subject(engines[0], engines[1], instance, other_instance, world)


async def ignore_start(_container_id: str) -> None:
    return


def ignore_output(_stream: Stream, _data: bytes) -> None:
    return


async def ignore_progress(_line: str) -> None:
    return


async def test_what_happens_to_our_containers_is_told_in_its_order_and_nothing_of_others(subject: Subject) -> None:
    await subject.engine.ping()
    async with subject.engine.watch() as news:
        other = await subject.other.start(subject.others_spec(*SLEEPER))
        ours = await subject.engine.start(subject.spec(*SLEEPER))
        await subject.engine.stop(ours, grace=0)
        await subject.engine.start_again(ours)
        await subject.engine.remove(ours)
        heard = []
        with trio.fail_after(10):
            async for each in news:
                heard.append(each)
                if each.action == "destroy":
                    break
    assert other not in {each.container_id for each in heard}
    assert {(each.container_id, each.role, each.project_id) for each in heard} == {(ours, "build", 1)}
    wanted = [each.action for each in heard if each.action in {"start", "die", "destroy"}]
    assert wanted == ["start", "die", "start", "die", "destroy"]


async def test_a_run_gives_its_output_by_stream_and_its_exit_code_and_is_removed(subject: Subject) -> None:
    heard: dict[Stream, bytes] = {Stream.STDOUT: b"", Stream.STDERR: b""}
    listed: list[str] = []

    def on_output(stream: Stream, data: bytes) -> None:
        heard[stream] += data

    async def on_started(container_id: str) -> None:
        listed.extend(each.id for each in await subject.engine.list_ours())
        assert listed == [container_id]

    spec = subject.spec(
        "echo one; echo two >&2; exit 3",
        Script(output=[(Stream.STDOUT, b"one\n"), (Stream.STDERR, b"two\n")], exit_code=3),
    )
    ended = await subject.engine.run_attached(spec, on_output=on_output, on_started=on_started)

    assert ended == ContainerExit(exit_code=3, out_of_memory=False)
    assert heard == {Stream.STDOUT: b"one\n", Stream.STDERR: b"two\n"}
    assert listed
    assert await subject.engine.list_ours() == []


async def test_a_cancelled_run_leaves_no_container(subject: Subject) -> None:
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def cancel_it(_container_id: str) -> None:
                nursery.cancel_scope.cancel()

            spec = subject.spec(*SLEEPER)
            await subject.engine.run_attached(spec, on_output=ignore_output, on_started=cancel_it)
    assert nursery.cancel_scope.cancelled_caught
    assert await subject.engine.list_ours() == []


async def test_what_on_output_raises_ends_the_run_and_is_raised_as_itself(subject: Subject) -> None:
    def on_output(_stream: Stream, _data: bytes) -> None:
        raise Trouble("DISK_FULL", "no space left for the log")

    spec = subject.spec(*SPEAKER)
    with trio.fail_after(20), pytest.raises(Trouble, match="no space left for the log"):
        await subject.engine.run_attached(spec, on_output=on_output, on_started=ignore_start)
    assert await subject.engine.list_ours() == []


async def test_a_run_whose_container_somebody_else_removes_is_trouble_and_no_exit_code(subject: Subject) -> None:
    async def remove_it(container_id: str) -> None:
        await subject.engine.remove(container_id)

    spec = subject.spec(*SLEEPER)
    with trio.fail_after(20), pytest.raises(Trouble) as caught:
        await subject.engine.run_attached(spec, on_output=ignore_output, on_started=remove_it)
    assert caught.value.code == "CONTAINER_GONE"


async def test_an_image_that_the_engine_lacks_is_refused_when_a_container_is_made(subject: Subject) -> None:
    spec = subject.spec(*SLEEPER, image="lci-test/never-made:1")
    with pytest.raises(Refusal) as of_start:
        await subject.engine.start(spec)
    with pytest.raises(Refusal) as of_run:
        await subject.engine.run_attached(spec, on_output=ignore_output, on_started=ignore_start)
    assert of_start.value.code == of_run.value.code == "IMAGE_NOT_FOUND"
    assert "lci-test/never-made:1" in str(of_start.value)
    assert await subject.engine.list_ours() == []


async def test_a_started_container_is_seen_with_its_name_and_labels_until_it_is_removed(subject: Subject) -> None:
    spec = subject.spec(*SLEEPER)
    container_id = await subject.engine.start(spec)

    seen = await subject.engine.inspect(container_id)
    assert seen is not None
    assert (seen.id, seen.name, seen.running, seen.health) == (container_id, spec.name, True, None)
    assert spec.labels.items() <= seen.labels.items()
    assert await subject.engine.list_ours() == [seen]

    await subject.engine.remove(container_id)
    assert await subject.engine.inspect(container_id) is None
    assert await subject.engine.list_ours() == []


async def test_what_is_gone_is_removed_and_stopped_silently_but_cannot_serve(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SLEEPER))
    await subject.engine.remove(container_id)

    await subject.engine.remove(container_id)
    await subject.engine.stop(container_id)
    assert await subject.engine.tail(container_id, 10) == []
    async with subject.engine.follow(container_id, 10) as output:
        assert [line async for line in output] == []
    for call in (subject.engine.serve_for_good, subject.engine.start_again, subject.engine.restart):
        with pytest.raises(Trouble) as caught:
            await call(container_id)
        assert caught.value.code == "CONTAINER_GONE"


async def test_a_stopped_container_is_kept_and_starts_again(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SLEEPER))
    await subject.engine.serve_for_good(container_id)

    await subject.engine.stop(container_id)
    stopped = await subject.engine.inspect(container_id)
    assert stopped is not None
    assert not stopped.running
    assert stopped.exit_code == 143

    await subject.engine.stop(container_id)
    await subject.engine.start_again(container_id)
    await subject.engine.start_again(container_id)
    await subject.engine.restart(container_id, grace=1)
    again = await subject.engine.inspect(container_id)
    assert again is not None
    assert again.running


async def test_a_name_that_another_instance_holds_gets_a_suffix(subject: Subject) -> None:
    theirs = await subject.other.start(subject.others_spec(*SLEEPER, name=f"lci-shop-{subject.instance[:12]}"))
    spec = subject.spec(*SLEEPER, name=f"lci-shop-{subject.instance[:12]}")
    for _ in range(2):
        ours = await subject.engine.inspect(await subject.engine.start(spec))
        assert ours is not None
        assert ours.name == f"{spec.name}-{subject.instance[:8]}"
        assert await subject.engine.list_ours() == [ours]
    untouched = await subject.other.inspect(theirs)
    assert untouched is not None
    assert untouched.running


async def test_our_own_leftover_of_the_same_name_makes_way(subject: Subject) -> None:
    spec = subject.spec(*SLEEPER)
    leftover = await subject.engine.start(spec)
    fresh = await subject.engine.inspect(await subject.engine.start(spec))
    assert fresh is not None
    assert fresh.name == spec.name
    assert await subject.engine.inspect(leftover) is None
    assert await subject.engine.list_ours() == [fresh]


async def test_containers_of_another_instance_are_neither_seen_nor_touched(subject: Subject) -> None:
    theirs = await subject.other.start(subject.others_spec(*SLEEPER))
    before = await subject.other.inspect(theirs)

    assert await subject.engine.inspect(theirs) is None
    assert await subject.engine.list_ours() == []
    for call in (
        subject.engine.remove,
        subject.engine.stop,
        subject.engine.restart,
        subject.engine.start_again,
        subject.engine.serve_for_good,
    ):
        with pytest.raises(Refusal) as caught:
            await call(theirs)
        assert caught.value.code == "CONTAINER_NOT_OURS"
    with pytest.raises(Refusal):
        await subject.engine.tail(theirs, 10)
    with pytest.raises(Refusal):
        async with subject.engine.follow(theirs, 10):
            pass
    assert await subject.other.inspect(theirs) == before


async def test_a_port_that_is_taken_is_named_and_nothing_is_left(subject: Subject) -> None:
    port = free_port()
    holder = await subject.engine.start(subject.spec(*SLEEPER, name=f"lci-a-{subject.instance}", ports={80: port}))
    with pytest.raises(Trouble) as caught:
        await subject.engine.start(subject.spec(*SLEEPER, name=f"lci-b-{subject.instance}", ports={80: port}))
    assert caught.value.code == "PORT_TAKEN"
    assert f"port {port} " in str(caught.value)
    assert [each.id for each in await subject.engine.list_ours()] == [holder]


async def test_tail_gives_the_last_lines(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SPEAKER))
    async with subject.engine.follow(container_id, 100) as output:
        assert [await anext(output) for _ in range(3)] == ["one", "two", "three"]
    assert await subject.engine.tail(container_id, 2) == ["two", "three"]
    assert await subject.engine.tail(container_id, 100) == ["one", "two", "three"]


async def test_following_goes_on_until_the_container_ends(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SPEAKER))
    with trio.fail_after(20):
        async with subject.engine.follow(container_id, 100) as output:
            heard = [await anext(output) for _ in range(3)]
            await subject.engine.stop(container_id)
            heard += [line async for line in output]
    assert heard == ["one", "two", "three"]


async def test_leaving_a_follower_early_ends_it_and_raises_what_its_block_raised(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SPEAKER))
    with trio.fail_after(20), pytest.raises(KeyError, match="the viewer's own"):
        async with subject.engine.follow(container_id, 1):
            raise KeyError("the viewer's own")


async def test_a_wait_for_a_line_that_was_given_up_loses_none(subject: Subject) -> None:
    container_id = await subject.engine.start(subject.spec(*SPEAKER))
    with trio.fail_after(20):
        async with subject.engine.follow(container_id, 100) as output:
            first = await anext(output)
            with trio.CancelScope() as scope:
                scope.cancel()
                await anext(output)
            rest = [await anext(output) for _ in range(2)]
    assert [first, *rest] == ["one", "two", "three"]


async def test_an_image_that_the_engine_holds_is_used_without_a_word(subject: Subject) -> None:
    said: list[str] = []

    async def progress(line: str) -> None:
        said.append(line)

    image_id = await subject.engine.ensure_image(IMAGE, always_pull=False, progress=progress)
    assert image_id.startswith("sha256:")
    assert said == []


async def test_an_image_that_nobody_has_is_an_error_that_names_it(subject: Subject) -> None:
    with trio.fail_after(20), pytest.raises(OutsideError, match="lci-test/never-made:1"):
        await subject.engine.ensure_image("lci-test/never-made:1", always_pull=False, progress=ignore_progress)


async def test_every_network_is_told_whose_it_is_and_which_a_container_is_in(subject: Subject) -> None:
    ours = await subject.engine.project_network(7, NetworkKind.SERVICES)
    await subject.other.project_network(8, NetworkKind.SERVICES)
    container_id = await subject.engine.start(subject.spec(*SLEEPER, network=ours))
    told = await subject.engine.networks()
    assert [(each.id, each.project_id) for each in told if each.ours] == [(ours, 7)]
    assert [each.project_id for each in await subject.other.networks() if each.ours] == [8]
    for running in (True, False):
        state = await subject.engine.inspect(container_id)
        assert state is not None
        assert (state.running, list(state.networks)) == (running, [ours])
        await subject.engine.stop(container_id, grace=0)
    await subject.engine.remove(container_id)
    await subject.engine.remove_networks(7)
    await subject.other.remove_networks(8)
