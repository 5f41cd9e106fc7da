"""Wakes one sleeper. Ringing while nobody sleeps is remembered, so that no call is lost."""

from __future__ import annotations

import trio


class Bell:
    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        """Return when it has rung since the last return."""
        await self._rung.wait()
        self._rung = trio.Event()
