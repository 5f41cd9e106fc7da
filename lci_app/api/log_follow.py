"""Reads the stored log of one build to its end, while it is being written: no line is lost or repeated.

Viewers never get lines from memory; a slow one reads later, and keeps nobody waiting.
"""

from __future__ import annotations

from typing import Final

import trio

from lci_app.api.needs import Hub
from lci_app.api.shared_pages import Page, SharedPages
from lci_app.core import names
from lci_app.core.events import BuildStatusChanged
from lci_app.core.lifecycle import FINAL
from lci_app.core.model import Build
from lci_app.interfaces import Logs, Store
from lci_app.services.hub import Overrun

# Between a build's start and the opening of its log nothing tells when to look again but the next status event;
# should that one be missed, the viewer is late by this and no more.
RECHECK_SECONDS: Final = 1.0
# Before live lines are read, for each follower there is, in seconds: half of what it takes to serve one. So a crowd
# leaves some of a core to others, however many they are: more lines come with each message, and fewer messages.
REST: Final = 0.0005
LONGEST_REST: Final = 1.0


class LogFollower:
    """`wake` it when the build's status has changed. `build` is as last seen; None when it was deleted."""

    def __init__(
        self, store: Store, logs: Logs, pages: SharedPages, build: Build, first: int, stop: trio.Event
    ) -> None:
        self.build: Build | None = build
        self.next_line = max(first, 1)
        # Whether it has been at the end of what was written: from then on it follows live.
        self.caught_up = False
        self.ended = False
        self._store = store
        self._logs = logs
        self._pages = pages
        self._id = build.id
        self._path = names.build_log(build.project_id, build.build_number)
        self._stop = stop
        self._woken = False
        # What it waits in: cancelling it costs a crowd nothing, where a task for each thing to wait for would.
        self._waiting = trio.CancelScope()

    def wake(self) -> None:
        self._woken = True
        self._waiting.cancel()

    async def end_at_stop(self) -> None:
        """End its wait when the service stops; to be run beside it by whoever does not cancel it then."""
        await self._stop.wait()
        self.wake()

    async def next_page(self) -> Page | None:
        """Return the next lines, waiting for them; None when the build has `ended`, or the service stops."""
        while not self._stop.is_set():
            if not await self._knows_all_so_far():
                page = await self._pages.page(self._path, self.next_line)
                if page.records:
                    self.next_line = page.records[-1].number + 1
                    return page
                if self.ended:
                    return None
                self.ended = await self._has_ended()
                if self.ended:
                    # What was written up to its end is there by now.
                    continue
            self.caught_up = True
            await self._wait_for_more()
        return None

    async def _knows_all_so_far(self) -> bool:
        return self._logs.is_open(self._path) and await self.backlog() <= 0

    async def backlog(self) -> int:
        """Return how many lines are written that have not been read here."""
        return await self._logs.total(self._path) - self.next_line + 1

    async def _has_ended(self) -> bool:
        self.build = await self._store.build(self._id)
        return self.build is None or self.build.status in FINAL

    async def _wait_for_more(self) -> None:
        if self._woken:
            self._woken = False
            return
        self._pages.followers += 1
        try:
            with trio.CancelScope() as self._waiting:
                if self._logs.is_open(self._path):
                    await trio.sleep(min(REST * self._pages.followers, LONGEST_REST))
                    await self._logs.wait_beyond(self._path, self.next_line - 1)
                else:
                    await trio.sleep(RECHECK_SECONDS)
        finally:
            self._pages.followers -= 1
        self._woken = False


async def wake_on_change(
    hub: Hub, follower: LogFollower, build_id: int, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Wake the follower whenever the build's status changes; started when it listens."""
    while True:
        with hub.subscribe() as listener:
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            follower.wake()
            try:
                while True:
                    event = await listener.receive()
                    if isinstance(event, BuildStatusChanged) and event.build_id == build_id:
                        follower.wake()
            except Overrun:
                continue  # what was missed is in the store: look again
