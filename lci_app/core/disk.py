"""How much room there is, and when that is too little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lci_app.core.readiness import Reason

# What is kept free where nobody says how much: the smaller of the two.
USUAL_RESERVE: Final = 256 * 1024**2
USUAL_RESERVE_SHARE: Final = 0.02
# Of the reserve, this part is for lci's own writes: below it no build starts, above twice that one does again.
CRITICAL_PART: Final = 0.25
# Of all files that can be made.
LOW_INODES: Final = 0.05
CRITICAL_INODES: Final = 0.01


@dataclass(frozen=True, slots=True)
class Disk:
    """The room there is where a directory lies."""

    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int
    read_only: bool = False


def reserve_of(disk: Disk, wanted: int | None) -> int:
    """Return the bytes that are to stay free on that disk."""
    return wanted if wanted is not None else min(USUAL_RESERVE, int(disk.total_bytes * USUAL_RESERVE_SHARE))


def trouble_of(place: str, disk: Disk, wanted: int | None, *, was_full: bool = False) -> Reason | None:
    """Return what is wrong with the room where `place` lies; None where all is well.

    `was_full`: it was too full a moment ago, and must have more room than that before it no longer is.
    """
    if disk.read_only:
        return Reason("DISK_READ_ONLY", f"The disk that holds {place} can only be read.")
    reserve, slack = reserve_of(disk, wanted), 2 if was_full else 1
    inodes = disk.free_inodes / disk.total_inodes if disk.total_inodes else 1.0
    room = f"{disk.free_bytes / 1024**2:.0f} MiB and {disk.free_inodes} files are free where {place} lies"
    if disk.free_bytes < reserve * CRITICAL_PART * slack or inodes < CRITICAL_INODES * slack:
        return Reason("DISK_FULL", f"Only {room}: make room there, and builds start again by themselves.")
    if disk.free_bytes < reserve or inodes < LOW_INODES:
        return Reason("DISK_LOW", f"Only {room}: soon no build starts any more (--disk-reserve).", blocking=False)
    return None
