"""Writes down every change that somebody asks for: before it is made, so that there is none without an entry."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from lci_app.api.route import Call, Route
from lci_app.interfaces import Clock, NewAuditEntry, OutsideError, Store

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 2.0


@dataclass(slots=True)
class OpenEntry:
    """`status` is to be set to what was answered; it stays None where the change was cut off in the middle."""

    status: int | None = None


class AuditTrail:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def entry(self, route: Route, call: Call) -> AsyncIterator[OpenEntry]:
        """Write an entry, and its outcome when the block is left. Raises Trouble where it cannot: then nothing changes.

        Of what was given only the fields' names are kept: their values may be secrets.
        """
        entry = NewAuditEntry(
            actor=call.caller.name,
            address=call.visit.browser.address,
            action=route.operation,
            subject="/".join(call.path.values()),
            fields=sorted(call.body.model_fields_set),
            request_id=call.visit.request_id,
        )
        entry_id = await self._store.begin_audit(entry, self._clock.now())
        opened = OpenEntry()
        try:
            yield opened
        except Exception:
            opened.status = 500
            raise
        finally:
            if opened.status is not None:
                with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                    await self._end(entry_id, opened.status)

    async def _end(self, entry_id: int, status: int) -> None:
        try:
            await self._store.end_audit(entry_id, status)
        except OutsideError as error:
            _log.error("how entry %d of the audit log ended (%d) could not be written: %s", entry_id, status, error)
