"""Commits with trees that git itself would not make: raw objects, written into a served repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.repo import Repo

FILE, EXECUTABLE, LINK, FOLDER, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o40000, 0o160000

Entry = tuple[bytes, int, ObjectID]


class RawRepository:
    """Writes objects into the bare repository at `path`, as they are given."""

    def __init__(self, path: Path) -> None:
        self._repository = Repo(str(path))
        self._store = self._repository.object_store

    def blob(self, data: bytes = b"x") -> ObjectID:
        return self._add(Blob.from_string(data))

    def tree(self, *entries: Entry) -> ObjectID:
        """Write a tree with just these entries, in this order."""
        return self._add(Tree.from_string(tree_bytes(entries)))

    def commit(self, tree: ObjectID) -> str:
        """Write a commit of that tree and make it the head of main; the hash."""
        commit = Commit()
        commit.tree = tree
        commit.author = commit.committer = b"Eve <eve@example.com>"
        commit.author_time = commit.commit_time = 0
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = b"hostile"
        self._repository.refs[b"refs/heads/main"] = self._add(commit)  # type: ignore[index]
        self._repository.close()
        return commit.id.decode()

    def _add(self, item: ShaFile) -> ObjectID:
        self._store.add_object(item)
        return item.id


def tree_bytes(entries: Iterable[Entry]) -> bytes:
    return b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(entry.decode())) for name, mode, entry in entries)
