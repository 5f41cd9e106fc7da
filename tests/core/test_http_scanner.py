"""The compiled scanner says of a head what its definition says, or nothing.

Where it is not compiled this holds `read_request` and `read_response` against the ways that are there always;
tests/proxy/test_compiled.py runs it with the scanner, twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lci_app.core.http_head import (
    MAX_FIELDS,
    MAX_HEAD,
    MAX_TARGET,
    METHODS,
    BadHead,
    RequestHead,
    ResponseHead,
    parse_request,
    parse_request_by_line,
    parse_response,
    parse_response_by_line,
    read_request,
    read_response,
)
from lci_app.core.http_scanner import COMPILED, scan_request, scan_response
from tests.core.test_http_head import HEADERS, HOSTED, REFUSED, REFUSED_RESPONSES, SOUP, meaning, request, response

Head = RequestHead | ResponseHead
compiled = pytest.mark.skipif(not COMPILED, reason="The scanner is not compiled.")

STARTS = st.sampled_from(
    [
        *(f"{method} /a?b=c HTTP/1.1".encode() for method in METHODS),
        *(b"GET / HTTP/1.0", b"GET http://h/ HTTP/1.1", b"GE / HTTP/1.1", b"GETX / HTTP/1.1", b"GET /\x7f HTTP/1.1"),
        *(b"GET / HTTP/1.1 ", b"GET  / HTTP/1.1", b"GET /# HTTP/1.1", b"CONNECT h:1 HTTP/1.1", b"OPTIONS * HTTP/1.1"),
    ]
)
STATUS_LINES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 404 Not  there", b"HTTP/1.1 304 Not Modified"),
        *(b"HTTP/1.1 204 No Content", b"HTTP/1.1 101 Switching", b"HTTP/1.1 100 ", b"HTTP/1.1 999 \xff"),
        *(b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 200 \x01"),
    ]
)


def everything(head: Head) -> dict[str, object]:
    """Return all that is in a head but its size."""
    known = {each.name: getattr(head, each.name) for each in fields(head) if each.name != "size"}
    return {**known, "marked": list(head.marked)}


def joined(start: bytes, headers: Sequence[bytes]) -> bytes:
    return b"\r\n".join([start, *headers, b"", b""])


def agree(raw: bytes) -> None:
    """Hold what the scanner says of these bytes, as either kind of head, against what the definition says of them."""
    _agree(raw, scan_request, parse_request, parse_request_by_line)
    _agree(raw, scan_response, parse_response, parse_response_by_line)


def _agree(
    raw: bytes,
    scan: Callable[[bytes], Head | None],
    parse: Callable[[bytes], Head],
    parse_by_line: Callable[[bytes], Head],
) -> None:
    scanned = scan(raw)
    if scanned is None:
        return
    head = raw[: scanned.size]
    assert scanned.size == raw.find(b"\r\n\r\n") + 4
    assert everything(scanned) == everything(parse(head))
    scanned.size = 0
    assert meaning(lambda _: scanned, head) == meaning(parse_by_line, head)


@given(STARTS, HOSTED, st.binary(max_size=8))
@settings(max_examples=500)
def test_requests_of_all_kinds(start: bytes, headers: list[bytes], body: bytes) -> None:
    agree(joined(start, headers) + body)


@given(STATUS_LINES, HEADERS, st.binary(max_size=8))
@settings(max_examples=500)
def test_answers_of_all_kinds(start: bytes, headers: list[bytes], body: bytes) -> None:
    agree(joined(start, headers) + body)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    agree(raw)


@given(SOUP)
def test_what_is_nearly_a_head(soup: bytes) -> None:
    agree(soup)
    agree(b"GET / HTTP/1.1\r\nHost: h\r\n" + soup + b"\r\n\r\n")
    agree(b"HTTP/1.1 200 OK\r\n" + soup + b"\r\n\r\n")


@given(st.sampled_from([0, 1]), st.data())
@settings(max_examples=500)
def test_a_good_head_with_any_byte_of_it_changed(kind: int, data: st.DataObject) -> None:
    good = (PLAIN_REQUEST, PLAIN_RESPONSE)[kind]
    at = data.draw(st.integers(0, len(good) - 1))
    agree(good[:at] + data.draw(st.binary(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :])


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"P",
        b"POST /",
        b"?",
        b" HTTP/1",
        b"User-",
        b":",
        b": ",
        b": a",
        b"Host: ",
        b"Length: ",
        b"Length: 5",
        b"c)",
        b"c)\r",
        b"=\r\n",
    ],
)
def test_every_byte_after(before: bytes) -> None:
    at = PLAIN_REQUEST.index(before) + len(before)
    for byte in range(256):
        agree(PLAIN_REQUEST[:at] + bytes([byte]) + PLAIN_REQUEST[at + 1 :])
        agree(PLAIN_REQUEST[:at] + bytes([byte]) + PLAIN_REQUEST[at:])


@pytest.mark.parametrize("before", [b"HTTP/1.1 ", b"HTTP/1.1 20", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"OK", b"chunked"])
def test_every_byte_of_an_answer_after(before: bytes) -> None:
    at = PLAIN_RESPONSE.index(before) + len(before)
    for byte in range(256):
        agree(PLAIN_RESPONSE[:at] + bytes([byte]) + PLAIN_RESPONSE[at + 1 :])
        agree(PLAIN_RESPONSE[:at] + bytes([byte]) + PLAIN_RESPONSE[at:])


@pytest.mark.parametrize("raw", [*(raw for raw, _ in REFUSED.values()), *REFUSED_RESPONSES.values()])
def test_what_is_refused_is_not_scanned(raw: bytes) -> None:
    agree(raw)


PLAIN_REQUEST = request(
    b"User-Agent: a (b; c)", b"Accept: */*;q=0.8", b"Cookie: a=1; b=2", b"Connection: keep-alive",
    b"X-Odd: \xc3\xbc\t=", b"Content-Length: 5", start=b"POST /a/b?c HTTP/1.1", host=b"Host: h.example:80",
)  # fmt: skip
PLAIN_RESPONSE = response(
    b"Server: x", b"Set-Cookie: a=1; Path=/", b"set-cookie: b=2", b"Location: /x", b"Transfer-Encoding: chunked",
    b"Connection: close",
)  # fmt: skip


@compiled
@pytest.mark.parametrize(
    "raw",
    [
        PLAIN_REQUEST,
        request(),
        request(b"Transfer-Encoding: chunked", b"X-Forwarded-For: 1.2.3.4", b"Cookie: lci_session=x", b"TE: x"),
        request(*[b"X: a"] * (MAX_FIELDS - 1)),
        request(start=b"GET /" + b"a" * (MAX_TARGET - 1) + b" HTTP/1.1"),
        request(b"X: " + b"a" * (MAX_HEAD - len(request(b"X: ")))),
        request(b"x" * 400 + b": a", b"x-forwarded-" + b"x" * 400 + b": a"),
    ],
)
def test_a_plain_request_is_scanned(raw: bytes) -> None:
    """It must not come to refuse all of them unnoticed: everything would still work, slowly."""
    head = scan_request(raw + b"body")
    assert head is not None
    assert head.size == len(raw)
    agree(raw)


@compiled
@pytest.mark.parametrize("raw", [PLAIN_RESPONSE, response(), response(b"Content-Length: 5"), response(b"X: a")])
def test_a_plain_answer_is_scanned(raw: bytes) -> None:
    head = scan_response(raw + b"body")
    assert head is not None
    assert head.size == len(raw)
    agree(raw)


@pytest.mark.parametrize(
    "raw",
    [
        request(*[b"X: a"] * MAX_FIELDS),
        request(start=b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1"),
        request(b"X: " + b"a" * (MAX_HEAD - len(request(b"X: ")) + 1)),
        request(host=b"Host: " + b"h" * 256),
    ],
)
def test_a_head_beyond_a_bound_is_not_scanned(raw: bytes) -> None:
    assert scan_request(raw) is None


@pytest.mark.parametrize("start", [b"HTTP/1.1 100 Continue", b"HTTP/1.1 101 Switching", b"HTTP/1.1 204 No Content"])
@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X: a"])
def test_an_answer_after_which_it_is_not_plain_what_follows_is_not_scanned(start: bytes, framing: bytes) -> None:
    assert scan_response(response(framing, start=start)) is None


@pytest.mark.parametrize(("raw", "scan"), [(PLAIN_REQUEST, scan_request), (PLAIN_RESPONSE, scan_response)])
def test_no_beginning_of_a_head_is_taken_for_the_whole(raw: bytes, scan: Callable[[bytes], Head | None]) -> None:
    assert [size for size in range(len(raw)) if scan(raw[:size]) is not None] == []


@compiled
def test_the_scanner_refuses_what_it_has_no_room_for() -> None:
    scanner: Any = import_module("lci_app.core.http_scan").Scanner
    many: dict[bytes, tuple[bytes, ...]] = {b"x%d" % number: () for number in range(64)}
    scanner(("GET",), many, MAX_HEAD, MAX_TARGET, 128)
    for methods, names, head, lines in [
        (("GET",), {**many, b"y": ()}, MAX_HEAD, 100),
        (("GET",), {b"x" * 32: ()}, MAX_HEAD, 100),
        (("GET",), {b"": ()}, MAX_HEAD, 100),
        (("GET",), {b"x": ("word",)}, MAX_HEAD, 100),
        (("GET",), {}, MAX_HEAD, 129),
        (("GET",), {}, MAX_HEAD, -1),
        (("GET",), {}, -1, 100),
        (("\xe9",), {}, MAX_HEAD, 100),
    ]:
        with pytest.raises(ValueError, match="room"):
            scanner(methods, names, head, MAX_TARGET, lines)
    with pytest.raises(TypeError):
        scanner(["GET"], {}, MAX_HEAD, MAX_TARGET, 100)
    assert scanner(("GET",), {}, MAX_HEAD, MAX_TARGET, 100).request(bytearray(PLAIN_REQUEST)) is None


# --- what is built on it -------------------------------------------------------------------------------------------


@given(STARTS, HOSTED, st.binary(max_size=8))
def test_a_head_is_read_off_a_buffer_as_it_is_parsed_whole(start: bytes, headers: list[bytes], rest: bytes) -> None:
    raw = joined(start, headers)
    raw = raw[: raw.find(b"\r\n\r\n") + 4]

    def read(buffer: bytes) -> Head:
        head = read_request(buffer + rest)
        assert head is not None
        assert head.size == len(raw)
        head.size = 0
        return head

    assert meaning(read, raw) == meaning(parse_request, raw)


@pytest.mark.parametrize(("raw", "read"), [(PLAIN_REQUEST, read_request), (PLAIN_RESPONSE, read_response)])
def test_a_head_is_read_when_it_is_there_whole(raw: bytes, read: Callable[[bytes, int], Head | None]) -> None:
    assert [size for size in range(len(raw)) if read(raw[:size], max(size - 1, 0)) is not None] == []
    for checked in (0, 1, len(raw) - 1):
        head = read(raw + b"more", checked)
        assert head is not None
        assert head.size == len(raw)


def test_a_buffer_that_can_hold_no_good_head_is_refused_early() -> None:
    with pytest.raises(BadHead):
        read_request(b"GET / HTTP/1.1\nHost: h\n")
