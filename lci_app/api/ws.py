"""One WebSocket connection: what it subscribed to, and what it is told.

Status events come from the hub; log lines are read from the stored log, by one task for each build that is watched.
A build's final status is told after its last line.
"""

from __future__ import annotations

import logging
import secrets
from typing import Final, Protocol

import trio
from pydantic import TypeAdapter, ValidationError

import lci_app
from lci_app.api.log_follow import LogFollower
from lci_app.api.needs import Listener, Parts
from lci_app.api.route import MAX_ID
from lci_app.api.viewer import Viewer
from lci_app.api.ws_subscriptions import Subscriptions, WatchedBuild
from lci_app.core.codes import EventCode
from lci_app.core.events import (
    BuildStatusChanged,
    ClientMessage,
    Connected,
    ErrorEvent,
    Event,
    Lagged,
    Ping,
    Pong,
    Published,
    Subscribed,
    Subscription,
    Unsubscribed,
)
from lci_app.services.hub import Overrun

logger = logging.getLogger(__name__)

# A client that has not taken a message in this time is as good as gone.
SEND_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 1.0
# Subscriptions of one connection: each build watched costs a task.
MAX_SUBSCRIPTIONS: Final = 100
# A viewer that follows live and is this far behind is told so, once until it has caught up.
LAG_LINES: Final = 10_000
GOING_AWAY: Final = 1001
# "Policy violation" (RFC 6455, 7.4.1).
SIGNED_OUT: Final = 1008
INTERNAL_ERROR: Final = 1011
TRY_AGAIN_LATER: Final = 1013
_MESSAGES: Final[TypeAdapter[Subscription | Ping]] = TypeAdapter(ClientMessage)


class Socket(Protocol):
    async def receive(self) -> str | bytes: ...

    async def send(self, data: str) -> None: ...

    async def close(self, code: int, reason: str) -> None: ...


class Session:
    """`viewer` is whose connection it is: what is not for that one is not there, and once it is nobody's, it ends."""

    def __init__(self, socket: Socket, viewer: Viewer, parts: Parts, stop: trio.Event) -> None:
        self._socket = socket
        self._viewer = viewer
        self._store = parts.store
        self._logs = parts.logs
        self._pages = parts.pages
        self._hub = parts.hub
        self._clock = parts.clock
        self._stop = stop
        self._subscriptions = Subscriptions()
        self._sending = trio.Lock()
        # One at a time: a message of the client, or an event; so an answer stands before the events that follow it.
        self._turn = trio.Lock()
        self._closed = False
        self._nursery: trio.Nursery

    async def run(self) -> None:
        """Serve the connection until the client leaves, cannot keep up, or the service stops."""
        try:
            with self._hub.subscribe() as listener:
                async with trio.open_nursery() as self._nursery:
                    await self._greet()
                    self._nursery.start_soon(self._hear, listener)
                    self._nursery.start_soon(self._leave_at_stop)
                    self._nursery.start_soon(self._leave_when_signed_out)
                    await self._obey()
        except Exception:
            logger.exception("a WebSocket connection failed")
            await self._close(INTERNAL_ERROR, "lci has failed; its log has the reason")

    async def _greet(self) -> None:
        await self._tell(
            Connected(timestamp=self._clock.now(), connection_id=secrets.token_hex(8), version=lci_app.__version__)
        )

    async def _obey(self) -> None:
        while True:
            message = await self._socket.receive()
            async with self._turn:
                await self._answer(message)

    async def _hear(self, listener: Listener) -> None:
        while True:
            try:
                event = await listener.receive()
            except Overrun:
                await self._close(TRY_AGAIN_LATER, "too slow: status events piled up")
                return
            async with self._turn:
                await self._deliver(event)

    async def _leave_at_stop(self) -> None:
        await self._stop.wait()
        await self._close(GOING_AWAY, "lci is stopping")

    async def _leave_when_signed_out(self) -> None:
        await self._viewer.wait_gone()
        await self._close(SIGNED_OUT, "the session or token is no longer valid")

    async def _answer(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await self._complain("INVALID_MESSAGE", "Messages are JSON in text frames.")
            return
        try:
            wanted = _MESSAGES.validate_json(message)
        except ValidationError as error:
            await self._complain("INVALID_MESSAGE", _complaint(error))
            return
        if isinstance(wanted, Ping):
            await self._tell(Pong(timestamp=self._clock.now()))
        elif not _is_complete(wanted):
            await self._complain("INVALID_MESSAGE", f"{wanted.target}_id is required for this target.")
        elif wanted.type == "unsubscribe":
            await self._unsubscribe(wanted)
        elif len(self._subscriptions) >= MAX_SUBSCRIPTIONS and wanted not in self._subscriptions:
            await self._complain("INVALID_MESSAGE", f"A connection takes {MAX_SUBSCRIPTIONS} subscriptions at most.")
        else:
            await self._subscribe(wanted)

    async def _subscribe(self, wanted: Subscription) -> None:
        match wanted.target:
            case "build":
                await self._watch(wanted)
            case "project":
                project = await self._store.project(min(wanted.project_id or 0, MAX_ID))
                if project is None or not self._viewer.sees(project.id):
                    await self._complain("RESOURCE_NOT_FOUND", f"There is no project {wanted.project_id}.", wanted)
                    return
                self._subscriptions.add(wanted)
                await self._confirm(wanted, project.active_slot)
            case "global":
                self._subscriptions.add(wanted)
                await self._confirm(wanted, None)

    async def _watch(self, wanted: Subscription) -> None:
        build = await self._store.build(min(wanted.build_id or 0, MAX_ID))
        if build is None or not self._viewer.sees(build.project_id):
            await self._complain("RESOURCE_NOT_FOUND", f"There is no build {wanted.build_id}.", wanted)
            return
        first = min(wanted.from_line, MAX_ID)
        follower = LogFollower(self._store, self._logs, self._pages, build, first, self._stop)
        watched = WatchedBuild(build, follower, wanted.batch)
        self._subscriptions.watch(watched)
        await self._confirm(wanted, build.status)
        self._nursery.start_soon(self._read_log, watched)

    async def _unsubscribe(self, wanted: Subscription) -> None:
        kept_back = self._subscriptions.remove(wanted)
        if kept_back is not None and self._subscriptions.hear(kept_back):
            await self._tell(kept_back)
        await self._tell(
            Unsubscribed(
                timestamp=self._clock.now(),
                target=wanted.target,
                build_id=wanted.build_id,
                project_id=wanted.project_id,
            )
        )

    async def _deliver(self, event: Published) -> None:
        if isinstance(event, BuildStatusChanged) and self._subscriptions.keeps_back(event):
            return
        if self._viewer.sees(getattr(event, "project_id", None)) and self._subscriptions.hear(event):
            await self._tell(event)

    async def _read_log(self, watched: WatchedBuild) -> None:
        """Send the stored lines, then the live ones, then the final status."""
        follower = watched.follower
        lagging = False
        while page := await watched.next_page():
            behind = await follower.backlog() if follower.caught_up else 0
            if behind > LAG_LINES and not lagging:
                await self._tell(
                    Lagged(timestamp=self._clock.now(), build_id=watched.id, next_line=page.records[0].number)
                )
            lagging = behind > 0 and (lagging or behind > LAG_LINES)
            for message in watched.messages(page):
                await self._send(message)
        if follower.ended and follower.build is not None and not watched.left:
            await self._tell(watched.final_event(follower.build, self._clock.now()))

    async def _confirm(self, wanted: Subscription, status: str | None) -> None:
        await self._tell(
            Subscribed(
                timestamp=self._clock.now(),
                target=wanted.target,
                build_id=wanted.build_id,
                project_id=wanted.project_id,
                current_status=status,
            )
        )

    async def _complain(self, code: EventCode, message: str, about: Subscription | None = None) -> None:
        await self._tell(
            ErrorEvent(
                timestamp=self._clock.now(),
                code=code,
                message=message,
                build_id=None if about is None else about.build_id,
                project_id=None if about is None else about.project_id,
            )
        )

    async def _tell(self, event: Event) -> None:
        await self._send(event.model_dump_json())

    async def _send(self, text: str) -> None:
        async with self._sending:
            if self._closed:
                return
            with trio.move_on_after(SEND_SECONDS) as patience:
                await self._socket.send(text)
            if patience.cancelled_caught:
                self._closed = True
                self._nursery.cancel_scope.cancel()

    async def _close(self, code: int, reason: str) -> None:
        """Say why, where the client still listens; then end."""
        with trio.move_on_after(CLOSE_SECONDS):
            async with self._sending:
                if not self._closed:
                    self._closed = True
                    await self._socket.close(code, reason)
        self._nursery.cancel_scope.cancel()


def _is_complete(wanted: Subscription) -> bool:
    match wanted.target:
        case "build":
            return wanted.build_id is not None
        case "project":
            return wanted.project_id is not None
        case "global":
            return True


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{where or 'The message'}: {first['msg']}."
