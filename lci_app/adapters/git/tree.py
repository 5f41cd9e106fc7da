"""A commit's tree, read whole and judged before a byte of it is written."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from dulwich.errors import ObjectFormatException
from dulwich.objects import Blob, ObjectID, Tree, parse_tree

from lci_app.adapters.git.entry_names import why_unsafe
from lci_app.adapters.git.protocol import Refused

# Returns an object's type number and its bytes, by its hexadecimal id; KeyError where there is none.
ReadObject = Callable[[ObjectID], tuple[int, bytes]]

_ID_BYTES: Final = 20
_SUBMODULE: Final = 0o160000
_MAX_HOPS: Final = 40  # symbolic links behind one another; Linux follows no more
_MAX_TARGET: Final = 4095  # bytes; what symlink(2) takes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tree may be at most; beyond it is refused. Sizes are bytes, for one copy of the tree."""

    entries: int = 500_000
    size: int = 16 * 1024**3
    depth: int = 128
    path: int = 3072


@dataclass(frozen=True, slots=True)
class File:
    name: bytes
    id: ObjectID
    executable: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder: `links` are pairs of name and target, `folders` of name and folder."""

    files: list[File] = field(default_factory=list)
    links: list[tuple[bytes, bytes]] = field(default_factory=list)
    folders: list[tuple[bytes, Folder]] = field(default_factory=list)


def shown(path: bytes) -> str:
    """Return a path for a message: quoted, with nothing in it that could upset a terminal or a log."""
    return repr(path.decode("utf-8", "backslashreplace"))


def refuse(path: bytes, why: str) -> NoReturn:
    raise Refused("UNSAFE_TREE", f"{shown(path)} in the repository {why}; lci does not write such a tree")


def read_tree(read: ReadObject, root: ObjectID, limits: Limits) -> Folder:
    """Return the whole tree below `root`.

    Raises Refused: UNSAFE_TREE for what could be written or lead outside, is malformed or too large, and
    SUBMODULES_UNSUPPORTED. KeyError where an object is missing.
    """
    reader = _Reader(read, limits)
    folder = reader.folder(root, b"", 0)
    for path, target in reader.links.items():
        if not _stays_inside(path, target, reader.links):
            refuse(path, f"is a symbolic link that leaves the repository (to {shown(target)})")
    return folder


class _Reader:
    def __init__(self, read: ReadObject, limits: Limits) -> None:
        self._read = read
        self._limits = limits
        self._entries = 0
        self.links: dict[bytes, bytes] = {}

    def folder(self, tree: ObjectID, path: bytes, depth: int) -> Folder:
        if depth > self._limits.depth:
            refuse(path, f"lies more than {self._limits.depth} folders deep")
        folder = Folder()
        names = set()
        for name, mode, entry in self._parsed(tree, path):
            inner = path + b"/" + name if path else name
            self._judge(name, inner)
            if name in names:
                refuse(inner, "is there twice")
            names.add(name)
            if stat.S_ISREG(mode):
                folder.files.append(File(name, entry, bool(mode & stat.S_IXUSR)))
            elif stat.S_ISDIR(mode):
                folder.folders.append((name, self.folder(entry, inner, depth + 1)))
            elif stat.S_ISLNK(mode):
                self.links[inner] = self._target(entry, inner)
                folder.links.append((name, self.links[inner]))
            else:
                _refuse_mode(mode, inner)
        return folder

    def _parsed(self, tree: ObjectID, path: bytes) -> list[tuple[bytes, int, ObjectID]]:
        number, data = self._read(tree)
        if number != Tree.type_num:
            refuse(path, "is no folder, though the folder above says so")
        try:
            return [(name, mode, ObjectID(entry)) for name, mode, entry in parse_tree(data, _ID_BYTES)]
        except (ObjectFormatException, ValueError):
            refuse(path, "is a malformed folder")

    def _judge(self, name: bytes, path: bytes) -> None:
        self._entries += 1
        if self._entries > self._limits.entries:
            refuse(path, f"is one entry too many: more than {self._limits.entries} files and folders")
        if len(path) > self._limits.path:
            refuse(path[:100] + b"...", f"has a path longer than {self._limits.path} bytes")
        why = why_unsafe(name)
        if why is not None:
            refuse(path, why)

    def _target(self, blob: ObjectID, path: bytes) -> bytes:
        number, target = self._read(blob)
        if number != Blob.type_num or not target or b"\0" in target or len(target) > _MAX_TARGET:
            refuse(path, "is a malformed symbolic link")
        return target


def _refuse_mode(mode: int, path: bytes) -> NoReturn:
    if stat.S_IFMT(mode) == _SUBMODULE:
        raise Refused(
            "SUBMODULES_UNSUPPORTED",
            f"{shown(path)} is a git submodule, which lci does not fetch: "
            "commit the files themselves, or let the build command fetch them",
        )
    refuse(path, f"has the unknown mode {mode:o}")


def _stays_inside(path: bytes, target: bytes, links: dict[bytes, bytes]) -> bool:
    """Follow a link as the kernel would, through the tree's other links; what does not resolve does not stay."""
    if target.startswith(b"/"):
        return False
    here = path.split(b"/")[:-1]
    ahead = [target]
    hops = 0
    while ahead:
        step, _, rest = ahead.pop().partition(b"/")
        if rest:
            ahead.append(rest)
        if step == b"..":
            if not here:
                return False
            here.pop()
        elif step not in {b"", b"."}:
            onward = links.get(b"/".join((*here, step)))
            if onward is None:
                here.append(step)
                continue
            hops += 1
            if hops > _MAX_HOPS or onward.startswith(b"/"):
                return False
            ahead.append(onward)
    return True
