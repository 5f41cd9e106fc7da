"""Wakes the tasks that wait for a log to grow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import trio


class Followers:
    """Made in the event loop whose tasks wait. However much is written, one wake-up at a time is under way.

    They are woken one after the other, in passes of the loop of their own: a crowd that came at once would keep
    everybody else of the service waiting.
    """

    def __init__(self) -> None:
        self._loop = trio.lowlevel.current_trio_token()
        self._lot = trio.lowlevel.ParkingLot()
        self._awaited = False
        # How many are yet to be woken, and whether one of them is but has not come yet.
        self._unwoken = 0
        self._waking = False

    async def wait(self, reached: Callable[[], bool]) -> None:
        """Return when `reached()`; whoever makes it true rings afterwards."""
        while True:
            # Set before looking: what is published after the look sees it and rings.
            self._awaited = True
            if reached():
                break
            await self._lot.park()
            self._wake_next()
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
        """Wake all who wait now."""
        self._unwoken = len(self._lot)
        if not self._waking:
            self._wake_next()

    def _wake_next(self) -> None:
        self._waking = self._unwoken > 0 and bool(self._lot.unpark())
        if self._waking:
            self._unwoken -= 1
