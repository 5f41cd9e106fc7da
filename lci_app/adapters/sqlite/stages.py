"""Stages: the steps of one run of a build, in their order."""

from __future__ import annotations

from dataclasses import replace
from sqlite3 import Connection

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound, seconds_between
from lci_app.core.model import Stage, StageKind, StageStatus, Timestamp


class StagesRoom(Room):
    async def begin_stage(self, build_id: int, name: str, kind: StageKind, at: Timestamp) -> Stage:
        """Add a running stage after those there are. Raises Trouble("ROW_GONE") where the build was removed."""
        return await self._database.write(_begin, build_id, name, kind, at)

    async def end_stage(self, stage: Stage, status: StageStatus, error: str | None, at: Timestamp) -> Stage:
        """End a stage and return it; one that has ended already stays as it is."""
        return await self._database.write(_end, stage, status, error, at)

    async def stages(self, build_id: int) -> list[Stage]:
        """Return a build's stages in their order."""
        return await self._database.read(_list, build_id)


def forget_stages(connection: Connection, build_id: int) -> None:
    connection.execute("DELETE FROM stages WHERE build_id = :id", bound(id=build_id))


def end_running_stages(connection: Connection, build_id: int, status: StageStatus, at: Timestamp) -> None:
    for stage in _list(connection, build_id):
        _end(connection, stage, status, None, at)


def _list(connection: Connection, build_id: int) -> list[Stage]:
    found = connection.execute("SELECT * FROM stages WHERE build_id = :id ORDER BY ordinal", bound(id=build_id))
    return [rows.stage(row) for row in found]


def _begin(connection: Connection, build_id: int, name: str, kind: StageKind, at: Timestamp) -> Stage:
    row = connection.execute(
        "INSERT INTO stages (build_id, ordinal, name, kind, status, started_at) VALUES (:id, "
        "(SELECT coalesce(max(ordinal), 0) + 1 FROM stages WHERE build_id = :id), :name, :kind, :status, :at) "
        "RETURNING *",
        bound(id=build_id, name=name, kind=kind, status=StageStatus.RUNNING, at=at),
    ).fetchone()
    return rows.stage(row)


def _end(connection: Connection, stage: Stage, status: StageStatus, error: str | None, at: Timestamp) -> Stage:
    ended = replace(
        stage,
        status=status,
        error=error,
        finished_at=at,
        duration_seconds=seconds_between(stage.started_at, at),
    )
    key = bound(build_id=stage.build_id, ordinal=stage.ordinal)
    connection.execute(
        "UPDATE stages SET status = :status, error = :error, finished_at = :at, duration_seconds = :duration "
        "WHERE build_id = :build_id AND ordinal = :ordinal AND finished_at IS NULL",
        key | bound(status=status, error=error, at=at, duration=ended.duration_seconds),
    )
    row = connection.execute("SELECT * FROM stages WHERE build_id = :build_id AND ordinal = :ordinal", key).fetchone()
    return ended if row is None else rows.stage(row)
