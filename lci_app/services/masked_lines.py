"""The output of a container that runs, without the secrets that it was given."""

from __future__ import annotations

from lci_app.core.masking import Mask
from lci_app.interfaces import AsyncLines


class MaskedLines:
    """An `interfaces.AsyncLines` over another one; whoever opened that closes it."""

    def __init__(self, lines: AsyncLines, mask: Mask) -> None:
        self._lines = lines
        self._mask = mask

    def __aiter__(self) -> MaskedLines:
        return self

    async def __anext__(self) -> str:
        return self._mask.in_text(await anext(self._lines))
