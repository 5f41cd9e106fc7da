"""Walls that stand, unless a test has them fall: `state` may be set."""

from __future__ import annotations

import trio

from lci_app.interfaces import Isolated


class IsolationDouble:
    def __init__(self) -> None:
        self.state = Isolated(enforced=True)

    async def look(self, *, standing: bool) -> Isolated:
        return await self.ensure()

    async def ensure(self) -> Isolated:
        await trio.lowlevel.checkpoint()
        return self.state
