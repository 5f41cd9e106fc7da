"""A disk that is full, out of files or read-only: every write is Trouble or done, and what was done stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core import names
from lci_app.interfaces import Trouble
from tests.adapters.sqlite_store import EARLY, SEALER, a_project, new_build
from tests.tmpfs import SmallDisk, needs_mount, open_small_disk

pytestmark = needs_mount
LONG = "x" * 3000


async def written_until(store: SqliteStore, code: str, write: Callable[[int], Awaitable[object]]) -> int:
    """Write until the disk refuses; returns how many were acknowledged."""
    for number in range(10_000):
        try:
            await write(number)
        except Trouble as trouble:
            assert trouble.code == code  # noqa: PT017 - which write is refused is not known
            return number
    raise AssertionError("the disk never refused")


@pytest.mark.parametrize("leave", [0, 4096, 20_000, 70_000, 300_000])
async def test_what_was_acknowledged_before_a_full_disk_is_there_and_nothing_half(tmp_path: Path, leave: int) -> None:
    alarms: list[None] = []
    with open_small_disk(tmp_path / "disk", size="12m") as small:
        database = small.path / names.DATABASE
        async with open_store(database, sealer=SEALER, at=EARLY, alarm=lambda: alarms.append(None)) as store:
            project = await a_project(store)
            small.fill(leave=leave)
            acknowledged = await written_until(store, "DATABASE_FULL", lambda n: store.set_setting(f"k{n}", LONG))
            assert alarms
            # Reading goes on; so does the refusal, in one piece for all who write together.
            assert await store.project(project.id) is not None
            refused: list[str] = []

            async def queue() -> None:
                try:
                    for _ in range(100):
                        await store.queue_build(new_build(project, parameters={"k": LONG}), EARLY)
                except Trouble as trouble:
                    refused.append(trouble.code)

            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(queue)
            assert refused == ["DATABASE_FULL"] * 5
            queued = len(await store.queued_builds())
            small.make_room()
            await store.set_setting("after", "room")
            assert len(await store.queued_builds()) == queued
        async with open_store(database, sealer=SEALER, at=EARLY) as again:
            assert [await again.setting(f"k{n}") for n in range(acknowledged)] == [LONG] * acknowledged
            assert await again.setting(f"k{acknowledged}") is None
            assert await again.setting("after") == "room"
            assert len(await again.queued_builds()) == queued


async def test_without_a_file_left_it_goes_on_with_those_it_has(tmp_path: Path) -> None:
    with open_small_disk(tmp_path / "disk", size="12m", inodes=50) as small:
        async with open_store(small.path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
            small.use_up_inodes()
            await store.set_setting("k", "v")
            assert await store.setting("k") == "v"


async def test_a_disk_that_became_read_only_refuses_to_open_and_keeps_every_byte(tmp_path: Path) -> None:
    with open_small_disk(tmp_path / "disk", size="12m") as small:
        database = small.path / names.DATABASE
        async with open_store(database, sealer=SEALER, at=EARLY) as store:
            await store.set_setting("k", "v")
        before = database.read_bytes()
        await _refuses_read_only(small, database)
        assert database.read_bytes() == before
        async with open_store(database, sealer=SEALER, at=EARLY) as again:
            assert await again.setting("k") == "v"


async def _refuses_read_only(small: SmallDisk, database: Path) -> None:
    from lci_app.adapters.sqlite import DatabaseRefused

    small.remount("ro")
    try:
        with pytest.raises(DatabaseRefused):
            async with open_store(database, sealer=SEALER, at=EARLY):
                pass
    finally:
        small.remount("rw")
