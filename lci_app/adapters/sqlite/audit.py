"""The audit log: who changed what. The schema's triggers see to it that an entry is only ever added."""

from __future__ import annotations

import json
from sqlite3 import Connection

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.core.model import Timestamp
from lci_app.interfaces import AuditEntry, NewAuditEntry


class AuditRoom(Room):
    async def begin_audit(self, entry: NewAuditEntry, at: Timestamp) -> int:
        """Write an entry; returns its id, by which `end_audit` adds what was answered."""
        return await self._database.write(_begin, entry, at)

    async def end_audit(self, entry_id: int, status: int) -> None:
        await self._database.write(_end, entry_id, status)

    async def audit(
        self, *, actor: str | None, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[AuditEntry]]:
        """Return the number of all (of that actor), and those asked for, newest first."""
        return await self._database.read(_list, actor, limit, offset, before_id)


def _begin(connection: Connection, entry: NewAuditEntry, at: Timestamp) -> int:
    (entry_id,) = connection.execute(
        "INSERT INTO audit (at, actor, address, action, subject, fields, request_id, status) "
        "VALUES (:at, :actor, :address, :action, :subject, :fields, :request_id, :status) RETURNING id",
        bound(
            at=at,
            actor=entry.actor,
            address=entry.address,
            action=entry.action,
            subject=entry.subject,
            fields=entry.fields,
            request_id=entry.request_id,
            status=entry.status,
        ),
    ).fetchone()
    return int(entry_id)


def _end(connection: Connection, entry_id: int, status: int) -> None:
    connection.execute("UPDATE audit SET status = :status WHERE id = :id", bound(id=entry_id, status=status))


def _list(
    connection: Connection, actor: str | None, limit: int, offset: int, before_id: int | None
) -> tuple[int, list[AuditEntry]]:
    fitting = "1" if actor is None else "actor = :actor"
    counting = f"SELECT count(*) FROM audit WHERE {fitting}"  # noqa: S608 # nosec B608
    (total,) = connection.execute(counting, bound(actor=actor)).fetchone()
    if before_id is not None:
        fitting += " AND id < :before_id"
    listing = f"SELECT * FROM audit WHERE {fitting} ORDER BY id DESC LIMIT :limit OFFSET :offset"  # noqa: S608 # nosec B608
    found = connection.execute(listing, bound(actor=actor, before_id=before_id, limit=limit, offset=offset))
    return total, [AuditEntry(**{**dict(row), "fields": tuple(json.loads(row["fields"]))}) for row in found]
