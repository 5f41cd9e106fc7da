"""Bounds how many large bodies are in memory at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from lci_app.api import problem

# What is smaller is not counted; a push of some hundred commits is.
LARGE_BYTES: Final = 1024 * 1024
# Of 25 MiB each at most.
MOST: Final = 16
_RETRY_SECONDS: Final = 5


class LargeBodies:
    def __init__(self) -> None:
        self._held = 0

    @asynccontextmanager
    async def room(self, length: int | None) -> AsyncIterator[None]:
        """Make room for a body of that length, None where it is not told. Raises the Problem that there is none."""
        large = length is None or length > LARGE_BYTES
        if large and self._held >= MOST:
            raise problem.too_many_bodies(_RETRY_SECONDS)
        self._held += large
        try:
            yield
        finally:
            self._held -= large
