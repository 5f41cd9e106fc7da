"""Requests that are nearly good: one or a few things about them are what some reader reads differently."""

from __future__ import annotations

from hypothesis import strategies as st

_BLANKS = st.sampled_from([b" ", b"", b"  ", b"\t", b" \t", b"\x0b", b"\x0c", b"\r", b"\xa0", b"\0", b"\r\n "])
_ENDS = st.sampled_from(
    [b"\r\n"] * 100 + [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b" \r\n", b"\r\n ", b"\r\n\t"]
)
_BYTE = st.integers(0, 255).map(lambda byte: bytes([byte]))
_SECOND = b"GET /app/second HTTP/1.1\r\nHost: h\r\n\r\n"

_LENGTHS = st.one_of(
    st.integers(0, 60).map(lambda size: b"%d" % size),
    st.sampled_from(
        [b"+5", b"-5", b"0x5", b"1_0", b"5,5", b"5, 5", b"5;", b"5 ", b"", b"05", b"5\x00", b"5.0", b"5 5", b"\xb2",
         b"18446744073709551621", b"4294967301", b"9" * 19, b"0" * 40 + b"5"]
    ),
)  # fmt: skip
_CODINGS = st.sampled_from(
    [b"chunked", b"chunked", b"Chunked", b"CHUNKED"] * 8
    + [b"Chunked", b"CHUNKED", b"xchunked", b"chunked,", b",chunked", b"chunked, identity", b"identity",
       b"gzip, chunked", b"chunked, chunked", b'"chunked"', b"chunked;a=b", b"\x0bchunked", b"chunked\x0b", b"chun ked",
       b"", b"cow",
       b"chunked\xa0", b"chunked\0", b"identity, chunked"]
)  # fmt: skip
_NAMES = st.sampled_from([b"Content-Length"] * 40 + [
    b"content-length", b"Content-Length ", b"Content-Length\t", b" Content-Length", b"Content_Length",
    b"Content-Length\0", b"Content\xadLength", b"Content-Length\x0b"])  # fmt: skip
_CODING_NAMES = st.sampled_from([b"Transfer-Encoding"] * 40 + [
    b"transfer-encoding", b"Transfer-Encoding ", b"Transfer-Encoding\t", b" Transfer-Encoding", b"Transfer_Encoding",
    b"Transfer-Encoding\r", b"TE", b"X-Transfer-Encoding"])  # fmt: skip

_SIZES = st.one_of(
    st.just(None),
    st.sampled_from(
        [b"5 ", b" 5", b"0x5", b"+5", b"-5", b"05", b"0_5", b"5;a", b"5;a=b", b'5;a="b"', b"5 ;a", b"5\t", b"5\r", b"g",
         b"", b"00000005", b"100000005", b"10000000000000005", b"5;a\n", b"5;\0", b"5,", b"5\x0b", b"5\xa0", b"5;a\rb"]
    ),
)  # fmt: skip


_DATA = st.sampled_from([b"hello", b"a", _SECOND, b"\r\n", b"0\r\n\r\n"])
_CHUNK_ENDS = st.sampled_from([b"\r\n"] * 16 + [b"\n", b"\r", b"\n\r", b"XX", b"", b"\r\r\n", b"\r\n\r\n", b"\n\n"])
_TRAILERS = st.sampled_from([b""] * 6 + [b"X: a\r\n", b"X: a\n", b"Content-Length: 5\r\n", b"X\r\n", b" a\r\n"])


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    """Return a chunked body, most of it good."""
    strange, body = draw(st.integers(0, 2)) == 0, b""
    for data in draw(st.lists(_DATA, max_size=3)):
        size = draw(_SIZES) if strange and draw(st.booleans()) else None
        body += b"%x" % len(data) if size is None else size
        body += b"\r\n" + data + b"\r\n" if not strange else draw(_CHUNK_ENDS) + data + draw(_CHUNK_ENDS)
    if not strange:
        return body + b"0\r\n\r\n"
    end = draw(st.sampled_from([b"0"] * 10 + [b"00", b"0 ", b"-0", b"0;a", b"0x0", b""]))
    return body + end + draw(_CHUNK_ENDS) + draw(_TRAILERS) + draw(_CHUNK_ENDS)


_BODIES = st.one_of(
    chunks(), chunks(), st.sampled_from([b"", b"hello", b"hello, you all out there", _SECOND, b"0\r\n\r\n" + _SECOND])
)


@st.composite
def lines(draw: st.DrawFn) -> list[bytes]:
    """Return header lines: a framing, or none, or several, and what else is read in different ways."""
    found = [
        draw(st.sampled_from([b"Host: h"] * 40 + [b"Host: other", b"host:h", b"Host : h", b"Host: h\x00", b"X: a"]))
    ]
    for kind in draw(st.lists(st.sampled_from(["length", "coding", "coding", "other"]), max_size=2)):
        if kind == "length":
            found.append(draw(_NAMES) + b":" + _first(draw, b" ", _BLANKS) + draw(_LENGTHS))
        elif kind == "coding":
            found.append(draw(_CODING_NAMES) + b":" + _first(draw, b" ", _BLANKS) + draw(_CODINGS))
        else:
            found.append(draw(_OTHERS))
    return draw(st.permutations(found))


_OTHERS = st.sampled_from(
    [b"X: a", b"X:", b"X", b": a", b" folded", b"\tfolded", b"Connection: close", b"Connection: keep-alive", b"X: \xff",
     b"Connection: Content-Length", b"Connection: Transfer-Encoding", b"Host: other", b"Expect: 100-continue",
     b"Upgrade: h2c", b"Connection: Upgrade", b"X: a\rY: b", b"X: a\nY: b", b"X: a\nContent-Length: 5", b"TE: trailers",
     b"X: a\rTransfer-Encoding: chunked", b"Trailer: X", b"Keep-Alive: timeout=5", b"X\0: a", b"Content-Length: 0"]
)  # fmt: skip
_METHODS = st.sampled_from([b"POST"] * 6 + [b"GET", b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"post", b"X"])
_TARGETS = st.sampled_from([b"/app/"] * 30 + [
    b"http://h/app/", b"http://other/app/", b"/app/?a b", b"/app/\t", b"*", b"/app/%0d%0a", b"/app/a/../b", b"//app/",
    b"/app/#a",
])  # fmt: skip
_VERSIONS = st.sampled_from([b"HTTP/1.1"] * 40 + [
    b"HTTP/1.0", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.1 ", b"http/1.1", b"HTTP/1.10", b""
])  # fmt: skip


def _first(draw: st.DrawFn, usual: bytes, others: st.SearchStrategy[bytes]) -> bytes:
    return usual if draw(st.integers(0, 9)) else draw(others)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return one request, its body included."""
    start = b" ".join([draw(_METHODS), draw(_TARGETS), draw(_VERSIONS)])
    strange = draw(st.integers(0, 7)) == 0
    raw = draw(st.sampled_from([b""] * 20 + [b"\r\n", b"\n", b" "]))
    for line in [start, *draw(lines()), b""]:
        raw += line + (draw(_ENDS) if strange else b"\r\n")
    return raw + draw(_BODIES)


def uploads() -> st.SearchStrategy[bytes]:
    """Return a request of which only the chunks may be strange."""
    return chunks().map(lambda body: b"POST /app/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Return one or two requests, perhaps with one byte put in, taken out or changed."""
    raw = b"".join(draw(st.lists(st.one_of(requests(), requests(), uploads()), min_size=1, max_size=2)))
    if draw(st.integers(0, 4)):
        return raw
    at = draw(st.integers(0, len(raw) - 1))
    return raw[:at] + draw(st.one_of(st.just(b""), _BYTE)) + raw[at + draw(st.integers(0, 1)) :]
