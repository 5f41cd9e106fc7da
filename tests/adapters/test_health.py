from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from lci_app.adapters.health import BODY_BYTES, HttpHealthProbe
from lci_app.interfaces import HealthReply
from tests.docker_fixtures import free_port

Behaviour = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[str]:
    """Serve on a free port: the request's head is read, the rest is up to `behaviour`."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:

        async def handle(stream: trio.SocketStream) -> None:
            async with stream:
                await behaviour(stream)

        nursery.start_soon(trio.serve_listeners, handle, [listener])
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def read_head(stream: trio.SocketStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive_some()
    return head


def answering(answer: bytes) -> Behaviour:
    async def behave(stream: trio.SocketStream) -> None:
        await read_head(stream)
        await stream.send_all(answer)

    return behave


async def ask(answer: bytes, timeout: float = 10) -> HealthReply:
    async with serving(answering(answer)) as url:
        return await HttpHealthProbe().get(url, timeout)


async def test_the_request_is_plain_and_complete() -> None:
    heads: list[bytes] = []

    async def behave(stream: trio.SocketStream) -> None:
        heads.append(await read_head(stream))
        await stream.send_all(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with serving(behave) as url:
        reply = await HttpHealthProbe().get(f"{url}/actuator/health?full=1", 10)
    assert (reply.status, reply.error, reply.body) == (204, None, "")
    assert reply.ms > 0
    first, *fields = heads[0].decode().rstrip().split("\r\n")
    assert first == "GET /actuator/health?full=1 HTTP/1.1"
    assert f"Host: {url.removeprefix('http://')}" in fields
    assert "User-Agent: lci-health-check/1" in fields
    assert "Connection: close" in fields


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup", 200, "up"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        (
            b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nstar\r\n4\r\nting\r\n0\r\n\r\n",
            503,
            "starting",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, ""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfeg", 200, "\ufffd\ufffdg"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbroken off", 200, "broken off"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\nContent-Length: 0\r\n\r\n", 200, ""),
    ],
)
async def test_an_answer_is_taken_as_it_is(answer: bytes, status: int, body: str) -> None:
    reply = await ask(answer)
    assert (reply.status, reply.error, reply.body) == (status, None, body)


async def test_only_the_beginning_of_a_long_body_is_read() -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                await stream.send_all(b"x" * 65536)
        except trio.BrokenResourceError:
            return

    async with serving(behave) as url:
        reply = await HttpHealthProbe().get(url, 10)
    assert (reply.status, reply.body) == (200, "x" * BODY_BYTES)


async def test_a_body_that_never_ends_does_not_hide_its_status() -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n")
        await trio.sleep_forever()

    async with serving(behave) as url:
        reply = await HttpHealthProbe().get(url, 0.5)
    assert (reply.status, reply.error, reply.body) == (200, None, "data: 1\n")


async def test_no_answer_in_time_is_said_with_the_time() -> None:
    async def behave(_stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with serving(behave) as url:
        reply = await HttpHealthProbe().get(url, 0.2)
    assert (reply.status, reply.error) == (None, "no answer within 0.2 s")
    assert reply.ms >= 200


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "connection closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-", "not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", "not HTTP"),
    ],
)
async def test_what_is_no_answer_is_said_in_a_few_words(answer: bytes, error: str) -> None:
    reply = await ask(answer)
    assert (reply.status, reply.error, reply.body) == (None, error, "")


async def test_a_port_that_nobody_listens_on_refuses() -> None:
    reply = await HttpHealthProbe().get(f"http://127.0.0.1:{free_port()}/", 10)
    assert (reply.status, reply.error) == (None, "connection refused")


async def test_a_connection_that_is_reset_says_so() -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await read_head(stream)
        # To close with SO_LINGER 0 is to reset.
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async with serving(behave) as url:
        reply = await HttpHealthProbe().get(url, 10)
    assert (reply.status, reply.error) == (None, "connection reset")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "http:///",
        "http://127.0.0.1:99999/",
        "ftp://x",
        "nothing",
        "http://127.0.0.1:1/a b",
        "http://[::1",
    ],
)
async def test_an_address_that_cannot_be_asked_is_an_error_and_no_exception(url: str) -> None:
    reply = await HttpHealthProbe().get(url, 10)
    assert reply.status is None
    assert reply.error


async def test_a_cancelled_check_is_cancelled() -> None:
    async def behave(_stream: trio.SocketStream) -> None:
        scope.cancel()
        await trio.sleep_forever()

    with trio.fail_after(10), trio.CancelScope() as scope:
        async with serving(behave) as url:
            await HttpHealthProbe().get(url, 1000)
    assert scope.cancelled_caught
