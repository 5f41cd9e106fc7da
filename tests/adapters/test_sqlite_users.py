"""People and the link that makes the first of them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from lci_app.core.accounts import Role, User
from lci_app.core.model import Scope
from lci_app.interfaces import LastAdministrator, NewSession, NewToken, NewUser, NoSuchUser, UserNameTaken
from tests.adapters.sqlite_store import EARLY, LATER, inline_store

HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"


@pytest.fixture
async def store(tmp_path):
    async with inline_store(tmp_path) as opened:
        yield opened


async def a_user(store, name="anna", role=Role.ADMIN, **fields) -> User:
    added = await store.add_user(NewUser(name=name, role=role, **fields), EARLY)
    assert isinstance(added, User)
    return added


async def test_a_name_is_one_persons_in_whatever_case(store):
    anna = await a_user(store, password_hash=HASH)
    assert (anna.name, anna.role, anna.has_password, anna.github_id) == ("anna", Role.ADMIN, True, None)
    assert await store.add_user(NewUser(name="ANNA", role=Role.VIEWER), LATER) == UserNameTaken("ANNA")
    assert await store.user_named("Anna") == await store.user(anna.id) == anna
    assert await store.user_named("bert") is None
    assert await store.password_hash(anna.id) == HASH
    assert await store.users(limit=9, offset=0) == (1, [anna])


async def test_somebody_of_github_is_found_by_number(store):
    anna = await a_user(store, github_id=2**40)
    assert await store.user_of_github(2**40) == anna
    assert await store.user_of_github(1) is None


async def test_the_set_up_link_makes_one_person_once_and_in_time(store):
    new = NewUser(name="anna", role=Role.ADMIN, password_hash=HASH)
    assert await store.add_first_user(new, set_up_sha256="", at=EARLY) is None
    assert await store.offer_set_up("old", LATER)
    assert await store.offer_set_up("new", LATER)
    assert not await store.is_set_up_open("old", EARLY)
    assert not await store.is_set_up_open("new", LATER)
    assert await store.is_set_up_open("new", EARLY)
    assert await store.add_first_user(new, set_up_sha256="new", at=LATER) is None
    assert not await store.has_users()
    first = await store.add_first_user(new, set_up_sha256="new", at=EARLY)
    assert (first.name, first.role) == ("anna", Role.ADMIN)
    assert await store.has_users()
    assert await store.add_first_user(replace(new, name="eve"), set_up_sha256="new", at=EARLY) is None
    assert not await store.offer_set_up("newer", LATER)


async def test_there_is_always_an_administrator(store):
    anna, bert = await a_user(store), await a_user(store, "bert", Role.DEPLOYER)
    assert await store.set_role(anna.id, Role.VIEWER) == LastAdministrator()
    assert await store.remove_user(anna.id) == LastAdministrator()
    assert await store.set_role(anna.id, Role.ADMIN) == anna
    assert (await store.set_role(bert.id, Role.ADMIN)).role is Role.ADMIN
    assert (await store.set_role(anna.id, Role.VIEWER)).role is Role.VIEWER
    assert (await store.remove_user(anna.id)).name == "anna"
    for outcome in (store.remove_user(anna.id), store.set_role(anna.id, Role.ADMIN), store.set_password(anna.id, HASH)):
        assert await outcome == NoSuchUser()


async def test_a_new_password_and_a_removal_end_the_sessions(store):
    anna, bert = await a_user(store), await a_user(store, "bert")
    new = NewSession(secret_sha256="a", address="", user_agent="")
    await store.begin_session(anna.id, new, replaces_sha256="", at=EARLY)
    await store.begin_session(bert.id, replace(new, secret_sha256="b"), replaces_sha256="", at=EARLY)
    await store.set_password(anna.id, HASH)
    assert await store.session("a", EARLY) is None
    assert await store.session("b", EARLY) is not None
    await store.remove_user(bert.id)
    assert await store.session("b", EARLY) is None


async def test_a_hash_is_made_stronger_only_where_it_is_still_the_same(store):
    anna = await a_user(store, password_hash=HASH)
    await store.rehash(anna.id, "another", "stronger")
    assert await store.password_hash(anna.id) == HASH
    await store.rehash(anna.id, HASH, "stronger")
    assert await store.password_hash(anna.id) == "stronger"


async def test_a_token_ends_with_its_person_and_does_no_more_than_that_may(store):
    await a_user(store)
    bert = await a_user(store, "bert", Role.ADMIN)
    await store.add_token(NewToken(name="ci", secret_sha256="a", scope=Scope.ADMIN, user_id=bert.id), EARLY)
    for role, scope in ((Role.ADMIN, Scope.ADMIN), (Role.DEPLOYER, Scope.DEPLOY), (Role.VIEWER, Scope.READ)):
        await store.set_role(bert.id, role)
        assert (await store.token("a")).scope is scope
    await store.remove_user(bert.id)
    assert await store.token("a") is None


async def test_a_role_that_there_is_not_is_refused_by_the_schema(store):
    with pytest.raises(sqlite3.IntegrityError):
        await a_user(store, role="god")
