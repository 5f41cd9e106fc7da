"""Bodies in both directions: streamed, framed once, never held whole, never ended cleanly by accident."""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack

import pytest
import trio

from tests.proxy.upstreams import answering, echo, ok, read_body, read_head
from tests.proxy.visitors import fetch, front, get, visit

MIB = 1024 * 1024
CHUNKED_POST = b"POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"POST /app/ HTTP/1.1", b"Host: h", length, *headers, b"", body])


def peak_memory(pid: int) -> int:
    """Return the most memory a process has ever had, in bytes."""
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - a file of the kernel's
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


@pytest.mark.parametrize("size", [1, 16 * 1024, 16 * 1024 + 1, 300_000])
async def test_a_body_with_a_length_arrives_whole(run_directory, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(post(body))
            assert reply.json()["body"].encode("latin-1") == body
            assert ["Content-Length", str(size)] in reply.json()["headers"]


async def test_a_chunked_body_arrives_whole_as_chunks_without_extensions_and_trailers(run_directory):
    body = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n"
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(CHUNKED_POST + body)
            assert reply.json()["body"] == "hello world"
            assert ["Transfer-Encoding", "chunked"] in reply.json()["headers"]
            assert "X-Trailer" not in dict(reply.json()["headers"])


async def test_a_post_without_a_body_says_so(run_directory):
    async with front(run_directory, echo()) as (proxy, _):
        reply = await fetch(proxy, b"POST /app/ HTTP/1.1\r\nHost: h\r\n\r\n")
    assert ["Content-Length", "0"] in reply.json()["headers"]


async def test_a_body_flows_on_while_it_is_still_being_sent(run_directory):
    """Each side waits for the other's last piece before it sends its next."""

    async def talk(stream):
        buffer = bytearray()
        await read_head(stream, buffer)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            while b"\r\n" not in buffer or not buffer.endswith(b"\r\n"):
                buffer += await stream.receive_some(100)
            buffer.clear()
            await stream.send_all(b"4\r\npong\r\n")
        await read_body(stream, b"x\r\ntransfer-encoding: chunked", buffer)
        await stream.send_all(b"0\r\n\r\n")

    async with front(run_directory, talk) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(CHUNKED_POST)
        with trio.fail_after(10):
            for number in range(1, 4):
                await visitor.send(b"4\r\nping\r\n")
                while visitor.buffer.count(b"pong") < number:
                    assert await visitor.more()
        await visitor.send(b"0\r\n\r\n")
        assert (await visitor.reply()).body == b"pong" * 3
        # Both framings ended: the connection is good for more.
        await visitor.send(CHUNKED_POST + b"4\r\nping\r\n")
        assert await visitor.more()


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_large_upload_is_streamed_and_never_held(run_directory, chunked):
    size = 32 * MIB

    async def digest(stream):
        buffer = bytearray()
        head = await read_head(stream, buffer)
        seen, hashed = 0, hashlib.sha256()
        if chunked:
            hashed.update(await read_body(stream, head, buffer))
        else:
            while seen < size:
                seen += len(buffer)
                hashed.update(buffer)
                buffer = bytearray(await stream.receive_some(MIB)) if seen < size else buffer
        await stream.send_all(ok(hashed.hexdigest().encode()))

    piece = bytes(range(256)) * (MIB // 256)
    async with front(run_directory, digest) as (proxy, _), visit(proxy) as visitor:
        before = peak_memory(proxy.worker_pids[0])
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
        await visitor.send(b"POST /app/ HTTP/1.1\r\nHost: h\r\n" + length + b"\r\n\r\n")
        for _ in range(size // MIB):
            await visitor.send(b"%x\r\n%b\r\n" % (MIB, piece) if chunked else piece)
        await visitor.send(b"0\r\n\r\n" if chunked else b"")
        reply = await visitor.reply()
        assert peak_memory(proxy.worker_pids[0]) - before < 8 * MIB
    assert reply.body.decode() == hashlib.sha256(piece * (size // MIB)).hexdigest()


async def test_a_slow_reader_holds_its_service_back_and_not_the_worker(run_directory):
    sent = 0

    async def flood(stream):
        nonlocal sent
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        for _ in range(64):
            await stream.send_all(b"x" * MIB)
            sent += 1

    async with front(run_directory, flood) as (proxy, _), visit(proxy) as visitor:
        before = peak_memory(proxy.worker_pids[0])
        await visitor.send(get("/app/"))
        await visitor.more()
        # While this visitor reads nothing, others are served.
        for _ in range(50):
            assert (await fetch(proxy, get("/nope/"))).status == 404
        assert sent < 64
        assert peak_memory(proxy.worker_pids[0]) - before < 8 * MIB
        assert len((await visitor.reply()).body) == 64 * MIB


@pytest.mark.parametrize(
    ("raw", "framing"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ("content-length", "5")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhe\r\n3\r\nllo\r\n0\r\nT: 1\r\n\r\n",
         ("transfer-encoding", "chunked")),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", ("transfer-encoding", "chunked")),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", ("transfer-encoding", "chunked")),
    ],
)  # fmt: skip
async def test_an_answers_body_arrives_whole_in_one_framing(run_directory, raw, framing):
    async with front(run_directory, answering(raw)) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(get("/app/"))
            assert (reply.status, reply.body, reply.complete) == (200, b"hello", True)
            names = [name.lower() for name, _ in reply.headers]
            assert reply.header(framing[0]) == framing[1]
            assert names.count("content-length") + names.count("transfer-encoding") == 1


async def test_an_http_1_0_visitor_gets_chunks_as_plain_bytes_up_to_the_end(run_directory):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    async with front(run_directory, answering(raw)) as (proxy, _):
        reply = await fetch(proxy, b"GET /app/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (reply.body, reply.header("connection"), reply.header("transfer-encoding")) == (b"hello", "close", None)


async def test_an_answer_without_a_body_yet_is_seen_at_once(run_directory):
    """A stream of events begins with its head long before its first event."""
    go = trio.Event()

    async def events(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await go.wait()
        await stream.send_all(b"data: 1\n\n")

    async with front(run_directory, events) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(get("/app/"))
        with trio.fail_after(10):
            while b"\r\n\r\n" not in visitor.buffer:
                assert await visitor.more()
        go.set()
        assert (await visitor.reply()).body == b"data: 1\n\n"


async def test_leave_to_send_a_body_is_the_services_to_give(run_directory):
    async def grant(stream):
        buffer = bytearray()
        head = await read_head(stream, buffer)
        assert b"Expect: 100-continue" in head
        await stream.send_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        await stream.send_all(ok(await read_body(stream, head, buffer)))

    async with front(run_directory, grant) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(post(b"", b"Expect: 100-continue").replace(b"Length: 0", b"Length: 5"))
        assert (await visitor.reply()).status == 100
        assert (await visitor.ask(b"hello")).body == b"hello"


async def test_a_refused_body_is_not_waited_for(run_directory):
    raw = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"

    async def refuse(stream):
        await read_head(stream, bytearray())
        await stream.send_all(raw)

    async with front(run_directory, refuse) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(post(b"", b"Expect: 100-continue").replace(b"Length: 0", b"Length: 5"))
        assert (reply.status, reply.body, reply.header("connection")) == (413, b"no", "close")
        assert await visitor.is_closed()


async def test_interim_answers_nobody_asked_for_are_left_out(run_directory):
    raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok(b"hello")
    async with front(run_directory, answering(raw, close=False)) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            reply = await visitor.ask(get("/app/"))
            assert (reply.status, reply.body) == (200, b"hello")


async def test_an_early_answer_reaches_a_visitor_that_is_still_sending(run_directory):
    async def refuse(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

    async with front(run_directory, refuse) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 100_000)
        reply = await visitor.reply()
        assert (reply.status, reply.body) == (413, b"no")
        assert await visitor.is_closed()


LARGE = 8 * MIB + 12345


def pattern(size: int) -> bytes:
    """Return bytes in which no piece looks like another, so that none can be lost, doubled or swapped unseen."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with a length"])
async def test_a_large_answer_arrives_whole_at_a_reader_who_pauses(run_directory, chunked):
    body = pattern(LARGE)

    async def give(stream):
        buffer = bytearray()
        while await read_head(stream, buffer):
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % LARGE
            await stream.send_all(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
            for start in range(0, LARGE, 700_001):
                piece = body[start : start + 700_001]
                await stream.send_all(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await stream.send_all(b"0\r\n\r\n" if chunked else b"")

    async with front(run_directory, give) as (proxy, service), visit(proxy) as visitor:
        for _ in range(3):
            await visitor.send(get("/app/"))
            # While nothing is read, the answer stands still; others are served.
            for _ in range(5):
                assert (await fetch(proxy, get("/nope/"))).status == 404
            assert (await visitor.reply()).body == body
        assert service.connections == 1


async def test_two_large_answers_in_one_go_are_both_whole(run_directory):
    """Pipelined: the second must not begin within what the first left in a pipe."""
    body = pattern(MIB)
    async with front(run_directory, answering(ok(body), close=False)) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(get("/app/1") + get("/app/2") + get("/nope/"))
        for _ in range(2):
            assert (await visitor.reply()).body == body
        assert (await visitor.reply()).status == 404


async def test_a_large_upload_with_a_length_arrives_whole_and_the_next_request_after_it(run_directory):
    body = pattern(LARGE)

    async def digest(stream):
        buffer = bytearray()
        while head := await read_head(stream, buffer):
            await stream.send_all(ok(hashlib.sha256(await read_body(stream, head, buffer)).hexdigest().encode()))

    async with front(run_directory, digest) as (proxy, _), visit(proxy) as visitor:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(visitor.send, post(body) + post(b"next"))
            assert (await visitor.reply()).body.decode() == hashlib.sha256(body).hexdigest()
        assert (await visitor.reply()).body.decode() == hashlib.sha256(b"next").hexdigest()


@pytest.mark.parametrize("sent", [MIB, 300_000, 100])
async def test_a_large_answer_that_breaks_off_is_not_taken_for_whole(run_directory, sent):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE + pattern(sent)
    async with front(run_directory, answering(raw)) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(get("/app/"))
        assert (reply.complete, reply.body) == (False, pattern(sent)[: len(reply.body)])
        # What a broken body left behind must not reach another visitor.
        async with visit(proxy) as another:
            assert (await another.ask(get("/app/"))).body == pattern(sent)[: len(reply.body)]


async def test_more_large_bodies_than_there_are_pipes_are_all_whole(run_directory):
    body = pattern(MIB)
    async with front(run_directory, answering(ok(body), close=False)) as (proxy, _), AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(visit(proxy)) for _ in range(60)]
        for visitor in visitors:
            await visitor.send(get("/app/"))
        for visitor in visitors:
            assert (await visitor.reply()).body == body
        assert (await proxy.counters())[0].failures == 0
