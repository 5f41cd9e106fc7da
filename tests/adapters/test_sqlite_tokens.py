"""API tokens: for what, for how long, last used when."""

from __future__ import annotations

import pytest

from lci_app.core.accounts import Role
from lci_app.core.model import Scope
from lci_app.interfaces import NewToken, NewUser
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, a_project, inline_store

NEW = NewToken(name="ci", secret_sha256="ab" * 32, scope=Scope.DEPLOY)


@pytest.fixture
async def store(tmp_path):
    async with inline_store(tmp_path) as opened:
        yield opened


async def test_a_token_is_found_by_the_hash_of_its_secret(store):
    token = await store.add_token(NEW, EARLY)
    assert (token.name, token.scope, token.created_at, token.projects) == ("ci", Scope.DEPLOY, EARLY, None)
    assert await store.token("ab" * 32) == token
    assert await store.token("cd" * 32) is None


async def test_its_projects_go_and_none_come(store):
    one, two = await a_project(store, "one"), await a_project(store, "two", number=2)
    limited = NewToken(name="ci", secret_sha256="a", scope=Scope.READ, projects=[one.id, two.id, 99])
    assert (await store.add_token(limited, EARLY)).projects == {one.id, two.id}
    await store.delete_project(one.id)
    assert (await store.token("a")).projects == {two.id}
    await store.delete_project(two.id)
    assert (await store.token("a")).projects == frozenset()


async def test_its_last_use_is_told(store):
    token = await store.add_token(NEW, EARLY)
    await store.touch_token(token.id, "192.0.2.1", LATER)
    used = await store.token("ab" * 32)
    assert (used.last_used_at, used.last_used_address) == (LATER, "192.0.2.1")


async def test_tokens_are_listed_all_or_of_one_person_and_removed(store):
    await store.add_user(NewUser(name="anna", role=Role.ADMIN), EARLY)
    nobodys = await store.add_token(NEW, EARLY)
    new = NewToken(name="a", secret_sha256="a", scope=Scope.READ, user_id=1, expires_at=LATEST)
    annas = await store.add_token(new, EARLY)
    assert (annas.user_name, annas.expires_at) == ("anna", LATEST)
    assert await store.tokens(user_id=None, limit=9, offset=0) == (2, [annas, nobodys])
    assert await store.tokens(user_id=1, limit=9, offset=0) == (1, [annas])
    assert await store.remove_token(annas.id) == annas
    assert await store.remove_token(annas.id) is None
    assert await store.token("a") is None
