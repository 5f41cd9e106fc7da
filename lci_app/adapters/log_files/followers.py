"""Wakes the tasks that wait for a log to grow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import trio


class Followers:
    """Made in the event loop whose tasks wait. However much is written, one wake-up at a time is under way."""

    def __init__(self) -> None:
        self._loop = trio.lowlevel.current_trio_token()
        self._lot = trio.lowlevel.ParkingLot()
        self._awaited = False

    async def wait(self, reached: Callable[[], bool]) -> None:
        """Return when `reached()`; whoever makes it true rings afterwards."""
        while True:
            # Set before looking: what is published after the look sees it and rings.
            self._awaited = True
            if reached():
                break
            await self._lot.park()
        await trio.lowlevel.checkpoint()

    def ring_soon(self) -> None:
        """Wake them from any thread, one call at a time."""
        if not self._awaited:
            return
        self._awaited = False
        # A loop that has ended has nobody left to be woken.
        with suppress(trio.RunFinishedError):
            self._loop.run_sync_soon(self.ring, idempotent=True)

    def ring(self) -> None:
        self._lot.unpark_all()
