from __future__ import annotations

import threading

import trio
import trio.testing

from lci_app.adapters.log_files.followers import Followers
from lci_app.core.model import Stream
from tests.adapters.log_files import RELATIVE, feed, logs_in

FLOOD = 100_000


def flood(writer) -> None:
    """Write the numbers up to FLOOD, in pieces that cut lines."""
    data = b"".join(b"%d\n" % number for number in range(1, FLOOD + 1))
    for start in range(0, len(data), 3001):
        writer.feed(Stream.STDOUT, data[start : start + 3001])


async def follow(logs, seen: list[str], limit: int) -> None:
    while True:
        open_before = logs.is_open(RELATIVE)
        page = await logs.read(RELATIVE, len(seen) + 1, limit)
        assert [record.number for record in page] == list(range(len(seen) + 1, len(seen) + 1 + len(page)))
        seen += [record.text for record in page]
        if not page and not open_before:
            return
        await logs.wait_beyond(RELATIVE, len(seen))


async def test_every_follower_of_a_flood_sees_every_line_once(tmp_path):
    logs = logs_in(tmp_path)
    seen: list[list[str]] = [[] for _ in range(5)]
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery, logs.open(RELATIVE) as writer:
            for number, lines in enumerate(seen):
                nursery.start_soon(follow, logs, lines, 5000 if number else 700)
            await trio.to_thread.run_sync(flood, writer)
    numbers = [str(number) for number in range(1, FLOOD + 1)]
    assert all(lines == numbers for lines in seen)


async def test_who_waits_is_woken_by_the_line_he_waits_for(tmp_path):
    logs = logs_in(tmp_path)
    woken: list[int] = []

    async def wait(number: int) -> None:
        await logs.wait_beyond(RELATIVE, number)
        woken.append(number)

    with trio.fail_after(10):
        async with logs.open(RELATIVE) as writer, trio.open_nursery() as nursery:
            nursery.start_soon(wait, 0)
            nursery.start_soon(wait, 2)
            await trio.testing.wait_all_tasks_blocked()
            assert woken == []
            await feed(writer, Stream.STDOUT, b"no whole line yet")
            await trio.testing.wait_all_tasks_blocked()
            assert woken == []
            await feed(writer, Stream.STDOUT, b" now\n2\n")
            await trio.testing.wait_all_tasks_blocked()
            assert woken == [0]
            await writer.system("3")
            await trio.testing.wait_all_tasks_blocked()
            assert woken == [0, 2]


async def test_nobody_waits_for_a_log_that_nobody_writes(tmp_path):
    logs = logs_in(tmp_path)
    with trio.fail_after(10):
        await logs.wait_beyond(RELATIVE, 0)
        async with trio.open_nursery() as nursery, logs.open(RELATIVE):
            nursery.start_soon(logs.wait_beyond, RELATIVE, 99)
            await trio.testing.wait_all_tasks_blocked()
        await logs.wait_beyond(RELATIVE, 99)


async def test_what_is_stored_already_is_not_waited_for(tmp_path):
    logs = logs_in(tmp_path)
    with trio.fail_after(10):
        async with logs.open(RELATIVE) as writer:
            await writer.system("1")
            await logs.wait_beyond(RELATIVE, 0)


def ring_often(followers: Followers) -> None:
    for _ in range(1000):
        followers.ring_soon()


async def test_many_rings_are_one_wake_up():
    followers = Followers()
    looks = 0

    def reached() -> bool:
        nonlocal looks
        looks += 1
        return looks == 3

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(followers.wait, reached)
            for expected in (1, 2, 3):
                await trio.testing.wait_all_tasks_blocked()
                assert looks == expected
                # The loop is held up meanwhile, as it is when it is busy.
                ringing = threading.Thread(target=ring_often, args=[followers])
                ringing.start()
                ringing.join()


async def test_a_ring_after_the_end_of_the_loop_is_no_error():
    async def make() -> Followers:
        made = Followers()
        with trio.move_on_after(0):
            await made.wait(lambda: False)
        return made

    followers = await trio.to_thread.run_sync(trio.run, make)
    followers.ring_soon()


async def test_a_crowd_is_woken_one_after_the_other_and_nobody_is_left_asleep(tmp_path):
    followers = Followers()
    woken: list[int] = []
    there = 0

    async def wait(number: int) -> None:
        await followers.wait(lambda: there > number % 2)
        woken.append(number)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
            there = 1
            followers.ring()
            most = 0
            while len(woken) < 10:
                before = len(woken)
                await trio.lowlevel.checkpoint()
                most = max(most, len(woken) - before)
            # Its own pass comes before or after theirs.
            assert most <= 2
            await trio.testing.wait_all_tasks_blocked()
            assert sorted(woken) == list(range(0, 20, 2))
            there = 2
            # Twice, and once more in the middle of it.
            followers.ring()
            followers.ring()
            await trio.lowlevel.checkpoint()
            followers.ring()
    assert sorted(woken) == list(range(20))


async def test_one_who_leaves_while_a_crowd_is_woken_keeps_nobody_asleep(tmp_path):
    followers = Followers()
    there = False
    scopes: list[trio.CancelScope] = []
    woken = 0

    async def wait() -> None:
        nonlocal woken
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await followers.wait(lambda: there)
            woken += 1

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            there = True
            followers.ring()
            for scope in scopes[::2]:
                scope.cancel()
    assert 10 <= woken <= 20
