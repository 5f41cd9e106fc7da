"""Writes a tree that has been judged into fresh folders, by directory handles, following nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from dulwich.objects import Blob

from lci_app.adapters.git.protocol import Refused, Troubled
from lci_app.adapters.git.tree import File, Folder, Limits, ReadObject, refuse, shown

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER_MODE: Final = 0o755
_FILE_MODES: Final = {False: 0o644, True: 0o755}

# git-lfs reads no pointer longer than this, and every pointer names its object.
_MAX_LFS_POINTER: Final = 1024
_LFS_POINTER: Final = re.compile(rb"version https://(?:git-lfs|hawser)\.github\.com/spec/.*\noid ", re.DOTALL)


@dataclass(slots=True)
class Written:
    """How much is in each destination."""

    files: int = 0
    size: int = 0


def write_tree(read: ReadObject, root: Folder, destinations: Sequence[str], limits: Limits) -> Written:
    """Write the tree into each of `destinations`, which must not exist, from one read of each file.

    Modes are 0644 and 0755 whatever the umask. Raises Refused (LFS_UNSUPPORTED; UNSAFE_TREE when it is too large),
    Troubled where a destination is there already, OSError of the disk; KeyError where an object is missing. What was
    written by then is left.
    """
    with ExitStack() as stack:
        handles = [stack.enter_context(_new_root(path)) for path in destinations]
        writer = _Writer(read, limits)
        writer.folder(root, handles, b"")
        return writer.written


@contextmanager
def _new_root(path: str) -> Iterator[int]:
    try:
        os.mkdir(path, _FOLDER_MODE)  # noqa: PTH102 - undecodable bytes pass through os unchanged
    except FileExistsError:
        raise Troubled("DESTINATION_EXISTS", f"{path} is there already; remove it and build again") from None
    with _opened(path, None) as handle:
        yield handle


@contextmanager
def _opened(name: bytes | str, parent: int | None) -> Iterator[int]:
    handle = os.open(name, _OPEN_FOLDER, dir_fd=parent)
    try:
        os.fchmod(handle, _FOLDER_MODE)
        yield handle
    finally:
        os.close(handle)


class _Writer:
    def __init__(self, read: ReadObject, limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self.written = Written()

    def folder(self, folder: Folder, handles: Sequence[int], path: bytes) -> None:
        for file in folder.files:
            data = self._content(file, path + file.name)
            for handle in handles:
                _write_file(file, data, handle)
        for name, inner in folder.folders:
            with ExitStack() as stack:
                inner_handles = []
                for handle in handles:
                    os.mkdir(name, _FOLDER_MODE, dir_fd=handle)
                    inner_handles.append(stack.enter_context(_opened(name, handle)))
                self.folder(inner, inner_handles, path + name + b"/")
        for name, target in folder.links:
            for handle in handles:
                os.symlink(target, name, dir_fd=handle)

    def _content(self, file: File, path: bytes) -> bytes:
        number, data = self._read(file.id)
        if number != Blob.type_num:
            refuse(path, "is no file, though the folder above says so")
        if len(data) <= _MAX_LFS_POINTER and _LFS_POINTER.match(data):
            raise Refused(
                "LFS_UNSUPPORTED",
                f"{shown(path)} is kept in Git LFS, which lci does not fetch: "
                "commit the file itself, or let the build command fetch it",
            )
        self.written.files += 1
        self.written.size += len(data)
        if self.written.size > self._limits.size:
            refuse(path, f"makes the tree larger than {self._limits.size} bytes")
        return data


def _write_file(file: File, data: bytes, parent: int) -> None:
    mode = _FILE_MODES[file.executable]
    handle = os.open(file.name, _CREATE_FILE, mode, dir_fd=parent)
    try:
        os.fchmod(handle, mode)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
