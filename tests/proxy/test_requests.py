"""What a service sees of a request, and what a visitor is told by the proxy itself."""

from __future__ import annotations

import itertools
import json
import socket
import struct
from ipaddress import IPv4Network

import pytest
import trio

from lci_app.core.routing import Route, table
from lci_app.proxy.limits import Limits
from tests.proxy.upstreams import answering, echo, ok, open_service, read_head, refusing
from tests.proxy.visitors import fetch, front, get, proxy_for, routes, visit


def seen_headers(reply) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.json()["headers"]}


async def test_a_request_reaches_its_service_without_the_prefix(run_directory):
    async with front(run_directory, echo()) as (proxy, _):
        reply = await fetch(proxy, get("/app/a/b?c=d", "User-Agent: x"))
    assert reply.status == 200
    assert reply.json()["line"] == "GET /a/b?c=d HTTP/1.1"
    seen = seen_headers(reply)
    assert seen.pop("x-request-id") == reply.header("x-request-id")
    assert seen == {
        "host": "example.test",
        "user-agent": "x",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "example.test",
        "x-forwarded-prefix": "/app",
    }


async def test_a_domain_reaches_its_project_with_the_path_unchanged(run_directory):
    async with open_service(echo()) as service:
        routed = table(1, [Route("app", service.upstream, domains=("app.example",))])
        async with proxy_for(run_directory, routed) as proxy:
            reply = await fetch(proxy, get("/other/x", host="App.Example:80"))
    assert reply.json()["line"] == "GET /other/x HTTP/1.1"
    assert "x-forwarded-prefix" not in seen_headers(reply)


async def test_a_visitor_cannot_say_who_it_is(run_directory):
    lies = [
        "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Prefix: /evil",
        "X-Forwarded-Port: 1", "X-Forwarded-User: root", "X_Forwarded_For: 1.2.3.4", "Forwarded: for=1.2.3.4",
        "X-Real-IP: 1.2.3.4", "x_forwarded_user: root", "X_Request_Id: 1",
    ]  # fmt: skip
    async with front(run_directory, echo()) as (proxy, _):
        seen = seen_headers(await fetch(proxy, get("/app/", *lies)))
    del seen["x-request-id"]
    assert seen == {
        "host": "example.test",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "example.test",
        "x-forwarded-prefix": "/app",
    }


async def test_a_trusted_proxy_is_believed_and_added_to(run_directory):
    told = [
        "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 5.6.7.8", "X-Forwarded-Proto: https",
        "X-Forwarded-Host: real.example", "X-Forwarded-Prefix: /outer/", "X-Real-IP: 1.2.3.4",
        "X_Forwarded_For: 9.9.9.9",
    ]  # fmt: skip
    async with open_service(echo()) as service:
        routed = routes(1, app=service.upstream)
        async with proxy_for(run_directory, routed, trusted=["10.0.0.0/8", "127.0.0.0/8"]) as proxy:
            seen = seen_headers(await fetch(proxy, get("/app/", *told)))
            rubbish = seen_headers(
                await fetch(proxy, get("/app/", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: a b"))
            )
    assert seen["x-forwarded-for"] == "1.2.3.4, 5.6.7.8, 127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == "real.example"
    assert seen["x-forwarded-prefix"] == "/outer/app"
    assert seen["x-real-ip"] == "1.2.3.4"
    assert "x_forwarded_for" not in seen
    assert (rubbish["x-forwarded-proto"], rubbish["x-forwarded-host"]) == ("http", "example.test")


async def test_a_refused_network_is_hung_up_on_unanswered(run_directory):
    async with open_service(echo()) as service:
        routed = routes(1, app=service.upstream)
        async with proxy_for(run_directory, routed, refused=[IPv4Network("127.0.0.0/8")]) as proxy:
            with trio.fail_after(20):
                async with await trio.open_tcp_stream(*proxy.address) as stream:
                    assert await stream.receive_some() == b""
    assert service.connections == 0


@pytest.mark.parametrize(("sent", "kept"), [("abc-123", True), ("a" * 129, False), ("a b", False), ("", False)])
async def test_a_sane_request_id_is_kept_and_another_replaced(run_directory, sent, kept):
    async with front(run_directory, echo()) as (proxy, _):
        reply = await fetch(proxy, get("/app/", f"X-Request-Id: {sent}"))
    assert reply.header("x-request-id") == seen_headers(reply)["x-request-id"]
    assert (reply.header("x-request-id") == sent) is kept
    assert reply.header("x-request-id")


async def test_the_dashboards_cookie_stays_between_the_visitor_and_the_dashboard(run_directory):
    answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: lci_session=evil; Path=/\r\nSet-Cookie: mine=1\r\nContent-Length: 0\r\n\r\n"
    )
    seen: list[bytes] = []
    async with open_service(echo(seen=seen)) as service, open_service(answering(answer), number=2) as setting:
        routed = routes(1, app=service.upstream, setting=setting.upstream)
        async with proxy_for(run_directory, routed) as proxy:
            mixed = await fetch(
                proxy, get("/app/", "Cookie: a=1; lci_session=secret; b=2", "Cookie: __Host-lci_session=s")
            )
            alone = await fetch(proxy, get("/app/", "Cookie: lci_session=secret"))
            reply = await fetch(proxy, get("/setting/"))
    assert [value for name, value in mixed.json()["headers"] if name == "Cookie"] == ["a=1; b=2"]
    assert "cookie" not in seen_headers(alone)
    assert b"secret" not in b"".join(seen)
    assert [value for name, value in reply.headers if name == "Set-Cookie"] == ["mine=1"]


async def test_headers_for_one_hop_do_not_reach_the_service(run_directory):
    hop = [
        "Connection: close, X-Mine", "X-Mine: 1", "TE: trailers", "Keep-Alive: 5", "Proxy: http://evil", "Upgrade: h2c",
        "HTTP2-Settings: AAAA",
    ]  # fmt: skip
    async with front(run_directory, echo()) as (proxy, _):
        seen = seen_headers(await fetch(proxy, get("/app/", *hop)))
    assert not {"connection", "x-mine", "te", "keep-alive", "proxy", "upgrade", "http2-settings"} & seen.keys()


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [("/", 404, "PROJECT_NOT_FOUND"), ("/nope/", 404, "PROJECT_NOT_FOUND"), ("/idle/x", 503, "NOT_DEPLOYED"),
     ("/dead/", 502, "BAD_GATEWAY")],
)  # fmt: skip
async def test_an_error_is_a_page_for_a_browser_and_json_for_others(run_directory, target, status, code):
    with refusing() as dead:
        async with proxy_for(run_directory, routes(1, idle=None, dead=dead)) as proxy, visit(proxy) as visitor:
            plain = await visitor.ask(get(target, "Accept: */*"))
            page = await visitor.ask(get(target, "Accept: text/html,application/xhtml+xml;q=0.9"))
            head = await visitor.ask(get(target).replace(b"GET", b"HEAD"), method="HEAD")
    assert [plain.status, page.status, head.status] == [status] * 3
    assert plain.header("content-type") == "application/json"
    document = plain.json()
    assert document["success"] is False
    assert document["error"]["code"] == code
    assert document["error"]["message"].endswith(".")
    assert set(document["error"]) == {"code", "message", "details"}
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert b"<h1>" in page.body
    for reply in (plain, page, head):
        assert reply.header("x-request-id")
    assert (plain.header("retry-after") is not None) is (status in {502, 503})


async def test_a_page_shows_what_was_asked_for_as_text(run_directory):
    async with proxy_for(run_directory, routes(1)) as proxy:
        reply = await fetch(proxy, get("/<script>alert(1)</script>/", "Accept: text/html"))
    assert b"<script>" not in reply.body
    assert b"&lt;script&gt;" in reply.body


async def test_a_project_without_its_slash_is_redirected_with_its_query(run_directory):
    async with proxy_for(run_directory, routes(1, app=None)) as proxy, visit(proxy) as visitor:
        reply = await visitor.ask(get("/app?a=b"))
        assert (reply.status, reply.header("location")) == (308, "/app/?a=b")
        assert (await visitor.ask(get("/app"))).header("location") == "/app/"


async def test_one_connection_serves_many_requests_over_one_connection_to_the_service(run_directory):
    async with front(run_directory, echo()) as (proxy, service):
        async with visit(proxy) as visitor:
            for number in range(20):
                reply = await visitor.ask(get(f"/app/{number}"))
                assert reply.json()["line"] == f"GET /{number} HTTP/1.1"
        assert service.connections == 1


async def test_pipelined_requests_are_answered_in_their_order(run_directory):
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        post = b"POST /app/post HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        await visitor.send(get("/app/1") + post + get("/nope/") + b"\r\n" + get("/app/2"))
        replies = [await visitor.reply() for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 404, 200]
    assert replies[1].json()["body"] == "abc"
    assert replies[3].json()["line"] == "GET /2 HTTP/1.1"


@pytest.mark.parametrize("cuts", [[1], [2], [1, 2], [2, 3], [1, 2, 3, 4, 5]], ids=str)
async def test_one_line_break_before_a_request_is_passed_over_however_it_is_cut(run_directory, cuts):
    raw = b"\r\n" + get("/app/x")
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        for _ in range(2):
            for start, end in itertools.pairwise([0, *cuts, len(raw)]):
                await visitor.send(raw[start:end])
                # Another visitor's answer shows that the worker has seen this piece.
                assert (await fetch(proxy, get("/nope/"))).status == 404
            assert (await visitor.reply()).json()["line"] == "GET /x HTTP/1.1"
        assert (await proxy.counters())[0].failures == 0


@pytest.mark.parametrize("before", [b"\r\n\r\n", b"\n", b"\rX", b"\r\r\n"])
async def test_more_before_a_request_is_refused(run_directory, before):
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(before + get("/app/x"))
        assert reply.status == 400
        assert await visitor.is_closed()


async def test_http_1_0_is_answered_and_closed_unless_asked_otherwise(run_directory):
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(b"GET /app/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert reply.header("connection") == "keep-alive"
        assert seen_headers(reply)["host"].startswith("127.0.0.1:")
        reply = await visitor.ask(b"GET /app/ HTTP/1.0\r\n\r\n")
        assert reply.header("connection") == "close"
        assert await visitor.is_closed()


async def test_connection_close_is_obeyed(run_directory):
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        reply = await visitor.ask(get("/app/", "Connection: close"))
        assert (reply.status, reply.header("connection")) == (200, "close")
        assert await visitor.is_closed()


# What a 204 announces may follow or not: the service's connection is not used again, the visitor's is.
@pytest.mark.parametrize(("status", "connections"), [(b"204 No Content", 3), (b"304 Not Modified", 1)])
async def test_answers_without_a_body_leave_the_connection_usable(run_directory, status, connections):
    raw = b"HTTP/1.1 " + status + b"\r\nETag: x\r\nContent-Length: 5\r\n\r\n"
    async with front(run_directory, answering(raw, close=False)) as (proxy, service), visit(proxy) as visitor:
        for _ in range(3):
            reply = await visitor.ask(get("/app/"))
            assert f"{reply.status} {reply.reason}".encode() == status
            assert reply.header("content-length") == ("5" if b"304" in status else None)
        assert service.connections == connections


async def test_head_gets_the_length_and_no_body(run_directory):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    async with front(run_directory, answering(raw, close=False)) as (proxy, _), visit(proxy) as visitor:
        for _ in range(3):
            reply = await visitor.ask(get("/app/").replace(b"GET", b"HEAD"), method="HEAD")
            assert (reply.status, reply.header("content-length")) == (200, "1000")


async def test_the_answers_own_request_id_and_hop_headers_are_replaced(run_directory):
    raw = b"HTTP/1.1 200 Fine\r\nX-Request-Id: other\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n" \
          b"X-Kept: 1\r\nContent-Length: 0\r\n\r\n"  # fmt: skip
    async with front(run_directory, answering(raw)) as (proxy, _):
        reply = await fetch(proxy, get("/app/", "X-Request-Id: mine"))
    assert (reply.status, reply.reason) == (200, "Fine")
    assert reply.headers == [("X-Kept", "1"), ("X-Request-Id", "mine"), ("Content-Length", "0")]


async def test_a_pooled_connection_that_went_stale_is_replaced_unnoticed(run_directory):
    async def once(stream):
        """Promise to keep the connection, answer one request, and close at the second's first byte."""
        head = await read_head(stream, bytearray())
        await stream.send_all(ok(head.split(b"\r\n")[0]))
        await stream.receive_some(1)

    async with front(run_directory, once) as (proxy, service):
        async with visit(proxy) as visitor:
            replies = [await visitor.ask(get(f"/app/{number}")) for number in range(5)]
        assert [reply.body for reply in replies] == [f"GET /{number} HTTP/1.1".encode() for number in range(5)]
        assert service.connections == 5


async def test_a_request_whose_answer_had_begun_is_not_repeated(run_directory):
    asked: list[bytes] = []

    async def begin(stream):
        buffer = bytearray()
        asked.append(await read_head(stream, buffer))
        await stream.send_all(ok(b"first"))
        asked.append(await read_head(stream, buffer))
        await stream.send_all(b"HT")

    async with front(run_directory, begin) as (proxy, _), visit(proxy) as visitor:
        assert (await visitor.ask(get("/app/1"))).status == 200
        assert (await visitor.ask(get("/app/2"))).status == 502
    assert len(asked) == 2


async def test_a_post_on_a_connection_that_breaks_is_not_repeated(run_directory):
    posts: list[bytes] = []

    async def break_off(stream):
        buffer = bytearray()
        await read_head(stream, buffer)
        await stream.send_all(ok(b"first"))
        posts.append(await read_head(stream, buffer))

    async with front(run_directory, break_off) as (proxy, _):
        async with visit(proxy) as visitor:
            await visitor.ask(get("/app/"))
            reply = await visitor.ask(b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
        assert (reply.status, reply.json()["error"]["code"]) == (502, "BAD_GATEWAY")
        assert len(posts) == 1


async def test_a_visitor_that_leaves_frees_its_service_within_a_second(run_directory):
    arrived, left = trio.Event(), trio.Event()

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        assert not await stream.receive_some(1)
        left.set()

    async with front(run_directory, wait) as (proxy, _):
        async with visit(proxy) as visitor:
            # What it had already sent behind the request must not hide that it left.
            await visitor.send(get("/app/") + get("/app/next"))
            await arrived.wait()
        with trio.fail_after(1.5):
            await left.wait()


async def test_unicode_and_odd_bytes_in_headers_pass_unchanged(run_directory):
    async with front(run_directory, echo()) as (proxy, _):
        raw = get("/app/", "X-Odd: a  b\t;=\"'").replace(b"X-Odd: ", b"X-Odd: \xc3\xbc\xff ")
        reply = await fetch(proxy, raw)
    assert dict(json.loads(reply.body)["headers"])["X-Odd"] == "\xc3\xbc\xff a  b\t;=\"'"


async def test_a_visitor_that_has_ended_its_side_gets_what_is_answered_at_once(run_directory):
    arrived, go = trio.Event(), trio.Event()

    async def answer(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await go.wait()
        await stream.send_all(ok(b"hello"))

    limits = Limits(sweep=0.01, half_closed=20.0)
    async with front(run_directory, answer, limits=limits) as (proxy, _), visit(proxy) as visitor:
        await visitor.send(get("/app/"))
        await visitor.stream.send_eof()
        await arrived.wait()
        await trio.sleep(20 * limits.sweep)
        go.set()
        assert (await visitor.reply()).body == b"hello"


@pytest.mark.parametrize("reset", [True, False])
async def test_a_visitor_that_has_left_is_not_waited_for(run_directory, reset):
    arrived, ended = trio.Event(), trio.Event()

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        assert not await stream.receive_some(1)
        ended.set()

    limits = Limits(sweep=0.05, half_closed=600.0 if reset else 0.2)
    async with front(run_directory, wait, limits=limits) as (proxy, _):
        async with visit(proxy) as visitor:
            await visitor.send(get("/app/"))
            await arrived.wait()
            if reset:
                visitor.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with trio.fail_after(10):
            await ended.wait()
