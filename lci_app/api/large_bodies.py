"""Bounds how many large bodies are in memory at a time, and how long somebody may take to send one.

Whoever sends one need not have shown who they are yet: so nobody holds many, and whoever is slow makes room.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import trio

from lci_app.api import problem
from lci_app.core.client_addresses import place_of

# What is smaller is not counted; a push of some hundred commits is.
LARGE_BYTES: Final = 1024 * 1024
# Of 25 MiB each at most; of all, and of one address.
MOST: Final = 16
MOST_OF_ONE: Final = 4
# GitHub itself gives a delivery 10 seconds, answer included.
READ_SECONDS: Final = 10.0
# A body that has taken longer makes room for one that comes when there is none; GitHub's largest takes less.
SLOW_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 5

T = TypeVar("T")


class Room:
    """The room for one body."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.since = trio.current_time()
        self._reading: trio.CancelScope | None = None

    async def read(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what reading the body gives. Raises the Problem that it takes too long."""
        self._reading = trio.CancelScope(deadline=trio.current_time() + READ_SECONDS)
        try:
            with self._reading:
                return await work()
            raise problem.body_too_slow()
        finally:
            self._reading = None

    def is_slow(self) -> bool:
        return self._reading is not None and trio.current_time() - self.since >= SLOW_SECONDS

    def give_up(self) -> None:
        if self._reading is not None:
            self._reading.cancel()


class LargeBodies:
    def __init__(self) -> None:
        self._held: list[Room] = []

    @asynccontextmanager
    async def room(self, length: int | None, address: str) -> AsyncIterator[Room]:
        """Make room for a body of that length, None where it is not told. Raises the Problem that there is none."""
        room = Room(place_of(address))
        if length is not None and length <= LARGE_BYTES:
            yield room
            return
        self._make_room(room.place)
        self._held.append(room)
        try:
            yield room
        finally:
            if room in self._held:
                self._held.remove(room)

    def _make_room(self, place: str) -> None:
        if sum(each.place == place for each in self._held) >= MOST_OF_ONE:
            raise problem.too_many_bodies(_RETRY_SECONDS)
        if len(self._held) < MOST:
            return
        # The oldest comes first.
        slow = next((each for each in self._held if each.is_slow()), None)
        if slow is None:
            raise problem.too_many_bodies(_RETRY_SECONDS)
        slow.give_up()
        self._held.remove(slow)
