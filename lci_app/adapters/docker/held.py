"""Answers of the engine that stay open: read in a thread, ended from any other."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import trio

if TYPE_CHECKING:
    # The SDK and what it stands on are imported by the first call, not by the start of the program.
    import requests

_T = TypeVar("_T")
_Opened = TypeVar("_Opened", bound="Closable | None")


class Closable(Protocol):
    def close(self) -> None:
        """Free it; for whoever opened it, once nobody uses it."""


class Stoppable(Closable, Protocol):
    def shutdown(self) -> None:
        """End what a thread reads at this moment; never blocks, does not free anything."""


class Held:
    """An open HTTP answer and its socket, on a connection of its own that is never used again."""

    def __init__(self, response: requests.Response, *, idle_limit: float | None = None) -> None:
        self.response = response
        self.socket: socket.socket = _socket_of(response)
        self.socket.settimeout(idle_limit)

    @property
    def raw(self) -> Any:
        return self.response.raw

    def shutdown(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.shutdown()
        self.response.close()


def _socket_of(response: requests.Response) -> socket.socket:
    # The way the SDK's own `attach_socket` and `CancellableStream` go.
    raw: Any = response.raw
    found: socket.socket = raw._fp.fp.raw._sock  # noqa: SLF001 - nothing public leads there
    return found


async def open_in_thread(open_it: Callable[[], _Opened], limiter: trio.CapacityLimiter) -> _Opened:
    """Run `open_it` in a thread that a cancellation does not wait for: what is opened too late is closed at once."""
    lock = threading.Lock()
    opened: list[_Opened] = []
    abandoned = False

    def work() -> None:
        fresh = open_it()
        with lock:
            opened.append(fresh)
            if abandoned and fresh is not None:
                fresh.close()

    try:
        await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
    except trio.Cancelled:
        with lock:
            abandoned = True
            for late in opened:
                if late is not None:
                    late.close()
        raise
    return opened[0]


async def run_until_shut(held: Stoppable, read: Callable[[], _T], limiter: trio.CapacityLimiter) -> _T:
    """Run `read` in a thread. Cancellation shuts `held`; either way the thread has ended when this returns."""
    async with open_plain_nursery() as nursery:
        nursery.start_soon(_shut_when_cancelled, held)
        try:
            result = await trio.to_thread.run_sync(read, limiter=limiter)
        except Exception:
            # What is raised once `held` was shut says only that it was shut.
            await trio.lowlevel.checkpoint_if_cancelled()
            raise
        nursery.cancel_scope.cancel()
        return result


async def _shut_when_cancelled(held: Stoppable) -> None:
    try:
        await trio.sleep_forever()
    finally:
        held.shutdown()


@asynccontextmanager
async def open_plain_nursery() -> AsyncIterator[trio.Nursery]:
    """Open a nursery whose only error is raised as itself, not in a group of one."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        only = _only_error(group)
        if only is None:
            raise
        raise only from only.__cause__


def _only_error(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    """Return the one error in `group` besides cancellations; None where there are more, or none."""
    _, errors = group.split(trio.Cancelled)
    found: BaseException | None = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0] if len(found.exceptions) == 1 else None
    return found
