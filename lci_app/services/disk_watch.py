"""Watches the room that the data directory has: warns early, and lets no build start that would fail for lack of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import trio

from lci_app.core.codes import reason_code
from lci_app.core.disk import trouble_of
from lci_app.core.readiness import Condition, Reason
from lci_app.interfaces import DataDisk, Trouble
from lci_app.services.bell import Bell
from lci_app.services.readiness import Readiness

# Seconds between two looks; a build can fill some hundred megabytes in that time.
LOOK_EVERY: Final = 2.0


@dataclass
class DiskWatch:
    """`alarm` is rung by whoever could not write; `reserve` in bytes, None for the usual."""

    disk: DataDisk
    readiness: Readiness
    alarm: Bell
    reserve: int | None
    _full: bool = False
    # Since a write has failed, a successful one is asked for before the disk is believed again.
    _suspected: bool = False

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self.readiness.note(Condition.DISK, await self.look())
            with trio.move_on_after(LOOK_EVERY):
                await self.alarm.wait()
                self._suspected = True

    async def look(self) -> Reason | None:
        """Return what is wrong with the disk now."""
        try:
            reason = trouble_of(self.disk.place, await self.disk.look(), self.reserve, was_full=self._full)
            self._full = reason is not None and reason.code == "DISK_FULL"
            if self._suspected:
                await self.disk.prove()
        except Trouble as trouble:
            sentence = str(trouble)
            return Reason(reason_code(trouble.code, "DISK_IO"), f"{sentence[:1].upper()}{sentence[1:]}.")
        self._suspected = reason is not None and reason.blocking
        return reason
