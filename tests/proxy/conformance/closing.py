"""Streams that end at every one of their bytes, from either side."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proxy.conformance.answers import answer
from tests.proxy.conformance.cases import get, post

# Stands for the number of the byte after which the stream ends, always as long.
NUMBER = b"0000"
_TARGET = b"/app/" + NUMBER


@dataclass(frozen=True)
class Stream:
    """What a visitor sends before it leaves: whole requests, one after the other. They may arrive whole, or not."""

    name: str
    requests: tuple[bytes, ...]
    why: str

    def __str__(self) -> str:
        return self.name

    def sent_whole(self, cut: int) -> int:
        """Return how many requests are within the first `cut` bytes."""
        return sum(len(b"".join(self.requests[: count + 1])) <= cut for count in range(len(self.requests)))


@dataclass(frozen=True)
class Ending:
    """An answer whose service leaves in its middle. `size`: of the whole; None where its end is the connection's."""

    name: str
    head: bytes
    body: bytes
    size: int | None
    why: str
    request: bytes = get(b"Connection: close", start=b"GET " + _TARGET + b" HTTP/1.1")

    def __str__(self) -> str:
        return self.name

    @property
    def raw(self) -> bytes:
        return self.head + self.body


def _post(*lines: bytes, body: bytes) -> bytes:
    return post(*lines, body=body).replace(b"/app/", _TARGET, 1)


_GET = get(start=b"GET " + _TARGET + b" HTTP/1.1")
_SIZED = _post(b"Content-Length: 11", body=b"hello world")
_CHUNKED = _post(b"Transfer-Encoding: chunked", body=b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: a\r\n\r\n")
_OLD = get(start=b"GET " + _TARGET + b" HTTP/1.0")

STREAMS = (
    Stream("GET", (_GET,), "RFC 9112 8: a head that ends early is no request."),
    Stream("a length", (_SIZED,), "RFC 9112 8, 6.3: a body shorter than its length is incomplete."),
    Stream("chunks", (_CHUNKED,), "RFC 9112 8, 7.1: a chunked body without its last chunk is incomplete."),
    Stream("HTTP/1.0", (_OLD,), "RFC 9112 8: as is a head of HTTP/1.0."),
    Stream(
        "an expectation",
        (_post(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),),
        "RFC 9110 10.1.1: a body that was waited for may never come.",
    ),
    Stream("three requests", (_SIZED, _CHUNKED, _GET), "RFC 9112 9.3.2: those before the one cut off may be served."),
)

_HELLO = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: a\r\n\r\n"
ENDINGS = (
    Ending("a length", answer(b"Content-Length: 11"), b"hello world", 11, "RFC 9112 8: shorter than its length."),
    Ending("no body", answer(b"Content-Length: 0"), b"", 0, "RFC 9112 8: whole with its head."),
    Ending(
        "chunks", answer(b"Transfer-Encoding: chunked"), _HELLO, len(_HELLO), "RFC 9112 8: without its last chunk."
    ),
    Ending("no framing", answer(), b"hello world", None, "RFC 9112 6.3 (8): whole wherever it is closed."),
    Ending(
        "an interim answer", answer(start=b"HTTP/1.1 103 Early Hints") + answer(b"Content-Length: 11"),
        b"hello world", 11, "RFC 9110 15.2: an interim answer is none.",
    ),
    Ending(
        "304", answer(b"Content-Length: 11", start=b"HTTP/1.1 304 Not Modified"), b"", 0, "RFC 9112 6.3 (1): no body."
    ),
    Ending(
        "chunks for HTTP/1.0", answer(b"Transfer-Encoding: chunked"), _HELLO, len(_HELLO),
        "RFC 9112 8: only a reset tells an HTTP/1.0 visitor.", _OLD,
    ),
    Ending(
        "a length for HTTP/1.0", answer(b"Content-Length: 11"), b"hello world", 11,
        "RFC 9112 8: a length tells it.", _OLD,
    ),
)  # fmt: skip
