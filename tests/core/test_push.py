"""A push says no more than it says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.payload import Malformed, read_json
from lci_app.core.push import MAX_LISTED_COMMITS, Push, read_push
from tests.makers import COMMIT, commit, push_document


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    document = read_json(body)
    if not isinstance(document, Malformed):
        read_push(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda e: (
            st.lists(e)
            | st.dictionaries(
                st.sampled_from(
                    ["ref", "before", "after", "repository", "commits", "head_commit", "author", "added", "message"]
                ),
                e,
            )
        ),
    )
)
def test_no_shape_breaks_the_reader(value: object) -> None:
    assert isinstance(read_push(push_document(commits=value, head_commit=value)), Push)
    assert isinstance(read_push({"ref": "refs/heads/main", "repository": value}), Malformed)


@pytest.mark.parametrize("name", ["ref", "before", "after", "repository"])
def test_a_push_without_what_is_needed_names_it(name: str) -> None:
    document = push_document()
    del document[name]
    malformed = read_push(document)
    assert isinstance(malformed, Malformed)
    assert malformed.field == name


def test_the_rest_may_be_missing() -> None:
    document = push_document()
    del document["commits"], document["head_commit"]
    push = _push(document)
    assert (push.message, push.author, push.files) == ("", "", None)


def test_files_of_all_commits_count() -> None:
    commits = [commit(added=("a",)), commit(removed=("b",)), commit(modified=("c",))]
    assert _push(push_document(commits=commits)).files == frozenset({"a", "b", "c"})


@pytest.mark.parametrize(
    "fields",
    [
        {"forced": True},
        {"commits": []},
        {"commits": [{"id": COMMIT}]},
        {"commits": [commit()] * MAX_LISTED_COMMITS},
    ],
)
def test_a_push_that_does_not_list_all_files_says_so(fields: dict[str, object]) -> None:
    assert _push(push_document(**fields)).files is None


def test_a_deleted_branch_is_known_by_either_sign() -> None:
    assert _push(push_document(deleted=True)).deleted
    assert _push(push_document(after="0" * 40)).deleted


@pytest.mark.parametrize("words", ["[skip ci]", "[ci skip]", "[Skip CI]", "[no ci]", "fix\n\n[skip actions]"])
def test_the_head_commit_may_ask_to_skip_ci(words: str) -> None:
    head = {"id": COMMIT, "message": f"docs {words}", "author": {"name": "Ana"}}
    assert _push(push_document(head_commit=head)).skips_ci


def test_a_tag_is_no_branch() -> None:
    assert _push(push_document(ref="refs/tags/v1")).branch is None


def test_lone_surrogates_are_replaced() -> None:
    head = json.loads('{"message": "a \\ud800 b", "author": {"name": "\\udfff"}}')
    push = _push(push_document(head_commit=head))
    push.message.encode()
    push.author.encode()


def _push(document: dict[str, object]) -> Push:
    push = read_push(document)
    assert isinstance(push, Push)
    return push
