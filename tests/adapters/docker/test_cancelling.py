"""Whenever a run is cancelled, its container is gone within five seconds, and its output is silent."""

from __future__ import annotations

import socket
import threading

import pytest
import trio

from lci_app.adapters.docker.room import CREATE_SECONDS, DISCARD_SECONDS
from lci_app.core.model import Stream
from lci_app.interfaces import Engine, Trouble
from tests.docker_fixtures import SpecMaker

pytestmark = pytest.mark.docker

FLOOD = ("sh", "-c", "trap '' TERM; exec yes 012345678901234567890123456789012345678901234567890123456789ab")


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 50, 100, 150, 200, 300, 500])
async def test_a_run_that_is_cancelled_at_any_moment_leaves_nothing(
    engine: Engine, make_spec: SpecMaker, milliseconds: int
) -> None:
    ended = False

    def on_output(_stream: Stream, _data: bytes) -> None:
        assert not ended, "output after the end of the run"

    async def on_started(_container_id: str) -> None:
        return

    await engine.version()
    with trio.move_on_after(milliseconds / 1000) as scope:
        await engine.run_attached(make_spec(*FLOOD), on_output=on_output, on_started=on_started)
    ended = True
    assert trio.current_time() - scope.deadline < DISCARD_SECONDS + 1
    assert scope.cancelled_caught
    assert await engine.list_ours() == []


async def test_a_run_whose_start_is_being_reported_is_cancelled(engine: Engine, make_spec: SpecMaker) -> None:
    with trio.fail_after(20), trio.CancelScope() as scope:

        async def on_started(_container_id: str) -> None:
            scope.cancel()
            await trio.sleep_forever()

        await engine.run_attached(make_spec(*FLOOD), on_output=lambda *_: None, on_started=on_started)
    assert scope.cancelled_caught
    assert await engine.list_ours() == []


async def test_a_cancelled_run_waits_for_the_output_that_is_just_being_taken(
    engine: Engine, make_spec: SpecMaker
) -> None:
    taking, release, calls = threading.Event(), threading.Event(), []

    def on_output(_stream: Stream, _data: bytes) -> None:
        taking.set()
        release.wait()
        calls.append(1)

    async def on_started(_container_id: str) -> None:
        return

    async def cancel_then_release(scope: trio.CancelScope) -> None:
        await trio.to_thread.run_sync(taking.wait)
        scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
            assert calls == []
            release.set()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_then_release, nursery.cancel_scope)
            await engine.run_attached(make_spec(*FLOOD), on_output=on_output, on_started=on_started)
    taken = len(calls)
    assert taken >= 1
    assert await engine.list_ours() == []
    assert len(calls) == taken


async def test_a_start_that_is_cancelled_leaves_nothing_or_a_container_that_is_listed(
    engine: Engine, make_spec: SpecMaker
) -> None:
    await engine.version()
    for milliseconds in (0, 10, 50, 100, 200):
        started: str | None = None
        with trio.move_on_after(milliseconds / 1000):
            started = await engine.start(make_spec("sleep", "1000"))
        assert [each.id for each in await engine.list_ours()] == ([] if started is None else [started])


async def test_a_start_that_fails_leaves_nothing(engine: Engine, make_spec: SpecMaker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Trouble) as caught:
        await engine.start(make_spec("sleep", "1000", ports={80: listener.getsockname()[1]}))
    assert caught.value.code == "PORT_TAKEN"
    assert await engine.list_ours() == []


async def test_a_container_that_ignores_sigterm_is_killed_after_its_grace(engine: Engine, make_spec: SpecMaker) -> None:
    spec = make_spec("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
    container_id = await engine.start(spec)
    async with engine.follow(container_id, 1) as output:
        assert await anext(output) == "ready"
    before = trio.current_time()
    with trio.fail_after(10):
        await engine.remove(container_id, grace=1.0)
    assert trio.current_time() - before >= 1.0
    assert await engine.inspect(container_id) is None


async def test_a_removal_that_is_already_under_way_is_waited_out(engine: Engine, make_spec: SpecMaker) -> None:
    spec = make_spec("sleep", "1000")
    container_id = await engine.start(spec)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(engine.remove, container_id)
            nursery.start_soon(engine.start, spec)
    fresh = await engine.list_ours()
    assert [each.name for each in fresh] == [spec.name]
    assert fresh[0].id != container_id


async def test_many_followers_do_not_keep_a_short_call_waiting(engine: Engine, make_spec: SpecMaker) -> None:
    container_id = await engine.start(make_spec("sh", "-c", "echo ready; exec sleep 1000"))
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            followed = trio.Semaphore(0)

            async def follow() -> None:
                async with engine.follow(container_id, 1) as output:
                    async for _ in output:
                        followed.release()

            for _ in range(45):
                nursery.start_soon(follow)
            for _ in range(45):
                await followed.acquire()
            with trio.fail_after(5):
                assert await engine.inspect(container_id) is not None
            await engine.remove(container_id)


async def test_one_that_an_engine_creates_too_late_is_removed_and_nobody_waits_for_it(
    engine: Engine, make_spec: SpecMaker
) -> None:
    await engine.version()
    calls, asked, answer = vars(engine)["_calls"], threading.Event(), threading.Event()
    create = calls.create

    def create_late(spec: object, *, attached: bool) -> str:
        asked.set()
        assert answer.wait(30)
        created: str = create(spec, attached=attached)
        return created

    calls.create = create_late
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: engine.run_attached(make_spec("true"), on_output=lambda *_: None))
        assert await trio.to_thread.run_sync(asked.wait, 30)
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - began < CREATE_SECONDS + 5
    created: list[str] = []
    removed = threading.Event()
    remove = calls.remove

    def remove_and_tell(container_id: str, grace: float) -> None:
        created.append(container_id)
        remove(container_id, grace)
        removed.set()

    calls.remove = remove_and_tell
    answer.set()
    assert await trio.to_thread.run_sync(removed.wait, 30)
    assert len(created) == 1
    assert await engine.list_ours() == []
