"""Keeps what serves running: a container that ended, or was touched by somebody else, is noticed, shown and mended.

The engine itself starts a version again that ends by itself (`unless-stopped`, with a back-off of its own). What it
leaves, as it does what somebody has stopped or killed, and what cannot be started, is started from here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

import trio

from lci_app.core.model import Health, SlotState, SlotStatus
from lci_app.core.project import Project
from lci_app.interfaces import Clock, ContainerState, Engine, OutsideError, Store, Trouble
from lci_app.services.hub import Hub
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.slot_health import SlotHealth
from lci_app.services.under_trouble import insist

# Seconds before the first start, each time twice as long; after so many in a row nobody is helped by another.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
MAX_STARTS: Final = 10
# A version that has lived this long, in seconds, has its next end counted from the beginning.
LIVES: Final = 60.0

_log = logging.getLogger(__name__)


class _Seen(Enum):
    """WELL: nothing to do. DOWN: to be started. RETURNS: the engine starts it. BEYOND: nothing that lci could do."""

    WELL = auto()
    DOWN = auto()
    RETURNS = auto()
    BEYOND = auto()


@dataclass
class _Row:
    """Starts of one container, one after the other."""

    container_id: str | None = None
    starts: int = 0
    last: float = 0.0


@dataclass
class VersionKeeper:
    store: Store
    engine: Engine
    locks: ProjectLocks
    slot_health: SlotHealth
    hub: Hub
    clock: Clock
    _nursery: trio.Nursery | None = None
    # By project that is being seen to: set when somebody asks for another look.
    _asked: dict[int, trio.Event] = field(default_factory=dict)
    _rows: dict[int, _Row] = field(default_factory=dict)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Own the looks and mends, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    async def look_at_all(self) -> None:
        """Have every project's version looked at, as when nobody knows what has happened meanwhile."""
        _, projects = await insist(self.store.projects, what="read the projects")
        for project in projects:
            self._rows.pop(project.id, None)
            self.look_soon(project.id)

    def look_soon(self, project_id: int) -> None:
        """Look at the version of a project that has the traffic, and see to it that it runs, beside everything else."""
        assert self._nursery is not None, "VersionKeeper.run is not running"  # noqa: S101
        if project_id in self._asked:
            self._asked[project_id].set()
            return
        self._asked[project_id] = trio.Event()
        self._nursery.start_soon(self._keep, project_id)

    async def _keep(self, project_id: int) -> None:
        try:
            while True:
                try:
                    await self._mend(project_id)
                except OutsideError as error:
                    # Where the engine is away, it is looked at again when that is back.
                    _log.warning("cannot see to the version of project %d: %s", project_id, error)
                except Exception:  # noqa: BLE001 - one project's trouble must not keep others from being seen to
                    _log.exception("cannot see to the version of project %d, for an unforeseen reason", project_id)
                if not self._asked[project_id].is_set():
                    return
                self._asked[project_id] = trio.Event()
        finally:
            del self._asked[project_id]

    async def _mend(self, project_id: int) -> None:
        while await self._look(project_id) is _Seen.DOWN:
            row = self._row(project_id)
            if row.starts >= MAX_STARTS:
                return
            with trio.move_on_after(min(FIRST_PAUSE * 2**row.starts, LONGEST_PAUSE)):
                await self._wait_up(project_id)
            await self._start(project_id, row)

    async def _wait_up(self, project_id: int) -> None:
        """Return when somebody else has started it, or it needs no start any more."""
        while True:
            await self._asked[project_id].wait()
            self._asked[project_id] = trio.Event()
            if await self._look(project_id) is not _Seen.DOWN:
                return

    def _row(self, project_id: int) -> _Row:
        row = self._rows.setdefault(project_id, _Row())
        if row.starts and self.clock.seconds() - row.last > LIVES + LONGEST_PAUSE:
            row.starts = 0
        return row

    async def _look(self, project_id: int) -> _Seen:
        """See how the version is, and record it where it is not recorded so."""
        async with self.locks.hold(project_id):
            found = await self._found(project_id)
            if found is None:
                return _Seen.WELL
            project, state, container = found
            where = f"{state.slot} of {project.name}"
            if container is None:
                await self._note_down(state, f"The container of {where} was removed: deploy again or roll back.")
                return _Seen.BEYOND
            if container.paused:
                await self._note_down(state, f"The container of {where} was paused: `docker unpause` lets it go on.")
                return _Seen.BEYOND
            if not container.running:
                await self._note_down(state, f"The container of {where} has ended with {container.exit_code}.")
                return _Seen.RETURNS if container.restarting else _Seen.DOWN
            await self._note_up(state, container)
            return _Seen.WELL

    async def _found(self, project_id: int) -> tuple[Project, SlotState, ContainerState | None] | None:
        """Return the version that should serve, and its container; None where none should."""
        project = await self.store.project(project_id)
        if project is None or project.active_slot is None or project.stopped:
            return None
        state = (await self.store.slots(project_id))[project.active_slot]
        if state.container_id is None:
            return None
        return project, state, await self.engine.inspect(state.container_id)

    async def _note_down(self, state: SlotState, message: str) -> None:
        if state.status is SlotStatus.ERROR:
            return
        _log.warning("%s", message)
        wrong = replace(state, status=SlotStatus.ERROR, health=Health.UNHEALTHY)
        await self.store.set_slot(wrong)
        self.hub.container_changed(wrong, "Error")

    async def _note_up(self, state: SlotState, container: ContainerState) -> None:
        """Have a life that nobody has noted yet looked into: it serves, and may be healthy or not."""
        if state.status is SlotStatus.RUNNING and (state.started_at or "") >= container.started_at:
            return
        again = replace(
            state,
            status=SlotStatus.RUNNING,
            health=Health.UNKNOWN,
            # By whichever clock is ahead, so that this life is noted once.
            started_at=max(self.clock.now(), container.started_at),
        )
        await self.store.set_slot(again)
        self.slot_health.check_soon(again)

    async def _start(self, project_id: int, row: _Row) -> None:
        async with self.locks.hold(project_id):
            found = await self._found(project_id)
            if found is None:
                return
            project, state, container = found
            if container is None or container.running or container.paused or container.restarting:
                return
            if row.container_id != container.id:
                row.container_id, row.starts = container.id, 0
            row.starts, row.last = row.starts + 1, self.clock.seconds()
            why = f"it ended with {container.exit_code}"
            try:
                _log.info("starting %s of %s again: %s", state.slot, project.name, why)
                await self.engine.start_again(container.id)
            except OutsideError as error:
                if isinstance(error, Trouble) and error.code == "DOCKER_UNAVAILABLE":
                    raise
                why = str(error)
                _log.warning("cannot start %s of %s again: %s", state.slot, project.name, error)
        if row.starts == MAX_STARTS:
            self._give_up(project, state, why)

    def _give_up(self, project: Project, state: SlotState, why: str) -> None:
        message = (
            f"{state.slot} of {project.name} does not stay up after {MAX_STARTS} starts ({why}): "
            "lci leaves it as it is; restart it, deploy again or roll back."
        )
        _log.error("%s", message)
        self.hub.service_down(project.id, message)
