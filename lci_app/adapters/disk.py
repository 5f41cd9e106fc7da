"""The disk that holds the data directory: how much room it has, and whether it takes a write."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import trio

from lci_app.core import names
from lci_app.core.codes import OutsideCode
from lci_app.core.disk import Disk
from lci_app.interfaces import Trouble

_T = TypeVar("_T")

# As much as a small transaction writes.
_PROOF: Final = bytes(64 * 1024)
_CODES: Final[Mapping[int, tuple[OutsideCode, str]]] = {
    errno.ENOSPC: ("DISK_FULL", "is full"),
    errno.EDQUOT: ("DISK_FULL", "is full (quota)"),
    errno.EROFS: ("DISK_READ_ONLY", "can only be read"),
}


def disk_of(directory: Path) -> Disk:
    """Return the room where a directory lies. Raises OSError."""
    told = os.statvfs(directory)
    return Disk(
        told.f_bavail * told.f_frsize,
        told.f_blocks * told.f_frsize,
        told.f_favail,
        told.f_files,
        read_only=bool(told.f_flag & os.ST_RDONLY),
    )


class DataDisk:
    """Fulfils `interfaces.DataDisk`. A disk that hangs holds one thread, and nothing else."""

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory
        self._limiter = trio.CapacityLimiter(1)

    @property
    def place(self) -> str:
        return str(self._directory)

    async def look(self) -> Disk:
        return await self._run(partial(disk_of, self._directory))

    async def prove(self) -> None:
        await self._run(partial(_prove, self._directory / names.DISK_PROOF))

    async def _run(self, call: Callable[[], _T]) -> _T:
        try:
            return await trio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter)
        except OSError as error:
            code, what = _CODES.get(error.errno or 0, ("DISK_IO", f"reports an error ({error.strerror})"))
            raise Trouble(code, f"the disk that holds {self._directory} {what}") from error


def _prove(path: Path) -> None:
    """Write, sync and remove a small file. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(_PROOF)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
