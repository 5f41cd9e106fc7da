"""Who may use lci, from the server's own command line."""

from __future__ import annotations

import json

import pytest

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.sqlite import open_store
from lci_app.adapters.vault import open_vault
from lci_app.core import names
from lci_app.core.credentials import digest_of
from lci_app.core.model import Scope
from tests.cli.program import Program

PASSWORD = "correct horse battery staple"


def test_people_are_registered_listed_changed_and_removed(lci: Program) -> None:
    added = lci.run("user", "add", "anna", "--role", "admin", stdin=f"{PASSWORD}\n")
    assert (added.status, added.out) == (0, "anna registered\n")
    assert lci.run("user", "add", "bert", "--no-password").status == 0
    assert lci.run("user", "rm", "anna").status == 5
    assert lci.run("user", "role", "bert", "admin").out == "bert is admin now\n"
    assert lci.run("user", "password", "bert", stdin=f"{PASSWORD} two\n").status == 0
    assert lci.run("user", "rm", "anna").status == 0
    (left,) = json.loads(lci.run("user", "list", "--json").out)["users"]
    assert (left["name"], left["role"], left["password"]) == ("bert", "admin", True)
    audit = json.loads(lci.run("audit", "--json").out)["entries"]
    done = [(each["action"], each["subject"], each["status"]) for each in audit]
    assert done == [
        ("user_remove", "anna", 200), ("user_password", "bert", 200), ("user_role", "bert", 200),
        ("user_remove", "anna", 409), ("user_add", "bert", 200), ("user_add", "anna", 200),
    ]  # fmt: skip
    assert PASSWORD not in json.dumps(audit)


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("anna", "short", "the password must have at least 12"),
        ("a b", PASSWORD, "the name must be"),
        ("a", "", "no pa"),
    ],
)
def test_what_is_not_taken_is_told(lci: Program, name: str, password: str, sentence: str) -> None:
    ran = lci.run("user", "add", name, stdin=f"{password}\n")
    assert ran.status == 2
    assert sentence in ran.err


def test_a_set_up_link_is_for_the_first_only(lci: Program) -> None:
    assert lci.run("setup-link").out.startswith("http://127.0.0.1:3000/welcome#")
    lci.run("user", "add", "anna", "--no-password")
    assert lci.run("setup-link").status == 5


async def test_a_token_is_limited_expires_and_is_revoked(lci: Program) -> None:
    assert lci.run("token", "create", "--name", "ci", "--project", "nothing").status == 3
    made = lci.run("token", "create", "--name", "ci", "--scope", "read", "--days", "30")
    (listed,) = json.loads(lci.run("token", "list", "--json").out)["tokens"]
    vault = open_vault(lci.home / "data" / names.KEYS, None)
    async with open_store(lci.home / "data" / names.DATABASE, sealer=vault, at=SystemClock().now()) as store:
        token = await store.token(digest_of(made.out.strip()))
    assert token is not None
    assert (token.id, token.name, token.scope, token.expires_at) == (
        listed["id"],
        "ci",
        Scope.READ,
        listed["expires_at"],
    )
    assert made.out.strip() not in lci.run("token", "list").out
    assert lci.run("token", "revoke", str(token.id)).status == 0
