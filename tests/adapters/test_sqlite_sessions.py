"""Sessions: for how long, how many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lci_app.adapters.sqlite.sessions import MAX_SESSIONS
from lci_app.core.accounts import SESSION_IDLE_SECONDS, SESSION_SECONDS, Role
from lci_app.core.model import earlier, later
from lci_app.interfaces import NewSession, NewUser
from tests.adapters.sqlite_store import EARLY, inline_store

NEW = NewSession(secret_sha256="a", address="192.0.2.1", user_agent="Browser/1")


@pytest.fixture
async def store(tmp_path):
    async with inline_store(tmp_path) as opened:
        await opened.add_user(NewUser(name="anna", role=Role.DEPLOYER), EARLY)
        yield opened


async def begin(store, secret="a", at=EARLY, replaces=""):
    new = replace(NEW, secret_sha256=secret)
    return await store.begin_session(1, new, replaces_sha256=replaces, at=at)


async def test_a_session_tells_whose_it_is_and_where(store):
    session = await begin(store)
    assert (session.user.name, session.address, session.user_agent) == ("anna", "192.0.2.1", "Browser/1")
    assert session.user.last_sign_in_at == session.created_at == session.last_used_at == EARLY
    assert await store.session("a", EARLY) == session
    assert await store.session("b", EARLY) is None
    assert await store.begin_session(99, NEW, replaces_sha256="", at=EARLY) is None


async def test_a_session_ends_when_it_is_not_used(store):
    await begin(store)
    assert await store.session("a", later(EARLY, SESSION_IDLE_SECONDS - 1)) is not None
    assert await store.session("a", later(EARLY, SESSION_IDLE_SECONDS)) is None


async def test_a_session_ends_however_much_it_is_used(store):
    session = await begin(store)
    at = EARLY
    for _ in range(SESSION_SECONDS // SESSION_IDLE_SECONDS * 2):
        at = later(at, SESSION_IDLE_SECONDS / 2)
        await store.touch_session(session.id, at)
    assert await store.session("a", later(EARLY, SESSION_SECONDS - 1)) is not None
    assert await store.session("a", later(EARLY, SESSION_SECONDS)) is None
    assert await store.sessions(1, later(EARLY, SESSION_SECONDS)) == []


async def test_a_clock_that_was_set_back_ends_no_session(store):
    await begin(store)
    assert await store.session("a", earlier(EARLY, 24 * 3600)) is not None


async def test_a_browser_has_one_session_and_a_person_some(store):
    await begin(store)
    await begin(store, "b", replaces="a")
    assert await store.session("a", EARLY) is None
    for number in range(MAX_SESSIONS):
        await begin(store, f"c{number}", later(EARLY, number + 1))
    now = later(EARLY, 60)
    assert await store.session("b", now) is None
    assert len(await store.sessions(1, now)) == MAX_SESSIONS
    assert await store.end_session((await store.session("c0", now)).id)
    assert not await store.end_session(999)
    assert len(await store.sessions(1, now)) == MAX_SESSIONS - 1


async def test_what_has_expired_is_removed_at_the_next_sign_in(store):
    await begin(store)
    await begin(store, "b", later(EARLY, SESSION_SECONDS))
    connection = store._database._connections.glancing
    assert connection.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1
