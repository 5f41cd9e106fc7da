"""Gives the first answer again to whoever repeats a request with the same `Idempotency-Key` within 24 hours."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import trio
from werkzeug.datastructures import Headers

from lci_app.api import problem
from lci_app.core.accounts import Caller
from lci_app.core.model import Timestamp
from lci_app.interfaces import Clock, RememberedAnswer

HEADER: Final = "Idempotency-Key"
MAX_KEY: Final = 200
_KEPT: Final = dt.timedelta(hours=24)


class Memory(Protocol):
    async def remembered(self, key: str, *, since: Timestamp) -> RememberedAnswer | None: ...

    async def remember(
        self, key: str, answer: RememberedAnswer, *, at: Timestamp, forget_before: Timestamp
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it went out."""

    status: int
    body: str
    headers: Mapping[str, str]


class Repeats:
    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._under_way: dict[str, trio.Event] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Let one request of a key through at a time; the next waits until it is answered."""
        while key in self._under_way:
            await self._under_way[key].wait()
        self._under_way[key] = trio.Event()
        try:
            yield
        finally:
            self._under_way.pop(key).set()

    async def first_answer(self, key: str, fingerprint: str) -> Given | None:
        """Return what the key's first request was answered. Raises a Problem where that was another request."""
        answer = await self._memory.remembered(key, since=_a_day_before(self._clock.now()))
        if answer is None:
            return None
        if answer.fingerprint != fingerprint:
            raise problem.conflict("CONFLICT", f"This {HEADER} was used for another request; use a new one.")
        return Given(answer.status, answer.body, answer.headers)

    async def keep(self, key: str, fingerprint: str, given: Given) -> None:
        now = self._clock.now()
        answer = RememberedAnswer(fingerprint, given.status, given.body, given.headers)
        await self._memory.remember(key, answer, at=now, forget_before=_a_day_before(now))


def key_of(headers: Headers, caller: Caller) -> str | None:
    """Return the caller's key, apart from everybody else's; None where there is none."""
    key = headers.get(HEADER)
    if key is None:
        return None
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= MAX_KEY:
        raise problem.invalid(HEADER, f"must be 1 to {MAX_KEY} printable ASCII characters")
    return f"{caller.key}:{key}"


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def _a_day_before(at: Timestamp) -> Timestamp:
    earlier = dt.datetime.fromisoformat(at) - _KEPT
    return earlier.isoformat(timespec="milliseconds").replace("+00:00", "Z")
