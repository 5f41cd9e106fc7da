"""Does a push concern a project: yes, or no with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lci_app.core.delivery import Verdict
from lci_app.core.path_filter import fitting_files
from lci_app.core.project import Project, PullRequests
from lci_app.core.pull_request import PullRequest
from lci_app.core.push import Push, asks_to_skip
from lci_app.core.repositories import address, full_url

_SKIPPED: Final = "The commit message asks to skip CI."


@dataclass(frozen=True, slots=True)
class Matched:
    project: Project
    branch: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The push is of the project's repository, but nothing is built for it."""

    project: Project
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether one commit, pushed by itself to the project's branch, would be built; `reason` is a sentence."""

    would_build: bool
    reason: str


def of_repository(urls: Iterable[str], projects: Iterable[Project], github_url: str) -> list[Project]:
    """Return the projects whose repository one of these addresses means."""
    named = [found for url in urls if (found := address(url)) is not None]
    return [
        project
        for project in projects
        if (own := address(full_url(project.settings.repo, github_url))) is not None
        and any(own.means(each) for each in named)
    ]


def match(push: Push, project: Project) -> Matched | Passed:
    """Decide for one project of the push's repository."""
    settings = project.settings
    if push.branch is None:
        return Passed(project, Verdict.BRANCH, f"{push.ref} is no branch; {project.name} builds {settings.branch}.")
    if push.branch != settings.branch:
        return Passed(project, Verdict.BRANCH, f"{project.name} builds {settings.branch}, not {push.branch}.")
    if push.deleted:
        return Passed(project, Verdict.DELETED, f"The branch {push.branch} was deleted.")
    if push.skips_ci:
        return Passed(project, Verdict.SKIP_CI, _SKIPPED)
    if not any_file_matches(settings.path_filter, push.files):
        reason = (
            f"None of the {len(push.files or ())} files of the push fits {settings.path_filter!r} ({project.name})."
        )
        return Passed(project, Verdict.PATH, reason)
    return Matched(project, push.branch)


def judge(path_filter: str, message: str, files: frozenset[str] | None) -> Judged:
    """Decide for one commit as `match` does for a push of it to the project's branch."""
    fitting = fitting_files(path_filter, files)
    if asks_to_skip(message):
        return Judged(False, _SKIPPED)
    if files is None:
        return Judged(True, "It is not known which files it changed, and then it is built.")
    if fitting is None:
        return Judged(True, "The filter takes every file.")
    if not fitting:
        return Judged(False, f"No file that it changed fits {path_filter!r}.")
    return Judged(
        True, f"It changed {min(fitting)}{f' and {len(fitting) - 1} more that fit' if len(fitting) > 1 else ''}."
    )


def match_pull_request(pull_request: PullRequest, project: Project) -> Matched | Passed:
    """Decide for one project of the repository that it asks to be merged into.

    Which files it changes the payload does not say: it fits every path filter.
    """
    wanted = project.settings.pull_requests
    if wanted is PullRequests.OFF:
        return Passed(project, Verdict.EVENT, f"{project.name} builds no pull requests (pull_requests is off).")
    if pull_request.from_fork and wanted is not PullRequests.FORKS_AFTER_APPROVAL:
        reason = f"{project.name} builds no pull requests from forks (pull_requests is {wanted})."
        return Passed(project, Verdict.EVENT, reason)
    if pull_request.base != project.settings.branch:
        reason = f"{project.name} builds pull requests into {project.settings.branch}, not into {pull_request.base}."
        return Passed(project, Verdict.BRANCH, reason)
    return Matched(project, pull_request.base)


def any_file_matches(path_filter: str, files: frozenset[str] | None) -> bool:
    """Return whether a push of those files is built; an unknown list of files (None) fits every filter."""
    fitting = fitting_files(path_filter, files)
    return fitting is None or bool(fitting)


def verdict_of(passed: Iterable[Passed]) -> Passed:
    """Return the one to answer with when no project matched: the one that came nearest to a build."""
    nearness = (Verdict.SKIP_CI, Verdict.PATH, Verdict.DELETED, Verdict.BRANCH, Verdict.EVENT)
    return min(passed, key=lambda each: nearness.index(each.verdict))
