"""What every part of the engine stands on: one connection, and threads of their own for each kind of work."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from lci_app.adapters.docker.held import open_in_thread, open_plain_nursery
from lci_app.adapters.docker.pulse import Pulse
from lci_app.core.subnets import Subnets
from lci_app.interfaces import ContainerSpec, ContainerState, OutsideError, RegistryLogins

if TYPE_CHECKING:
    from lci_app.adapters.docker.calls import EngineCalls

_CALLS: Final = 32
# Each follower holds a thread for as long as somebody watches.
_FOLLOWERS: Final = 256

# What a build leaves behind is gone within this time, also when the build was cancelled.
DISCARD_SECONDS: Final = 5.0
# How long a cancellation waits for a container that is being created.
CREATE_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _Fresh:
    """A container that was created; `close` removes it. Blocks on the engine."""

    def __init__(self, calls: EngineCalls, container_id: str) -> None:
        self._calls = calls
        self.id = container_id

    def close(self) -> None:
        try:
            self._calls.remove(self.id, 0.0)
        except OutsideError as error:
            _log.warning("container %s could not be removed: %s", self.id[:12], error)


async def _limit_when_cancelled(patience: trio.CancelScope) -> None:
    try:
        await trio.sleep_forever()
    finally:
        patience.deadline = trio.current_time() + CREATE_SECONDS


class EngineRoom:
    """One engine; each call in a thread, each cancellable."""

    def __init__(
        self, docker_host: str | None, instance: str, subnets: Subnets, logins: RegistryLogins | None, seconds: float
    ) -> None:
        self._docker_host = docker_host
        self._instance = instance
        self._subnets = subnets
        self._logins = logins
        self._call_seconds = seconds
        self._calls: EngineCalls | None = None
        self._pulse = Pulse(self._connected, docker_host or "its local socket")
        # Each kind of work has its own, so that no number of builds or followers keeps a short call waiting.
        self._for_calls = trio.CapacityLimiter(_CALLS)
        self._for_builds = trio.CapacityLimiter(math.inf)
        self._for_followers = trio.CapacityLimiter(_FOLLOWERS)

    def close(self) -> None:
        if self._calls is not None:
            self._calls.close()

    async def inspect(self, container_id: str) -> ContainerState | None:
        calls = await self._connected()
        return await self._run(partial(calls.inspect, container_id))

    async def remove(self, container_id: str, *, grace: float = 0.0) -> None:
        calls = await self._connected()
        await self._run(partial(calls.remove, container_id, grace))

    async def _create(self, calls: EngineCalls, spec: ContainerSpec, *, attached: bool) -> str:
        """Return the id of a fresh container, which is the caller's to remove.

        A cancellation waits for it, since only its id leads to it, but not long: an engine may hang. What comes into
        being later is removed by the thread that asked for it.
        """
        create = partial(calls.create, spec, attached=attached)
        patience = trio.CancelScope(shield=True)
        created: list[_Fresh] = []
        try:
            async with open_plain_nursery() as nursery:
                nursery.start_soon(_limit_when_cancelled, patience)
                with patience:
                    created.append(await open_in_thread(lambda: _Fresh(calls, create()), self._for_calls))
                nursery.cancel_scope.cancel()
        except BaseException:
            with trio.move_on_after(DISCARD_SECONDS, shield=True):
                for fresh in created:
                    await self._discard(fresh.id)
            raise
        return created[0].id

    async def _discard(self, container_id: str) -> None:
        """Remove what is of no use any more; where that fails, its label tells the next clean-up whose it is."""
        try:
            await self.remove(container_id)
        except OutsideError as error:
            _log.warning("container %s could not be removed: %s", container_id[:12], error)
        except trio.Cancelled:
            _log.warning("container %s is not removed yet after %g s", container_id[:12], DISCARD_SECONDS)
            raise

    async def _run(self, call: Callable[[], _T]) -> _T:
        """Run a short call. A cancellation does not wait for it: the thread goes on by itself until the call ends."""
        return await trio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._for_calls)

    async def _connected(self) -> EngineCalls:
        return self._calls or self._keep(await open_in_thread(self._connect, self._for_calls))

    def _keep(self, fresh: EngineCalls) -> EngineCalls:
        """Keep the first connection of those that were begun at the same time."""
        if self._calls is None:
            self._calls = fresh
        else:
            fresh.close()
        return self._calls

    def _connect(self) -> EngineCalls:
        from lci_app.adapters.docker.calls import EngineCalls  # noqa: PLC0415 - takes 0.1 s: not at the start

        return EngineCalls(self._docker_host, self._instance, self._subnets, limit=self._call_seconds)
