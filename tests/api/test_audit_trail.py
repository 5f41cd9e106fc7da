"""What the audit log says of a change that did not go well."""

from __future__ import annotations

import logging

import pytest
import trio

from lci_app.api.audit_trail import AuditTrail
from lci_app.api.route import Call, Route
from lci_app.core.model import Scope
from lci_app.interfaces import Trouble
from tests.api.rig import Rig

ROUTE = Route("POST", "/api/x", "do_it", Scope.ADMIN, "Do it")


async def statuses(rig: Rig) -> list[int | None]:
    return [entry.status for entry in (await rig.store.audit(actor=None, limit=9, offset=0))[1]]


async def test_a_bug_is_a_500(rig: Rig) -> None:
    with pytest.raises(ZeroDivisionError):
        async with AuditTrail(rig.store, rig.clock).entry(ROUTE, Call(path={})):
            raise ZeroDivisionError
    assert await statuses(rig) == [500]


async def test_what_was_cut_off_says_nothing_of_its_end(rig: Rig) -> None:
    with trio.CancelScope() as scope:
        async with AuditTrail(rig.store, rig.clock).entry(ROUTE, Call(path={})):
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert await statuses(rig) == [None]


async def test_an_outcome_that_cannot_be_written_is_logged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(*_: object) -> None:
        raise Trouble("DATABASE_FULL", "the disk is full")

    monkeypatch.setattr(rig.store, "end_audit", full)
    async with AuditTrail(rig.store, rig.clock).entry(ROUTE, Call(path={})) as entry:
        entry.status = 200
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert await statuses(rig) == [None]
