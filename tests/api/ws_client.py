"""A WebSocket client of the live events; every message is checked against its definition."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio
from pydantic import TypeAdapter
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from lci_app.core.events import ServerMessage
from lci_app.core.model import Scope
from tests.api.rig import Rig

_MESSAGES: TypeAdapter[Any] = TypeAdapter(ServerMessage)


class Client:
    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket

    async def send(self, **message: Any) -> None:
        await self.socket.send_message(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        with trio.fail_after(15):
            text = await self.socket.get_message()
        _MESSAGES.validate_json(text)
        message: dict[str, Any] = json.loads(text)
        assert message["timestamp"].endswith("Z")
        return message

    async def expect(self, kind: str) -> dict[str, Any]:
        message = await self.receive()
        assert message["type"] == kind, message
        return message

    async def closed(self) -> int:
        """Return the code with which the server ends the connection; what comes before is passed over."""
        with suppress(ConnectionClosed):
            while True:
                await self.receive()
        assert self.socket.closed is not None
        return int(self.socket.closed.code)

    async def subscribe(self, target: str, **fields: Any) -> dict[str, Any]:
        await self.send(type="subscribe", target=target, **fields)
        return await self.expect("subscribed")

    async def until_status(self, *statuses: str) -> list[dict[str, Any]]:
        """Return all messages up to the build_status that is one of these."""
        messages = []
        while True:
            messages.append(await self.receive())
            if messages[-1]["type"] == "build_status" and messages[-1]["status"] in statuses:
                return messages


@asynccontextmanager
async def connect(rig: Rig, *, scope: Scope | None = Scope.READ, **headers: str) -> AsyncIterator[Client]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if scope is not None and "Authorization" not in given:
        given["Authorization"] = f"Bearer {rig.tokens[scope]}"
    extra = [(name.encode(), value.encode()) for name, value in given.items()]
    async with await trio.open_tcp_stream("127.0.0.1", rig.port) as stream, trio.open_nursery() as nursery:
        host = f"127.0.0.1:{rig.port}"
        socket = await wrap_client_stream(nursery, stream, host, "/ws", extra_headers=extra)
        yield Client(socket)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def connected(rig: Rig) -> AsyncIterator[Client]:
    async with connect(rig) as client:
        await client.expect("connected")
        yield client


def line_numbers(messages: list[dict[str, Any]]) -> list[int]:
    numbers: list[int] = []
    for message in messages:
        if message["type"] == "log":
            numbers.append(message["line_number"])
        elif message["type"] == "log_batch":
            numbers += [line[0] for line in message["lines"]]
    return numbers
