"""What is done in the slot that has no traffic: cleaned, a candidate started in it, looked at, taken out again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import trio

from lci_app.core.model import Health, SlotState, SlotStatus
from lci_app.core.project import PullPolicy
from lci_app.core.rollout import Down, Ran, Up
from lci_app.core.subnets import NetworkKind
from lci_app.interfaces import Clock, Engine, Store, Trouble
from lci_app.services.candidate import Candidate, DeployOrder
from lci_app.services.containers import Provision, before_container, runtime_container
from lci_app.services.hub import Hub
from lci_app.services.retirement import Retirement
from lci_app.services.under_trouble import attempt, insist

# Of a candidate that failed, so many lines of its output are kept.
LAST_WORDS: Final = 50
# What `timeout` exits with.
TIMED_OUT: Final = 124


@dataclass
class IdleSlot:
    store: Store
    engine: Engine
    retirement: Retirement
    hub: Hub
    clock: Clock
    instance: str

    async def clean(self, candidate: Candidate) -> None:
        """Remove what is left in the slot. Raises Trouble where it cannot be removed."""
        await self.retirement.wait_empty(candidate.project.id, candidate.slot)
        left = (await self.store.slots(candidate.project.id))[candidate.slot]
        if left.container_id is not None:
            await self.engine.remove(left.container_id)
        await self.store.set_slot(SlotState(left.project_id, left.slot, port=left.port))

    async def run_before(self, candidate: Candidate) -> Ran:
        """Run the version's one-off command; its output goes into the build's log. Raises OutsideError.

        It has the time that a build has (`build_timeout`): then it ends as by `timeout`, with exit code 124.
        """
        order = candidate.order
        await self._ensure_image(order)
        await order.log.system(f"Running before the start: {order.settings.runtime_before.strip()}")
        container = before_container(
            order.settings,
            order.build,
            slot=candidate.slot,
            output=order.output,
            provision=await self._provision(candidate),
        )
        with trio.move_on_after(order.settings.build_timeout):
            ended = await self.engine.run_attached(container, on_output=order.log.feed)
            return Ran(ended.exit_code, ended.out_of_memory)
        await order.log.system(f"It did not end within {order.settings.build_timeout:g} s (build_timeout).")
        return Ran(TIMED_OUT, out_of_memory=False)

    async def start(self, candidate: Candidate) -> None:
        """Start the candidate's container. Raises OutsideError; then nothing is left of it."""
        order = candidate.order
        await self._ensure_image(order)
        container = runtime_container(
            candidate.project,
            order.settings,
            order.build,
            slot=candidate.slot,
            output=order.output,
            provision=await self._provision(candidate),
        )
        candidate.container_id = await self.engine.start(container)
        candidate.started, candidate.started_at = self.clock.seconds(), self.clock.now()
        state = candidate.state(SlotStatus.STARTING, Health.UNKNOWN)
        await self.store.set_slot(state)
        self.hub.container_changed(state, "Starting")

    async def _ensure_image(self, order: DeployOrder) -> None:
        async def progress(line: str) -> None:
            await order.log.system(line)

        await self.engine.ensure_image(
            order.settings.runtime_image, always_pull=order.settings.pull is PullPolicy.ALWAYS, progress=progress
        )

    async def _provision(self, candidate: Candidate) -> Provision:
        network = await self.engine.project_network(candidate.project.id, NetworkKind.SERVICES)
        return Provision(self.instance, network, candidate.order.delivery.for_version)

    async def look(self, candidate: Candidate) -> Up | Down:
        """Return whether the candidate's container is up."""
        assert candidate.container_id is not None  # noqa: S101 - the rollout starts it first
        seen = await self.engine.inspect(candidate.container_id)
        if seen is None:
            raise Trouble("CONTAINER_GONE", "The new version's container was removed by somebody else.")
        if seen.running:
            return Up()
        self.hub.container_changed(candidate.state(SlotStatus.ERROR, Health.UNHEALTHY), "Error")
        return Down(seen.exit_code, seen.out_of_memory)

    async def take_down(self, candidate: Candidate, *, keep: bool) -> list[str]:
        """Remove the candidate's container, or stop it (`keep`); returns its last words.

        Where the engine is in trouble the container stays, and the slot's row names it for the next who needs it.
        """
        container_id = candidate.container_id
        if container_id is None:
            return []
        short = container_id[:12]
        last_words = await attempt(
            partial(self.engine.tail, container_id, LAST_WORDS, candidate.order.delivery.mask),
            what=f"read the last words of candidate {short}",
        )
        left = candidate.state(SlotStatus.ERROR, Health.UNKNOWN)
        if keep:
            await attempt(partial(self.engine.stop, container_id), what=f"stop candidate {short}")
            self.hub.container_changed(left, "Error")
        elif await attempt(partial(self._remove, container_id), what=f"remove candidate {short}"):
            left = SlotState(left.project_id, left.slot, port=left.port)
            self.hub.container_changed(replace(left, container_id=container_id), "Stopped")
        else:
            self.hub.container_changed(left, "Error")
        await insist(partial(self.store.set_slot, left), what=f"note that candidate {short} was taken down")
        return last_words or []

    async def _remove(self, container_id: str) -> bool:
        await self.engine.remove(container_id)
        return True
