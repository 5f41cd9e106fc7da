"""Whether new work may begin, and why not: whoever notices tells it here, and whoever waits or watches is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import trio

from lci_app.core.readiness import Condition, Reason, in_order, is_ready
from lci_app.interfaces import Notice
from lci_app.services.hub import Hub

_log = logging.getLogger(__name__)


@dataclass
class Readiness:
    """`bell` is rung whenever work that could not begin may begin again."""

    hub: Hub
    bell: Notice
    _found: dict[Condition, Reason] = field(default_factory=dict)
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def reasons(self) -> Sequence[Reason]:
        """What is wrong now, the worst first; empty when all is well."""
        return in_order(self._found)

    @property
    def is_ready(self) -> bool:
        return is_ready(self.reasons)

    def note(self, condition: Condition, reason: Reason | None) -> None:
        """Take note of how a condition stands; None is well. What is as it was is not told again."""
        before, was_ready = self._found.get(condition), self.is_ready
        if reason is None:
            self._found.pop(condition, None)
        else:
            self._found[condition] = reason
        if (before and before.code) == (reason and reason.code):
            return
        _tell_log(condition, before, reason)
        self._changed.set()
        self._changed = trio.Event()
        self.hub.readiness_changed(self.reasons)
        if self.is_ready and not was_ready:
            self.bell.ring()

    async def wait_sound(self, condition: Condition) -> None:
        """Return when nothing that blocks is known of that condition."""
        while (reason := self._found.get(condition)) is not None and reason.blocking:
            await self._changed.wait()


def _tell_log(condition: Condition, before: Reason | None, reason: Reason | None) -> None:
    if reason is not None and reason.blocking:
        _log.warning("no build starts now: %s (%s): %s", condition, reason.code, reason.message)
    elif reason is not None:
        _log.warning("%s (%s): %s", condition, reason.code, reason.message)
    elif before is not None:
        _log.info("%s: well again (was %s)", condition, before.code)
