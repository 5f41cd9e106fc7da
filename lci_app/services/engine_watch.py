"""Keeps in touch with the engine for as long as lci lives, and says at once when it is away or back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import trio

from lci_app.core import names
from lci_app.core.codes import reason_code
from lci_app.core.readiness import Condition, Reason
from lci_app.interfaces import Engine, OutsideError, Trouble
from lci_app.services.readiness import Readiness
from lci_app.services.version_keeper import VersionKeeper

# Seconds between two pings: so long, and the engine's own limit for one, may a hung engine stay unnoticed.
PING_EVERY: Final = 2.0
# After trouble the engine is asked again after this many seconds, each time twice as long.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0


@dataclass
class EngineWatch:
    engine: Engine
    readiness: Readiness
    keeper: VersionKeeper

    async def run(self) -> None:
        """Watch until cancelled: no engine, and nothing that it does, ends this."""
        pause = FIRST_PAUSE
        while True:
            trouble, was_well = await self._watch_once()
            # A stream that was cut says little: an engine that answers the next time was never away.
            if not was_well:
                self.readiness.note(Condition.ENGINE, _reason(trouble))
            pause = FIRST_PAUSE if was_well else min(pause * 2, LONGEST_PAUSE)
            await trio.sleep(pause)

    async def _watch_once(self) -> tuple[OutsideError, bool]:
        """Listen until that ends; returns what ended it, and whether the engine was well until then."""
        well = False
        found: OutsideError = Trouble("DOCKER_UNAVAILABLE", "the Docker engine has stopped telling what happens")
        try:
            async with self.engine.watch() as news:
                # Only now, so that nothing can happen between the look and what is heard.
                await self.engine.ping()
                await self.keeper.look_at_all()
                well = True
                self.readiness.note(Condition.ENGINE, None)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._ping)
                    async for each in news:
                        if each.role == names.ROLE_RUNTIME:
                            self.keeper.look_soon(each.project_id)
        except* OutsideError as group:
            found = _first(group)
        return found, well

    async def _ping(self) -> None:
        while True:
            await trio.sleep(PING_EVERY)
            try:
                await self.engine.ping()
            except OutsideError as trouble:
                self.readiness.note(Condition.ENGINE, _reason(trouble))
                raise


def _reason(trouble: OutsideError) -> Reason:
    return Reason(reason_code(trouble.code, "DOCKER_ERROR"), str(trouble))


def _first(group: BaseExceptionGroup[OutsideError]) -> OutsideError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
