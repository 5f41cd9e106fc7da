"""Masks of secrets: made in a thread, as that takes long for large ones, and kept for whoever asks again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import trio

from lci_app.core.masking import Mask

# Of what was asked for last: running versions that are watched, and builds that begin.
_KEPT: Final = 32
# What is made here and now: it takes some milliseconds. In characters.
_SMALL: Final = 256


@dataclass
class Masks:
    _kept: OrderedDict[frozenset[str], Mask] = field(default_factory=OrderedDict, repr=False)
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))

    async def of(self, secrets: Iterable[str]) -> Mask:
        """Return the mask of some secrets."""
        wanted = frozenset(secrets)
        if wanted not in self._kept:
            small = sum(map(len, wanted)) <= _SMALL
            mask = Mask(wanted) if small else await trio.to_thread.run_sync(Mask, wanted, limiter=self._limiter)
            self._kept[wanted] = mask
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(wanted)
        return self._kept[wanted]
