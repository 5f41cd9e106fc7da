"""A project's mirror: a bare repository that holds the fetched commits of one address, each without its history.

A build needs one tree, so only that is fetched; what the mirror holds already is told to the server, which then sends
what is new. A mirror is a cache: whatever is wrong with it, it is thrown away and made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dulwich.errors import NotGitRepository
from dulwich.objects import ObjectID
from dulwich.repo import Repo

# Each fetch adds a pack, and every look-up asks each pack; a mirror with more than this is begun again.
MAX_PACKS: Final = 50
_REMOTE: Final = (b"remote", b"origin")


@contextmanager
def open_mirror(path: Path, url: str) -> Iterator[Repo]:
    """Open the mirror of `url` (without credentials), new where there is none or it was another address's.

    Nobody else may use it meanwhile. What a killed fetch left behind is removed first.
    """
    _sweep(path)
    with closed_after(_open(path, url) or _create(path, url)) as repository:
        yield repository


@contextmanager
def closed_after(repository: Repo) -> Iterator[Repo]:
    """Close a repository at the end of the block, as far as that can be done."""
    try:
        yield repository
    finally:
        # The error of a broken object looks into its pack's memory as long as it is on its way.
        with suppress(BufferError):
            repository.close()


def discard(path: Path) -> None:
    """Remove the mirror, or whatever stands in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _open(path: Path, url: str) -> Repo | None:
    try:
        repository = Repo(str(path), bare=True)
    except (NotGitRepository, ValueError, FileNotFoundError, NotADirectoryError):
        return None
    try:
        same = repository.get_config().get(_REMOTE, b"url") == url.encode("utf-8", "surrogateescape")
    except KeyError:
        same = False
    if same and repository.object_store.count_pack_files() <= MAX_PACKS:
        return repository
    repository.close()
    return None


def _create(path: Path, url: str) -> Repo:
    discard(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    repository = Repo.init_bare(str(path), default_branch=b"main")
    config = repository.get_config()
    config.set(_REMOTE, b"url", url.encode("utf-8", "surrogateescape"))
    config.write_to_path()
    return repository


def _sweep(path: Path) -> None:
    packs = path / "objects" / "pack"
    left = [*path.rglob("*.lock"), *packs.parent.glob("tmp_*"), *packs.glob("tmp*")]
    left += [pack for pack in packs.glob("*.pack") if not pack.with_suffix(".idx").exists()]
    for each in left:
        each.unlink(missing_ok=True)


class HeldCommits:
    """Tells a server which commits are held, each with its tree and without its parents (dulwich's GraphWalker)."""

    def __init__(self, repository: Repo) -> None:
        self.shallow: set[ObjectID] = repository.get_shallow()
        self._left = [commit for commit in self.shallow if commit in repository.object_store]

    def __next__(self) -> ObjectID | None:
        return self._left.pop() if self._left else None

    def ack(self, sha: ObjectID, /) -> None:
        """Take the server's word that it knows `sha`, too."""

    def nak(self) -> None:
        """Take the server's word that it knows none of what was told so far."""
