"""A pull request says no more than it says, and where its head comes from is not believed lightly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.model import Build, BuildStatus, Trust, Wait
from lci_app.core.payload import Malformed
from lci_app.core.pull_request import (
    OtherAction,
    PullRequest,
    head_ref,
    number_of,
    read_pull_request,
    refusal_to_run,
)
from tests.makers import BEFORE, COMMIT, build, pull_request_document, settings


def _read(document: dict[str, Any]) -> PullRequest:
    read = read_pull_request(document)
    assert isinstance(read, PullRequest), read
    return read


def _with_head(**head: Any) -> dict[str, Any]:
    document = pull_request_document()
    document["pull_request"]["head"] |= head
    return document


def test_what_is_said_is_read() -> None:
    read = _read(pull_request_document())
    assert (read.number, read.base, read.head_commit, read.before) == (7, "main", COMMIT, "")
    assert (read.title, read.author, read.full_name, read.ref) == (
        "Add a shelf",
        "mallory",
        "acme/shop",
        "refs/pull/7/head",
    )
    assert "https://github.com/acme/shop.git" in read.urls


def test_a_push_to_it_says_what_was_there_before() -> None:
    assert _read(pull_request_document(action="synchronize", before=BEFORE)).before == BEFORE


@pytest.mark.parametrize("action", ["closed", "edited", "labeled", "submitted", "", None, 3])
def test_what_brings_no_other_commit_builds_nothing(action: Any) -> None:
    assert isinstance(read_pull_request({"action": action}), OtherAction)


def test_a_head_of_the_repository_itself_is_of_no_fork() -> None:
    assert not _read(pull_request_document(fork=False)).from_fork


@pytest.mark.parametrize(
    "repository",
    [
        None,
        {},
        [],
        "acme/shop",
        {"id": 2, "full_name": "mallory/shop"},
        {"id": 2, "full_name": "acme/shop"},
        {"full_name": "acme/shop"},
        {"id": 1, "full_name": "mallory/shop"},
        {"id": 1},
        {"id": 1, "full_name": ""},
    ],
)
def test_what_is_not_surely_of_the_repository_is_of_a_fork(repository: Any) -> None:
    assert _read(_with_head(repo=repository)).from_fork


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (pull_request_document(repository=None), "repository"),
        (pull_request_document(repository={}), "repository.clone_url"),
        (pull_request_document(number=0), "number"),
        (pull_request_document(number=True), "number"),
        (pull_request_document() | {"number": "7"}, "number"),
        (pull_request_document() | {"number": 2**63}, "number"),
        (pull_request_document(pull_request=[]), "pull_request"),
        (_with_head(sha="main"), "pull_request.head.sha"),
        (_with_head(sha=None), "pull_request.head.sha"),
        (pull_request_document(pull_request={"head": {"sha": COMMIT}}), "pull_request.base.ref"),
    ],
)
def test_what_is_needed_and_not_there_is_named(document: dict[str, Any], field: str) -> None:
    malformed = read_pull_request(document)
    assert isinstance(malformed, Malformed)
    assert malformed.field == field


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda e: (
        st.lists(e)
        | st.dictionaries(st.sampled_from(["head", "base", "sha", "ref", "repo", "title", "user", "login"]), e)
    ),
)


@given(_JSON, _JSON)
def test_no_shape_breaks_the_reader(value: object, repository: object) -> None:
    read_pull_request(pull_request_document(pull_request=value))
    read_pull_request(pull_request_document(repository=repository))


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_a_ref_tells_its_number(number: int) -> None:
    assert number_of(head_ref(number)) == number


@pytest.mark.parametrize(
    "ref", ["", "refs/heads/main", "refs/pull/7/merge", "refs/pull/07/head", "refs/pull//head", "7"]
)
def test_another_ref_is_of_no_pull_request(ref: str) -> None:
    assert number_of(ref) is None


def _waiting(**fields: Any) -> Build:
    given: dict[str, Any] = {
        "trust": Trust.UNTRUSTED,
        "pull_request": 7,
        "needs_approval": True,
        "commit_hash": COMMIT,
        "deploy": False,
    }
    return build(**given | fields)


def test_a_build_waits_until_exactly_its_commit_is_approved() -> None:
    assert _waiting().waits_for is Wait.APPROVAL
    assert _waiting(approved_commit=BEFORE).waits_for is Wait.APPROVAL
    assert _waiting(commit_hash=None, approved_commit=None).waits_for is Wait.APPROVAL
    assert _waiting(approved_commit=COMMIT).waits_for is None
    assert _waiting(needs_approval=False).waits_for is None
    assert _waiting(status=BuildStatus.CANCELLED).waits_for is None


@pytest.mark.parametrize(
    ("fields", "wanted", "code"),
    [
        ({"approved_commit": COMMIT}, "forks_after_approval", None),
        ({"approved_commit": COMMIT}, "same_repository", "PULL_REQUESTS_OFF"),
        ({"approved_commit": COMMIT}, "off", "PULL_REQUESTS_OFF"),
        ({"approved_commit": BEFORE}, "forks_after_approval", "NOT_APPROVED"),
        ({}, "forks_after_approval", "NOT_APPROVED"),
        ({"needs_approval": False}, "same_repository", None),
        ({"needs_approval": False}, "off", "PULL_REQUESTS_OFF"),
        ({"pull_request": None, "needs_approval": False}, "off", None),
    ],
)
def test_whether_a_build_may_run_is_decided_by_the_settings_of_now(
    fields: dict[str, Any], wanted: str, code: str | None
) -> None:
    refusal = refusal_to_run(_waiting(**fields), settings(pull_requests=wanted))
    assert (refusal[0] if refusal else None) == code
