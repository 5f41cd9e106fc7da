"""Looks at what is recorded and at what is there, changes nothing, and tells what does not fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lci_app.core import findings, names, network_findings
from lci_app.core.findings import Finding, SeenContainer, Severity
from lci_app.core.model import Build, SlotState
from lci_app.interfaces import (
    BuildFilter,
    Clock,
    ContainerState,
    Engine,
    HostFacts,
    Isolation,
    Logs,
    OutsideError,
    Ports,
    Store,
    Workspace,
)
from lci_app.services.build_record import log_of

# Looked at: more would take long, and what spoils a disk spoils what was written last.
LOGS: Final = 200


@dataclass
class Doctor:
    """`served`: a service holds the data directory now, so that what is under way has an owner.

    `reserve`: the bytes of the disk that are to stay free; None for the usual.
    """

    store: Store
    engine: Engine
    isolation: Isolation
    workspace: Workspace
    logs: Logs
    host: HostFacts
    ports: Ports
    clock: Clock
    reserve: int | None
    served: bool

    async def examine(self) -> list[Finding]:
        """Return everything found, the worst first. Raises OutsideError where the database cannot be read."""
        found = [*await self._host(), *await self._rows(), *await self._engine()]
        order = list(Severity)
        return sorted(found, key=lambda each: (order.index(each.severity), each.code, each.subject))

    async def _host(self) -> list[Finding]:
        look = await self.isolation.look(standing=self.served)
        return [
            *findings.of_modes(self.host.open_to_others()),
            *findings.of_disk(self.host.place, self.host.disk()),
            *findings.of_reserve(self.host.place, self.host.disk(), self.reserve),
            *findings.of_isolation(enforced=look.enforced, reason=look.reason),
        ]

    async def _rows(self) -> list[Finding]:
        _, projects = await self.store.projects()
        directories = await self.workspace.children("output")
        found = [*findings.of_builds(await self.store.running_builds(), served=self.served)]
        for project in projects:
            kept = [each for each in await self.store.retained_builds(project.id) if each.output_build_id is None]
            found += findings.of_outputs(kept, directories)
        found += findings.of_logs(await self._stored_logs())
        return [*found, *findings.of_slots(await self.store.all_slots(), projects)]

    async def _stored_logs(self) -> list[tuple[Build, int]]:
        """Return the builds that ended last, and how many lines of each are stored."""
        _, newest = await self.store.builds(BuildFilter(), limit=LOGS, offset=0)
        ended = [build for build in newest if build.finished_at is not None]
        return [(build, await self.logs.total(log_of(build))) for build in ended]

    async def _engine(self) -> list[Finding]:
        try:
            facts = await self.engine.facts()
            seen = [_seen(container) for container in await self.engine.list_ours()]
            networks = await self.engine.networks()
        except OutsideError as error:
            mend = "Start it, or name another with --docker-host; until then nothing is built or deployed."
            return [Finding("DOCKER_UNAVAILABLE", Severity.ERROR, "docker", f"{str(error).rstrip('.')}.", mend)]
        _, projects = await self.store.projects()
        slots = await self.store.all_slots()
        return [
            *findings.of_engine(facts.version, live_restore=facts.live_restore),
            *findings.of_clock(self.clock.now(), facts.system_time),
            *findings.of_containers(projects, slots, await self._busy(), seen),
            *network_findings.of_owners(projects, networks),
            *network_findings.of_attachments(projects, slots, seen, networks),
            *network_findings.of_overlaps(networks, self.host.routes()),
            *findings.of_ports([state for state in slots if await self._is_silent(state, seen)], projects),
        ]

    async def _is_silent(self, state: SlotState, seen: Collection[SeenContainer]) -> bool:
        runs = state.container_id in {each.id for each in seen if each.running}
        return runs and state.port > 0 and await self.ports.is_free(state.port)

    async def _busy(self) -> Collection[int]:
        """Return the builds whose containers a service takes care of."""
        return {build.id for build in await self.store.running_builds()} if self.served else frozenset()


def _seen(container: ContainerState) -> SeenContainer:
    labels = container.labels
    project, build = labels.get(names.LABEL_PROJECT, ""), labels.get(names.LABEL_BUILD, "")
    return SeenContainer(
        container.id,
        container.name,
        container.running,
        labels.get(names.LABEL_ROLE, ""),
        int(project) if project.isdecimal() else 0,
        int(build) if build.isdecimal() else 0,
        container.networks,
    )
