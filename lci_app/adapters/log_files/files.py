"""What the parts of this package do to files: open privately, write whole, read in blocks of whole records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
DIRECTORY_MODE: Final = 0o700
# One step of a walk through a whole log: long enough to be quick, short enough to let others have their turn.
STEP_BYTES: Final = 1024 * 1024


def open_for_appending(path: Path) -> int:
    """Return a descriptor that reads anywhere and writes at the end; the file is made where it is missing."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)


def open_for_reading(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def make_directories(base: Path, directory: Path) -> None:
    """Make `base`, `directory` and what is between them, for the owner alone."""
    missing = [directory]
    while missing[-1] != base:
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        path.mkdir(mode=DIRECTORY_MODE, exist_ok=True)


def write_whole(descriptor: int, data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]


def whole_records(log: int, offset: int, size: int) -> Iterator[bytes]:
    """Yield the log from `offset`, where a record begins, to `size`, in blocks that end with a record's end.

    What follows the last newline is left out.
    """
    torn = b""
    while offset < size:
        chunk = os.pread(log, min(STEP_BYTES, size - offset), offset)
        if not chunk:
            return
        offset += len(chunk)
        end = chunk.rfind(b"\n") + 1
        if end:
            yield torn + chunk[:end]
            torn = chunk[end:]
        else:
            torn += chunk
