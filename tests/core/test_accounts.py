from __future__ import annotations

import pytest

from lci_app.core.accounts import Caller, Role, name_fault, password_fault
from lci_app.core.model import Scope


def test_each_role_has_the_scope_of_its_rank() -> None:
    assert [role.scope for role in Role] == [Scope.ADMIN, Scope.DEPLOY, Scope.READ]


@pytest.mark.parametrize("name", ["a", "anna", "anna.b-c_d", "A1", "x" * 64])
def test_a_name_that_is_taken(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a-", ".", "é", "x" * 65, "a\n", "../x", "<b>"])
def test_a_name_that_is_not(name: str) -> None:
    assert name_fault(name) is not None


@pytest.mark.parametrize("password", ["correct horse battery", "a1b2c3d4e5f6", "비밀번호는열두글자이상으로"])
def test_a_password_that_is_taken(password: str) -> None:
    assert password_fault(password, "anna") is None


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 11, "aaaaaaaaaaaaaaaa", "annaannaanna1", "abababababab", "ab1" * 99]
)
def test_a_password_that_is_not(password: str) -> None:
    assert password_fault(password, "anna") is not None


def test_nobody_sees_by_default_what_a_limit_leaves_out() -> None:
    assert Caller(Scope.READ).sees(1)
    assert Caller(Scope.READ, projects=frozenset({1})).sees(1)
    assert not Caller(Scope.ADMIN, projects=frozenset()).sees(1)
