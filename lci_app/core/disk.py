"""How much room there is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disk:
    """The room there is where a directory lies."""

    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int
