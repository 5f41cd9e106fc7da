"""Whether the engine is alive: a ping on a connection of its own, and the stream of what happens to our containers."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from lci_app.adapters.docker.events import NewsFeed, read_news
from lci_app.adapters.docker.held import open_in_thread, open_plain_nursery, run_until_shut
from lci_app.interfaces import AsyncNews, ContainerNews, Trouble

if TYPE_CHECKING:
    from lci_app.adapters.docker.calls import EngineCalls

# Pings that hang hold a thread each, until they give up.
_PINGS: Final = 4
# Exit codes above this mean that a signal ended the container: anybody may have sent it.
_BY_SIGNAL: Final = 128


class Pulse:
    def __init__(self, connected: Callable[[], Awaitable[EngineCalls]], where: str) -> None:
        self._connected = connected
        self._where = where
        self._for_pings = trio.CapacityLimiter(_PINGS)
        self._for_watches = trio.CapacityLimiter(math.inf)
        # How often the engine has ended a stream of news: one that was there all the time has ended none.
        self.cuts = 0

    async def ping(self) -> None:
        calls = await self._connected()
        await trio.to_thread.run_sync(calls.ping, abandon_on_cancel=True, limiter=self._for_pings)

    async def believe(self, exit_code: int, name: str, cuts: int) -> None:
        """Raise Trouble where a container may have ended only because its engine did; `cuts`: as it was started.

        An engine that stops takes no new connections, then ends its containers, and still tells on the open ones how:
        with whatever the command makes of SIGTERM.
        """
        if exit_code > _BY_SIGNAL and self.cuts != cuts:
            message = f"the Docker engine went away and came back while {name} ran; what ended that is not known"
            raise Trouble("DOCKER_UNAVAILABLE", message)
        await self.ping()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncNews]:
        calls = await self._connected()
        events = await open_in_thread(calls.open_events, self._for_watches)
        sending, receiving = trio.open_memory_channel[ContainerNews](math.inf)

        async def read() -> None:
            def give(news: ContainerNews) -> None:
                trio.from_thread.run_sync(sending.send_nowait, news)

            try:
                await run_until_shut(events, partial(read_news, events, self._where, give), self._for_watches)
            except Trouble:
                self.cuts += 1
                raise

        try:
            async with open_plain_nursery() as nursery:
                nursery.start_soon(read)
                yield NewsFeed(receiving)
                nursery.cancel_scope.cancel()
        finally:
            events.close()
