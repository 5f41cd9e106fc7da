"""One change of a project at a time."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lci_app.services.project_locks import ProjectLocks


async def test_changes_of_one_project_follow_each_other_in_the_order_they_were_asked_for() -> None:
    locks, order = ProjectLocks(), list[str]()

    async def change(name: str) -> None:
        async with locks.hold(1):
            order.append(f"{name} begins")
            await wait_all_tasks_blocked()
            order.append(f"{name} ends")

    async with trio.open_nursery() as nursery:
        for name in ("a", "b", "c"):
            nursery.start_soon(change, name)
            await wait_all_tasks_blocked()
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


async def test_another_project_is_not_held_up() -> None:
    locks = ProjectLocks()
    async with locks.hold(1), locks.hold(2):
        pass


async def test_a_change_that_fails_or_is_cancelled_frees_the_project() -> None:
    locks = ProjectLocks()
    with pytest.raises(KeyError):
        async with locks.hold(1):
            raise KeyError
    with trio.CancelScope() as scope:
        async with locks.hold(1):
            scope.cancel()
            await trio.sleep_forever()
    async with locks.hold(1):
        pass
    assert dict(locks._locks) == {}


async def test_one_who_gives_up_waiting_lets_nobody_else_in() -> None:
    locks, inside = ProjectLocks(), list[int]()

    async def change() -> None:
        async with locks.hold(1):
            inside.append(1)
            assert len(inside) == 1
            await trio.lowlevel.checkpoint()
            inside.pop()

    async with trio.open_nursery() as nursery, locks.hold(1):
        with trio.move_on_after(0):
            await change()
        for _ in range(3):
            nursery.start_soon(change)
        await wait_all_tasks_blocked()
        assert inside == []
