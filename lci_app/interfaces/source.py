"""Where a project's source comes from. Errors are those of `outside`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lci_app.core.detection.tree import Tree


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a project's source is, and what opens it. Both secrets never appear in a message or a repr."""

    url: str
    token: str | None = field(default=None, repr=False)
    deploy_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Commit:
    hash: str
    message: str
    author: str


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit of a branch's past. `files` it changed against its first parent; None where that is not known."""

    hash: str
    message: str
    author: str
    at: str
    files: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Survey:
    """A branch's head, its files, and its last commits, the newest first."""

    hash: str
    tree: Tree
    commits: tuple[PastCommit, ...]


class Source(Protocol):
    """Fetches commits into one bare mirror a project and writes their trees."""

    async def checkout(  # noqa: PLR0913 - one call, since it is one message to the child process
        self,
        repository: Repository,
        *,
        mirror: Path,
        branch: str,
        commit_hash: str | None,
        destinations: Sequence[Path],
        progress: Callable[[str], Awaitable[None]],
        timeout: float,
        pull_request: int | None = None,
    ) -> Commit:
        """Write the tree of `commit_hash` (else of the branch's head) into each of `destinations`.

        With `pull_request` the commit is sought behind that pull request's head, which the repository holds too, and
        not behind the branch.

        The destinations must not exist; their parents do. Without any, the commit is only fetched. `progress` gets
        lines for the log. Cancellation kills the child and leaves the mirror usable. Raises Trouble
        (unreachable, timed out) or Refusal (`COMMIT_NOT_FOUND`, `BRANCH_NOT_FOUND`, `REPOSITORY_DENIED`,
        `REPOSITORY_NOT_FOUND`, `SUBMODULES_UNSUPPORTED`, `LFS_UNSUPPORTED`, `UNSAFE_TREE`, `SSH_MISSING`).
        """

    async def survey(self, repository: Repository, *, scratch: Path, branch: str, timeout: float) -> Survey:
        """Fetch the last commits of `branch` into the empty directory `scratch`, which the caller removes.

        Raises what `checkout` does; cancellation kills the child.
        """
