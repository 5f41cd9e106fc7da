"""Directories below the data directory: made, measured, removed whole, never through a symlink."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, ParamSpec, TypeVar

import trio

from lci_app.adapters.own_paths import is_below
from lci_app.interfaces import Refusal, Trouble

# More would only wait for the same disk.
_THREADS: Final = 4
_BLOCK: Final = 512
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DirectoryWorkspace:
    """Fulfils `interfaces.Workspace` below `root`, which exists. Errors of the disk are Trouble("WORKSPACE_FAILED")."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._limiter = trio.CapacityLimiter(_THREADS)

    def path(self, relative: str) -> Path:
        """Return the path of `relative`; ValueError for one that is absolute, empty or leads outside."""
        return self._root.joinpath(*_parts(relative))

    async def make(self, relative: str, *, mode: int = 0o700) -> Path:
        """Make the directory, and what is missing above it, and return it; one that is there gets the mode."""
        return await self._in_thread("make", relative, partial(_make, self._root, _parts(relative), mode))

    async def remove(self, relative: str) -> int:
        return await self._in_thread("remove", relative, partial(_remove, self._root, _parts(relative)))

    async def size(self, relative: str) -> int:
        return await self._in_thread("measure", relative, partial(_size, self.path(relative)))

    async def children(self, relative: str) -> list[str]:
        return await self._in_thread("list", relative, partial(_children, self.path(relative)))

    async def is_directory(self, relative: str) -> bool:
        return await self._in_thread("look at", relative, partial(_is_directory, self._root, _parts(relative)))

    async def is_file(self, relative: str) -> bool:
        return await self._in_thread("look at", relative, partial(_is_file, self._root, _parts(relative)))

    async def open_up(self, relative: str) -> None:
        await self._in_thread("open up", relative, partial(_open_up, self.path(relative)))

    async def read_text(self, relative: str, *, limit: int) -> str | None:
        return await self._in_thread("read", relative, partial(_read_text, self._root, _parts(relative), limit))

    async def holds(self, path: str) -> bool:
        return await trio.to_thread.run_sync(is_below, self._root, path, limiter=self._limiter)

    async def _in_thread(self, verb: str, relative: str, work: Callable[[], _T]) -> _T:
        try:
            return await trio.to_thread.run_sync(work, limiter=self._limiter)
        except OSError as error:
            message = f"cannot {verb} {self.path(relative)}: {error.strerror} ({error.filename})"
            raise Trouble("WORKSPACE_FAILED", message) from error


def _parts(relative: str) -> tuple[str, ...]:
    parts = PurePosixPath(relative).parts
    if not parts or parts[0].startswith("/") or ".." in parts or "\0" in relative:
        raise ValueError(f"{relative!r} is not a path below the data directory")
    return parts


@contextmanager
def _opened(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """Open a directory below `root` one component after the other, so that no symlink is followed."""
    descriptor = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            inner = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _make(root: Path, parts: tuple[str, ...], mode: int) -> Path:
    for depth, part in enumerate(parts):
        with _opened(root, parts[:depth]) as parent, suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=parent)
    with _opened(root, parts) as made:
        # mkdir's own mode is cut by the umask.
        os.fchmod(made, mode)
    return root.joinpath(*parts)


def _is_directory(root: Path, parts: tuple[str, ...]) -> bool:
    try:
        with _opened(root, parts):
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_file(root: Path, parts: tuple[str, ...]) -> bool:
    try:
        with _opened(root, parts[:-1]) as parent:
            return stat.S_ISREG(os.stat(parts[-1], dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            return False
        raise


def _open_up(top: Path) -> None:
    """To be called while nobody else writes there: what is no link now is none a moment later."""
    for directory, _, files in os.walk(top):
        Path(directory).chmod(0o777)
        for path in (Path(directory, name) for name in files):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o777 | 0o666)


def _read_text(root: Path, parts: tuple[str, ...], limit: int) -> str | None:
    """Read a file that a repository brought: no symlink, no device, no more than `limit` bytes."""
    shown = parts[-1]
    try:
        with _opened(root, parts[:-1]) as parent:
            descriptor = os.open(parts[-1], _FILE, dir_fd=parent)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Refusal("FILE_REFUSED", f"{shown} is a symbolic link: it must be a file.") from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refusal("FILE_REFUSED", f"{shown} is no regular file.")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Refusal("FILE_REFUSED", f"{shown} is larger than {limit} bytes.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Refusal("FILE_REFUSED", f"{shown} is not UTF-8 (at byte {error.start}).") from error


def _remove(root: Path, parts: tuple[str, ...]) -> int:
    try:
        with _opened(root, parts[:-1]) as parent:
            return _Removal().tree(parts[-1], parent)
    except FileNotFoundError:
        return 0


class _Removal:
    """Removes a tree of any depth with two open directories and no recursion.

    Nested directories are moved up to the top of the tree, so that each is emptied one level deep: however deep a
    build has nested, neither the length of a path nor the number of open files stands in the way. What may not be
    removed is left, the rest goes, and the first reason is raised at the end.
    """

    def __init__(self) -> None:
        self._freed = 0
        self._error: OSError | None = None
        self._prefix = secrets.token_hex(8)
        self._moved = 0

    def tree(self, name: str, parent: int) -> int:
        kind = os.lstat(name, dir_fd=parent)
        if stat.S_ISDIR(kind.st_mode):
            _unlock(name, kind, parent)
            with _directory(name, parent) as top:
                self._empty(top)
            if self._error is not None:
                raise self._error
            os.rmdir(name, dir_fd=parent)
            self._freed += kind.st_blocks * _BLOCK
        else:
            self._unlink(name, kind, parent)
        return self._freed

    def _empty(self, top: int) -> None:
        left: set[str] = set()
        while names := set(os.listdir(top)) - left:
            for name in names:
                try:
                    self._entry(name, top)
                except OSError as error:
                    self._error = self._error or error
                    left.add(name)

    def _entry(self, name: str, top: int) -> None:
        kind = os.lstat(name, dir_fd=top)
        if not stat.S_ISDIR(kind.st_mode):
            self._unlink(name, kind, top)
            return
        _unlock(name, kind, top)
        with _directory(name, top) as directory:
            for inner in os.listdir(directory):  # noqa: PTH208 - a descriptor, no path
                self._lift(inner, directory, top)
        os.rmdir(name, dir_fd=top)
        self._freed += kind.st_blocks * _BLOCK

    def _lift(self, inner: str, directory: int, top: int) -> None:
        """Remove the file `inner`, or move the directory `inner` up."""
        kind = os.lstat(inner, dir_fd=directory)
        if not stat.S_ISDIR(kind.st_mode):
            self._unlink(inner, kind, directory)
            return
        # A directory that may not be written to may not be moved either: its entry `..` would change.
        _unlock(inner, kind, directory)
        self._moved += 1
        os.rename(inner, f"{self._prefix}{self._moved}", src_dir_fd=directory, dst_dir_fd=top)

    def _unlink(self, name: str, kind: os.stat_result, parent: int) -> None:
        os.unlink(name, dir_fd=parent)
        if kind.st_nlink == 1:
            self._freed += kind.st_blocks * _BLOCK


@contextmanager
def _directory(name: str, parent: int) -> Iterator[int]:
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unlock(name: str, kind: os.stat_result, parent: int) -> None:
    """Give the owner full access to a directory that takes it from him; one of a foreign owner stays as it is."""
    if kind.st_mode & stat.S_IRWXU == stat.S_IRWXU:
        return
    descriptor = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        with suppress(PermissionError):
            # By the descriptor: chmod on a name would follow a symlink put there in the meantime.
            os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IRWXU)  # noqa: PTH101 - no path: a descriptor
    finally:
        os.close(descriptor)


def _size(top: Path) -> int:
    """Return the bytes on disk; what vanishes meanwhile, is too deep for a path or is not ours to read is left out."""
    total = 0
    linked: set[tuple[int, int]] = set()
    waiting = [str(top)]
    while waiting:
        for entry in _scan(waiting.pop()):
            with suppress(OSError):
                kind = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(kind.st_mode):
                    waiting.append(entry.path)
                elif kind.st_nlink > 1:
                    if (kind.st_dev, kind.st_ino) in linked:
                        continue
                    linked.add((kind.st_dev, kind.st_ino))
                total += kind.st_blocks * _BLOCK
    return total


def _scan(directory: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(directory) as entries:
        return list(entries)
    return []


def _children(top: Path) -> list[str]:
    try:
        return sorted(os.listdir(top))  # noqa: PTH208 - names are wanted, not paths
    except FileNotFoundError:
        return []
