"""Looks at a repository before there is a project of it: what it seems to be, and which commits would be built."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import trio

from lci_app.core import names
from lci_app.core.detection.plan import Detected, directories_of, plan_of
from lci_app.core.matching import Judged, judge
from lci_app.core.path_filter import EVERYTHING
from lci_app.core.repositories import full_url, path_of
from lci_app.interfaces import Clock, OutsideError, PastCommit, Refusal, Repository, Source, Survey, Workspace
from lci_app.services.under_trouble import attempt

# For fetching; who sets a project up waits for it, and the command line for no answer longer than a minute.
SURVEY_TIMEOUT: Final = 45.0
# Whoever edits a filter asks again and again: for so long the repository is not.
REMEMBERED_SECONDS: Final = 60.0
_REMEMBERED: Final = 4
_AT_ONCE: Final = 2
_REMOVE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Looked:
    """A repository as it would be set up. `folders` look like projects of their own; commits are the newest first."""

    commit_hash: str
    detected: Detected
    folders: list[str]
    commits: list[tuple[PastCommit, Judged]]


@dataclass(frozen=True, slots=True)
class NotReached:
    """Which field of the question is to blame, and why as a clause."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    repo: str
    branch: str
    folder: str
    # None: the one that the plan proposes.
    path_filter: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass
class Detector:
    source: Source
    workspace: Workspace
    clock: Clock
    github_url: str
    _remembered: dict[bytes, tuple[float, Survey]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(_AT_ONCE))

    async def look(self, question: Question) -> Looked | NotReached:
        """Fetch the branch, unless that was done just now, and say what it seems to be. Leaves nothing on the disk."""
        path = path_of(question.repo)
        if path is not None and await self.workspace.holds(path):
            return NotReached("repo", "must not lead into lci's own data directory")
        try:
            survey = await self._survey(question)
        except OutsideError as error:
            return _blamed(error)
        folder = question.folder
        if folder and not any(path.startswith(f"{folder}/") for path in survey.tree.files):
            return NotReached("working_directory", f"is no folder of the commit {survey.hash[:12]}")
        detected = plan_of(survey.tree, folder)
        path_filter = _filter_of(detected) if question.path_filter is None else question.path_filter
        judged = [(each, judge(path_filter, each.message, each.files)) for each in survey.commits]
        return Looked(survey.hash, detected, directories_of(survey.tree.files), judged)

    async def _survey(self, question: Question) -> Survey:
        asked = "\0".join((question.repo, question.branch, question.token or ""))
        # The token itself is not kept.
        key = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()
        async with self._limiter:
            at, known = self._remembered.get(key, (0.0, None))
            if known is not None and self.clock.seconds() - at < REMEMBERED_SECONDS:
                return known
            async with self._scratch() as scratch:
                survey = await self.source.survey(
                    Repository(full_url(question.repo, self.github_url), question.token),
                    scratch=scratch,
                    branch=question.branch,
                    timeout=SURVEY_TIMEOUT,
                )
            self._remembered.pop(key, None)
            self._remembered[key] = (self.clock.seconds(), survey)
            if len(self._remembered) > _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            return survey

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[Path]:
        relative = names.survey(next(self._numbers))
        try:
            yield await self.workspace.make(relative)
        finally:
            with trio.move_on_after(_REMOVE_SECONDS, shield=True):
                await attempt(lambda: self.workspace.remove(relative), what=f"remove {relative}")


def _filter_of(detected: Detected) -> str:
    return next((str(finding.value) for finding in detected.plan if finding.field == "path_filter"), EVERYTHING)


def _blamed(error: OutsideError) -> NotReached:
    """Name the field by which the one who asks can mend it: a repository out of reach is the repository's."""
    what = "branch" if error.code == "BRANCH_NOT_FOUND" else "repo"
    how = "was refused" if isinstance(error, Refusal) else "could not be looked at"
    return NotReached(what, f"{how}: {error}".rstrip("."))
