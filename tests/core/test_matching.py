"""A push concerns a project, or the reason is told."""

from __future__ import annotations

from typing import Any

import pytest

from lci_app.core.delivery import Verdict
from lci_app.core.matching import (
    Matched,
    Passed,
    any_file_matches,
    judge,
    match,
    match_pull_request,
    of_repository,
    verdict_of,
)
from lci_app.core.project import ProjectSettings
from lci_app.core.pull_request import PullRequest, read_pull_request
from lci_app.core.push import Push, read_push
from tests.makers import commit, project, pull_request_document, push_document


def _push(**fields: object) -> Push:
    push = read_push(push_document(**fields))
    assert isinstance(push, Push)
    return push


@pytest.mark.parametrize(
    ("path_filter", "files", "matches"),
    [
        ("**", {"a"}, True),
        ("", {"a"}, True),
        ("backend/**", {"backend/x/y.py"}, True),
        ("backend/**", {"frontend/y.py"}, False),
        ("backend/**", {"frontend/y.py", "backend/z"}, True),
        ("backend/**, !**/*.md", {"backend/README.md"}, False),
        ("backend/**, !**/*.md", {"backend/README.md", "backend/a.py"}, True),
        ("!docs/**", {"docs/a.md"}, False),
        ("!docs/**", {"src/a.py"}, True),
        ("*.py", {"deep/down/a.py"}, True),
        ("/Makefile", {"sub/Makefile"}, False),
        ("backend/", {"backend/a"}, True),
        ("**", set(), False),
        ("backend/**, !backend/docs/", {"backend/docs/x.txt"}, False),
        ("backend/, !backend/docs", {"backend/docs/x.txt", "backend/a"}, True),
        ("!docs/", {"docs/x.txt"}, False),
        ("!docs", {"docs/x.txt"}, False),
        ("**, !docs", {"docs/deep/x.txt"}, False),
        ("!docs, docs/api/**", {"docs/api/x.txt"}, True),
    ],
)
def test_a_path_filter_decides_over_all_files(path_filter: str, files: set[str], matches: bool) -> None:
    expected = True if path_filter in {"**", ""} else matches
    assert any_file_matches(path_filter, frozenset(files)) is expected


def test_an_unknown_list_of_files_fits_every_filter() -> None:
    assert any_file_matches("backend/**", None)


def test_a_push_to_the_projects_branch_matches() -> None:
    assert isinstance(match(_push(), project()), Matched)


@pytest.mark.parametrize(
    ("fields", "settings", "verdict"),
    [
        ({"ref": "refs/heads/dev"}, {}, Verdict.BRANCH),
        ({"ref": "refs/tags/v1"}, {}, Verdict.BRANCH),
        ({"deleted": True}, {}, Verdict.DELETED),
        ({"head_commit": {"message": "x [skip ci]"}}, {}, Verdict.SKIP_CI),
        ({}, {"path_filter": "docs/**"}, Verdict.PATH),
        ({"commits": [commit(added=("docs/a",)), commit(added=("b",))]}, {"path_filter": "c/**"}, Verdict.PATH),
    ],
)
def test_what_does_not_match_has_its_reason(
    fields: dict[str, object], settings: dict[str, Any], verdict: Verdict
) -> None:
    passed = match(_push(**fields), project(**settings))
    assert isinstance(passed, Passed)
    assert passed.verdict is verdict
    assert passed.reason.endswith(".")


def test_every_project_of_a_monorepo_is_found() -> None:
    one = project(1, "api", repo="acme/shop")
    two = project(2, "web", repo="git@github.com:acme/shop.git")
    other = project(3, "other", repo="acme/other")
    assert of_repository(_push().urls, [one, two, other], "https://github.com") == [one, two]


def test_the_answer_names_the_project_that_came_nearest() -> None:
    passed = [
        match(_push(), project(branch="dev")),
        match(_push(), project(path_filter="docs/**")),
    ]
    assert verdict_of([each for each in passed if isinstance(each, Passed)]).verdict is Verdict.PATH


@pytest.mark.parametrize(
    ("path_filter", "message", "files", "would_build", "reason"),
    [
        ("**", "", {"a"}, True, "The filter takes every file."),
        ("api/**", "", {"api/b", "api/a", "web/x"}, True, "It changed api/a and 1 more that fit."),
        ("api/**", "", {"web/x"}, False, "No file that it changed fits 'api/**'."),
        ("api/**", "Tidy [skip ci]", {"api/a"}, False, "The commit message asks to skip CI."),
        ("api/**", "", None, True, "It is not known which files it changed, and then it is built."),
    ],
)
def test_a_commit_is_judged_as_a_push_of_it_would_be(
    path_filter: str, message: str, files: set[str] | None, would_build: bool, reason: str
) -> None:
    judged = judge(path_filter, message, None if files is None else frozenset(files))
    assert (judged.would_build, judged.reason) == (would_build, reason)


@pytest.mark.parametrize("path_filter", ["!", "a/**,!", "\\", "[z-a]"])
def test_what_is_no_filter_is_refused_before_any_push_meets_it(path_filter: str) -> None:
    with pytest.raises(ValueError, match=r"is no pattern: write them as in \.gitignore"):
        ProjectSettings.model_validate({"repo": "owner/name", "path_filter": path_filter})


@pytest.mark.parametrize(
    ("wanted", "fork", "branch", "verdict"),
    [
        ("off", False, "main", Verdict.EVENT),
        ("off", True, "main", Verdict.EVENT),
        ("same_repository", True, "main", Verdict.EVENT),
        ("same_repository", False, "main", None),
        ("same_repository", False, "release", Verdict.BRANCH),
        ("forks_after_approval", True, "main", None),
        ("forks_after_approval", False, "main", None),
        ("forks_after_approval", True, "release", Verdict.BRANCH),
    ],
)
def test_which_pull_requests_a_project_builds(wanted: str, fork: bool, branch: str, verdict: Verdict | None) -> None:
    asked = read_pull_request(pull_request_document(fork=fork))
    assert isinstance(asked, PullRequest)
    decided = match_pull_request(asked, project(pull_requests=wanted, branch=branch, path_filter="src/**"))
    assert (decided.verdict if isinstance(decided, Passed) else None) is verdict
    if isinstance(decided, Passed):
        assert decided.reason.endswith(".")
        assert verdict_of([decided]) is decided


def test_a_project_builds_no_pull_requests_unless_it_says_so() -> None:
    asked = read_pull_request(pull_request_document(fork=False))
    assert isinstance(asked, PullRequest)
    assert isinstance(match_pull_request(asked, project()), Passed)
