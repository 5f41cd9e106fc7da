from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.adapters.git.entry_names import is_dot_git, why_unsafe


@pytest.mark.parametrize(
    "name",
    [
        b".git", b".GIT", b".gIt", b"git~1", b"GIT~1", b".git.", b".git ", b".git...  .", b".git:x", b".git. :$DATA",
        b".git::$INDEX_ALLOCATION", b"git~1:x",
        ".g\u200dit".encode(), "\ufeff.git".encode(), ".gi\u202et\u206a".encode(),
    ],
)  # fmt: skip
def test_every_spelling_of_dot_git_is_known(name: bytes) -> None:
    assert is_dot_git(name)
    assert why_unsafe(name) == "stands for .git"


@pytest.mark.parametrize(
    "name",
    [
        b".gitignore", b".gitattributes", b".gitmodules", b".github", b"git", b"git~2", b"a.git", b".git-x", b"..git",
        b"...", b" ", b"a:b", b"back\\slash", b"\xff\xfe", "größe".encode(), "\u200c".encode(), b"a" * 255,
    ],
)  # fmt: skip
def test_names_that_are_merely_odd_are_let_through(name: bytes) -> None:
    assert why_unsafe(name) is None


@given(st.binary(max_size=300))
def test_no_name_that_is_let_through_leaves_its_folder(name: bytes) -> None:
    if why_unsafe(name) is None:
        assert name not in {b"", b".", b".."}
        assert not {b"/", b"\0"} & {bytes([byte]) for byte in name}
        assert len(name) <= 255
