"""Other processes on the same database, and the one that is killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path

import pytest
import trio

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core import names
from lci_app.core.model import Build, Scope
from lci_app.interfaces import BuildFilter, Placed, Trouble
from tests.adapters.sqlite_store import EARLY, SEALER, a_project, new_build

# Seconds; a guard against a hanging test, never waited for.
PATIENCE = 60


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    return tmp_path / names.DATABASE


class Child:
    """Another process on the database, read line by line."""

    def __init__(self, process: trio.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin = process.stdin
        self.stdout = process.stdout
        self._received = b""

    async def lines(self, wanted: int | None) -> list[str]:
        """Read that many lines; all whole ones until the end where it ends before, or none is said."""
        while wanted is None or self._received.count(b"\n") < wanted:
            chunk = await self.stdout.receive_some()
            if not chunk:
                break
            self._received += chunk
        *whole, rest = self._received.split(b"\n")
        taken = whole[:wanted]
        self._received = b"\n".join([*whole[len(taken) :], rest])
        return [line.decode() for line in taken]

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def child(*arguments: str | Path) -> AsyncIterator[Child]:
    """Start another process on the database; it is killed when the block is left."""
    command = [sys.executable, "-m", "tests.adapters.sqlite_child", *map(str, arguments)]
    started = Child(await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    try:
        with trio.fail_after(PATIENCE):
            yield started
    finally:
        with trio.CancelScope(shield=True):
            await started.kill()
        await trio.aclose_forcefully(started.stdin)
        await trio.aclose_forcefully(started.stdout)


async def all_builds(store: SqliteStore) -> list[Build]:
    _, builds = await store.builds(BuildFilter(), limit=1_000_000, offset=0)
    return builds


async def test_a_token_made_by_another_process_is_valid_at_once(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        digest = sha256(b"secret").hexdigest()
        assert await store.token(digest) is None
        async with child(path, "add-token", "secret") as other:
            assert await other.lines(1) == ["added"]
        token = await store.token(digest)
    assert token is not None
    assert (token.name, token.scope) == ("child", Scope.ADMIN)


async def test_two_processes_that_write_at_once_share_one_sequence_of_numbers(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        project = await a_project(store)
        async with child(path, "queue-builds", "80") as other, trio.open_nursery() as nursery:
            numbers = await other.lines(1)

            async def queue() -> None:
                for _ in range(10):
                    placed = await store.queue_build(new_build(project), EARLY)
                    assert isinstance(placed, Placed)
                    build = placed.build
                    numbers.append(str(build.build_number))

            for _ in range(8):
                nursery.start_soon(queue)
            numbers += await other.lines(79)
        builds = await all_builds(store)
    assert sorted(map(int, numbers)) == list(range(1, 161))
    assert [build.build_number for build in builds] == list(range(160, 0, -1))


async def test_many_processes_may_make_a_new_database_at_the_same_time(path):
    async with trio.open_nursery() as nursery:

        async def add(number: int) -> None:
            async with child(path, "add-token", f"secret {number}") as other:
                assert await other.lines(1) == ["added"]
                assert await other.process.wait() == 0

        for number in range(4):
            nursery.start_soon(add, number)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM tokens").fetchone() == (4,)


async def test_a_write_waits_for_another_process_and_reads_do_not(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store, child(path, "hold-the-lock") as other:
        assert await other.lines(1) == ["locked"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.set_setting, "a", "b")
            assert await store.setting("a") is None
            assert await store.projects() == (0, [])
            await other.stdin.send_all(b"go on\n")
        assert await store.setting("a") == "b"


async def test_a_lock_held_for_too_long_is_trouble_for_all_who_wait_and_no_more(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store, child(path, "hold-the-lock") as other:
        store._database._connections.writing.execute("PRAGMA busy_timeout = 10")
        assert await other.lines(1) == ["locked"]
        with pytest.raises(Trouble) as caught:
            await store.set_setting("a", "b")
        assert caught.value.code == "DATABASE_BUSY"
        await other.kill()
        await store.set_setting("a", "c")
        assert await store.setting("a") == "c"


@pytest.mark.parametrize("acknowledged", [1, 7, 40, 150])
async def test_a_killed_writer_loses_nothing_that_it_acknowledged(path, acknowledged):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        await a_project(store)
    async with child(path, "queue-builds", "1000000") as other:
        before = await other.lines(acknowledged)
        await other.kill()
        after = await other.lines(None)
    assert other.process.returncode == -9
    numbers = {int(number) for number in before + after}
    assert len(numbers) >= acknowledged
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        kept = [build.build_number for build in await all_builds(store)]
        project = await store.project(1)
        assert project is not None
        following = await store.queue_build(new_build(project), EARLY)
    assert numbers <= set(kept)
    assert sorted(kept) == list(range(1, len(kept) + 1))
    assert isinstance(following, Placed)
    assert following.build.build_number == len(kept) + 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
