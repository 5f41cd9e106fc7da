"""A client of the live events that holds whatever it is told against the table of `events.md`."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.asking import TIMESTAMP, check_timestamps
from tests.git_server import GitRepository
from tests.whole.live import Watcher
from tests.whole.service import WAIT_SECONDS, Service

NEVER = "sleep 1000"


STATUS = {"build_id", "project_id", "project_name", "build_number", "status", "previous_status"}


# By type, as the paper's table has them; `type` and `timestamp` are everywhere.
FIELDS = {
    "connected": {"connection_id"},
    "pong": set(),
    "build_status": STATUS,
    "log": {"build_id", "project_id", "line", "line_number", "stream", "stage"},
    "log_batch": {"build_id", "lines"},
    "health_check": {"build_id", "project_id", "slot", "attempt", "max_attempts", "status", "url", "response_code",
                     "response_time_ms"},
    "deployment": {"build_id", "project_id", "project_name", "status", "slot", "url", "reason"},
    "container_status": {"project_id", "slot", "container_id", "status"},
    "error": {"code", "message", "build_id", "project_id", "details"},
    "lagged": {"build_id", "next_line"},
}  # fmt: skip


SLOTS = {"Blue", "Green"}


def check(messages: list[dict[str, Any]]) -> None:
    """Hold messages against the paper's table."""
    for message in messages:
        assert TIMESTAMP.fullmatch(message["timestamp"])
        check_timestamps(message)
        kind = message["type"]
        if kind in FIELDS:
            # Fields may be added.
            assert set(message) >= FIELDS[kind] | {"type", "timestamp"}, message
        if kind == "health_check":
            assert message["status"] in {"Checking", "Success", "Failed"}
        if kind == "deployment":
            assert message["status"] in {"Success", "Failed"}
        if kind == "container_status":
            assert message["status"] in {"Starting", "Running", "Stopped", "Error"}
        if kind in {"health_check", "deployment", "container_status"}:
            assert message["slot"] in SLOTS
        if kind == "log":
            assert message["stream"] in {"stdout", "stderr", "system"}


@asynccontextmanager
async def watching(service: Service) -> AsyncIterator[Watcher]:
    """A connection on which everything that came is held against the table when the block is left."""
    async with Watcher.open(service) as watcher:
        yield watcher
        check(watcher.messages)


async def refusal(watcher: Watcher, code: str) -> dict[str, Any]:
    message = await watcher.receive()
    assert (message["type"], message["code"]) == ("error", code)
    assert message["message"]
    return message


async def still_there(watcher: Watcher) -> None:
    await watcher.send(type="ping")
    await watcher.until(lambda message: message["type"] == "pong")


def trigger(service: Service, project: str, **fields: Any) -> int:
    build: int = service.post(f"/api/projects/{project}/builds", fields)["build_id"]
    return build


def lines_of(messages: list[dict[str, Any]], build_id: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for message in messages:
        if message.get("build_id") != build_id:
            continue
        if message["type"] == "log":
            found.append((message["line_number"], message["line"]))
        elif message["type"] == "log_batch":
            found += [(number, text) for number, _, _, text in message["lines"]]
    return found


@pytest.fixture(scope="module")
def ended(service: Service, shop: GitRepository) -> int:
    """A build that has ended."""
    service.register("ended", shop.url, build_command="for n in $(seq 1 700); do echo line $n; done; cp -r . /output/")
    build: int = service.succeed("ended")["id"]
    return build


def handshake(service: Service, **headers: str) -> bytes:
    given = {"Host": urlsplit(service.url).netloc, "Upgrade": "websocket", "Connection": "Upgrade",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", **headers}  # fmt: skip
    lines = ["GET /ws HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connected(service: Service) -> socket.socket:
    """Open a connection and ask for `/ws`; the answer is yet to be read."""
    place = urlsplit(service.url)
    connection = socket.create_connection((place.hostname or "", place.port or 0), timeout=WAIT_SECONDS)
    connection.sendall(handshake(service, Authorization=f"Bearer {service.token}"))
    return connection


def frames_of(received: bytes) -> list[tuple[int, bytes]]:
    """Return kind and content of each frame behind the answer to the handshake."""
    _, _, rest = received.partition(b"\r\n\r\n")
    frames = []
    while rest:
        length, at = rest[1] & 127, 2
        if length == 126:
            length, at = int.from_bytes(rest[2:4], "big"), 4
        frames.append((rest[0] & 15, rest[at : at + length]))
        rest = rest[at + length :]
    return frames
