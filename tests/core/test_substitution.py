from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core import substitution
from tests import makers

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BUILD = makers.build(build_number=7, branch="release/1", commit_hash=COMMIT)


def test_each_name_stands_for_its_value():
    text = "app:${branch}-${build_number}-${short_commit}-${commit}"
    replaced = substitution.replaced_in(substitution.checked(text), substitution.values_of(BUILD))
    assert replaced == f"app:release/1-7-0123456-{COMMIT}"


def test_of_a_doubled_dollar_the_text_itself_is_left():
    text = substitution.checked("$${HOME} $$ $HOME {branch} $${branch}")
    assert substitution.replaced_in(text, substitution.values_of(BUILD)) == "${HOME} $$ $HOME {branch} ${branch}"


def test_what_is_put_in_is_not_looked_at_again():
    odd = makers.build(branch="${commit}", commit_hash=COMMIT)
    assert substitution.replaced_in("${branch}", substitution.values_of(odd)) == "${commit}"


@given(st.text().filter(lambda text: "${" not in text))
def test_a_text_without_placeholders_is_left_as_it_is(text: str):
    assert substitution.replaced_in(substitution.checked(text), substitution.values_of(BUILD)) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("${comit}", "${comit} is not known; did you mean ${commit}? ($${comit} stands for the text itself)"),
        ("x${tag}", "${tag} is not supported yet; ${branch}, ${build_number}, ${commit}, ${short_commit} are ("),
        ("${toolchain}", "${toolchain} is not supported yet"),
        ("${flavor}", "${flavor} is not supported yet"),
        ("${}", "${} is not supported yet"),
    ],
)
def test_an_unknown_name_is_refused(text: str, told: str):
    with pytest.raises(ValueError) as caught:
        substitution.checked(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{project}", "3"),
        ("${project}_${branch}", "3_main"),
        ("{project}_{branch}_{short_commit}", "3_main_0123456"),
        ("{commit}", COMMIT),
        ("all", "all"),
    ],
)
def test_a_queue_key_takes_either_spelling(template: str, key: str):
    checked = substitution.checked_queue_key(template)
    assert substitution.queue_key(checked, project_id=3, branch="main", commit_hash=COMMIT) == key


def test_in_a_queue_key_the_branch_stands_for_a_commit_that_is_not_known_yet():
    given = "{commit} {short_commit}"
    assert substitution.queue_key(given, project_id=3, branch="main", commit_hash=None) == "main main"


def test_an_unknown_name_in_a_queue_key_is_refused():
    with pytest.raises(ValueError, match=r"\$\{flavor\} is not supported yet"):
        substitution.checked_queue_key("{flavor}_{branch}")
