"""Which names a tree may hold: none that leaves its folder, none that any file system could take for `.git`."""

from __future__ import annotations

import re
from typing import Final

MAX_NAME: Final = 255  # bytes; what Linux file systems take

# NTFS drops what follows from a name: dots and spaces at its end, and a stream's name behind a colon.
_NTFS_ALIAS: Final = re.compile(rb"(?:\.git|git~1)[. ]*(?::.*)?", re.IGNORECASE | re.DOTALL)
# HFS+ ignores these code points inside a name.
_IGNORED_BY_HFS: Final = {
    point: None for first, last in ((0x200C, 0x200F), (0x202A, 0x202E), (0x206A, 0x206F), (0xFEFF, 0xFEFF))
    for point in range(first, last + 1)
}  # fmt: skip


def why_unsafe(name: bytes) -> str | None:
    """Return what is wrong with one entry's name (a clause for people), or None."""
    if name in {b"", b".", b".."}:
        return "is no name of a file"
    if b"/" in name:
        return "holds a slash within one name"
    if b"\0" in name:
        return "holds a NUL"
    if len(name) > MAX_NAME:
        return f"has a name longer than {MAX_NAME} bytes"
    if any(is_dot_git(piece) for piece in name.split(b"\\")):
        return "stands for .git"
    return None


def is_dot_git(name: bytes) -> bool:
    """Return whether some file system takes `name` for `.git`."""
    if _NTFS_ALIAS.fullmatch(name):
        return True
    return name.decode("utf-8", "replace").translate(_IGNORED_BY_HFS).lower() == ".git"
