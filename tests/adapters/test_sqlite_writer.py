"""Group commit: one transaction for all who wait, each job on its own feet, nothing lost on the way out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
import trio
import trio.testing

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.adapters.sqlite.writer import in_thread
from lci_app.core import names
from lci_app.interfaces import OutsideError, Placed, Trouble
from tests.adapters.sqlite_store import EARLY, SEALER, a_project, inline_store, new_build, run_inline

T = TypeVar("T")

ORPHAN = "INSERT INTO domains (domain, project_id) VALUES ('nobody.example', 4711)"


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


def keep(connection: sqlite3.Connection, name: str) -> str:
    connection.execute("INSERT INTO settings (name, value) VALUES (?, 'kept')", (name,))
    return name


def keep_and_fail(connection: sqlite3.Connection, name: str) -> None:
    keep(connection, name)
    raise LookupError(name)


def keep_an_orphan_until_commit(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA defer_foreign_keys = ON")
    connection.execute(ORPHAN)


class Gate:
    """Lets the test hold the writer back, and count how often it went to work."""

    def __init__(self) -> None:
        self.opened = trio.Event()
        self.waiting = trio.Event()
        self.calls = 0

    async def __call__(self, function: Callable[[], T], /, *, limiter: trio.CapacityLimiter) -> T:
        self.calls += 1
        self.waiting.set()
        await self.opened.wait()
        return await in_thread(function, limiter=limiter)


async def gated(store: SqliteStore) -> Gate:
    gate = Gate()
    store._database._writer._run_blocking = gate
    return gate


def kept_in(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        # Opening a database notes what of an older one's it has mended.
        found = connection.execute("SELECT name FROM settings WHERE name <> 'passwords_in_addresses'")
        return {name for (name,) in found}


async def test_all_jobs_that_wait_are_one_transaction(store):
    gate = await gated(store)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.set_setting, "first", "x")
        await gate.waiting.wait()
        for number in range(50):
            nursery.start_soon(store.set_setting, f"other {number}", "x")
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()
    assert gate.calls == 2
    assert [await store.setting(f"other {number}") for number in range(50)] == ["x"] * 50


async def test_a_failing_job_is_undone_alone_and_only_its_caller_hears_of_it(store):
    gate = await gated(store)
    failures = []

    async def expect_failure(name: str) -> None:
        with pytest.raises(LookupError) as caught:
            await store._database.write(keep_and_fail, name)
        failures.append(caught.value.args[0])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(store._database.write, keep, "before")
        await gate.waiting.wait()
        nursery.start_soon(store._database.write, keep, "beside")
        nursery.start_soon(expect_failure, "broken")
        nursery.start_soon(store._database.write, keep, "behind")
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()
    assert gate.calls == 2
    assert failures == ["broken"]
    assert [await store.setting(name) for name in ("before", "beside", "broken", "behind")] == [
        "kept",
        "kept",
        None,
        "kept",
    ]


async def test_a_job_that_breaks_a_rule_of_the_schema_fails_alone_with_sqlites_own_error(store):
    await store._database.write(keep, "once")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await store._database.write(keep, "once")
    assert await store._database.write(keep, "next") == "next"


async def test_a_reference_to_a_removed_row_is_trouble_in_one_sentence(store):
    with pytest.raises(Trouble, match="removed meanwhile") as caught:
        await store._database.write(lambda connection: connection.execute(ORPHAN) and None)
    assert caught.value.code == "ROW_GONE"


async def test_a_failed_commit_fails_every_job_of_its_transaction_and_the_next_one_works(store):
    gate = await gated(store)
    codes = []

    async def expect_trouble(job: Callable[..., object], *args: str) -> None:
        with pytest.raises(Trouble) as caught:
            await store._database.write(job, *args)
        codes.append(caught.value.code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(store._database.write, keep, "first")
        await gate.waiting.wait()
        nursery.start_soon(expect_trouble, keep, "innocent")
        nursery.start_soon(expect_trouble, keep_an_orphan_until_commit)
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()
    assert codes == ["ROW_GONE", "ROW_GONE"]
    assert await store.setting("innocent") is None
    assert await store._database.write(keep, "innocent") == "innocent"


async def test_a_full_disk_is_trouble_and_what_was_committed_stays(store):
    writing = store._database._connections.writing
    await store.set_setting("before", "kept")
    (pages,) = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Trouble) as caught:
        await store.set_setting("too big", "x" * 100_000)
    assert caught.value.code == "DATABASE_FULL"
    writing.execute("PRAGMA max_page_count = 1000000")
    await store.set_setting("after", "kept")
    assert await store.setting("before") == await store.setting("after") == "kept"
    assert await store.setting("too big") is None


async def test_a_caller_cancelled_while_its_job_is_under_way_still_gets_the_result(store):
    gate = await gated(store)
    results = []

    async def write(name: str, scope: trio.CancelScope) -> None:
        with scope:
            results.append(await store._database.write(keep, name))

    scopes = [trio.CancelScope(), trio.CancelScope()]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, "leads", scopes[0])
        await gate.waiting.wait()
        nursery.start_soon(write, "waits", scopes[1])
        await trio.testing.wait_all_tasks_blocked()
        for scope in scopes:
            scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()
    assert results == ["leads", "waits"]
    assert await store.setting("leads") == await store.setting("waits") == "kept"


async def test_a_caller_that_is_cancelled_already_hands_nothing_over(store):
    with trio.CancelScope() as scope:
        scope.cancel()
        await store.set_setting("never", "x")
    assert scope.cancelled_caught
    assert await store.setting("never") is None


async def test_closing_writes_what_was_handed_over_and_refuses_what_comes_later(tmp_path):
    path = tmp_path / names.DATABASE
    async with trio.open_nursery() as nursery, open_store(path, sealer=SEALER, at=EARLY) as store:
        gate = await gated(store)
        for number in range(3):
            nursery.start_soon(store.set_setting, f"late {number}", "x")
        await gate.waiting.wait()
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()
    assert kept_in(path) == {"late 0", "late 1", "late 2"}
    with pytest.raises(Trouble) as caught:
        await store.set_setting("too late", "x")
    assert caught.value.code == "DATABASE_CLOSED"


async def test_a_cancelled_owner_closes_the_store_and_nothing_is_lost(tmp_path):
    path = tmp_path / names.DATABASE
    with trio.CancelScope() as scope:
        async with open_store(path, sealer=SEALER, at=EARLY) as store:
            await store.set_setting("kept", "x")
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert kept_in(path) == {"kept"}
    assert not path.with_name("lci.db-wal").exists()


async def test_a_writer_that_cannot_start_a_thread_is_no_success(store):
    failing = trio.Event()

    async def no_thread(function: Callable[[], T], /, *, limiter: trio.CapacityLimiter) -> T:
        await failing.wait()
        raise RuntimeError("can't start new thread")

    working = store._database._writer._run_blocking
    store._database._writer._run_blocking = no_thread
    outcomes: list[BaseException] = []

    async def write(name: str) -> None:
        try:
            await store.set_setting(name, "x")
        except (OutsideError, RuntimeError) as error:
            outcomes.append(error)

    async with trio.open_nursery() as nursery:
        for name in ("leads", "next", "last"):
            nursery.start_soon(write, name)
        await trio.testing.wait_all_tasks_blocked()
        failing.set()
    assert len(outcomes) == 3
    store._database._writer._run_blocking = working
    await store.set_setting("after", "x")
    assert await store.setting("leads") is None


async def test_build_numbers_are_dense_under_concurrency(store):
    project = await a_project(store)
    numbers = []

    async def queue() -> None:
        for _ in range(10):
            placed = await store.queue_build(new_build(project), EARLY)
            assert isinstance(placed, Placed)
            build = placed.build
            numbers.append(build.build_number)

    async def fail() -> None:
        for _ in range(10):
            with pytest.raises(OverflowError):
                await store._database.write(queue_and_overflow)

    def queue_and_overflow(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE projects SET last_build_number = last_build_number + 1")
        connection.execute("SELECT ?", (2**64,))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(queue)
            nursery.start_soon(fail)
    assert sorted(numbers) == list(range(1, 101))


async def test_inline_the_mock_clock_does_not_jump_past_the_store(tmp_path, autojump_clock):
    async with inline_store(tmp_path) as store:
        with trio.fail_after(3600):
            project = await a_project(store)
            for _ in range(20):
                await store.queue_build(new_build(project), EARLY)
            assert len(await store.queued_builds()) == 20
        assert trio.current_time() == 0


async def test_inline_jobs_share_a_transaction_and_fail_alone_too(tmp_path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY, run_blocking=run_inline) as store:

        async def expect_failure() -> None:
            with pytest.raises(LookupError):
                await store._database.write(keep_and_fail, "broken")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(store._database.write, keep, "good")
            nursery.start_soon(expect_failure)
        assert await store.setting("good") == "kept"
        assert await store.setting("broken") is None
