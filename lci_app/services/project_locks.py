"""One change of a project's running versions at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import trio


class ProjectLocks:
    def __init__(self) -> None:
        # A lock lives as long as somebody holds it or waits for it.
        self._locks: WeakValueDictionary[int, trio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, project_id: int) -> AsyncIterator[None]:
        """Hold the project's lock while the block lasts; whoever asks first gets it first."""
        lock = self._locks.setdefault(project_id, trio.Lock())
        async with lock:
            yield
