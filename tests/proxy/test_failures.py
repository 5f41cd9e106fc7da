"""Services and visitors that misbehave: every one gets an answer, and nothing broken looks whole."""

from __future__ import annotations

import pytest
import trio

from lci_app.proxy.limits import Limits
from tests.core.test_http_head import REFUSED, REFUSED_RESPONSES
from tests.proxy.test_chunks import BAD as BAD_CHUNKS
from tests.proxy.upstreams import answering, echo, ok, read_head
from tests.proxy.visitors import fetch, front, get, visit

QUICK = Limits(sweep=0.05, head=0.3, idle=0.4, answer=0.3, upload=0.3, download=0.3, linger=0.3)


async def test_every_ambiguous_request_is_refused_closed_and_never_forwarded(run_directory):
    seen: list[bytes] = []
    async with front(run_directory, echo(seen=seen)) as (proxy, _):
        for name, (raw, status) in REFUSED.items():
            if not raw.endswith(b"\r\n\r\n"):
                continue
            async with visit(proxy) as visitor:
                # What follows must not be taken for a request of its own.
                reply = await visitor.ask(raw + get("/app/smuggled"))
                assert (name, reply.status) == (name, status)
                assert reply.json()["error"]["message"]
                assert reply.header("x-request-id")
                assert await visitor.is_closed(), name
    assert seen == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
async def test_a_method_that_is_not_served_is_refused_with_those_that_are(run_directory, method):
    async with front(run_directory, echo()) as (proxy, _):
        reply = await fetch(proxy, get("/app/").replace(b"GET", method.encode()))
    assert (reply.status, reply.header("allow")) == (405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")


async def test_every_malformed_chunked_upload_is_refused_and_its_service_sees_no_end_of_it(run_directory):
    async def swallow(stream):
        buffer = bytearray()
        await read_head(stream, buffer)
        while data := await stream.receive_some(65536):
            buffer += data
        assert not buffer.endswith(b"0\r\n\r\n")

    async with front(run_directory, swallow) as (proxy, _):
        for name, raw in BAD_CHUNKS.items():
            async with visit(proxy) as visitor:
                start = b"POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                reply = await visitor.ask(start + raw + get("/app/smuggled"))
                assert (name, reply.status, reply.json()["error"]["code"]) == (name, 400, "BAD_REQUEST")
                assert await visitor.is_closed(), name


@pytest.mark.parametrize("raw", REFUSED_RESPONSES.values(), ids=REFUSED_RESPONSES.keys())
async def test_a_malformed_answer_is_a_bad_gateway(run_directory, raw):
    async with front(run_directory, answering(raw)) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(get("/app/"))
            assert (reply.status, reply.json()["error"]["code"]) == (502, "BAD_GATEWAY")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
    ids=["nothing", "half a head", "an endless head", "an upgrade nobody asked for", "endless interim answers"],
)
async def test_a_service_that_does_not_answer_properly_is_a_bad_gateway(run_directory, raw):
    async with front(run_directory, answering(raw)) as (proxy, _):
        assert (await fetch(proxy, get("/app/"))).status == 502


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello",
    ],
    ids=["short of its length", "no last chunk", "no end of trailers", "a malformed chunk", "half a chunk"],
)
async def test_an_answer_that_breaks_off_is_never_ended_cleanly(run_directory, raw):
    async with front(run_directory, answering(raw)) as (proxy, _):
        async with visit(proxy) as visitor:
            reply = await visitor.ask(get("/app/"))
            assert (reply.status, reply.complete) == (200, False)
        async with visit(proxy) as visitor:
            await visitor.send(b"GET /app/ HTTP/1.0\r\n\r\n")
            if b"chunked" in raw:
                # Plain bytes up to the end: only a reset tells that they are not all.
                with pytest.raises(trio.BrokenResourceError):
                    await _read_to_the_end(visitor.stream)


async def test_bytes_after_an_answer_are_not_taken_for_the_next_one(run_directory):
    raw = ok(b"hello") + ok(b"smuggled")
    async with front(run_directory, answering(raw, close=False)) as (proxy, service), visit(proxy) as visitor:
        for _ in range(3):
            assert (await visitor.ask(get("/app/"))).body == b"hello"
        assert service.connections == 3


async def test_a_head_that_comes_too_slowly_is_timed_out(run_directory):
    async with front(run_directory, echo(), limits=QUICK) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(b"GET /app/ HT")
        assert (reply.status, reply.json()["error"]["code"]) == (408, "REQUEST_TIMEOUT")
        assert await visitor.is_closed()


async def test_a_crowd_whose_heads_come_too_slowly_is_turned_away_while_another_is_served(run_directory):
    turned_away = []

    async def dribble(proxy, *, task_status):
        async with visit(proxy) as visitor:
            await visitor.send(b"GET /app/ HT")
            task_status.started()
            turned_away.append((await visitor.reply()).status)
            assert await visitor.is_closed()

    async with front(run_directory, echo(), limits=QUICK) as (proxy, _), trio.open_nursery() as nursery:
        for _ in range(600):
            await nursery.start(dribble, proxy)
        async with visit(proxy) as visitor:
            with trio.fail_after(20):
                while len(turned_away) < 600:
                    assert (await visitor.ask(get("/app/"))).status == 200
    assert set(turned_away) == {408}


async def test_a_connection_that_stays_silent_is_closed_without_a_word(run_directory):
    async with front(run_directory, echo(), limits=QUICK) as (proxy, _):
        async with visit(proxy) as visitor:
            assert await visitor.is_closed()
        async with visit(proxy) as visitor:
            await visitor.ask(get("/app/"))
            assert await visitor.is_closed()


async def test_a_body_that_stops_coming_is_timed_out(run_directory):
    async with front(run_directory, echo(), limits=QUICK) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
        assert (reply.status, reply.json()["error"]["code"]) == (408, "REQUEST_TIMEOUT")
        assert await visitor.is_closed()


async def test_a_service_that_does_not_answer_in_time_is_a_gateway_timeout(run_directory):
    async def silent(stream):
        await read_head(stream, bytearray())
        await stream.receive_some(1)

    async with front(run_directory, silent, limits=QUICK) as (proxy, _):
        reply = await fetch(proxy, get("/app/"))
        assert (reply.status, reply.json()["error"]["code"]) == (504, "GATEWAY_TIMEOUT")
        page = await fetch(proxy, get("/app/", "Accept: text/html"))
        assert (page.status, page.header("content-type")) == (504, "text/html; charset=utf-8")


async def test_an_answer_that_stalls_is_broken_off(run_directory):
    async def stall(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await stream.receive_some(1)

    async with front(run_directory, stall, limits=QUICK) as (proxy, _):
        reply = await fetch(proxy, get("/app/"))
        assert (reply.status, reply.body, reply.complete) == (200, b"hello", False)


async def test_a_service_that_resets_the_connection_is_a_bad_gateway(run_directory):
    async def reset(stream):
        await read_head(stream, bytearray())
        stream.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER: reset on close

    async with front(run_directory, reset) as (proxy, _):
        assert (await fetch(proxy, get("/app/"))).status == 502
        assert (await proxy.counters())[0].failures == 0


async def test_a_visitor_that_leaves_at_any_byte_does_no_harm(run_directory):
    raw = b"POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    async with front(run_directory, echo()) as (proxy, _):
        for cut in range(len(raw)):
            async with visit(proxy) as visitor:
                await visitor.send(raw[:cut] or b"P")
        assert (await fetch(proxy, raw)).json()["body"] == "hello"
        assert (await proxy.counters())[0].failures == 0


async def _read_to_the_end(stream: trio.SocketStream) -> None:
    while await stream.receive_some(65536):
        pass
