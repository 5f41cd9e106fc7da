"""Redirects and cookies of a service that does not know its prefix."""

from __future__ import annotations

import pytest

from lci_app.core.routing import Route, table
from lci_app.proxy.rewriting import relocated, scoped
from tests.proxy.upstreams import answering, open_service
from tests.proxy.visitors import fetch, get, proxy_for, routes

ANSWER = (
    b"HTTP/1.1 302 Found\r\nLocation: /login?next=/\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n"
    b"Set-Cookie: b=2; path=/x\r\nSet-Cookie: c=3\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        (b"/", b"/app/"),
        (b"/login", b"/app/login"),
        (b"/?a=/b#c", b"/app/?a=/b#c"),
        (b"/apple", b"/app/apple"),
        (b"http://h:1/x", b"http://h:1/app/x"),
        (b"HTTPS://H:1", b"HTTPS://H:1/app/"),
        (b"http://h:1?a", b"http://h:1/app/?a"),
    ],
)
def test_the_prefix_is_put_back_into_a_redirect(location: bytes, seen: bytes) -> None:
    assert relocated(location, b"/app", {b"h:1"}) == seen


@pytest.mark.parametrize(
    "location",
    [
        b"", b"login", b"../x", b"?a", b"#a", b"/app", b"/app/", b"/app/x", b"/app?x", b"/app#x", b"//other/x",
        b"/\\other", b"http://other/x", b"http://h/x", b"http://h:1@other/", b"http://h:1\\@other/", b"ftp://h:1/x",
        b"javascript:x", b"http://h:1/app/x",
    ],
)  # fmt: skip
def test_a_redirect_that_leads_elsewhere_or_knows_the_prefix_stays(location: bytes) -> None:
    assert relocated(location, b"/app", {b"h:1"}) == location


@pytest.mark.parametrize(
    ("cookie", "seen"),
    [
        (b"a=1; Path=/", b"a=1; Path=/app/"),
        (b"a=1;path=/x; Secure", b"a=1;path=/app/x; Secure"),
        (b"a=1; PATH = /x", b"a=1; PATH = /app/x"),
        (b"a=1; Path=/app/x", b"a=1; Path=/app/x"),
        (b"a=1; Path=/app", b"a=1; Path=/app"),
        (b"a=1; Path=/; Path=/y", b"a=1; Path=/app/; Path=/app/y"),
        (b"a=1", b"a=1"),
        (b"path=/x", b"path=/x"),
        (b"a=1; Path=x", b"a=1; Path=x"),
        (b"__Host-a=1; Secure; Path=/", b"__Host-a=1; Secure; Path=/"),
        (b"__Secure-a=1; Secure; Path=/", b"__Secure-a=1; Secure; Path=/app/"),
    ],
)
def test_a_cookie_is_kept_to_the_prefix(cookie: bytes, seen: bytes) -> None:
    assert scoped(cookie, b"/app") == seen


@pytest.mark.parametrize(("trusted", "seen"), [(["127.0.0.1"], "https://shop.test/app/x"), ([], "https://shop.test/x")])
async def test_the_host_that_a_trusted_proxy_tells_is_the_services_own(run_directory, trusted, seen):
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://shop.test/x\r\nContent-Length: 0\r\n\r\n"
    async with (
        open_service(answering(answer)) as service,
        proxy_for(run_directory, routes(1, app=service.upstream), trusted=trusted) as proxy,
    ):
        reply = await fetch(proxy, get("/app/", "X-Forwarded-Host: Shop.test", host="inside:8080"))
    assert reply.header("location") == seen


async def test_an_answer_is_rewritten_as_its_project_wishes(run_directory):
    async with open_service(answering(ANSWER)) as service:
        routes = [
            Route("both", service.upstream),
            Route("neither", service.upstream, rewrite_redirects=False, scope_cookies=False),
            Route("whole", service.upstream, strip_prefix=False),
            Route("named", service.upstream, domains=("named.example",)),
        ]
        async with proxy_for(run_directory, table(1, routes)) as proxy:
            both = await fetch(proxy, get("/both/"))
            others = [
                await fetch(proxy, get("/neither/")),
                await fetch(proxy, get("/whole/")),
                await fetch(proxy, get("/", host="named.example")),
            ]
    assert both.header("location") == "/both/login?next=/"
    cookies = [value for name, value in both.headers if name == "Set-Cookie"]
    assert cookies == ["a=1; Path=/both/; HttpOnly", "b=2; path=/both/x", "c=3"]
    for other in others:
        assert other.header("location") == "/login?next=/"
        assert other.header("set-cookie") == "a=1; Path=/; HttpOnly"
