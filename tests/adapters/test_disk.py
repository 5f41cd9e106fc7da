"""What a real file system says when it is full or read-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from lci_app.adapters.disk import DataDisk
from lci_app.interfaces import Trouble
from tests.tmpfs import needs_mount, open_small_disk


@needs_mount
async def test_a_disk_tells_its_room_and_whether_it_takes_a_write(tmp_path: Path) -> None:
    with open_small_disk(tmp_path / "disk", size="2m", inodes=100) as small:
        (small.path / "db").mkdir()
        disk = DataDisk(small.path)
        seen = await disk.look()
        assert (seen.total_bytes, seen.total_inodes, seen.read_only) == (2 * 1024**2, 100, False)
        await disk.prove()
        assert list((small.path / "db").iterdir()) == []
        small.fill()
        assert (await disk.look()).free_bytes == 0
        await refused(disk, "DISK_FULL")
        small.make_room()
        small.use_up_inodes()
        assert (await disk.look()).free_inodes == 0
        await refused(disk, "DISK_FULL")
        small.give_inodes_back()
        await disk.prove()
        small.remount("ro")
        assert (await disk.look()).read_only
        await refused(disk, "DISK_READ_ONLY")
        small.remount("rw")
        await disk.prove()


async def test_a_directory_that_is_gone_is_trouble(tmp_path: Path) -> None:
    await refused(DataDisk(tmp_path / "none"), "DISK_IO")


async def refused(disk: DataDisk, code: str) -> None:
    with pytest.raises(Trouble) as caught:
        await disk.prove()
    assert caught.value.code == code
