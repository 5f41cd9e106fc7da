"""The route table, rebuilt from the database at every change and handed to the data plane."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from lci_app.core.model import Slot, SlotState
from lci_app.core.project import Project
from lci_app.core.routing import Route, RouteTable, Upstream, table
from lci_app.interfaces import Proxy, Store

# Runtime containers are published on the loopback address only.
UPSTREAM_HOST = "127.0.0.1"


@dataclass
class Routes:
    store: Store
    proxy: Proxy
    _generation: int = 0
    _lock: trio.Lock = field(default_factory=trio.Lock)

    async def publish(self) -> None:
        """Have every worker serve by what the database says now; returns when all have acknowledged it."""
        async with self._lock:
            await self.proxy.publish(await self._table())

    async def _table(self) -> RouteTable:
        _, projects = await self.store.projects()
        slots = {(state.project_id, state.slot): state for state in await self.store.all_slots()}
        self._generation += 1
        return table(self._generation, (_route(project, slots) for project in projects))


def _route(project: Project, slots: dict[tuple[int, Slot], SlotState]) -> Route:
    live = slots.get((project.id, project.active_slot)) if project.active_slot is not None else None
    upstream = None
    if live is not None and live.deployment_id is not None and not project.stopped:
        upstream = Upstream(live.deployment_id, UPSTREAM_HOST, project.port(live.slot))
    settings = project.settings
    return Route(
        project.name,
        upstream,
        settings.domains,
        settings.strip_prefix,
        rewrite_redirects=settings.rewrite_redirects,
        scope_cookies=settings.scope_cookies,
        maintenance=project.maintenance,
    )
