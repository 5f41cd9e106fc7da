"""Nearly good heads in great number: any byte of them, any beginning of them, and another parser's word on them."""

from __future__ import annotations

import h11
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from lci_app.core.http_head import BadHead, RequestHead, check_unfinished, parse_request, parse_response, render

_TEXT = st.binary(max_size=12)
_METHOD = st.sampled_from([b"GET"] * 8 + [b"POST", b"HEAD", b"get", b"M-X", b"!", b"G T", b"", b"G\xffT"])
_TARGET = st.one_of(
    st.sampled_from(
        [b"/", b"/a?b", b"http://h/a", b"http://H?a", b"https://h", b"http://x/", b"http:///", b"*", b"h:80"]
    ),
    st.text("/ab%?#\\. *:@[]\x00\xff", max_size=8).map(lambda text: text.encode("latin-1")),
)
_VERSION = st.sampled_from(
    [b"HTTP/1.1"] * 12 + [b"HTTP/1.0"] * 3 + [b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 "]
)
_NAME = st.sampled_from(
    [b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect", b"X", b"x-a", b"TE",
     b"Cookie", b"host", b"CONTENT-LENGTH", b"X ", b" X", b"X\t", b"", b"X\0", b"X\xff", b"Keep-Alive"]
)  # fmt: skip
_VALUE = st.one_of(
    st.sampled_from(
        [b"h", b"5", b"0", b"5, 5", b"+5", b"chunked", b"Chunked", b"gzip, chunked", b"close", b"keep-alive",
         b"upgrade, x", b"websocket", b"h2c", b"100-continue", b"a\r\n b", b"a\rb", b"a\nb",
         b"\t a \t", b"[::1]:80", b"u@h", b"h:80"]
    ),
    _TEXT,
)  # fmt: skip
_LINE = st.tuples(_NAME, st.sampled_from([b": "] * 8 + [b":", b" : ", b"", b":\t"]), _VALUE).map(b"".join)
_END = st.sampled_from([b"\r\n"] * 60 + [b"\n", b"\r", b"\r\r\n", b"\n\r"])


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Return a request's head, most of it good."""
    lines = [
        b" ".join([draw(_METHOD), draw(_TARGET), draw(_VERSION)]),
        *draw(_HOSTS),
        *draw(st.lists(_LINE, max_size=4)),
    ]
    raw = b"".join(line + draw(_END) for line in lines) + b"\r\n"
    if draw(st.integers(0, 3)):
        return raw
    at = draw(st.integers(0, len(raw) - 1))
    return raw[:at] + draw(st.binary(max_size=2)) + raw[at + draw(st.integers(0, 2)) :]


_HOSTS = st.sampled_from([[b"Host: h"]] * 8 + [[], [b"Host: h", b"Host: x"], [b"Host: h:80"], [b"host:h"]])


def parsed(raw: bytes) -> RequestHead | None:
    try:
        head = parse_request(raw)
    except BadHead:
        event("refused")
        return None
    event("understood")
    return head


def read_by_h11(raw: bytes) -> h11.Request | None:
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 16)
    parser.receive_data(raw)
    try:
        found = parser.next_event()
    except h11.RemoteProtocolError:
        return None
    assert isinstance(found, h11.Request)
    return found


def framing(request: h11.Request) -> tuple[int, bool]:
    headers = dict(request.headers)
    return int(headers.get(b"content-length", 0)), headers.get(b"transfer-encoding", b"").lower() == b"chunked"


@given(heads())
@settings(max_examples=600)
def test_what_is_understood_another_parser_understands_alike_or_refuses(raw: bytes) -> None:
    head = parsed(raw)
    other = read_by_h11(raw) if head else None
    if head and other:
        assert head.method.encode() == other.method
        assert head.target.encode() in {other.target, b"/" + other.target.split(b"/", 3)[-1], _after_host(other.target)}
        assert (head.length, head.chunked) == framing(other)


@given(heads())
@settings(max_examples=600)
def test_what_is_written_from_it_every_parser_understands_alike(raw: bytes) -> None:
    head = parsed(raw)
    if head is None:
        return
    coding = [b"Transfer-Encoding: chunked"] if head.chunked else [b"Content-Length: %d" % head.length]
    host = [b"Host: " + (head.host or "h").encode()]
    start = f"{head.method} {head.target} HTTP/1.1".encode()
    other = read_by_h11(render(start, [*host, *(field.line for field in head.fields), *coding]))
    assert other is not None
    assert (other.method, other.target) == (head.method.encode(), head.target.encode())
    assert framing(other) == (head.length, head.chunked)
    names = [name for name, _ in other.headers]
    assert names[1:-1] == [field.name for field in head.fields]


@given(heads())
@settings(max_examples=600)
def test_no_beginning_of_a_good_head_is_refused_early(raw: bytes) -> None:
    """However it is cut, and whatever part of it was looked at before."""
    if parsed(raw) is None:
        return
    for end in range(len(raw)):
        check_unfinished(raw[:end])
        check_unfinished(raw[:end], start=max(end - 1, 0))


@given(heads(), st.data())
@settings(max_examples=600)
def test_what_is_refused_early_is_refused_whole_too(raw: bytes, data: st.DataObject) -> None:
    beginning = raw[: data.draw(st.integers(0, len(raw)))]
    if b"\r\n\r\n" in beginning:
        return
    try:
        check_unfinished(beginning)
    except BadHead:
        with pytest.raises(BadHead):
            parse_request(raw[: raw.find(b"\r\n\r\n") + 4])


@given(
    st.lists(_LINE, max_size=5),
    st.sampled_from([b"200 OK", b"204 No", b"304 Not", b"101 Sw", b"100 C", b"20", b"999 \xff"]),
)
@settings(max_examples=600)
def test_an_answer_that_is_understood_has_one_framing(lines: list[bytes], status: bytes) -> None:
    try:
        head = parse_response(render(b"HTTP/1.1 " + status, lines))
    except BadHead:
        return
    assert not (head.chunked and head.length is not None)
    assert not {b"content-length", b"transfer-encoding", b"connection", b"upgrade"} & {
        field.name for field in head.fields
    }
    assert all(b"\r" not in field.line and b"\n" not in field.line and b"\0" not in field.line for field in head.fields)


def _after_host(target: bytes) -> bytes:
    """Return what an absolute form without a path stands for."""
    _, _, rest = target.partition(b"://")
    return b"/?" + rest.partition(b"?")[2] if b"?" in rest else b"/"
