"""A host whose taken ports are said by the test."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio


@dataclass
class PortsDouble:
    taken: set[int] = field(default_factory=set)

    async def is_free(self, port: int) -> bool:
        await trio.lowlevel.checkpoint()
        return port not in self.taken
