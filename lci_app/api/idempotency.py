"""Gives the first answer again to whoever repeats a request with the same `Idempotency-Key` within 24 hours.

What a request makes is recorded together with the answer that tells of it, so that no crash can part the two; the other
answers are kept once they are given.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import trio
from quart.wrappers import Request

from lci_app.api import problem
from lci_app.api.route import Reply
from lci_app.api.wire.base import success
from lci_app.core.accounts import Caller
from lci_app.core.model import Timestamp
from lci_app.interfaces import Clock, Once, RememberedAnswer

HEADER: Final = "Idempotency-Key"
MAX_KEY: Final = 200
_KEPT: Final = dt.timedelta(hours=24)

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Key:
    """`text` is nobody else's; `fingerprint` is of the request that bears it, which came `at`."""

    text: str
    fingerprint: str
    at: Timestamp

    @property
    def forget_before(self) -> Timestamp:
        return _a_day_before(self.at)

    def once(self, reply: Callable[[T], Reply]) -> Once[T]:
        """Have `reply`, which tells of what the request makes, kept together with it."""

        def answer(made: T) -> RememberedAnswer:
            told = reply(made)
            return self.answered(Given(told.status, success(told.data).decode(), told.headers))

        return Once(self.text, answer, self.at, self.forget_before)

    def answered(self, given: Given) -> RememberedAnswer:
        return RememberedAnswer(self.fingerprint, given.status, given.body, given.headers)


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

    async def first_answer(self, key: Key) -> Given | None:
        """Return what the key's first request was answered. Raises a Problem where that was another request."""
        answer = await self._memory.remembered(key.text, since=key.forget_before)
        if answer is None:
            return None
        if answer.fingerprint != key.fingerprint:
            raise problem.conflict("CONFLICT", f"This {HEADER} was used for another request; use a new one.")
        return Given(answer.status, answer.body, answer.headers)

    async def keep(self, key: Key, given: Given) -> None:
        """Keep an answer; nothing happens where one was kept already, with what the request has made."""
        await self._memory.remember(key.text, key.answered(given), at=key.at, forget_before=key.forget_before)

    def key_of(self, asked: Request, body: bytes, caller: Caller) -> Key | None:
        """Return the request's key, apart from everybody else's; None where there is none. Raises a Problem."""
        text = asked.headers.get(HEADER)
        if text is None:
            return None
        if not text.isascii() or not text.isprintable() or not 0 < len(text) <= MAX_KEY:
            raise problem.invalid(HEADER, f"must be 1 to {MAX_KEY} printable ASCII characters")
        return Key(f"{caller.key}:{text}", _fingerprint_of(asked.method, asked.full_path, body), self._clock.now())


def _fingerprint_of(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def _a_day_before(at: Timestamp) -> Timestamp:
    earlier = dt.datetime.fromisoformat(at) - _KEPT
    return earlier.isoformat(timespec="milliseconds").replace("+00:00", "Z")
