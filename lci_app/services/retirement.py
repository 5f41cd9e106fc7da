"""What becomes of a version that no longer has the traffic: kept a while if asked, drained, removed.

Runs beside the next builds, in the nursery that `run` opens. Whoever needs the slot waits for it with `wait_empty`.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Final

import trio

from lci_app.core.model import Health, Slot, SlotState, SlotStatus
from lci_app.interfaces import DrainReceipt, Engine, OutsideError, Proxy, Store
from lci_app.services.hub import Hub
from lci_app.services.under_trouble import FIRST_PAUSE, LONGEST_PAUSE, attempt, insist

# How long a container that lost its traffic may take for SIGTERM.
STOP_GRACE: Final = 10.0

_log = logging.getLogger(__name__)


@dataclass
class _Leaving:
    """One version on its way out. `receiver` is the deployment that gets the receipt."""

    state: SlotState
    receiver: int | None
    # Set when the slot is needed: it is not kept any longer, and trouble is left to whoever needs it.
    hurry: trio.Event = field(default_factory=trio.Event)
    # Cancelled when the version gets the traffic back; it does so only while it is kept.
    keep: trio.CancelScope = field(default_factory=trio.CancelScope)
    kept: trio.Event = field(default_factory=trio.Event)
    # Cancelled when its whole project goes.
    all: trio.CancelScope = field(default_factory=trio.CancelScope)
    drained: bool = False
    gone: trio.Event = field(default_factory=trio.Event)


@dataclass
class Retirement:
    store: Store
    engine: Engine
    proxy: Proxy
    hub: Hub
    _leaving: dict[tuple[int, Slot], _Leaving] = field(default_factory=dict)
    _nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Own the versions that are leaving, until cancelled; those cut short are removed at the next start."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def begin(self, state: SlotState, *, receiver: int | None, bake: float, drain: float) -> None:
        """Let a version leave; `receiver` is the deployment that gets the receipt (`receiver_of`). Seconds.

        Only a version that runs and is healthy is worth keeping for `bake` seconds.
        """
        assert self._nursery is not None, "Retirement.run is not running"  # noqa: S101
        leaving = _Leaving(state, receiver)
        self._leaving[state.project_id, state.slot] = leaving
        worth_keeping = (state.status, state.health) == (SlotStatus.RUNNING, Health.HEALTHY)
        self._nursery.start_soon(self._retire, leaving, bake if worth_keeping else 0.0, drain)

    async def wait_empty(self, project_id: int, slot: Slot) -> None:
        """Return when nothing is leaving that slot any more; what was only kept a while goes now.

        Where the engine is in trouble the container may still be there: then the slot's row names it.
        """
        leaving = self._leaving.get((project_id, slot))
        if leaving is not None:
            leaving.hurry.set()
            await leaving.gone.wait()

    async def recall(self, project_id: int, slot: Slot) -> bool:
        """Keep a version after all, since it gets the traffic back; False where it is being drained already."""
        leaving = self._leaving.get((project_id, slot))
        if leaving is None:
            return True
        leaving.keep.cancel()
        await leaving.kept.wait()
        return leaving.keep.cancelled_caught

    async def drop(self, project_id: int) -> None:
        """Give up a project's leaving versions as they are: whoever calls this removes their containers."""
        for slot in Slot:
            leaving = self._leaving.get((project_id, slot))
            if leaving is not None:
                leaving.all.cancel()
                await leaving.gone.wait()

    async def _retire(self, leaving: _Leaving, bake: float, drain: float) -> None:
        state = leaving.state
        try:
            with leaving.all:
                await self._keep(leaving, bake)
                if not leaving.keep.cancelled_caught:
                    await self._empty(leaving, drain)
        finally:
            leaving.kept.set()
            self._leaving.pop((state.project_id, state.slot), None)
            leaving.gone.set()

    async def _keep(self, leaving: _Leaving, bake: float) -> None:
        """Keep the version running for a while, ready to get the traffic back."""
        if bake > 0:
            kept = replace(leaving.state, status=SlotStatus.RUNNING, health=Health.HEALTHY)
            with leaving.keep:
                await insist(partial(self.store.set_slot, kept), what=f"keep {_where(leaving.state)}")
                with trio.move_on_after(bake):
                    await leaving.hurry.wait()
        leaving.kept.set()

    async def _empty(self, leaving: _Leaving, drain: float) -> None:
        """Drain and remove the version, again and again while the machine is in trouble."""
        state, pause = leaving.state, FIRST_PAUSE
        while not await self._drain_and_remove(leaving, drain):
            stuck = replace(state, status=SlotStatus.ERROR, health=Health.UNKNOWN)
            await attempt(partial(self.store.set_slot, stuck), what=f"note that {_where(state)} is stuck")
            self.hub.container_changed(stuck, "Error")
            with trio.move_on_after(pause):
                await leaving.hurry.wait()
                return
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _drain_and_remove(self, leaving: _Leaving, drain: float) -> bool:
        """Return whether the slot is empty now."""
        state = leaving.state
        try:
            await self.store.set_slot(replace(state, status=SlotStatus.DRAINING))
            await self._drain(leaving, drain)
            if state.container_id is not None:
                await self.engine.remove(state.container_id, grace=STOP_GRACE)
            await self.store.set_slot(SlotState(state.project_id, state.slot, port=state.port))
        except OutsideError as error:
            _log.warning("%s cannot be emptied: %s", _where(state), error)
            return False
        except Exception:  # noqa: BLE001 - what leaves must not take with it what serves
            _log.exception("%s cannot be emptied, for a reason lci did not foresee", _where(state))
            return False
        self.hub.container_changed(state, "Stopped")
        return True

    async def _drain(self, leaving: _Leaving, timeout: float) -> None:
        if leaving.state.deployment_id is None or leaving.drained:
            return
        receipt = await self.proxy.drain(leaving.state.deployment_id, timeout)
        leaving.drained = True
        if leaving.receiver is not None and receipt is not None and self._nursery is not None:
            # It outlasts a full disk, and nobody who needs the slot waits for that.
            self._nursery.start_soon(self._record, leaving.receiver, receipt)

    async def _record(self, receiver: int, receipt: DrainReceipt) -> None:
        record = partial(self.store.record_receipt, receiver, asdict(receipt))
        what = f"keep the receipt of deployment {receiver}"
        await attempt(partial(insist, record, what=what), what=what)


def receiver_of(one: SlotState, other: SlotState) -> int | None:
    """Return which deployment gets the receipt of a switch between two versions: the one that came later."""
    return max((each.deployment_id for each in (one, other) if each.deployment_id is not None), default=None)


def _where(state: SlotState) -> str:
    return f"slot {state.slot} of project {state.project_id}"
