"""Repositories in memory: branches, commits, and the files of each commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from lci_app.core.detection.tree import Tree
from lci_app.interfaces import Commit, OutsideError, PastCommit, Refusal, Repository, Survey


@dataclass
class SourceDouble:
    """`asked` are the repositories and commits that were checked out; `refusal` is what every checkout raises."""

    heads: dict[str, str] = field(default_factory=lambda: {"main": "a" * 40})
    files: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    # Of each checkout: the mirror's name, the commit, and the pull request that it was sought behind.
    fetched: list[tuple[str, str, int | None]] = field(default_factory=list)
    refusal: OutsideError | None = None
    # What a survey finds.
    tree: dict[str, str] = field(default_factory=lambda: {"index.html": "hello"})
    past: list[PastCommit] = field(default_factory=list)
    # A checkout waits for this.
    hold: trio.Event | None = None

    async def checkout(
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
        await progress("Counting objects")
        if self.hold is not None:
            await self.hold.wait()
        if self.refusal is not None:
            raise self.refusal
        wanted = commit_hash or self.heads.get(branch)
        if wanted is None:
            raise Refusal("BRANCH_NOT_FOUND", f"there is no branch {branch}")
        mirror.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - inline, as all here
        for destination in destinations:
            _write(destination, self.files.get(wanted, {"index.html": "hello"}))
        self.asked.append((repository.url, wanted))
        self.fetched.append((mirror.name, wanted, pull_request))
        return Commit(wanted, "Add a shelf", "Ana")

    async def survey(self, repository: Repository, *, scratch: Path, branch: str, timeout: float) -> Survey:
        (scratch / "mirror.git").mkdir()
        if self.hold is not None:
            await self.hold.wait()
        await trio.lowlevel.checkpoint()
        if self.refusal is not None:
            raise self.refusal
        if branch not in self.heads:
            raise Refusal("BRANCH_NOT_FOUND", f"{repository.url} has no branch {branch!r}")
        self.asked.append((repository.url, self.heads[branch]))
        return Survey(self.heads[branch], Tree(frozenset(self.tree), self.tree), tuple(self.past))


def _write(destination: Path, files: Mapping[str, str]) -> None:
    destination.mkdir()
    for name, text in files.items():
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        (destination / name).write_text(text)
