"""Whoever is slow, or many, does not keep others from sending a large body."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from lci_app.api.large_bodies import LARGE_BYTES, MOST, MOST_OF_ONE, READ_SECONDS, SLOW_SECONDS, LargeBodies
from lci_app.api.problem import Problem

LARGE = LARGE_BYTES + 1


async def stranger(bodies: LargeBodies, address: str, ends: list[int], length: int | None = LARGE) -> None:
    """Begin a body that never ends; note with which status it is over."""
    try:
        async with bodies.room(length, address) as room:
            await room.read(trio.sleep_forever)
    except Problem as refused:
        ends.append(refused.status)


async def test_one_address_does_not_take_all_places(autojump_clock: trio.testing.MockClock) -> None:
    bodies, ends = LargeBodies(), list[int]()
    async with trio.open_nursery() as nursery:
        for number in range(MOST):
            nursery.start_soon(stranger, bodies, f"2001:db8::{number:x}", ends)
        await trio.testing.wait_all_tasks_blocked()
        assert ends == [429] * (MOST - MOST_OF_ONE)
        async with bodies.room(None, "192.0.2.1") as room:
            await room.read(trio.lowlevel.checkpoint)
        nursery.cancel_scope.cancel()


async def test_a_slow_body_makes_room_for_one_that_comes(autojump_clock: trio.testing.MockClock) -> None:
    bodies, ends = LargeBodies(), list[int]()
    async with trio.open_nursery() as nursery:
        for number in range(MOST):
            nursery.start_soon(stranger, bodies, f"198.51.100.{number}", ends)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Problem) as refused:
            async with bodies.room(LARGE, "192.0.2.1"):
                pass
        assert refused.value.status == 429
        await trio.sleep(SLOW_SECONDS)
        async with bodies.room(LARGE, "192.0.2.1") as room:
            await room.read(trio.lowlevel.checkpoint)
            await trio.testing.wait_all_tasks_blocked()
            assert ends == [408]
        nursery.cancel_scope.cancel()


async def test_a_body_that_is_read_is_never_given_up(autojump_clock: trio.testing.MockClock) -> None:
    bodies, done = LargeBodies(), []

    async def handled(address: str) -> None:
        async with bodies.room(LARGE, address) as room:
            await room.read(trio.lowlevel.checkpoint)
            await trio.sleep(READ_SECONDS * 2)
            done.append(address)

    async with trio.open_nursery() as nursery:
        for number in range(MOST):
            nursery.start_soon(handled, f"198.51.100.{number}")
        await trio.sleep(SLOW_SECONDS)
        with pytest.raises(Problem):
            async with bodies.room(LARGE, "192.0.2.1"):
                pass
    assert len(done) == MOST


@pytest.mark.parametrize("length", [LARGE, 10, None])
async def test_a_body_has_as_long_as_github_gives_it(
    autojump_clock: trio.testing.MockClock, length: int | None
) -> None:
    bodies, ends, began = LargeBodies(), list[int](), trio.current_time()
    await stranger(bodies, "192.0.2.1", ends, length)
    assert ends == [408]
    assert trio.current_time() - began == pytest.approx(READ_SECONDS)
