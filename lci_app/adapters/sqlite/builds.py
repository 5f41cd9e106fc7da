"""Builds as they are listed, queued and looked up. What changes their status is in `lives`."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.projects import turn_auto_deploy
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.settings import keep_answer
from lci_app.core.model import Build, BuildStatus, NewBuild, Timestamp, Trigger
from lci_app.core.substitution import BUILD_NUMBER
from lci_app.interfaces import BuildFilter, Gone, Once, Placed

SELECT_BUILD: Final = "SELECT b.*, p.name AS project_name FROM builds b JOIN projects p ON p.id = b.project_id "
# The planner keeps no statistics here, and would rather read every build that ever was.
_SELECT_WAITING: Final = SELECT_BUILD.replace("builds b", "builds b INDEXED BY builds_waiting")
_SELECT_UNFINISHED: Final = SELECT_BUILD.replace("builds b", "builds b INDEXED BY builds_unfinished")
_NEWEST_OF_EACH_PROJECT: Final = """
WHERE b.id IN (SELECT (SELECT max(id) FROM builds WHERE project_id = each.id) FROM projects each)
"""


class BuildsRoom(Room):
    async def queue_build(self, new: NewBuild, at: Timestamp, *, once: Once[Placed] | None = None) -> Placed | Gone:
        """Queue a build; a rollback turns its project's automatic deployment off."""
        return await self._database.write(_queue_one, new, at, once)

    async def queue_builds(
        self, news: Sequence[NewBuild], at: Timestamp, *, once: Once[Sequence[Placed]] | None = None
    ) -> Sequence[Placed]:
        """Queue several builds at once, but for those of projects that are gone."""
        return await self._database.write(_queue_several, news, at, once)

    async def build(self, build_id: int) -> Build | None:
        return await self._database.glance(build_by_id, build_id)

    async def builds(self, wanted: BuildFilter, *, limit: int, offset: int) -> tuple[int, list[Build]]:
        """Return the number of all builds that fit (`before_id` apart), and those asked for, newest first."""
        return await self._database.read(_list, wanted, limit, offset)

    async def last_builds(self) -> dict[int, Build]:
        """Return the newest build of each project, by project id."""
        return await self._database.read(_last)

    async def queued_builds(self) -> list[Build]:
        """Return what waits, in the order in which it starts: the higher priority first, then the lower id."""
        return await self._database.read(_queued)

    async def running_builds(self) -> list[Build]:
        """Return what is under way, by id."""
        return await self._database.read(_running)

    async def queue_position(self, build: Build) -> int | None:
        """Return how many of its key start before it, running ones included, plus 1; None when it waits for no turn:
        it is not queued, or waits for something else first.
        """
        return await self._database.read(_queue_position, build.id)

    async def retained_builds(self, project_id: int) -> list[Build]:
        """Return the successful builds whose output is kept, newest first."""
        return await self._database.read(_retained, project_id)

    async def forget_output(self, build_id: int) -> None:
        """Note that output/BUILD_ID is no longer kept."""
        await self._database.write(_forget_output, build_id)


def build_by_id(connection: Connection, build_id: int) -> Build | None:
    row = connection.execute(SELECT_BUILD + "WHERE b.id = :id", bound(id=build_id)).fetchone()
    return None if row is None else rows.build(row)


def insert_build(connection: Connection, new: NewBuild, at: Timestamp) -> Build | Gone:
    numbered = connection.execute(
        "UPDATE projects SET last_build_number = last_build_number + 1 WHERE id = :id RETURNING last_build_number",
        bound(id=new.project_id),
    ).fetchone()
    if numbered is None:
        return Gone()
    if new.trigger is Trigger.ROLLBACK:
        turn_auto_deploy(connection, new.project_id, enabled=False, at=at)
    (build_id,) = connection.execute(
        """
        INSERT INTO builds
            (project_id, build_number, status, trigger, branch, queue_key, priority, deploy, trust, queued_at,
            commit_hash, commit_message, commit_author, requested_by, pull_request, needs_approval, approved_commit,
            approved_by, approved_at, parameters, output_build_id)
        VALUES
            (:project_id, :build_number, :status, :trigger, :branch, :queue_key, :priority, :deploy, :trust, :queued_at,
            :commit_hash, :commit_message, :commit_author, :requested_by, :pull_request, :needs_approval,
            :approved_commit, :approved_by, :approved_at, :parameters, :output_build_id)
        RETURNING id
        """,
        bound(
            project_id=new.project_id,
            build_number=numbered["last_build_number"],
            status=BuildStatus.QUEUED,
            trigger=new.trigger,
            branch=new.branch,
            queue_key=new.queue_key.replace(BUILD_NUMBER, str(numbered["last_build_number"])),
            priority=new.priority,
            deploy=new.deploy,
            trust=new.trust,
            queued_at=at,
            commit_hash=new.commit_hash,
            commit_message=new.commit_message,
            commit_author=new.commit_author,
            requested_by=new.requested_by,
            pull_request=new.pull_request,
            needs_approval=new.needs_approval,
            approved_commit=new.approved_commit,
            approved_by=new.approved_by,
            approved_at=new.approved_at,
            parameters=new.parameters,
            output_build_id=new.output_build_id,
        ),
    ).fetchone()
    build = build_by_id(connection, build_id)
    return Gone() if build is None else build


def _queue_one(connection: Connection, new: NewBuild, at: Timestamp, once: Once[Placed] | None) -> Placed | Gone:
    build = insert_build(connection, new, at)
    if isinstance(build, Gone):
        return build
    placed = Placed(build, _queue_position(connection, build.id))
    keep_answer(connection, once, placed)
    return placed


def _queue_several(
    connection: Connection, news: Sequence[NewBuild], at: Timestamp, once: Once[Sequence[Placed]] | None
) -> Sequence[Placed]:
    placed = [each for new in news if isinstance(each := _queue_one(connection, new, at, None), Placed)]
    if placed:
        keep_answer(connection, once, placed)
    return placed


def _several(connection: Connection, query: str, **values: object) -> list[Build]:
    return [rows.build(row) for row in connection.execute(query, bound(**values))]


def _list(connection: Connection, wanted: BuildFilter, limit: int, offset: int) -> tuple[int, list[Build]]:
    conditions = ["1"]
    if wanted.project_id is not None:
        conditions.append("b.project_id = :project_id")
    if wanted.project_ids is not None:
        conditions.append("b.project_id IN (SELECT value FROM json_each(:project_ids))")
    if wanted.status is not None:
        conditions.append("b.status = :status")
    fitting = " AND ".join(conditions)
    values = {
        "project_id": wanted.project_id,
        "project_ids": None if wanted.project_ids is None else sorted(wanted.project_ids),
        "status": wanted.status,
    }
    # Pieces written above; values are bound.
    counting = f"SELECT count(*) FROM builds b WHERE {fitting}"  # noqa: S608 # nosec B608
    (total,) = connection.execute(counting, bound(**values)).fetchone()
    if wanted.before_id is not None:
        fitting += " AND b.id < :before_id"
    return total, _several(
        connection,
        f"{SELECT_BUILD} WHERE {fitting} ORDER BY b.id DESC LIMIT :limit OFFSET :offset",
        **values,
        before_id=wanted.before_id,
        limit=limit,
        offset=offset,
    )


def _last(connection: Connection) -> dict[int, Build]:
    newest = _several(connection, SELECT_BUILD + _NEWEST_OF_EACH_PROJECT)
    return {build.project_id: build for build in newest}


def _queued(connection: Connection) -> list[Build]:
    return _several(connection, _SELECT_WAITING + "WHERE b.status = 'Queued' ORDER BY b.priority DESC, b.id")


def _running(connection: Connection) -> list[Build]:
    return _several(
        connection, _SELECT_UNFINISHED + "WHERE b.finished_at IS NULL AND b.status <> 'Queued' ORDER BY b.id"
    )


def _queue_position(connection: Connection, build_id: int) -> int | None:
    found = connection.execute(
        """
        SELECT (
            SELECT count(*) + 1 FROM builds other
            WHERE other.finished_at IS NULL AND other.queue_key = self.queue_key
                AND (other.needs_approval = 0 OR other.approved_commit IS other.commit_hash) AND (
                other.status <> 'Queued'
                OR other.priority > self.priority
                OR (other.priority = self.priority AND other.id < self.id))
        ) FROM builds self WHERE self.id = :id AND self.status = 'Queued'
            AND (self.needs_approval = 0 OR self.approved_commit IS self.commit_hash)
        """,
        bound(id=build_id),
    ).fetchone()
    return None if found is None else int(found[0])


def _retained(connection: Connection, project_id: int) -> list[Build]:
    return _several(
        connection,
        SELECT_BUILD + "WHERE b.retained = 1 AND b.project_id = :project_id ORDER BY b.id DESC",
        project_id=project_id,
    )


def _forget_output(connection: Connection, build_id: int) -> None:
    connection.execute("UPDATE builds SET retained = 0 WHERE id = :id", bound(id=build_id))
