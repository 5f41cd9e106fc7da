"""The life of a build: every change of its status, each decided and done within one transaction.

Cancelling wins or loses here: `request_cancel` before the switch makes `commit_switch` (in `deployments`) refuse and
the build end Cancelled; after the switch it is refused itself.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite.builds import build_by_id
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.deployments import has_switched, switched_slot
from lci_app.adapters.sqlite.rows import bound, seconds_between
from lci_app.adapters.sqlite.settings import keep_answer
from lci_app.adapters.sqlite.stages import end_running_stages, forget_stages
from lci_app.core.lifecycle import RUNNING, may_follow
from lci_app.core.model import Build, BuildStatus, Failure, JsonObject, StageStatus, Timestamp, Trust, Wait
from lci_app.interfaces import Once, Requeue, StatusChange

_STAGES_END_AS: Final = {
    BuildStatus.SUCCESS: StageStatus.SUCCESS,
    BuildStatus.FAILED: StageStatus.FAILED,
    BuildStatus.CANCELLED: StageStatus.CANCELLED,
}


class LivesRoom(Room):
    async def begin_build(self, build_id: int, at: Timestamp) -> StatusChange | None:
        """Queued → Building; None also while it waits for something else than its turn."""
        return await self._database.write(_begin, build_id, at)

    async def set_commit(self, build_id: int, commit_hash: str, message: str, author: str) -> Build | None:
        """Note what is built; None where the build is gone or has ended."""
        return await self._database.write(_set_commit, build_id, commit_hash, message, author)

    async def set_effective(self, build_id: int, effective: JsonObject, *, deploy: bool) -> None:
        """Note the settings the build runs with, and whether it deploys; nothing happens when it has ended."""
        await self._database.write(_set_effective, build_id, effective, deploy)

    async def begin_deploying(self, build_id: int) -> StatusChange | None:
        """Building → Deploying; None also when its cancellation was asked for."""
        return await self._database.write(_begin_deploying, build_id)

    async def approve_build(
        self, build_id: int, by: str, at: Timestamp, *, once: Once[Build] | None = None
    ) -> Build | None:
        """Approve the commit of a build that waits for that; None where it does not."""
        return await self._database.write(_approve, build_id, by, at, once)

    async def request_cancel(self, build_id: int, at: Timestamp) -> StatusChange | None:
        """A queued build is Cancelled at once; a running one is marked, if its deployment has not switched yet.

        Asking again changes nothing and is answered alike.
        """
        return await self._database.write(_request_cancel, build_id, at)

    async def finish_build(
        self, build_id: int, status: BuildStatus, *, failure: Failure | None, log_lines: int, at: Timestamp
    ) -> StatusChange | None:
        """End it; stages still running end with it. Success sets `retained` (where the build is trusted, and has an
        output of its own), and `deployed_slot` if it switched. A build whose cancellation was accepted ends Cancelled,
        whatever `status` says: look at the returned one.
        """
        return await self._database.write(_finish, build_id, status, failure, log_lines, at)

    async def note_restart(self, build_id: int) -> None:
        """Count that lci was restarted while it ran, and that it goes on."""
        await self._database.write(_note_restart, build_id)

    async def requeue_build(
        self, build_id: int, why: Requeue, *, failure: Failure | None = None
    ) -> StatusChange | None:
        """Back to Queued with the same id and number; its stages are forgotten, the reason's counter grows.

        A build whose cancellation was accepted does not come back: it ends Cancelled, at the time of the request.
        """
        return await self._database.write(_requeue, build_id, why, failure)


def _that_may_become(connection: Connection, build_id: int, following: BuildStatus) -> Build | None:
    build = build_by_id(connection, build_id)
    return build if build is not None and may_follow(build.status, following) else None


def _changed(connection: Connection, before: Build) -> StatusChange | None:
    build = build_by_id(connection, before.id)
    return None if build is None else StatusChange(build, before.status)


def _begin(connection: Connection, build_id: int, at: Timestamp) -> StatusChange | None:
    build = _that_may_become(connection, build_id, BuildStatus.BUILDING)
    if build is None or build.waits_for is not None:
        return None
    connection.execute(
        "UPDATE builds SET status = :status, started_at = :at WHERE id = :id",
        bound(id=build_id, status=BuildStatus.BUILDING, at=at),
    )
    return _changed(connection, build)


def _set_commit(connection: Connection, build_id: int, commit_hash: str, message: str, author: str) -> Build | None:
    changed = connection.execute(
        "UPDATE builds SET commit_hash = :hash, commit_message = :message, commit_author = :author "
        "WHERE id = :id AND finished_at IS NULL",
        bound(id=build_id, hash=commit_hash, message=message, author=author),
    )
    return build_by_id(connection, build_id) if changed.rowcount else None


def _set_effective(connection: Connection, build_id: int, effective: JsonObject, deploy: bool) -> None:
    connection.execute(
        "UPDATE builds SET effective = :effective, deploy = :deploy WHERE id = :id AND finished_at IS NULL",
        bound(id=build_id, effective=effective, deploy=deploy),
    )


def _begin_deploying(connection: Connection, build_id: int) -> StatusChange | None:
    build = _that_may_become(connection, build_id, BuildStatus.DEPLOYING)
    if build is None or build.cancel_requested:
        return None
    connection.execute(
        "UPDATE builds SET status = :status WHERE id = :id", bound(id=build_id, status=BuildStatus.DEPLOYING)
    )
    return _changed(connection, build)


def cancel_queued(connection: Connection, project_id: int, pull_request: int, at: Timestamp) -> list[Build]:
    """Cancel the builds of a pull request that have not begun; returns them."""
    queued = connection.execute(
        "SELECT id FROM builds INDEXED BY builds_of_pull_requests "
        "WHERE project_id = :project_id AND pull_request = :pull_request AND status = 'Queued' ORDER BY id",
        bound(project_id=project_id, pull_request=pull_request),
    ).fetchall()
    changes = [_request_cancel(connection, row["id"], at) for row in queued]
    return [change.build for change in changes if change is not None]


def _approve(connection: Connection, build_id: int, by: str, at: Timestamp, once: Once[Build] | None) -> Build | None:
    waiting = build_by_id(connection, build_id)
    if waiting is None or waiting.waits_for is not Wait.APPROVAL:
        return None
    connection.execute(
        "UPDATE builds SET approved_commit = commit_hash, approved_by = :by, approved_at = :at WHERE id = :id",
        bound(id=build_id, by=by, at=at),
    )
    approved = build_by_id(connection, build_id)
    if approved is not None:
        keep_answer(connection, once, approved)
    return approved


def _request_cancel(connection: Connection, build_id: int, at: Timestamp) -> StatusChange | None:
    build = _that_may_become(connection, build_id, BuildStatus.CANCELLED)
    if build is None or (build.status in RUNNING and has_switched(connection, build_id)):
        return None
    connection.execute(
        "UPDATE builds SET cancel_requested_at = coalesce(cancel_requested_at, :at) WHERE id = :id",
        bound(id=build_id, at=at),
    )
    if build.status in RUNNING:
        return _changed(connection, build)
    return _finish(connection, build_id, BuildStatus.CANCELLED, None, build.log_lines, at)


def _finish(
    connection: Connection, build_id: int, status: BuildStatus, failure: Failure | None, log_lines: int, at: Timestamp
) -> StatusChange | None:
    build = build_by_id(connection, build_id)
    if build is None:
        return None
    if build.cancel_requested:
        status, failure = BuildStatus.CANCELLED, None
    if not may_follow(build.status, status):
        return None
    succeeded = status is BuildStatus.SUCCESS
    connection.execute(
        "UPDATE builds SET status = :status, failure = :failure, log_lines = :log_lines, finished_at = :at, "
        "duration_seconds = :duration, retained = :retained, deployed_slot = :slot WHERE id = :id",
        bound(
            id=build_id,
            status=status,
            failure=failure,
            log_lines=log_lines,
            at=at,
            duration=seconds_between(build.started_at, at),
            retained=succeeded and build.output_build_id is None and build.trust is Trust.TRUSTED,
            slot=switched_slot(connection, build_id) if succeeded else None,
        ),
    )
    end_running_stages(connection, build_id, _STAGES_END_AS[status], at)
    return _changed(connection, build)


def _note_restart(connection: Connection, build_id: int) -> None:
    connection.execute("UPDATE builds SET restarts = restarts + 1 WHERE id = :id", bound(id=build_id))


def _requeue(connection: Connection, build_id: int, why: Requeue, failure: Failure | None) -> StatusChange | None:
    build = _that_may_become(connection, build_id, BuildStatus.QUEUED)
    if build is None:
        return None
    if build.cancel_requested:
        (asked_at,) = connection.execute(
            "SELECT cancel_requested_at FROM builds WHERE id = :id", bound(id=build_id)
        ).fetchone()
        return _finish(connection, build_id, BuildStatus.CANCELLED, None, build.log_lines, asked_at)
    connection.execute(
        "UPDATE builds SET status = :status, failure = :failure, started_at = NULL, effective = NULL, "
        "health_check_attempts = 0, restarts = restarts + :restart, infra_retries = infra_retries + :infra "
        "WHERE id = :id",
        bound(
            id=build_id,
            status=BuildStatus.QUEUED,
            failure=failure,
            restart=why is Requeue.RESTART,
            infra=why is Requeue.INFRA,
        ),
    )
    forget_stages(connection, build_id)
    return _changed(connection, build)
