"""The route table, rebuilt from the database at every change and handed to the data plane."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import trio

from lci_app.core.model import Slot, SlotState
from lci_app.core.project import Project
from lci_app.core.routing import Route, RouteTable, Upstream, table
from lci_app.interfaces import Proxy, Store, Trouble
from lci_app.services.under_trouble import insist

# Runtime containers are published on the loopback address only.
UPSTREAM_HOST: Final = "127.0.0.1"
# A committed switch is brought to its end even while lci stops, for so many seconds; then the next start does it.
SWITCH_SECONDS: Final = 30.0


@dataclass
class Routes:
    store: Store
    proxy: Proxy
    _generation: int = 0
    _lock: trio.Lock = field(default_factory=trio.Lock)
    # Set while the data plane may serve by less than what the database says.
    _behind: trio.Event = field(default_factory=trio.Event)

    async def run(self) -> None:
        """Publish again what could not be published, until cancelled: what is committed is served in the end."""
        while True:
            await self._behind.wait()
            self._behind = trio.Event()
            await insist(self._tell, what="tell the proxy its routes")

    async def publish(self) -> None:
        """Have every worker serve by what the database says now; returns when all have acknowledged it.

        Raises Trouble where they cannot be told; `run` goes on trying then.
        """
        try:
            await self._tell()
        except BaseException:
            self._behind.set()
            raise

    async def _tell(self) -> None:
        try:
            async with self._lock:
                await self.proxy.publish(await self._table())
        except Trouble:
            raise
        except Exception as error:
            # The commit stands: whoever is told that nothing has changed would be told wrong.
            raise Trouble("PROXY_FAILED", f"the proxy cannot be told its routes: {error!r}") from error

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
        drain_timeout=settings.drain_timeout,
    )
