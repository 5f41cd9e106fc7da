"""`events.md`: connections, what clients say, and what they are answered."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import trio
from trio_websocket import open_websocket_url

from tests.contract.asking import Examiner, raw
from tests.contract.watching import (
    check,
    connected,
    frames_of,
    handshake,
    refusal,
    still_there,
    watching,
)
from tests.whole.live import Watcher
from tests.whole.service import Service


async def test_on_connect_the_server_says_so(service: Service) -> None:
    """On connect the server sends `{"type": "connected", "connection_id", "timestamp"}`."""
    identities = set()
    for _ in range(2):
        async with Watcher.open(service) as watcher:
            check(watcher.messages)
            identities.add(watcher.messages[0]["connection_id"])
    assert len(identities) == 2


async def test_a_ping_is_answered(service: Service) -> None:
    """Answers: … `pong`"""
    async with watching(service) as watcher:
        await watcher.send(type="ping")
        assert (await watcher.receive())["type"] == "pong"


async def test_subscriptions_are_confirmed_and_ended(service: Service, ended: int) -> None:
    """Answers: `subscribed` (with `current_status` …), `unsubscribed`"""
    project = service.get(f"/api/builds/{ended}")["project_id"]
    async with watching(service) as watcher:
        for target in ({"target": "global"}, {"target": "project", "project_id": project}):
            answer = await watcher.subscribe(**target)
            assert answer.items() >= target.items()
            assert "current_status" in answer
            await watcher.send(type="unsubscribe", **target)
            answer = await watcher.receive()
            assert answer["type"] == "unsubscribed"
            assert answer.items() >= target.items()
        answer = await watcher.subscribe(target="build", build_id=ended)
        assert (answer["build_id"], answer["current_status"]) == (ended, "Success")
        await watcher.send(type="unsubscribe", target="build", build_id=ended)
        await watcher.until(lambda message: message["type"] == "unsubscribed")
        await watcher.send(type="unsubscribe", target="build", build_id=ended)
        await watcher.until(lambda message: message["type"] == "unsubscribed")


BAD = [
    "", "{", "[]", "null", "5", '"ping"', "ping", "{}", '{"type": "nonsense"}', '{"type": 5}', '{"type": null}',
    '{"type": "subscribe"}', '{"type": "subscribe", "target": "everything"}',
    '{"type": "subscribe", "target": "build"}',
    '{"type": "subscribe", "target": "project"}', '{"type": "subscribe", "target": "build", "build_id": "1"}',
    '{"type": "subscribe", "target": "build", "build_id": 1.5}',
    '{"type": "subscribe", "target": "build", "build_id": true}',
    '{"type": "subscribe", "target": "build", "build_id": null}',
    '{"type": "subscribe", "target": "build", "build_id": 1, "from_line": -1}',
    '{"type": "subscribe", "target": "build", "build_id": 1, "from_line": "0"}',
    '{"type": "subscribe", "target": "build", "build_id": 1, "batch": "yes"}',
    '{"type": "subscribe", "target": "build", "build_id": 1, "form_line": 1}',
    '{"type": "subscribe", "target": "project", "project_id": "1"}', '{"type": "ping", "extra": 1}',
    '{"type": "unsubscribe"}', '{"type": "unsubscribe", "target": "build"}', '{"type": "connected"}',
    '{"type": "ping"} {"type": "ping"}', "[" * 5000, '{"type": "\\ud800"}', "\0",
]  # fmt: skip


async def test_what_is_no_message_is_said_to_be_none_and_the_connection_stays(service: Service) -> None:
    """`error` with `code` `INVALID_MESSAGE` … (the connection stays open)."""
    async with watching(service) as watcher:
        for bad in BAD:
            await watcher.connection.send_message(bad)
            await refusal(watcher, "INVALID_MESSAGE")
        for binary in (b"", b'{"type": "ping"}', b"\xff\x00"):
            await watcher.connection.send_message(binary)
            await refusal(watcher, "INVALID_MESSAGE")
        await still_there(watcher)


async def test_what_is_not_there_is_said_not_to_be_there(service: Service) -> None:
    """`RESOURCE_NOT_FOUND` (the connection stays open)"""
    async with watching(service) as watcher:
        for missing in (999_999, 0, -1, 2**63 - 1, 2**63, 10**30):
            for target in ("build", "project"):
                await watcher.send(type="subscribe", target=target, **{f"{target}_id": missing})
                await refusal(watcher, "RESOURCE_NOT_FOUND")
        await still_there(watcher)


@pytest.mark.parametrize(
    ("origin", "token", "status"),
    [
        ("https://evil.example", "own", 403),
        ("https://evil.example", None, 403),
        ("https://evil.example", "lci_guessed", 403),
        ("null", "own", 403),
        ("http://127.0.0.1:1", "own", 403),
        ("http://127.0.0.1.evil.example", "own", 403),
        (None, None, 401),
        (None, "lci_guessed", 401),
        ("self", None, 401),
        ("self", "own", 101),
        (None, "own", 101),
    ],
)
def test_a_handshake_is_refused_for_its_origin_and_then_for_its_credentials(
    service: Service, origin: str | None, token: str | None, status: int
) -> None:
    """A handshake with a foreign `Origin` gets 403 whatever its credentials; one without valid credentials 401."""
    headers = {}
    if origin is not None:
        headers["Origin"] = service.url if origin == "self" else origin
    if token is not None:
        headers["Authorization"] = f"Bearer {service.token if token == 'own' else token}"
    answer = raw(service, handshake(service, **headers))
    assert answer.status == status
    if status != 101:
        assert answer.error["code"] == {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[status]


def test_every_scope_may_watch(service: Service) -> None:
    """Scope `read`: every GET"""
    ask = Examiner(service)

    async def main(token: str) -> None:
        url = service.url.replace("http://", "ws://") + "/ws"
        async with open_websocket_url(
            url, extra_headers=[(b"Authorization", f"Bearer {token}".encode())]
        ) as connection:
            assert json.loads(await connection.get_message())["type"] == "connected"

    for scope in ("read", "deploy", "admin"):
        trio.run(main, ask.token(scope))


def test_a_plain_request_is_told_what_is_wanted(service: Service) -> None:
    answer = Examiner(service)("GET", "/ws")
    assert answer.status in {400, 426}


async def test_a_message_that_is_too_long_closes_this_connection_only(service: Service) -> None:
    """The connection is closed, with the code that says why."""
    async with watching(service) as other:
        frames = await trio.to_thread.run_sync(shout, service)
        assert frames[-1] == (8, (1009).to_bytes(2, "big"))
        await still_there(other)


def shout(service: Service) -> list[tuple[int, bytes]]:
    """Send one message of two megabytes; returns all frames that came until the server hung up."""
    with closing(connected(service)) as connection:
        received = b""
        while b'"connected"' not in received:
            received += connection.recv(65536)
        length = 2_000_000
        with suppress(ConnectionResetError, BrokenPipeError):  # the server need not read what it refuses
            connection.sendall(bytes([0x81, 0x80 | 127]) + length.to_bytes(8, "big") + bytes(4) + b"x" * length)
        with suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    return frames_of(received)


def test_those_who_watch_are_told_when_lci_stops(own_service: Service) -> None:
    """A client is never left hanging: the connection is closed, with a code."""
    with closing(connected(own_service)) as connection:
        received = b""
        while b'"connected"' not in received:
            received += connection.recv(65536)
        assert own_service.stop() == 0
        while data := connection.recv(65536):
            received += data
    kind, content = frames_of(received)[-1]
    assert (kind, content[:2]) == (8, (1001).to_bytes(2, "big"))


@pytest.fixture(scope="module", autouse=True)
def mute(service: Service) -> Iterator[dict[str, Any]]:
    """A client that never says anything, not even to a ping; beside all tests of this file, since it takes a minute."""
    noted: dict[str, Any] = {"received": b"", "closed": threading.Event()}
    with closing(connected(service)) as connection:
        connection.settimeout(None)

        def listen() -> None:
            while data := connection.recv(65536):
                noted["received"] += data
            noted["closed"].set()

        listener = threading.Thread(target=listen)
        listener.start()
        yield noted
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        listener.join()


def test_idle_connections_are_pinged_and_a_client_that_is_gone_is_closed(mute: dict[str, Any]) -> None:
    """Idle connections are kept by WebSocket pings (20 s); a client that is gone is noticed and closed within a
    minute."""
    assert mute["closed"].wait(60)
    # `connected`, what a client that knows of no pings must get first; then pings, and perhaps a close.
    kinds = "".join(str(kind) for kind, _ in frames_of(mute["received"]))
    assert re.fullmatch(r"1+99+8?", kinds)
