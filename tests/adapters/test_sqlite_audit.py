"""The audit log: only ever added to."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from lci_app.interfaces import NewAuditEntry
from tests.adapters.sqlite_store import EARLY, LATER, inline_store

NEW = NewAuditEntry(actor="user anna", action="delete_project", subject="shop", fields=["a", "b"], request_id="r")


@pytest.fixture
async def store(tmp_path):
    async with inline_store(tmp_path) as opened:
        yield opened


async def test_an_entry_is_there_before_its_outcome_and_bears_it_afterwards(store):
    entry_id = await store.begin_audit(NEW, EARLY)
    _, (entry,) = await store.audit(actor=None, limit=9, offset=0)
    assert (entry.actor, entry.action, entry.subject, entry.fields, entry.status) == (
        "user anna", "delete_project", "shop", ("a", "b"), None,
    )  # fmt: skip
    await store.end_audit(entry_id, 200)
    _, (ended,) = await store.audit(actor=None, limit=9, offset=0)
    assert ended == replace(entry, status=200)


async def test_entries_are_listed_newest_first_all_or_of_one(store):
    first = await store.begin_audit(NEW, EARLY)
    second = await store.begin_audit(replace(NEW, actor="token ci"), LATER)
    assert [each.id for each in (await store.audit(actor=None, limit=9, offset=0))[1]] == [second, first]
    total, before = await store.audit(actor=None, limit=9, offset=0, before_id=second)
    assert (total, [each.id for each in before]) == (2, [first])
    assert [each.id for each in (await store.audit(actor="token ci", limit=9, offset=0))[1]] == [second]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "UPDATE audit SET status = 500",
        "UPDATE audit SET actor = 'nobody' WHERE id = 2",
        "UPDATE audit SET status = 200, subject = 'x' WHERE id = 2",
        "UPDATE audit SET at = '', status = 200 WHERE id = 2",
    ],
)
async def test_what_is_written_is_not_changed_and_not_removed(store, statement):
    await store.end_audit(await store.begin_audit(NEW, EARLY), 200)
    await store.begin_audit(NEW, EARLY)
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        await store._database.write(lambda connection: connection.execute(statement))
