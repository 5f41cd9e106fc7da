"""A ring is never lost."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from lci_app.services.bell import Bell


async def test_a_ring_while_nobody_sleeps_is_remembered_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    await bell.wait()
    with trio.move_on_after(0) as patience:
        await bell.wait()
    assert patience.cancelled_caught


async def test_a_ring_wakes_the_sleeper() -> None:
    bell, woken = Bell(), trio.Event()

    async def sleep() -> None:
        await bell.wait()
        woken.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleep)
        await wait_all_tasks_blocked()
        assert not woken.is_set()
        bell.ring()
        await woken.wait()


async def test_a_sleeper_that_is_cancelled_takes_no_ring_with_it() -> None:
    bell = Bell()
    bell.ring()
    with trio.CancelScope() as scope:
        scope.cancel()
        await bell.wait()
    await bell.wait()
