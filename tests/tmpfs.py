"""A small file system of a test's own: full of bytes or of files, or read-only, whenever the test says so."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system")


@dataclass
class SmallDisk:
    path: Path

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Take all room but `leave` bytes; others may write meanwhile."""
        with self._ballast.open("ab", buffering=0) as file:
            while True:
                told = os.statvfs(self.path)
                size = os.fstat(file.fileno()).st_size + max(told.f_bavail * told.f_frsize - leave, 0)
                try:
                    os.posix_fallocate(file.fileno(), 0, max(size, 1))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                else:
                    break

    def make_room(self) -> None:
        self._ballast.unlink()

    def use_up_inodes(self) -> None:
        (self.path / "files").mkdir(exist_ok=True)
        try:
            for number in range(100_000):
                (self.path / "files" / str(number)).touch()
        except OSError:
            return

    def give_inodes_back(self) -> None:
        for each in (self.path / "files").iterdir():
            each.unlink()

    def remount(self, options: str) -> None:
        """`ro` keeps everybody from writing (files that are open for writing must be closed first), `rw` ends that."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True, capture_output=True)


@contextmanager
def open_small_disk(path: Path, *, size: str, inodes: int = 10_000) -> Iterator[SmallDisk]:
    path.mkdir()
    options = f"size={size},nr_inodes={inodes},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "lci-test", str(path)], check=True, capture_output=True)
    try:
        yield SmallDisk(path)
    finally:
        # Whoever still has a file open there keeps the memory, and nothing else.
        subprocess.run(["umount", "--lazy", str(path)], check=True, capture_output=True)
