"""Logs as server-sent events. A stream that is cut goes on where it was: `id` is the line's number."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Final

import trio

from lci_app.api.log_follow import LogFollower, wake_on_change
from lci_app.api.needs import Hub, Runtime
from lci_app.api.wire.logs import log_event_data
from lci_app.core.model import Slot
from lci_app.core.project import Project
from lci_app.interfaces import AsyncLines
from lci_app.services.results import SlotEmpty

# A comment goes out so often when nothing else does, so that a client that has gone is noticed.
HEARTBEAT_SECONDS: Final = 15.0
_HEARTBEAT: Final = b": \n\n"
# Lines of a container's output that wait for a slow reader.
_PENDING_LINES: Final = 200


@asynccontextmanager
async def build_log_events(follower: LogFollower, hub: Hub, build_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open the stored lines, then the live ones, then `complete` with the build's status."""
    async with trio.open_nursery() as nursery:
        await nursery.start(wake_on_change, hub, follower, build_id)
        nursery.start_soon(follower.end_at_stop)
        async with aclosing(_build_log_events(follower)) as events:
            yield events
        nursery.cancel_scope.cancel()


async def _build_log_events(follower: LogFollower) -> AsyncGenerator[bytes, None]:
    yield _HEARTBEAT
    while True:
        with trio.move_on_after(HEARTBEAT_SECONDS) as patience:
            page = await follower.next_page()
        if patience.cancelled_caught:
            yield _HEARTBEAT
            continue
        if page is None:
            break
        yield "".join(f"id: {each.number}\ndata: {log_event_data(each)}\n\n" for each in page.records).encode()
    if follower.ended:
        status = None if follower.build is None else follower.build.status
        yield _event("complete", {"status": status, "total": follower.next_line - 1})


@asynccontextmanager
async def runtime_log_events(
    runtime: Runtime, project: Project, slot: Slot | None, tail: int, stop: trio.Event
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open the last lines of a container, then what it writes, until it ends: then `complete`."""
    send, receive = trio.open_memory_channel[str](_PENDING_LINES)

    async def copy(lines: AsyncLines) -> None:
        async for line in lines:
            await send.send(line)

    async def pump(lines: AsyncLines | SlotEmpty) -> None:
        async with send:
            if not isinstance(lines, SlotEmpty):
                await _first_of(partial(copy, lines), stop.wait)

    async with runtime.follow(project, slot, tail) as lines, trio.open_nursery() as nursery:
        nursery.start_soon(pump, lines)
        async with aclosing(_runtime_log_events(receive, stop)) as events:
            yield events
        nursery.cancel_scope.cancel()


async def _runtime_log_events(lines: trio.MemoryReceiveChannel[str], stop: trio.Event) -> AsyncGenerator[bytes, None]:
    yield _HEARTBEAT
    while True:
        try:
            with trio.move_on_after(HEARTBEAT_SECONDS) as patience:
                line = await lines.receive()
        except trio.EndOfChannel:
            break
        if patience.cancelled_caught:
            yield _HEARTBEAT
        else:
            yield f"data: {json.dumps({'text': line}, ensure_ascii=False)}\n\n".encode(errors="replace")
    if not stop.is_set():
        yield _event("complete", {})


def _event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _first_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Return when the first of them does; the others are cancelled."""
    async with trio.open_nursery() as nursery:

        async def finish(wait: Callable[[], Awaitable[object]]) -> None:
            await wait()
            nursery.cancel_scope.cancel()

        for wait in waits:
            nursery.start_soon(finish, wait)
