"""HTTP heads: what is understood, and what is refused because two readers could understand it differently."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.http_head import (
    _USUAL_REQUEST,
    _USUAL_RESPONSE,
    MAX_FIELDS,
    MAX_HEAD,
    MAX_TARGET,
    BadHead,
    RequestHead,
    ResponseHead,
    check_unfinished,
    parse_request,
    parse_request_by_line,
    parse_response,
    parse_response_by_line,
    render,
)


def request(*lines: bytes, start: bytes = b"GET / HTTP/1.1", host: bytes | None = b"Host: h") -> bytes:
    return b"\r\n".join([start, *([] if host is None else [host]), *lines, b"", b""])


def response(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([start, *lines, b"", b""])


def lines(head: RequestHead) -> list[bytes]:
    return [field.line for field in head.fields]


# --- requests that are refused -------------------------------------------------------------------------------------

REFUSED = {
    # Framing.
    "two lengths": (request(b"Content-Length: 1", b"Content-Length: 2"), 400),
    "two equal lengths": (request(b"Content-Length: 1", b"Content-Length: 1"), 400),
    "two lengths in one line": (request(b"Content-Length: 1, 1"), 400),
    "a length with a plus": (request(b"Content-Length: +1"), 400),
    "a negative length": (request(b"Content-Length: -1"), 400),
    "a length in hexadecimal": (request(b"Content-Length: 0x1"), 400),
    "a length with an underscore": (request(b"Content-Length: 1_0"), 400),
    "a length with a blank inside": (request(b"Content-Length: 1 0"), 400),
    "an empty length": (request(b"Content-Length:"), 400),
    "a length of too many digits": (request(b"Content-Length: " + b"9" * 19), 400),
    "a length in other digits": (request(b"Content-Length: \xd9\xa1"), 400),
    "a length with a fraction": (request(b"Content-Length: 1.0"), 400),
    "a length and chunks": (request(b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400),
    "chunks and a length": (request(b"Transfer-Encoding: chunked", b"Content-Length: 1"), 400),
    "chunked twice": (request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "chunked twice in one line": (request(b"Transfer-Encoding: chunked, chunked"), 400),
    "gzip before chunked": (request(b"Transfer-Encoding: gzip, chunked"), 400),
    "chunked not last": (request(b"Transfer-Encoding: chunked, gzip"), 400),
    "the identity coding": (request(b"Transfer-Encoding: identity"), 400),
    "an unknown coding": (request(b"Transfer-Encoding: xchunked"), 400),
    "an empty coding": (request(b"Transfer-Encoding:"), 400),
    "a coding in quotes": (request(b'Transfer-Encoding: "chunked"'), 400),
    "a coding with a vertical tab": (request(b"Transfer-Encoding: \x0bchunked"), 400),
    "a coding with a parameter": (request(b"Transfer-Encoding: chunked;q=1"), 400),
    "chunks in HTTP/1.0": (request(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0"), 400),
    # Lines.
    "a folded header": (request(b"X: a", b" b"), 400),
    "a folded header with a tab": (request(b"X: a", b"\tb"), 400),
    "a first header that is folded": (request(b" X: a", host=None), 400),
    "a bare LF after the request line": (b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400),
    "a bare LF between headers": (b"GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n", 400),
    "a bare CR in a value": (request(b"X: a\rb"), 400),
    "a bare CR before a name": (request(b"\rX: a"), 400),
    "CR CR LF": (request(b"X: a\r"), 400),
    "a NUL in a value": (request(b"X: a\0b"), 400),
    "a NUL in a name": (request(b"X\0: a"), 400),
    "a control byte in a value": (request(b"X: a\x01"), 400),
    "a DEL in a value": (request(b"X: a\x7f"), 400),
    "a blank before the colon": (request(b"X : a"), 400),
    "a tab before the colon": (request(b"Content-Length\t: 1"), 400),
    "no colon": (request(b"X"), 400),
    "an empty name": (request(b": a"), 400),
    "a name with a slash": (request(b"X/Y: a"), 400),
    "a name with brackets": (request(b"X[]: a"), 400),
    "a name with a high byte": (request("Ü: a".encode()), 400),
    "a name with a quote": (request(b'"X": a'), 400),
    "too many headers": (request(*[b"X: a"] * MAX_FIELDS), 431),
    "a head that is too long": (request(b"X: " + b"a" * MAX_HEAD), 431),
    # The request line.
    "an empty request line": (request(start=b""), 400),
    "no version": (request(start=b"GET /"), 400),
    "no target": (request(start=b"GET  HTTP/1.1"), 400),
    "two blanks before the target": (request(start=b"GET  / HTTP/1.1"), 400),
    "two blanks before the version": (request(start=b"GET /  HTTP/1.1"), 400),
    "a tab for a blank": (request(start=b"GET\t/ HTTP/1.1"), 400),
    "a leading blank": (request(start=b" GET / HTTP/1.1"), 400),
    "a trailing blank": (request(start=b"GET / HTTP/1.1 "), 400),
    "a blank in the target": (request(start=b"GET /a b HTTP/1.1"), 400),
    "a method with a brace": (request(start=b"GE{T / HTTP/1.1"), 400),
    "a lower-case protocol": (request(start=b"GET / http/1.1"), 400),
    "another protocol": (request(start=b"GET / ICY/1.1"), 400),
    "a version of two digits": (request(start=b"GET / HTTP/1.10"), 400),
    "HTTP/0.9": (request(start=b"GET / HTTP/0.9"), 505),
    "HTTP/1.2": (request(start=b"GET / HTTP/1.2"), 505),
    "HTTP/2's preface": (request(start=b"PRI * HTTP/2.0"), 505),
    "a high byte in the target": (request(start="GET /ü HTTP/1.1".encode()), 400),
    "a fragment": (request(start=b"GET /a#b HTTP/1.1"), 400),
    "a relative target": (request(start=b"GET a HTTP/1.1"), 400),
    "the asterisk form": (request(start=b"OPTIONS * HTTP/1.1"), 400),
    "the authority form": (request(start=b"GET h:80 HTTP/1.1"), 400),
    "CONNECT": (request(start=b"CONNECT h:80 HTTP/1.1"), 405),
    "TRACE": (request(start=b"TRACE / HTTP/1.1"), 405),
    "a target that is too long": (request(start=b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1"), 414),
    # Host.
    "no Host": (request(host=None), 400),
    "two Hosts": (request(b"Host: h"), 400),
    "two Hosts in HTTP/1.0": (request(b"Host: h", start=b"GET / HTTP/1.0"), 400),
    "an empty Host": (request(host=b"Host:"), 400),
    "a Host with a path": (request(host=b"Host: h/a"), 400),
    "a Host with a user": (request(host=b"Host: u@h"), 400),
    "two names in one Host": (request(host=b"Host: a, b"), 400),
    "a Host with a blank": (request(host=b"Host: a b"), 400),
    "a Host with a port that is no number": (request(host=b"Host: h:a"), 400),
    "an open bracket": (request(host=b"Host: [::1"), 400),
    "another host in the absolute form": (request(start=b"GET http://other/ HTTP/1.1"), 400),
    "a user in the absolute form": (request(start=b"GET http://u@h/ HTTP/1.1"), 400),
    "no host in the absolute form": (request(start=b"GET http:///a HTTP/1.0", host=None), 400),
    "another scheme": (request(start=b"GET ftp://h/ HTTP/1.1"), 400),
    # The rest.
    "another expectation": (request(b"Expect: 200-ok"), 417),
    "two expectations": (request(b"Expect: 100-continue", b"Expect: 100-continue"), 417),
    "a malformed Connection": (request(b"Connection: a b"), 400),
    "a malformed Upgrade": (request(b"Connection: upgrade", b"Upgrade: a b"), 400),
    "an end without an empty line": (b"GET / HTTP/1.1\r\nHost: h\r\n", 400),
}


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_an_ambiguous_request_is_refused(raw: bytes, status: int) -> None:
    with pytest.raises(BadHead) as refused:
        parse_request(raw)
    assert refused.value.status == status
    assert str(refused.value).endswith(".")


# --- requests that are understood ----------------------------------------------------------------------------------


def test_a_request_is_understood() -> None:
    head = parse_request(request(b"Accept:  text/html \t", b"x-lower:", start=b"GET /a/b?c=d&e HTTP/1.1"))
    assert (head.method, head.target, head.host, head.minor_version) == ("GET", "/a/b?c=d&e", "h", 1)
    assert lines(head) == [b"Accept: text/html", b"x-lower: "]
    assert not head.has_body
    assert head.keep_alive


@pytest.mark.parametrize("target", [b"/", b"//a", b"/%00", b"/a/../b", b"/?", b"/;a=b", b'/"<>\\^`{|}', b"/*"])
def test_a_path_goes_through_as_it_came(target: bytes) -> None:
    assert parse_request(request(start=b"GET " + target + b" HTTP/1.1")).target == target.decode()


@pytest.mark.parametrize(
    ("target", "origin_form"),
    [(b"http://h/a?b", "/a?b"), (b"HTTP://H", "/"), (b"https://h?a", "/?a"), (b"http://h/", "/")],
)
def test_the_absolute_form_of_the_same_host_is_made_origin_form(target: bytes, origin_form: str) -> None:
    assert parse_request(request(start=b"GET " + target + b" HTTP/1.1")).target == origin_form


@pytest.mark.parametrize("host", ["h", "H.example.", "h:80", "h:", "127.0.0.1:8080", "[::1]", "[::1]:80", "a_b-c.d"])
def test_a_host_is_understood(host: str) -> None:
    assert parse_request(request(host=b"Host: " + host.encode())).host == host


def test_a_length_or_chunks_announce_a_body() -> None:
    assert parse_request(request(b"Content-Length: 5")).length == 5
    assert not parse_request(request(b"Content-Length: 0")).has_body
    chunked = parse_request(request(b"transfer-encoding: Chunked"))
    assert (chunked.chunked, chunked.has_body) == (True, True)


def test_fields_for_this_hop_only_are_left_out() -> None:
    head = parse_request(
        request(
            b"Connection: close, X-Mine, TE", b"X-Mine: 1", b"TE: trailers", b"Keep-Alive: timeout=5", b"Trailer: X",
            b"Proxy-Connection: keep-alive", b"Proxy-Authorization: Basic x", b"Proxy: http://evil", b"Kept: 1",
        )
    )  # fmt: skip
    assert lines(head) == [b"Kept: 1"]
    assert not head.keep_alive


def test_naming_the_framing_in_connection_does_not_remove_it() -> None:
    head = parse_request(request(b"Connection: content-length, host", b"Content-Length: 3"))
    assert (head.length, head.host) == (3, "h")


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        (b"1.1", b"keep-alive", True), (b"1.1", b"", True), (b"1.1", b"Close", False), (b"1.1", b"a, close", False),
        (b"1.0", b"", False), (b"1.0", b"Keep-Alive", True), (b"1.0", b"keep-alive, close", False),
    ],
)  # fmt: skip
def test_a_connection_is_kept_as_its_version_says(version: bytes, connection: bytes, kept: bool) -> None:
    head = parse_request(request(b"Connection: " + connection, start=b"GET / HTTP/" + version))
    assert head.keep_alive is kept


def test_http_1_0_needs_no_host() -> None:
    assert parse_request(request(start=b"GET / HTTP/1.0", host=None)).host == ""


@pytest.mark.parametrize(
    ("fields", "upgrade"),
    [
        ([b"Connection: Upgrade", b"Upgrade: websocket"], b"websocket"),
        ([b"Connection: keep-alive, upgrade", b"Upgrade: WebSocket"], b"WebSocket"),
        ([b"Upgrade: websocket"], b""),
        ([b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAAA"], b""),
        ([b"Connection: Upgrade", b"Upgrade: h2c, websocket"], b"websocket"),
        ([b"Connection: Upgrade", b"Upgrade: HTTP/2.0"], b""),
        ([b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 1"], b""),
    ],
)
def test_an_upgrade_counts_only_where_it_is_safe(fields: list[bytes], upgrade: bytes) -> None:
    head = parse_request(request(*fields))
    assert head.upgrade == upgrade
    assert head.fields == []


def test_only_a_body_can_wait_for_leave_to_come() -> None:
    assert parse_request(request(b"Expect: 100-Continue", b"Content-Length: 1")).expects_continue
    assert not parse_request(request(b"Expect: 100-continue")).expects_continue
    old = request(b"Expect: 100-continue", b"Content-Length: 1", start=b"POST / HTTP/1.0")
    assert not parse_request(old).expects_continue


# --- responses -----------------------------------------------------------------------------------------------------

REFUSED_RESPONSES = {
    "another protocol": response(start=b"ICY 200 OK"),
    "HTTP/2": response(start=b"HTTP/2 200 OK"),
    "two digits": response(start=b"HTTP/1.1 20 OK"),
    "four digits": response(start=b"HTTP/1.1 2000 OK"),
    "a status below 100": response(start=b"HTTP/1.1 099 OK"),
    "a control byte in the reason": response(start=b"HTTP/1.1 200 O\x01K"),
    "no blank before the reason": response(start=b"HTTP/1.1 200OK"),
    "a bare LF": b"HTTP/1.1 200 OK\nX: a\r\n\r\n",
    "a folded header": response(b"X: a", b" b"),
    "two lengths": response(b"Content-Length: 1", b"Content-Length: 1"),
    "a length and chunks": response(b"Content-Length: 1", b"Transfer-Encoding: chunked"),
    "gzip before chunked": response(b"Transfer-Encoding: gzip, chunked"),
    "chunks in HTTP/1.0": response(b"Transfer-Encoding: chunked", start=b"HTTP/1.0 200 OK"),
    "a blank before the colon": response(b"Content-Length : 1"),
    "a split answer": response(b"X: a\rSet-Cookie: b"),
}


@pytest.mark.parametrize("raw", REFUSED_RESPONSES.values(), ids=REFUSED_RESPONSES.keys())
def test_an_ambiguous_response_is_refused(raw: bytes) -> None:
    with pytest.raises(BadHead):
        parse_response(raw)


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, b"OK"), (b"HTTP/1.1 200 ", 200, b""), (b"HTTP/1.1 200", 200, b""),
        (b"HTTP/1.0 404 Not  there", 404, b"Not  there"), (b"HTTP/1.1 999 \xff", 999, b"\xff"),
    ],
)  # fmt: skip
def test_a_status_line_is_understood(start: bytes, status: int, reason: bytes) -> None:
    head = parse_response(response(start=start))
    assert (head.status, head.reason) == (status, reason)


@pytest.mark.parametrize(
    ("raw", "method", "has_body", "to_the_end"),
    [
        (response(b"Content-Length: 3"), "GET", True, False),
        (response(b"Content-Length: 0"), "GET", False, False),
        (response(b"Content-Length: 3"), "HEAD", False, False),
        (response(b"Transfer-Encoding: chunked"), "GET", True, False),
        (response(b"Transfer-Encoding: chunked"), "HEAD", False, False),
        (response(), "GET", True, True),
        (response(), "HEAD", False, False),
        (response(b"Content-Length: 3", start=b"HTTP/1.1 204 No"), "GET", False, False),
        (response(b"Content-Length: 3", start=b"HTTP/1.1 304 Not"), "GET", False, False),
        (response(start=b"HTTP/1.1 100 Continue"), "POST", False, False),
    ],
)
def test_a_body_follows_as_status_and_method_say(raw: bytes, method: str, has_body: bool, to_the_end: bool) -> None:
    head = parse_response(raw)
    assert (head.has_body(method), head.ends_with_connection(method)) == (has_body, to_the_end)


@pytest.mark.parametrize(
    ("offered", "chosen", "good"),
    [
        (b"websocket", b"websocket", True), (b"websocket", b"WebSocket", True), (b"a, b/1", b"b/1", True),
        (b"a, b", b"b, a", True), (b"websocket", b"other", False), (b"a", b"a, b", False), (b"", b"websocket", False),
        (b"websocket", b"", False), (b"websocket", b"h2c", False),
    ],
)  # fmt: skip
def test_a_service_switches_only_to_what_was_offered(offered: bytes, chosen: bytes, good: bool) -> None:
    raw = response(b"Connection: Upgrade", b"Upgrade: " + chosen, start=b"HTTP/1.1 101 Switching")
    assert parse_response(raw).switches_to_one_of(offered) is good


@pytest.mark.parametrize(
    ("framing", "kept"),
    [
        ([], True),
        ([b"Content-Length: 0"], True),
        ([b"Content-Length: 5"], False),
        ([b"Transfer-Encoding: chunked"], False),
    ],
)
def test_an_answer_that_has_no_body_and_announces_one_is_its_connections_last(framing: list[bytes], kept: bool) -> None:
    assert parse_response(response(*framing, start=b"HTTP/1.1 204 No Content")).keep_alive is kept


# --- unfinished heads ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"G", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r"])
def test_the_beginning_of_a_good_head_is_waited_for(raw: bytes) -> None:
    check_unfinished(raw)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\nHost: h\n\n", 400), (b"GET\0", 400), (b"GET / HTTP/1.1\rX", 400),
        (b"GET /" + b"a" * (MAX_TARGET + 100), 414), (b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD, 431),
    ],
)  # fmt: skip
def test_a_head_that_cannot_become_good_is_refused_early(raw: bytes, status: int) -> None:
    with pytest.raises(BadHead) as refused:
        check_unfinished(raw)
    assert refused.value.status == status


def test_what_was_checked_before_does_not_hide_a_line_break_at_the_seam() -> None:
    with pytest.raises(BadHead):
        check_unfinished(b"GET / HTTP/1.1\rX", start=15)


def test_a_head_full_of_blanks_costs_no_more_than_any_other() -> None:
    raw = request(b"X:" + b" \t" * (MAX_HEAD // 2 - 100) + b"\x01")
    started = time.perf_counter()
    with pytest.raises(BadHead):
        parse_request(raw)
    # Quadratic time would be minutes.
    assert time.perf_counter() - started < 5


# --- properties ----------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        b"GET", b"POST", b" ", b"/", b"/a", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\r", b"\n", b"\0", b":", b"Host", b"h",
        b"Content-Length", b"Transfer-Encoding", b"chunked", b"5", b",", b"\t", b"Connection", b"close", b"upgrade",
        b"Upgrade", b"websocket", b"h2c", b"Expect", b"100-continue", b"X", b"\xff", b"http://h", b"Host: h\r\n",
        b"GET / HTTP/1.1\r\n", b"\r\n\r\n",
    ]
)  # fmt: skip
SOUP = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=3)), max_size=40).map(b"".join)


def again(head: RequestHead) -> bytes:
    """Write a head as a proxy would: framing and Host from the parsed values."""
    framing = [b"Transfer-Encoding: chunked"] if head.chunked else [b"Content-Length: %d" % head.length]
    host = [b"Host: " + head.host.encode()] if head.host else []
    start = f"{head.method} {head.target} HTTP/1.{head.minor_version}".encode()
    return render(start, [*host, *(field.line for field in head.fields), *framing])


@given(SOUP)
def test_any_bytes_are_understood_or_refused_and_nothing_else(raw: bytes) -> None:
    for parse in (parse_request, parse_response):
        with suppress(BadHead):
            parse(raw)


@given(SOUP)
def test_what_is_understood_is_understood_the_same_once_more(soup: bytes) -> None:
    try:
        head = parse_request(b"GET / HTTP/1.1\r\nHost: h\r\n" + soup + b"\r\n\r\n")
    except BadHead:
        return
    once_more = parse_request(again(head))
    assert (once_more.method, once_more.target, once_more.host) == (head.method, head.target, head.host)
    assert (once_more.length, once_more.chunked) == (head.length, head.chunked)
    assert [field.line for field in once_more.fields] == [field.line for field in head.fields]


@given(SOUP)
def test_a_head_written_again_holds_one_framing_and_no_stray_line_break(soup: bytes) -> None:
    try:
        head = parse_request(b"POST / HTTP/1.1\r\nHost: h\r\n" + soup + b"\r\n\r\n")
    except BadHead:
        return
    written = again(head)
    assert written.count(b"\r\n\r\n") == 1
    assert written.endswith(b"\r\n\r\n")
    assert written.count(b"\r") == written.count(b"\n") == written.count(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in written.split(b"\r\n")[1:-2]]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == 1
    assert names.count(b"host") == 1


# --- two ways to read a head, one meaning --------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        b"Host", b"host", b"HOST", b"Connection", b"connection", b"Content-Length", b"content-length", b"X-Plain",
        b"Content_Length", b"Transfer-Encoding", b"Transfer_Encoding", b"Upgrade", b"Upgrade-Insecure-Requests",
        b"Expect", b"TE", b"Trailer", b"Keep-Alive", b"Proxy", b"Proxy-X", b"HTTP2-Settings", b"X-Forwarded-For",
        b"x_forwarded_for", b"X-Forwarded-Port", b"X-Request-Id", b"Forwarded", b"X-Real-IP", b"Cookie", b"Set-Cookie",
        b"Location", b"Accept", b"Hosts", b"Contents", b"X",
    ]
)  # fmt: skip
VALUES = st.sampled_from(
    [
        b"h", b"h:80", b"keep-alive", b"close", b"Keep-Alive", b"x-plain, close", b"upgrade", b"3", b"0", b"03", b"-1",
        b"chunked", b"websocket", b"100-continue", b"a=1; lci_session=x", b"a=1", b"", b" ", b"a b", b"a\tb", b"\xff",
        b"lci_sign_in=x", b"a ", b" a", b"\x01", b"/x",
    ]
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from([b": ", b":", b":  ", b" : "]), VALUES).map(b"".join), max_size=8)
HOSTED = st.one_of(HEADERS, HEADERS.map(lambda headers: [b"Host: h", *headers]))


def meaning(parse: Callable[[bytes], RequestHead | ResponseHead], raw: bytes) -> object:
    """Return all that a head means, or the status with which it is refused."""
    try:
        head = parse(raw)
    except BadHead as error:
        return error.status
    known = {each.name: getattr(head, each.name) for each in fields(head) if each.name not in {"plain", "marked"}}
    return {**known, "fields": sorted((field.name, field.value, field.line) for field in head.fields)}


@given(
    st.sampled_from([b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"GET / HTTP/1.0", b"GET http://h/ HTTP/1.1", b"X / H"]),
    HOSTED,
)
def test_a_usual_request_means_what_it_means_line_by_line(start: bytes, headers: list[bytes]) -> None:
    raw = b"\r\n".join([start, *headers, b"", b""])
    assert meaning(parse_request, raw) == meaning(parse_request_by_line, raw)


@given(st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 101 ", b"HTTP/1.0 304 Not", b"HTTP/1.1 204"]), HEADERS)
def test_a_usual_answer_means_what_it_means_line_by_line(start: bytes, headers: list[bytes]) -> None:
    raw = b"\r\n".join([start, *headers, b"", b""])
    assert meaning(parse_response, raw) == meaning(parse_response_by_line, raw)


@given(SOUP)
def test_soup_means_the_same_both_ways(soup: bytes) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: h\r\n" + soup + b"\r\n\r\n"
    assert meaning(parse_request, raw) == meaning(parse_request_by_line, raw)


@pytest.mark.parametrize("raw", [raw for raw, _ in REFUSED.values()], ids=REFUSED.keys())
def test_what_is_refused_is_refused_both_ways(raw: bytes) -> None:
    assert meaning(parse_request, raw) == meaning(parse_request_by_line, raw)


def test_a_usual_head_is_read_at_once() -> None:
    """The pattern for usual heads must not stop matching unnoticed: everything would still work, slowly."""
    raw = request(b"Accept: a, b;q=0.8", b"Cookie: a=1; b=2", b"Connection: keep-alive", b"X-Odd: \xc3\xbc ; =")
    assert _USUAL_REQUEST(raw) is not None
    assert _USUAL_RESPONSE(response(b"Server: x", b"Content-Length: 5")) is not None
    assert _USUAL_REQUEST(request(*[b"X: a"] * (MAX_FIELDS - 1))) is not None
    assert _USUAL_REQUEST(request(*[b"X: a"] * MAX_FIELDS)) is None


def test_a_head_that_is_nearly_usual_costs_no_more_than_its_length() -> None:
    many = [b"X-%d: " % number + b"a b" * 100 for number in range(90)]
    started = time.perf_counter()
    for _ in range(100):
        parse_request(request(*many, b"X: trailing blank "))
    # Trying every way to divide it would take longer than anybody can wait.
    assert time.perf_counter() - started < 5
