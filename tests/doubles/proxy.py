"""A data plane in memory: the tables it was given, and requests that are in flight as long as tests say."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from lci_app.core.routing import RouteTable, Upstream
from lci_app.core.traffic import ProjectTraffic, Traffic
from lci_app.interfaces import DrainReceipt


@dataclass
class ProxyDouble:
    """`busy`: versions with one request in flight, until the event is set. While `stalled` no table is acknowledged.

    Where it does not remember, it did not see versions leave.
    """

    tables: list[RouteTable] = field(default_factory=list)
    busy: dict[int, trio.Event] = field(default_factory=dict)
    drained: list[int] = field(default_factory=list)
    stalled: trio.Event | None = None
    remembers: bool = True

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", 8080

    async def publish(self, table: RouteTable) -> None:
        await trio.lowlevel.checkpoint()
        if self.stalled is not None:
            await self.stalled.wait()
        self.tables.append(table)

    async def drain(self, upstream_id: int, timeout: float) -> DrainReceipt | None:
        await trio.lowlevel.checkpoint()
        finished, in_flight = 0, int(upstream_id in self.busy)
        if in_flight:
            with trio.move_on_after(timeout):
                await self.busy[upstream_id].wait()
                finished = 1
        self.drained.append(upstream_id)
        return DrainReceipt(in_flight, finished, in_flight - finished) if self.remembers else None

    async def traffic(self) -> Traffic:
        await trio.lowlevel.checkpoint()
        return Traffic(workers=1, projects={route.project: ProjectTraffic() for route in self.tables[-1].routes})

    def upstream(self, project: str) -> Upstream | None:
        """Return where the newest table sends a project's requests."""
        return next((route.upstream for route in self.tables[-1].routes if route.project == project), None)
