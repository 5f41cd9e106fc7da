"""Chunked bodies: what is read, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.proxy.chunks import LAST_CHUNK, BadChunk, ChunkWalker, chunk


def walk(raw: bytes, step: int = 1 << 20, *, keep_framing: bool = False) -> tuple[bytes, bool, bytes]:
    """Return what is sent on, whether it was complete, and what was left, feeding `step` bytes at a time."""
    walker, out, left = ChunkWalker(keep_framing=keep_framing), b"", b""
    for start in range(0, len(raw), step):
        piece = raw[start : start + step]
        if walker.complete:
            left += piece
        else:
            out += walker.take(piece)
            if walker.bad is not None:
                raise walker.bad
            left += walker.rest
    return out, walker.complete, left


GOOD = {
    "one chunk": (b"5\r\nhello\r\n0\r\n\r\n", b"hello", b""),
    "two chunks": (b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc", b""),
    "no chunk": (b"0\r\n\r\n", b"", b""),
    "hexadecimal sizes": (b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a", b""),
    "leading zeros": (b"0005\r\nhello\r\n000\r\n\r\n", b"hello", b""),
    "extensions": (b"5;a=b;c\r\nhello\r\n0;d\r\n\r\n", b"hello", b""),
    "trailers": (b"0\r\nX: a\r\nY: b\r\n\r\n", b"", b""),
    "the next request after it": (b"1\r\na\r\n0\r\n\r\nGET /", b"a", b"GET /"),
    "line breaks inside": (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", b""),
}
BAD = {
    "0x": b"0x5\r\nhello\r\n",
    "a plus": b"+5\r\nhello\r\n",
    "a minus": b"-5\r\nhello\r\n",
    "an underscore": b"1_0\r\n",
    "a blank before": b" 5\r\nhello\r\n",
    "a blank after": b"5 \r\nhello\r\n",
    "a blank before the extension": b"5 ;a\r\nhello\r\n",
    "no size": b"\r\nhello\r\n",
    "only an extension": b";a\r\n",
    "no hexadecimal": b"g\r\n",
    "too many digits": b"0000000000000005\r\nhello\r\n",
    "a size that overflows": b"ffffffffffffffff\r\n",
    "a bare LF after the size": b"5\nhello\r\n",
    "a bare CR in the extension": b"5;a\rb\r\nhello\r\n",
    "a NUL in the extension": b"5;\0\r\nhello\r\n",
    "a bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "no line break after the data": b"5\r\nhello0\r\n\r\n",
    "a longer chunk than announced": b"4\r\nhello\r\n0\r\n\r\n",
    "CR and something after the data": b"5\r\nhello\rX",
    "an endless size line": b"5;" + b"a" * 300,
    "a trailer without a colon": b"0\r\nX\r\n\r\n",
    "a folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "a bare LF at the end": b"0\r\n\n",
    "endless trailers": b"0\r\n" + b"X: a\r\n" * 2000,
    "an endless trailer": b"0\r\nX: " + b"a" * 9000,
}


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(("raw", "body", "left"), GOOD.values(), ids=GOOD.keys())
def test_a_chunked_body_is_read(raw: bytes, body: bytes, left: bytes, step: int) -> None:
    assert walk(raw, step) == (body, True, left)


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(("raw", "body", "left"), GOOD.values(), ids=GOOD.keys())
def test_what_is_sent_on_is_plain_and_means_the_same(raw: bytes, body: bytes, left: bytes, step: int) -> None:
    sent_on, complete, rest = walk(raw, step, keep_framing=True)
    assert (complete, rest) == (True, left)
    assert walk(sent_on) == (body, True, b"")
    assert b";" not in sent_on
    assert b"X: a" not in sent_on
    assert walk(sent_on, keep_framing=True) == (sent_on, True, b"")


def test_a_piece_of_a_large_body_is_not_copied() -> None:
    walker = ChunkWalker(keep_framing=True)
    for piece in (chunk(b"a" * 1000) + b"3e8\r\n" + b"a" * 10, b"a" * 900, b"a" * 90 + b"\r\n" + chunk(b"b")[:-2]):
        assert walker.take(piece) is piece


@pytest.mark.parametrize("keep_framing", [True, False])
@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_a_malformed_chunked_body_is_refused(raw: bytes, step: int, keep_framing: bool) -> None:
    with pytest.raises(BadChunk):
        walk(raw, step, keep_framing=keep_framing)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.integers(1, 20))
def test_what_is_written_is_read_however_it_is_cut(pieces: list[bytes], step: int) -> None:
    raw = b"".join(map(chunk, pieces)) + LAST_CHUNK
    assert walk(raw, step) == (b"".join(pieces), True, b"")
    assert walk(raw, step, keep_framing=True) == (raw, True, b"")


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=4), st.data())
def test_a_body_cut_short_is_never_complete(pieces: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(map(chunk, pieces)) + LAST_CHUNK
    cut = data.draw(st.integers(0, len(raw) - 1))
    for keep_framing in (True, False):
        assert not walk(raw[:cut], keep_framing=keep_framing)[1]
