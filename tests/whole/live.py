"""A WebSocket client of lci, for tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from tests.whole.service import ENDED, WAIT_SECONDS, Service


class Watcher:
    """One connection to `/ws`. `messages` holds all that the server has sent."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, service: Service) -> AsyncIterator[Watcher]:
        url = service.url.replace("http://", "ws://") + "/ws"
        headers = [(b"Authorization", f"Bearer {service.token}".encode())]
        async with open_websocket_url(url, extra_headers=headers) as connection:
            watcher = cls(connection)
            assert (await watcher.receive())["type"] == "connected"
            yield watcher

    async def receive(self) -> dict[str, Any]:
        with trio.fail_after(WAIT_SECONDS):
            message: dict[str, Any] = json.loads(await self.connection.get_message())
        self.messages.append(message)
        return message

    async def send(self, **message: Any) -> None:
        await self.connection.send_message(json.dumps(message))

    async def subscribe(self, **subscription: Any) -> dict[str, Any]:
        """Subscribe, and return the server's `subscribed`."""
        await self.send(type="subscribe", **subscription)
        return await self.until(lambda message: message["type"] == "subscribed")

    async def until(self, is_it: Any) -> dict[str, Any]:
        while True:
            message = await self.receive()
            if is_it(message):
                return message

    async def until_build_ends(self, build_id: int) -> list[dict[str, Any]]:
        """Read on to the build's own final status; returns all that came on this connection."""
        await self.until(lambda m: m["type"] == "build_status" and m["build_id"] == build_id and m["status"] in ENDED)
        return self.messages
