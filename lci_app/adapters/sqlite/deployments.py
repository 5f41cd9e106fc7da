"""Deployments: every try to put a version into a slot, and the switch itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.builds import build_by_id
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.projects import activate, adopt
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.slots import project_slots, write_slot
from lci_app.core.lifecycle import RUNNING
from lci_app.core.model import (
    Build,
    Deployment,
    DeploymentOutcome,
    Health,
    HealthAttempt,
    JsonObject,
    Slot,
    SlotState,
    SlotStatus,
    Timestamp,
)
from lci_app.core.project import Project
from lci_app.interfaces import DomainTaken

_SELECT: Final = """
SELECT d.*, b.build_number, b.commit_hash, b.trigger FROM deployments d JOIN builds b ON b.id = d.build_id
"""


class DeploymentsRoom(Room):
    async def begin_deployment(self, build: Build, slot: Slot, *, requested_by: str, at: Timestamp) -> Deployment:
        """Note the try. Raises Trouble("ROW_GONE") where the build was removed."""
        return await self._database.write(_begin, build, slot, requested_by, at)

    async def add_health_check(self, deployment_id: int, attempt: HealthAttempt) -> None:
        """Keep one attempt; the build's `health_check_attempts` counts it too."""
        await self._database.write(_add_health_check, deployment_id, attempt)

    async def commit_switch(
        self, deployment_id: int, state: SlotState, addresses: JsonObject, at: Timestamp
    ) -> Project | DomainTaken | None:
        """The switch: the slot is active and `running`, the project not stopped, the other slot `draining` if it held
        a container, and the settings of `addresses` are the project's. DomainTaken, and nothing changed, where one of
        them is another project's; None, and nothing changed, when the build's cancellation was asked for or it does
        not run.
        """
        return await self._database.write(_commit_switch, deployment_id, state, addresses, at)

    async def commit_flip(
        self, project_id: int, slot: Slot, addresses: JsonObject, at: Timestamp
    ) -> Project | DomainTaken | None:
        """Make a slot that is `running` and healthy the active one, with its `addresses`, without a build.

        None, and nothing changed, where it is not.
        """
        return await self._database.write(_commit_flip, project_id, slot, addresses, at)

    async def end_deployment(
        self,
        deployment_id: int,
        outcome: DeploymentOutcome,
        *,
        reason: str,
        container_log: Sequence[str] = (),
        at: Timestamp,
    ) -> None:
        """End it. What has ended stays so, but that a Success may be FlippedBack later."""
        await self._database.write(_end, deployment_id, outcome, reason, container_log, at)

    async def record_receipt(self, deployment_id: int, receipt: JsonObject) -> None:
        await self._database.write(_record_receipt, deployment_id, receipt)

    async def unfinished_deployments(self) -> list[Deployment]:
        """Return those without an outcome, oldest first."""
        return await self._database.read(_unfinished)

    async def deployments(
        self, project_id: int, *, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[Deployment]]:
        """Return the number of all of the project (`before_id` apart), and those asked for, newest first."""
        return await self._database.read(_list, project_id, limit, offset, before_id)

    async def deployment_of(self, build_id: int) -> Deployment | None:
        """Return the newest deployment of a build."""
        return await self._database.read(_newest_of_build, build_id)

    async def live_deployment(self, project_id: int, slot: Slot) -> Deployment | None:
        """Return the newest deployment that switched to that slot (its id is the route's upstream id)."""
        return await self._database.read(_live, project_id, slot)


def has_switched(connection: Connection, build_id: int) -> bool:
    """Return whether a deployment that is under way or went well has switched traffic to the build."""
    row = connection.execute(
        "SELECT 1 FROM deployments WHERE build_id = :id AND switched_at IS NOT NULL "
        "AND (outcome IS NULL OR outcome = :success)",
        bound(id=build_id, success=DeploymentOutcome.SUCCESS),
    ).fetchone()
    return row is not None


def switched_slot(connection: Connection, build_id: int) -> Slot | None:
    row = connection.execute(
        "SELECT slot FROM deployments WHERE build_id = :id AND switched_at IS NOT NULL ORDER BY id DESC",
        bound(id=build_id),
    ).fetchone()
    return None if row is None else Slot(row["slot"])


def _several(connection: Connection, condition: str, **values: object) -> list[Deployment]:
    """Return the deployments that a WHERE clause (with its ORDER BY), written in this file, finds."""
    found = connection.execute(_SELECT + condition, bound(**values)).fetchall()
    checks: defaultdict[int, list[HealthAttempt]] = defaultdict(list)
    for row in connection.execute(
        "SELECT * FROM health_checks WHERE deployment_id IN (SELECT value FROM json_each(:ids)) "
        "ORDER BY deployment_id, id",
        bound(ids=[row["id"] for row in found]),
    ):
        checks[row["deployment_id"]].append(rows.health_attempt(row))
    return [rows.deployment(row, checks[row["id"]]) for row in found]


def _first(connection: Connection, condition: str, **values: object) -> Deployment | None:
    return next(iter(_several(connection, condition, **values)), None)


def _by_id(connection: Connection, deployment_id: int) -> Deployment | None:
    return _first(connection, "WHERE d.id = :id", id=deployment_id)


def _begin(connection: Connection, build: Build, slot: Slot, requested_by: str, at: Timestamp) -> Deployment:
    (deployment_id,) = connection.execute(
        "INSERT INTO deployments (project_id, build_id, slot, requested_by, started_at) "
        "VALUES (:project_id, :build_id, :slot, :requested_by, :at) RETURNING id",
        bound(project_id=build.project_id, build_id=build.id, slot=slot, requested_by=requested_by, at=at),
    ).fetchone()
    # A build that is deployed once more after a crash counts the attempts of that deployment.
    connection.execute("UPDATE builds SET health_check_attempts = 0 WHERE id = :id", bound(id=build.id))
    (deployment,) = _several(connection, "WHERE d.id = :id", id=deployment_id)
    return deployment


def _add_health_check(connection: Connection, deployment_id: int, attempt: HealthAttempt) -> None:
    connection.execute(
        "INSERT INTO health_checks (deployment_id, attempt, at, url, ok, status, error, ms, body) "
        "VALUES (:deployment_id, :attempt, :at, :url, :ok, :status, :error, :ms, :body)",
        bound(
            deployment_id=deployment_id,
            attempt=attempt.attempt,
            at=attempt.at,
            url=attempt.url,
            ok=attempt.ok,
            status=attempt.status,
            error=attempt.error,
            ms=attempt.ms,
            body=attempt.body,
        ),
    )
    connection.execute(
        "UPDATE builds SET health_check_attempts = health_check_attempts + 1 "
        "WHERE id = (SELECT build_id FROM deployments WHERE id = :id)",
        bound(id=deployment_id),
    )


def _commit_switch(
    connection: Connection, deployment_id: int, state: SlotState, addresses: JsonObject, at: Timestamp
) -> Project | DomainTaken | None:
    deployment = _by_id(connection, deployment_id)
    if deployment is None or deployment.outcome is not None:
        return None
    build = build_by_id(connection, deployment.build_id)
    if build is None or build.status not in RUNNING or build.cancel_requested:
        return None
    if isinstance(adopted := adopt(connection, deployment.project_id, addresses, at), DomainTaken):
        return adopted
    connection.execute("UPDATE deployments SET switched_at = :at WHERE id = :id", bound(id=deployment_id, at=at))
    write_slot(
        connection,
        replace(state, project_id=deployment.project_id, slot=deployment.slot, status=SlotStatus.RUNNING),
    )
    connection.execute(
        "UPDATE slots SET status = :status WHERE project_id = :id AND slot = :slot AND container_id IS NOT NULL",
        bound(id=deployment.project_id, slot=deployment.slot.other, status=SlotStatus.DRAINING),
    )
    return activate(connection, deployment.project_id, deployment.slot, at)


def _commit_flip(
    connection: Connection, project_id: int, slot: Slot, addresses: JsonObject, at: Timestamp
) -> Project | DomainTaken | None:
    state = project_slots(connection, project_id)[slot]
    if (state.status, state.health) != (SlotStatus.RUNNING, Health.HEALTHY):
        return None
    project = adopt(connection, project_id, addresses, at)
    if project is None or isinstance(project, DomainTaken):
        return project
    if project.active_slot is slot and not project.stopped:
        return project
    return activate(connection, project_id, slot, at)


def _end(
    connection: Connection,
    deployment_id: int,
    outcome: DeploymentOutcome,
    reason: str,
    container_log: Sequence[str],
    at: Timestamp,
) -> None:
    connection.execute(
        "UPDATE deployments SET outcome = :outcome, reason = :reason, container_log = :container_log, "
        "finished_at = :at WHERE id = :id AND (outcome IS NULL OR (outcome = 'Success' AND :outcome = 'FlippedBack'))",
        bound(id=deployment_id, outcome=outcome, reason=reason, container_log=container_log, at=at),
    )


def _record_receipt(connection: Connection, deployment_id: int, receipt: JsonObject) -> None:
    connection.execute(
        "UPDATE deployments SET receipt = :receipt WHERE id = :id", bound(id=deployment_id, receipt=receipt)
    )


def _unfinished(connection: Connection) -> list[Deployment]:
    return _several(connection, "WHERE d.outcome IS NULL ORDER BY d.id")


def _list(
    connection: Connection, project_id: int, limit: int, offset: int, before_id: int | None
) -> tuple[int, list[Deployment]]:
    (total,) = connection.execute(
        "SELECT count(*) FROM deployments WHERE project_id = :id", bound(id=project_id)
    ).fetchone()
    older = "" if before_id is None else "AND d.id < :before_id "
    return total, _several(
        connection,
        f"WHERE d.project_id = :project_id {older}ORDER BY d.id DESC LIMIT :limit OFFSET :offset",
        project_id=project_id,
        before_id=before_id,
        limit=limit,
        offset=offset,
    )


def _newest_of_build(connection: Connection, build_id: int) -> Deployment | None:
    return _first(connection, "WHERE d.build_id = :id ORDER BY d.id DESC LIMIT 1", id=build_id)


def _live(connection: Connection, project_id: int, slot: Slot) -> Deployment | None:
    return _first(
        connection,
        "WHERE d.project_id = :id AND d.slot = :slot AND d.switched_at IS NOT NULL ORDER BY d.id DESC LIMIT 1",
        id=project_id,
        slot=slot,
    )
