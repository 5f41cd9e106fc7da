"""One checkout or survey, as the child does it."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, FileFormatException, NotGitRepository
from dulwich.objects import Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from lci_app.adapters.git import mirror
from lci_app.adapters.git.address import Address, parse
from lci_app.adapters.git.branches import no_branch
from lci_app.adapters.git.commits import described
from lci_app.adapters.git.fetching import Fetch
from lci_app.adapters.git.progress import size
from lci_app.adapters.git.protocol import Refused, Request, Troubled
from lci_app.adapters.git.survey import survey
from lci_app.adapters.git.tree import Limits, read_tree
from lci_app.adapters.git.writer import write_tree

Tell = Callable[[str], None]

# What reading an object raises when the repository that holds it is damaged.
_DAMAGED: Final = (KeyError, AssertionError, zlib.error, ApplyDeltaError, ChecksumMismatch, FileFormatException)
_LIMITS: Final = Limits()


class _Damaged(Exception):
    """The repository that is read lacks an object or holds a broken one."""


def checkout(request: Request, tell: Tell) -> dict[str, Any]:
    """Do what the request asks and return the commit's `hash`, `message` and `author`, or the survey.

    Raises Refused, Troubled, OSError of the disk. The destinations are whole, or not there.
    """
    try:
        address = parse(request.url)
    except ValueError as error:
        raise Refused("REPOSITORY_NOT_FOUND", f"the repository's address cannot be used: {error}") from None
    try:
        return _from_disk(address, request, tell) if address.scheme == "file" else _mirrored(address, request, tell)
    except _Damaged:
        raise Troubled(
            "REPOSITORY_DAMAGED", f"{address.shown} lacks objects of the commit, or they are broken"
        ) from None


def _mirrored(address: Address, request: Request, tell: Tell) -> dict[str, Any]:
    try:
        return _from_mirror(address, request, tell)
    except _Damaged:
        tell("The mirror is damaged; it is fetched anew")
        mirror.discard(Path(request.mirror))
        return _from_mirror(address, request, tell)


def _from_mirror(address: Address, request: Request, tell: Tell) -> dict[str, Any]:
    with mirror.open_mirror(Path(request.mirror), address.shown) as repository:
        held = request.commit is not None and ObjectID(request.commit.encode("ascii")) in repository.object_store
        if held and request.commit is not None:
            return _written(repository, ObjectID(request.commit.encode("ascii")), request, tell)
        with _damage_noticed():
            commit = Fetch(repository, address, request, tell).run()
        return _written(repository, commit, request, tell)


def _from_disk(address: Address, request: Request, tell: Tell) -> dict[str, Any]:
    """A repository on this machine is read where it is: there is nothing to mirror."""
    try:
        repository = Repo(address.path)
    except (NotGitRepository, FileNotFoundError, NotADirectoryError):
        raise Refused("REPOSITORY_NOT_FOUND", f"there is no git repository at {address.shown}") from None
    except PermissionError as error:
        raise Refused("REPOSITORY_DENIED", f"lci may not read {address.shown}: {error.strerror}") from None
    with mirror.closed_after(repository):
        if request.commit is not None:
            return _written(repository, ObjectID(request.commit.encode("ascii")), request, tell)
        ref = Ref(request.ref_name)
        if ref not in repository.refs:
            raise no_branch(request, address.shown, repository.get_refs(), repository.refs.get_symrefs())
        return _written(repository, repository.refs[ref], request, tell)


def _written(repository: Repo, commit_id: ObjectID, request: Request, tell: Tell) -> dict[str, Any]:
    store = repository.object_store
    with _damage_noticed():
        if commit_id not in store:
            raise Refused("COMMIT_NOT_FOUND", f"commit {commit_id.decode()} is not in the repository (any more)")
        commit = store[commit_id]
        if not isinstance(commit, Commit):
            raise Refused("COMMIT_NOT_FOUND", f"{commit_id.decode()} is a {commit.type_name.decode()}, not a commit")
        if request.survey:
            return survey(repository, commit_id, _LIMITS)
        if not request.destinations:
            return described(commit)
        folder = read_tree(store.get_raw, commit.tree, _LIMITS)
        with _all_or_nothing(request.destinations):
            written = write_tree(store.get_raw, folder, request.destinations, _LIMITS)
    tell(f"Checked out {commit_id.decode()[:12]}: {written.files} files, {size(written.size)}")
    return described(commit)


@contextmanager
def _damage_noticed() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _Damaged from error


@contextmanager
def _all_or_nothing(destinations: tuple[str, ...]) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, Troubled) and error.code == "DESTINATION_EXISTS"):
            for path in destinations:
                with suppress(OSError):
                    shutil.rmtree(path)
        raise
