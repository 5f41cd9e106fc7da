"""Deliveries: every signed webhook request, for good, with the builds it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.builds import build_by_id, insert_build
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.lives import cancel_queued
from lci_app.adapters.sqlite.rows import bound
from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.model import Build, NewBuild, Timestamp
from lci_app.interfaces import Gone, NewDelivery, RecordedDelivery

_SELECT: Final = """
SELECT d.*,
    (SELECT json_group_array(build_id) FROM delivery_builds WHERE delivery = d.id) AS build_ids,
    (SELECT json_group_array(project_id) FROM delivery_projects WHERE delivery = d.id) AS project_ids
FROM deliveries d
"""

# Gives no row where the delivery id is known. What was refused may come again: there may be a project for it then.
_INSERT: Final = """
INSERT INTO deliveries
    (delivery_id, event, received_at, verdict, reason, repository, ref, before_hash, after_hash, body_sha256)
VALUES
    (:delivery_id, :event, :received_at, :verdict, :reason, :repository, :ref, :before_hash, :after_hash, :body_sha256)
ON CONFLICT (delivery_id) DO UPDATE SET
    event = excluded.event, received_at = excluded.received_at, verdict = excluded.verdict, reason = excluded.reason,
    repository = excluded.repository, ref = excluded.ref, before_hash = excluded.before_hash,
    after_hash = excluded.after_hash, body_sha256 = excluded.body_sha256
    WHERE deliveries.verdict IN ('unknown_repository', 'malformed')
RETURNING id
"""


# The last delivery by which this very push was queued for a project; a monorepo may have a webhook for each of its own.
_THE_SAME: Final = """
WHERE d.id = (
    SELECT max(same.id) FROM deliveries same JOIN delivery_projects linked ON linked.delivery = same.id
    WHERE same.repository = :repository AND same.ref = :ref AND same.verdict = 'queued'
        AND same.before_hash = :before AND same.after_hash = :after AND linked.project_id = :project_id
        AND (:moved_on OR same.body_sha256 = :body_sha256)
)
"""


class DeliveriesRoom(Room):
    async def record_delivery(
        self,
        delivery: NewDelivery,
        *,
        verdict: Verdict,
        reason: str,
        builds: Sequence[NewBuild],
        project_ids: Sequence[int],
        at: Timestamp,
    ) -> RecordedDelivery:
        """Keep a delivery and queue its builds, in one transaction; an id that is known changes nothing.

        One that was refused, as malformed or of an unknown repository, is decided anew: it may be delivered again by
        hand. A build or a link of a project that was removed meanwhile is left out. What of a pull request has not
        begun is cancelled by its next build.
        """
        row = bound(
            delivery_id=delivery.delivery_id,
            event=delivery.event,
            received_at=at,
            verdict=verdict,
            reason=reason,
            repository=delivery.repository,
            ref=delivery.ref,
            before_hash=delivery.before,
            after_hash=delivery.after,
            body_sha256=delivery.body_sha256,
        )
        return await self._database.write(_record, row, builds, project_ids)

    async def earlier_pushes(self, delivery: NewDelivery, project_ids: Sequence[int]) -> list[Delivery]:
        return await self._database.read(_earlier_pushes, delivery, project_ids)

    async def delivery(self, row_id: int) -> Delivery | None:
        return await self._database.read(_by_id, row_id)

    async def deliveries(
        self, *, project_id: int | None, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[Delivery]]:
        """Return the number of all that fit (`before_id` apart), and those asked for, newest first."""
        return await self._database.read(_list, project_id, limit, offset, before_id)


def _record(
    connection: Connection, row: Mapping[str, Any], builds: Sequence[NewBuild], project_ids: Sequence[int]
) -> RecordedDelivery:
    inserted = connection.execute(_INSERT, row).fetchone()
    superseded: list[Build] = []
    if inserted is not None:
        _link_projects(connection, inserted["id"], project_ids)
        for new in builds:
            if new.pull_request is not None:
                superseded += cancel_queued(connection, new.project_id, new.pull_request, row["received_at"])
            _queue(connection, inserted["id"], new, row["received_at"])
    (known,) = connection.execute(_SELECT + "WHERE d.delivery_id = :delivery_id", row)
    delivery = rows.delivery(known)
    builds_of_it = _builds(connection, delivery)
    return RecordedDelivery(delivery, builds_of_it, duplicate=inserted is None, superseded=superseded)


def _earlier_pushes(connection: Connection, delivery: NewDelivery, project_ids: Sequence[int]) -> list[Delivery]:
    values = bound(
        delivery_id=delivery.delivery_id,
        repository=delivery.repository,
        ref=delivery.ref,
        before=delivery.before,
        after=delivery.after,
        body_sha256=delivery.body_sha256,
    )
    known = connection.execute("SELECT 1 FROM deliveries WHERE delivery_id = :delivery_id", values).fetchone()
    seen_last = connection.execute(
        "SELECT after_hash FROM deliveries WHERE repository = :repository AND ref = :ref AND verdict <> 'replay' "
        "ORDER BY id DESC LIMIT 1",
        values,
    ).fetchone()
    if known is not None or seen_last is None or seen_last["after_hash"] == delivery.before != delivery.after:
        return []
    values["moved_on"] = seen_last["after_hash"] != delivery.after
    found = [
        connection.execute(_SELECT + _THE_SAME, {**values, "project_id": project_id}).fetchone()
        for project_id in project_ids
    ]
    if any(row is None for row in found):
        return []
    return sorted({row["id"]: rows.delivery(row) for row in found}.values(), key=lambda each: each.id)


def _link_projects(connection: Connection, row_id: int, project_ids: Sequence[int]) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO delivery_projects (project_id, delivery) "
        "SELECT id, :delivery FROM projects WHERE id IN (SELECT value FROM json_each(:ids))",
        bound(delivery=row_id, ids=project_ids),
    )


def _queue(connection: Connection, row_id: int, new: NewBuild, at: Timestamp) -> None:
    build = insert_build(connection, new, at)
    if not isinstance(build, Gone):
        connection.execute(
            "INSERT INTO delivery_builds (delivery, build_id) VALUES (:delivery, :build_id)",
            bound(delivery=row_id, build_id=build.id),
        )


def _builds(connection: Connection, delivery: Delivery) -> list[Build]:
    found = (build_by_id(connection, build_id) for build_id in delivery.build_ids)
    return [build for build in found if build is not None]


def _by_id(connection: Connection, row_id: int) -> Delivery | None:
    row = connection.execute(_SELECT + "WHERE d.id = :id", bound(id=row_id)).fetchone()
    return None if row is None else rows.delivery(row)


def _list(
    connection: Connection, project_id: int | None, limit: int, offset: int, before_id: int | None
) -> tuple[int, list[Delivery]]:
    fitting, counted = "1", "SELECT count(*) FROM deliveries"
    if project_id is not None:
        counted = "SELECT count(*) FROM delivery_projects WHERE project_id = :project_id"
        fitting = "d.id IN (SELECT delivery FROM delivery_projects WHERE project_id = :project_id)"
    (total,) = connection.execute(counted, bound(project_id=project_id)).fetchone()
    if before_id is not None:
        fitting += " AND d.id < :before_id"
    found = connection.execute(
        f"{_SELECT} WHERE {fitting} ORDER BY d.id DESC LIMIT :limit OFFSET :offset",
        bound(project_id=project_id, before_id=before_id, limit=limit, offset=offset),
    )
    return total, [rows.delivery(row) for row in found]
