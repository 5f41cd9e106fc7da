"""What set-up wants to know of a branch: its files, what the telling ones of them say, and its last commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from dulwich.objects import Commit, ObjectID
from dulwich.repo import Repo

from lci_app.adapters.git.commits import described
from lci_app.adapters.git.protocol import SURVEYED_COMMITS
from lci_app.adapters.git.tree import Folder, Limits, read_tree
from lci_app.core.detection.tree import is_telling

# Together far below protocol.MAX_MESSAGE, even where JSON needs six characters for one.
_MAX_PATHS: Final = 384 * 1024  # characters; what is deeper in the tree is left out first
_MAX_FILE: Final = 64 * 1024  # bytes
_MAX_TEXTS: Final = 256 * 1024  # bytes
_MAX_CHANGES: Final = 256 * 1024  # bytes, of all commits' paths
_MAX_MESSAGE: Final = 500  # characters
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def survey(repository: Repo, commit_id: ObjectID, limits: Limits) -> dict[str, Any]:
    """Return `hash`, `files`, `texts` and `commits`, the newest first, by first parents.

    Raises Refused for a tree that no build could check out, KeyError where an object is missing.
    """
    store = repository.object_store
    commit = store[commit_id]
    if not isinstance(commit, Commit):
        raise TypeError(f"{commit_id!r} is no commit")
    files = sorted(_files(read_tree(store.get_raw, commit.tree, limits), b""), key=lambda each: each[0].count(b"/"))
    return {
        "hash": commit_id.decode("ascii"),
        "files": _within(_MAX_PATHS, [_text(path) for path, _ in files]),
        "texts": _texts(repository, files),
        "commits": _commits(repository, commit),
    }


def _files(folder: Folder, path: bytes) -> Iterator[tuple[bytes, ObjectID]]:
    for file in folder.files:
        yield path + file.name, file.id
    for name, inner in folder.folders:
        yield from _files(inner, path + name + b"/")


def _texts(repository: Repo, files: list[tuple[bytes, ObjectID]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    room = _MAX_TEXTS
    for path, blob in files:
        if not is_telling(_text(path)):
            continue
        _, data = repository.object_store.get_raw(blob)
        if len(data) <= min(_MAX_FILE, room):
            room -= len(data)
            texts[_text(path)] = _text(data)
    return texts


def _commits(repository: Repo, newest: Commit) -> list[dict[str, Any]]:
    store = repository.object_store
    commits: list[dict[str, Any]] = []
    room = _MAX_CHANGES
    commit: Commit | None = newest
    while commit is not None and len(commits) < SURVEYED_COMMITS:
        before = store[commit.parents[0]] if commit.parents and commit.parents[0] in store else None
        parent = before if isinstance(before, Commit) else None
        files = _changed(repository, parent, commit, room) if parent or not commit.parents else None
        room -= sum(len(path) for path in files or ())
        known = described(commit)
        commits.append({**known, "message": known["message"][:_MAX_MESSAGE], "at": _time(commit), "files": files})
        commit = parent
    return commits


def _changed(repository: Repo, parent: Commit | None, commit: Commit, room: int) -> list[str] | None:
    """Return the paths that a commit changed; None where they take more than `room` bytes."""
    paths: set[bytes] = set()
    before = parent.tree if parent is not None else None
    for change in repository.object_store.tree_changes(before, commit.tree):
        new = {path for path in change[0] if path is not None} - paths
        paths |= new
        room -= sum(map(len, new))
        if room < 0:
            return None
    return sorted(_text(path) for path in paths)


def _within(room: int, paths: list[str]) -> list[str]:
    kept = []
    for path in paths:
        room -= len(path)
        if room < 0:
            break
        kept.append(path)
    return kept


def _time(commit: Commit) -> str:
    try:
        at = _EPOCH + dt.timedelta(seconds=commit.commit_time)
    except OverflowError:
        at = _EPOCH
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
