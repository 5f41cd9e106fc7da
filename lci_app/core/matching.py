"""Does a push concern a project: yes, or no with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pathspec

from lci_app.core.model import Verdict
from lci_app.core.project import Project
from lci_app.core.push import Push
from lci_app.core.repositories import address, full_url

EVERYTHING: Final = "**"


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
        return Passed(project, Verdict.SKIP_CI, "The commit message asks to skip CI.")
    if not any_file_matches(settings.path_filter, push.files):
        reason = (
            f"None of the {len(push.files or ())} files of the push fits {settings.path_filter!r} ({project.name})."
        )
        return Passed(project, Verdict.PATH, reason)
    return Matched(project, push.branch)


def any_file_matches(path_filter: str, files: frozenset[str] | None) -> bool:
    """Return whether a file fits the filter: comma-separated gitignore-style patterns, `!` excludes, the last decides.

    An unknown list of files (None) fits every filter: rather one build too many than a push that is never built.
    A filter that only excludes begins from everything.
    """
    patterns = [pattern.strip() for pattern in path_filter.split(",") if pattern.strip()]
    if files is None or not patterns or patterns == [EVERYTHING]:
        return True
    if all(pattern.startswith("!") for pattern in patterns):
        patterns.insert(0, EVERYTHING)
    # Not GitIgnoreSpec: there, as in git, what a folder's pattern takes in no later `!` gets out again.
    return any(pathspec.PathSpec.from_lines("gitignore", patterns).match_files(files))


def verdict_of(passed: Iterable[Passed]) -> Passed:
    """Return the one to answer with when no project matched: the one that came nearest to a build."""
    nearness = (Verdict.SKIP_CI, Verdict.PATH, Verdict.DELETED, Verdict.BRANCH)
    return min(passed, key=lambda each: nearness.index(each.verdict))
