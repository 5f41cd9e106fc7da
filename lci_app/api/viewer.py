"""Whoever watches: a stream goes on for as long as the session or token is valid that opened it, and not longer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from lci_app.api.route import Chunks
from lci_app.core.accounts import Caller

# Whoever was signed out, removed or expired sees nothing any more after this time.
CHECK_SECONDS: Final = 3.0


class Viewer:
    """`again` returns on whose behalf the same request would be made now; None where on nobody's."""

    def __init__(self, caller: Caller, again: Callable[[], Awaitable[Caller | None]]) -> None:
        self._caller = caller
        self._again = again

    def sees(self, project_id: int | None) -> bool:
        """Return whether something of that project is for this viewer; None: of no project in particular."""
        return self._caller.projects is None if project_id is None else self._caller.sees(project_id)

    async def wait_gone(self) -> None:
        """Return once the session or token is no longer valid."""
        while True:
            await trio.sleep(CHECK_SECONDS)
            caller = await self._again()
            if caller is None:
                return
            self._caller = caller


@asynccontextmanager
async def while_valid(chunks: Chunks, viewer: Viewer) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open a stream that breaks off when its viewer is no longer to see it."""
    async with trio.open_nursery() as nursery:

        async def cut() -> None:
            await viewer.wait_gone()
            nursery.cancel_scope.cancel()

        nursery.start_soon(cut)
        async with chunks as opened:
            yield opened
        nursery.cancel_scope.cancel()
