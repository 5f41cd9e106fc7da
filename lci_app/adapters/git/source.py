"""The parent's side of git: keeps a few warm child processes and gives each checkout one of its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import trio

from lci_app.adapters.git.address import shown
from lci_app.adapters.git.protocol import Request
from lci_app.adapters.git.worker import Worker
from lci_app.core.detection.tree import Tree
from lci_app.core.pull_request import head_ref
from lci_app.interfaces import Commit, PastCommit, Refusal, Repository, Source, Survey, Trouble

COMMAND: Final = "git-worker"
_IDLE: Final = 180.0  # seconds; a child (some 40 MB) that waits longer than this for work is ended
_MAX_IDLE: Final = 2  # children that wait for work; more are only there while they work
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@asynccontextmanager
async def open_source(
    *, program: Sequence[str], idle_timeout: float = _IDLE, max_idle: int = _MAX_IDLE
) -> AsyncIterator[Source]:
    """Open the source; `program` and the word `git-worker` start `child.main`. Leaving ends every child."""
    async with trio.open_nursery() as nursery:
        pool = _Pool((*program, COMMAND), nursery, idle_timeout, max_idle)
        try:
            yield GitSource(pool)
        finally:
            await pool.close()  # noqa: ASYNC102 - killing a child is shielded and bounded
            nursery.cancel_scope.cancel()


class GitSource:
    """Fulfils interfaces.Source. On refusal and trouble no destination is left, except after a kill: then in parts."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._locks: WeakValueDictionary[Path, trio.Lock] = WeakValueDictionary()

    async def checkout(  # noqa: PLR0913 - the interface's
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
        if commit_hash is not None and not _COMMIT.fullmatch(commit_hash):
            raise Refusal("COMMIT_NOT_FOUND", f"{commit_hash!r} is no commit: give all 40 hexadecimal digits")
        request = Request(
            url=repository.url,
            mirror=str(mirror),
            ref=f"refs/heads/{branch}" if pull_request is None else head_ref(pull_request),
            commit=commit_hash,
            destinations=tuple(str(path) for path in destinations),
            token=repository.token,
            deploy_key=repository.deploy_key,
        )
        commit = await self._run(request, progress, timeout)
        return Commit(hash=commit["hash"], message=commit["message"], author=commit["author"])

    async def survey(self, repository: Repository, *, scratch: Path, branch: str, timeout: float) -> Survey:
        request = Request(
            url=repository.url,
            mirror=str(scratch / "mirror.git"),
            ref=f"refs/heads/{branch}",
            commit=None,
            survey=True,
            token=repository.token,
            deploy_key=repository.deploy_key,
        )
        found = await self._run(request, _nobody_listens, timeout)
        commits = [
            PastCommit(**{**each, "files": None if each["files"] is None else frozenset(each["files"])})
            for each in found["commits"]
        ]
        return Survey(found["hash"], Tree(frozenset(found["files"]), found["texts"]), tuple(commits))

    async def _run(
        self, request: Request, progress: Callable[[str], Awaitable[None]], timeout: float
    ) -> Mapping[str, Any]:
        lock = self._locks.setdefault(Path(request.mirror), trio.Lock())
        try:
            with trio.fail_after(timeout):
                async with lock, self._pool.worker() as worker:
                    return await worker.run(request, progress)
        except trio.TooSlowError:
            raise Trouble(
                "CHECKOUT_TIMED_OUT", f"fetching from {shown(request.url)} took longer than {timeout:g} seconds"
            ) from None


async def _nobody_listens(line: str) -> None:
    """Take a line of progress that is shown nowhere."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A child without work."""

    worker: Worker
    taken: trio.Event = field(default_factory=trio.Event)


class _Pool:
    def __init__(self, command: Sequence[str], nursery: trio.Nursery, idle_timeout: float, max_idle: int) -> None:
        self._command = command
        self._nursery = nursery
        self._idle_timeout = idle_timeout
        self._max_idle = max_idle
        self._waiting: list[_Waiting] = []

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Lend a child, a new one where none waits. One that was left in the middle of its work is killed."""
        worker = await self._take()
        try:
            yield worker
        finally:
            if worker.usable and len(self._waiting) < self._max_idle:
                waiting = _Waiting(worker)
                self._waiting.append(waiting)
                self._nursery.start_soon(self._retire, waiting)
            else:
                await worker.kill()  # noqa: ASYNC102 - killing a child is shielded and bounded

    async def close(self) -> None:
        """Kill the children that wait."""
        while self._waiting:
            waiting = self._waiting.pop()
            waiting.taken.set()
            await waiting.worker.kill()

    async def _take(self) -> Worker:
        while self._waiting:
            waiting = self._waiting.pop()
            waiting.taken.set()
            if waiting.worker.usable:
                return waiting.worker
            await waiting.worker.kill()
        return await Worker.start(self._command, self._nursery)

    async def _retire(self, waiting: _Waiting) -> None:
        """End a child that nobody takes for a while."""
        with trio.move_on_after(self._idle_timeout):
            await waiting.taken.wait()
        # It may have been taken in the very moment in which the time was over.
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            await waiting.worker.kill()
