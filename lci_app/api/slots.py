"""The live state of a project's slots, also while Docker does not answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import trio

from lci_app.api.needs import Runtime
from lci_app.core.model import Health, Slot, SlotState
from lci_app.core.project import Project
from lci_app.interfaces import Store, Trouble

# An engine that hangs must not make the projects' pages hang. Seconds.
PATIENCE: Final = 3.0


async def live_slots(runtime: Runtime, store: Store, project: Project) -> dict[Slot, SlotState]:
    """Return both slots as Docker sees them; as they were recorded, of unknown health, where it does not answer."""
    try:
        with trio.fail_after(PATIENCE):
            return await runtime.slots(project)
    except (Trouble, trio.TooSlowError):
        recorded = await store.slots(project.id)
        return {slot: replace(state, health=Health.UNKNOWN) for slot, state in recorded.items()}
