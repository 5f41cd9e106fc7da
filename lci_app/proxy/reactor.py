"""The event loop of a worker: callbacks on one edge-triggered epoll, with trio as its guest.

Sockets are served by callbacks, because a task switch for each event would cost more than all that a request needs.
What has a lifetime (the control channel, the sweep, the shutdown) stays in trio tasks, which run in the same thread,
between two batches of events: callbacks and tasks may call each other's synchronous functions, and no lock is needed.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Final, Protocol

import outcome
import trio

_log = logging.getLogger(__name__)

# Each socket is registered once, for everything: an edge tells that something changed since the last one.
EVERYTHING: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
# Of several workers that wait for the next connection, one is woken.
ACCEPTING: Final = select.EPOLLIN | select.EPOLLEXCLUSIVE
# All that is ready, also in a crowd: who is in a hurry is not to stand behind those who are not.
_BATCH: Final = 2048
# Of those who are not in a hurry, so many have their turn in one batch.
_PATIENT_AT_ONCE: Final = 8


class Watcher(Protocol):
    """What is told of a descriptor's events."""

    def ready(self, events: int) -> None:
        """Something may have changed; `events` is epoll's mask, and a hint only: trying tells."""

    def broken(self) -> None:
        """`ready` has failed with an error that nobody expected, which was logged."""


class Reactor:
    """`now` is the monotonic time of the batch of events that is being handled."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self._epoll = select.epoll()
        self._watchers: dict[int, Watcher] = {}
        # The descriptors of those who are not in a hurry; and what happened to some that has not been told yet.
        self._patient: set[int] = set()
        self._untold: dict[int, int] = {}
        self._closing: list[Closable] = []
        # In order, and each once: whoever asks twice has one turn.
        self._again: dict[Watcher, None] = {}
        # Of trio's, which also comes from its own thread.
        self._soon: deque[Callable[[], object]] = deque()
        self._alarm = _Alarm(self._soon)
        self.watch(self._alarm.descriptor, self._alarm, select.EPOLLIN | select.EPOLLET)

    def watch(self, descriptor: int, watcher: Watcher, events: int = EVERYTHING, *, patient: bool = False) -> None:
        """Tell `watcher` of the descriptor's events until it is forgotten. Raises OSError.

        One that is `patient` hears of them after all others, a few in each batch, until it is in a hurry.
        """
        self._epoll.register(descriptor, events)
        self._watchers[descriptor] = watcher
        if patient:
            self._patient.add(descriptor)

    def hurry(self, descriptor: int) -> None:
        """From now on its watcher is patient no more."""
        self._patient.discard(descriptor)

    def forget(self, descriptor: int) -> None:
        """Tell nobody of it any more; for what is not being closed."""
        if self._drop(descriptor):
            self._epoll.unregister(descriptor)

    def close(self, closable: Closable) -> None:
        """Close a watched descriptor's owner after this batch.

        Its number must not be given to a new connection while an event of the old one waits in the batch.
        """
        self._drop(closable.fileno())
        self._closing.append(closable)

    def _drop(self, descriptor: int) -> bool:
        """Tell nobody of it any more; returns whether anybody was told."""
        self._patient.discard(descriptor)
        self._untold.pop(descriptor, None)
        return self._watchers.pop(descriptor, None) is not None

    def again(self, watcher: Watcher) -> None:
        """Call the watcher's `ready` (without an event) once, after the others had their turn."""
        self._again[watcher] = None

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Run the trio task `main`, and callbacks until it has ended. Raises what it raised."""
        ended: list[outcome.Outcome[None]] = []
        trio.lowlevel.start_guest_run(
            main,
            run_sync_soon_threadsafe=self._alarm.ring_with,
            run_sync_soon_not_threadsafe=self._soon.append,
            done_callback=ended.append,
        )
        while not ended:
            self._turn()
        ended[0].unwrap()

    def _turn(self) -> None:
        """Handle one batch of events, and what was put off up to now."""
        waits = not (self._soon or self._again or self._untold)
        batch = self._epoll.poll(-1 if waits else 0, _BATCH)
        self.now = time.monotonic()
        watchers, patient = self._watchers, self._patient
        for descriptor, events in batch:
            if descriptor in patient:
                self._untold[descriptor] = self._untold.get(descriptor, 0) | events
                continue
            watcher = watchers.get(descriptor)
            if watcher is not None:
                _tell(watcher, events)
        if self._untold:
            self._tell_patient()
        if self._again:
            once_more, self._again = self._again, {}
            for watcher in once_more:
                _tell(watcher, 0)
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        while self._closing:
            self._closing.pop().close()

    def _tell_patient(self) -> None:
        """Those who have waited longest come first."""
        for descriptor in list(islice(self._untold, _PATIENT_AT_ONCE)):
            events = self._untold.pop(descriptor, 0)
            watcher = self._watchers.get(descriptor)
            if events and watcher is not None:
                _tell(watcher, events)


def _tell(watcher: Watcher, events: int) -> None:
    try:
        watcher.ready(events)
    except Exception:  # noqa: BLE001 - logged and counted: one visitor's bug must not end the others
        _log.exception("A connection failed.")
        watcher.broken()


class Closable(Protocol):
    def fileno(self) -> int: ...

    def close(self) -> None: ...


class _Alarm:
    """Wakes the reactor from another thread."""

    def __init__(self, soon: deque[Callable[[], object]]) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._soon = soon

    def ring_with(self, callback: Callable[[], object]) -> None:
        self._soon.append(callback)
        os.eventfd_write(self.descriptor, 1)

    def ready(self, _events: int) -> None:
        """An edge each time it is rung: there is nothing to read."""

    def broken(self) -> None:
        """It does nothing that could."""
