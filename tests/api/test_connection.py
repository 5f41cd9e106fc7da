"""The traps of the protocol machinery, each with the client that falls into it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
from hypercorn.protocol import h11 as hypercorn_h11

from lci_app.api import connection
from lci_app.api.dispatch import MAX_BODY_BYTES
from lci_app.api.server import MAX_HEAD, MAX_WEBSOCKET_MESSAGE
from lci_app.core.model import Scope
from tests.api.http_client import open_events
from tests.api.rig import Rig
from tests.api.ws_client import connected


def get(path: str, rig: Rig, *headers: str) -> bytes:
    given = [f"GET {path} HTTP/1.1", "Host: lci", f"Authorization: Bearer {rig.tokens[Scope.ADMIN]}", *headers]
    return "\r\n".join([*given, "", ""]).encode()


def upgrade(rig: Rig) -> bytes:
    return get(
        "/ws",
        rig,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )


def text_frame(text: str) -> bytes:
    """A client's frame, masked with zeros."""
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


async def ask_for_download(rig: Rig, build_id: int, stream: trio.SocketStream) -> None:
    await stream.send_all(get(f"/api/builds/{build_id}/logs/download", rig))


async def ask_for_events(rig: Rig, build_id: int, stream: trio.SocketStream) -> None:
    await stream.send_all(get(f"/api/builds/{build_id}/logs", rig, "Accept: text/event-stream"))


async def ask_for_messages(rig: Rig, build_id: int, stream: trio.SocketStream) -> None:
    await stream.send_all(upgrade(rig))
    assert b" 101 " in await stream.receive_some()
    wanted = {"type": "subscribe", "target": "build", "build_id": build_id}
    await stream.send_all(text_frame(json.dumps(wanted)))


Ask = Callable[[Rig, int, trio.SocketStream], Awaitable[None]]
# What sends a client more than it reads.
FLOODS: list[Ask] = [ask_for_download, ask_for_events, ask_for_messages]


async def read_all(stream: trio.SocketStream) -> bytes:
    """Read to the end; a reset is one, too."""
    data = b""
    try:
        while chunk := await stream.receive_some():
            data += chunk
    except trio.BrokenResourceError:
        pass
    return data


async def exchange(rig: Rig, request: bytes) -> bytes:
    """Send bytes, and return all that comes back until the connection ends."""
    with trio.fail_after(10):
        async with await trio.open_tcp_stream("127.0.0.1", rig.port) as stream:
            await stream.send_all(request)
            return await read_all(stream)


async def test_http_2_with_prior_knowledge_is_refused(served: Rig) -> None:
    answer = await exchange(served, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert b"x-request-id" in answer


async def test_an_upgrade_to_http_2_is_ignored(served: Rig) -> None:
    upgrading = get(
        "/healthz", served, "Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"
    )
    answer = await exchange(served, upgrading)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"success":true,"data":{"status":"ok"}}')


@pytest.mark.parametrize(
    "request_",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (MAX_HEAD * 2)],
)
async def test_what_is_no_request_is_refused_in_the_common_form(served: Rig, request_: bytes) -> None:
    answer = await exchange(served, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] in {b"400", b"431"}
    assert re.search(rb"x-request-id: [0-9a-f]{16}", head)
    assert json.loads(body)["error"]["code"] == "BAD_REQUEST"


async def test_no_server_header_tells_of_versions(served: Rig) -> None:
    assert b"server:" not in (await exchange(served, get("/healthz", served, "Connection: close"))).lower()


@pytest.mark.parametrize("declared", [True, False])
async def test_a_client_that_is_still_sending_can_read_why_it_is_refused(served: Rig, declared: bool) -> None:
    size = MAX_BODY_BYTES * 3
    head = get("/api/projects", served, "Content-Type: application/json").replace(b"GET", b"POST").removesuffix(b"\r\n")
    if declared:
        request = head + b"Content-Length: %d\r\n\r\n" % size + b" " * size
    else:
        request = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size + b" " * size + b"\r\n0\r\n\r\n"
    answer = await exchange(served, request)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer.lower(), "the client must not use it again"


async def test_a_body_that_does_not_arrive_is_a_408(served: Rig) -> None:
    served.app.config["BODY_TIMEOUT"] = 0.05
    head = get("/api/projects", served, "Content-Type: application/json", "Content-Length: 10").replace(b"GET", b"POST")
    answer = await exchange(served, head + b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in answer


async def test_requests_follow_each_other_on_one_connection(served: Rig) -> None:
    one = get("/healthz", served)
    answer = await exchange(served, one + one + get("/healthz", served, "Connection: close"))
    assert answer.count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize("ask", FLOODS)
async def test_a_client_that_does_not_read_is_let_go_and_harms_nobody(
    served: Rig, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.2)
    build = await served.a_build(await served.a_project())
    await served.logged(build, 200_000)
    async with await trio.open_tcp_stream("127.0.0.1", served.port) as client:
        await ask(served, build.id, client)
        with trio.fail_after(10):
            await client.receive_some(1)
            await until_all_connections_have_ended(served)


async def until_all_connections_have_ended(rig: Rig) -> None:
    """Return when nothing of any connection is left in the server, which answers others meanwhile."""
    while True:
        assert b" 200 " in await exchange(rig, get("/healthz", rig, "Connection: close"))
        await trio.testing.wait_all_tasks_blocked()
        if not any("_run_handler" in name for name in task_names()):
            return


def task_names() -> list[str]:
    tasks = [trio.lowlevel.current_root_task()]
    names = []
    while tasks:
        task = tasks.pop()
        assert task is not None
        names.append(task.name)
        tasks += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return names


async def test_a_client_that_resets_while_it_is_sent_to_harms_nobody(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    await served.logged(build, 200_000)
    for ask in FLOODS:
        stream = await trio.open_tcp_stream("127.0.0.1", served.port)
        await ask(served, build.id, stream)
        await stream.receive_some(1)
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
        await trio.aclose_forcefully(stream)
    with trio.fail_after(10):
        await until_all_connections_have_ended(served)


async def test_a_websocket_client_that_leaves_is_noticed_though_it_has_sent_much(served: Rig) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", served.port) as client:
        await client.send_all(upgrade(served))
        assert b" 101 " in await client.receive_some()
        await client.send_all(text_frame('{"type": "ping"}') * 100)
    with trio.fail_after(5):
        await until_all_connections_have_ended(served)


async def test_a_quiet_client_that_leaves_is_noticed_at_once(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    with trio.fail_after(5):
        async with connected(served) as client, open_events(served, f"/api/builds/{build.id}/logs") as stream:
            await client.subscribe("build", build_id=build.id)
            await stream.comment()
        await until_all_connections_have_ended(served)


async def test_messages_that_nobody_reads_any_more_keep_no_connection(
    served: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: int) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(served.store, "build", broken)
    async with await trio.open_tcp_stream("127.0.0.1", served.port) as client:
        await client.send_all(upgrade(served))
        assert b" 101 " in await client.receive_some()
        await client.send_all(text_frame('{"type": "subscribe", "target": "build", "build_id": 1}') * 100)
        with trio.fail_after(5):
            await read_all(client)
            await until_all_connections_have_ended(served)


async def test_a_websocket_client_that_answers_no_pings_is_closed_within_a_minute(
    served: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection.PING_SECONDS == 20
    assert connection.SILENCE_SECONDS < 60
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.1)
    assert (await exchange(served, upgrade(served))).startswith(b"HTTP/1.1 101 ")


async def test_an_event_stream_is_not_taken_for_a_silent_client(served: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.01)
    build = await served.a_build(await served.a_project())
    async with open_events(served, f"/api/builds/{build.id}/logs") as stream:
        await stream.comment()
        await trio.sleep(0.1)
        await served.post(f"/api/builds/{build.id}/cancel")
        assert (await stream.event()).name == "complete"


async def test_a_websocket_message_that_is_too_long_ends_the_connection(served: Rig) -> None:
    async with connected(served) as client:
        await client.socket.send_message("x" * (MAX_WEBSOCKET_MESSAGE + 1))
        assert await client.closed() == 1009


async def test_a_bug_in_one_connection_ends_that_connection_alone(
    served: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(hypercorn_h11.H11Protocol, "_create_stream", broken)
        with caplog.at_level(logging.ERROR):
            assert await exchange(served, get("/healthz", served)) == b""
    assert "a connection failed" in caplog.text
    assert b" 200 " in await exchange(served, get("/healthz", served, "Connection: close"))
