"""What every part of the engine stands on: one connection, and threads of their own for each kind of work."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from lci_app.adapters.docker.held import open_in_thread
from lci_app.adapters.docker.pulse import Pulse
from lci_app.core.subnets import Subnets
from lci_app.interfaces import ContainerState, RegistryLogins

if TYPE_CHECKING:
    from lci_app.adapters.docker.calls import EngineCalls

_CALLS: Final = 32
# Each follower holds a thread for as long as somebody watches.
_FOLLOWERS: Final = 256

_T = TypeVar("_T")


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
