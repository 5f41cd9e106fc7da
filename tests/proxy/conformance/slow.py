"""Visitors and services that dawdle in each phase: every phase ends, and what goes on slowly is let go on."""

from __future__ import annotations

from dataclasses import dataclass

from lci_app.proxy.limits import Limits
from tests.proxy.conformance.answers import answer, begun
from tests.proxy.conformance.cases import chunked, get, post
from tests.proxy.conformance.messages import Message, message

# All phases are so much longer than a drip's interval that a busy machine does not turn progress into a standstill.
LIMITS = Limits(
    sweep=0.05, head=1.0, idle=1.0, connect=1.0, answer=1.0, upload=1.0, feed=1.0, download=1.0, tunnel=1.0, linger=0.5
)
INTERVAL = 0.1

_CLOSED = get(b"Connection: close")
_EXPECTING = post(b"Expect: 100-continue", b"Content-Length: 5")
_OLD = get(start=b"GET /app/ HTTP/1.0")
_UPGRADE = get(b"Connection: Upgrade", b"Upgrade: websocket")
_SWITCHED = answer(b"Connection: Upgrade", b"Upgrade: websocket", start=b"HTTP/1.1 101 Switching Protocols")
_CHUNKS = answer(b"Transfer-Encoding: chunked")
_OK = answer(b"Content-Length: 2", body=b"ok")


@dataclass(frozen=True)
class Slow:
    """A row. The visitor sends `asks` at once and then each byte of `drips`, one an interval; then it is silent.

    So does the service with `answers` and `answer_drips`, once a whole request is there; without any it is a proper
    one. `reads`: whether the visitor reads at all; `listens`: whether the service reads more than a head.
    `seen`: the visitor's answers: statuses, or an answer that is cut off. All its connections end in any case.
    """

    name: str
    why: str
    asks: bytes
    seen: tuple[int | Message, ...]
    drips: bytes = b""
    answers: bytes = b""
    answer_drips: bytes = b""
    proper: bool = True
    reads: bool = True
    listens: bool = True

    def __str__(self) -> str:
        return self.name


def visitor(why: str, rows: dict[str, tuple[bytes, bytes, tuple[int, ...]]]) -> list[Slow]:
    """Each visitor sends the first bytes at once and the others slowly, and sees those statuses."""
    return [Slow(name, why, asks, seen, drips) for name, (asks, drips, seen) in rows.items()]


def service(
    why: str, rows: dict[str, tuple[bytes, bytes, tuple[int | Message, ...]]], asks: bytes = _CLOSED
) -> list[Slow]:
    """Each service sends the first bytes at once and the others slowly, and its visitor sees those answers."""
    return [
        Slow(f"service: {name}", why, asks, seen, answers=first, answer_drips=drips, proper=False)
        for name, (first, drips, seen) in rows.items()
    ]


def _cut(*lines: bytes) -> Message:
    return begun(message(b"HTTP/1.1 200 OK", *lines, b"Connection: close"))


ROWS = [
    *visitor("RFC 9112 9.5: a connection on which nothing is asked is closed without a word.", {
        "silent from the start": (b"", b"", ()),
        "silent after an answer": (get(), b"", (200,)),
        "silent after a post": (post(b"Content-Length: 5", body=b"hello"), b"", (200,)),
        "silent in HTTP/1.0 kept": (get(b"Connection: keep-alive", start=b"GET /app/ HTTP/1.0"), b"", (200,)),
    }),
    *visitor("RFC 9110 15.5.9: a head is there in time as a whole, however busily it comes.", {
        "silent after a byte": (b"G", b"", (408,)),
        "silent in the request line": (b"GET /app/", b"", (408,)),
        "silent after the request line": (b"GET /app/ HTTP/1.1\r\n", b"", (408,)),
        "silent in a header": (b"GET /app/ HTTP/1.1\r\nHost: h\r\nX: ", b"", (408,)),
        "silent before the empty line": (b"GET /app/ HTTP/1.1\r\nHost: h\r\n", b"", (408,)),
        "silent in the empty line": (b"GET /app/ HTTP/1.1\r\nHost: h\r\n\r", b"", (408,)),
        "a dripping request line": (b"GET /app/", b"a" * 60, (408,)),
        "dripping headers": (b"GET /app/ HTTP/1.1\r\nHost: h\r\n", b"X: a\r\n" * 10, (408,)),
        "a dripping header": (b"GET /app/ HTTP/1.1\r\nHost: h\r\nX: ", b"a" * 60, (408,)),
        "a dripping second head": (get(), b"GET /app/" + b"a" * 60, (200, 408)),
    }),
    *visitor("RFC 9110 15.5.9: a body that does not go on is given up.", {
        "silent before the body": (post(b"Content-Length: 5"), b"", (408,)),
        "silent in the body": (post(b"Content-Length: 5", body=b"he"), b"", (408,)),
        "silent in a large body": (post(b"Content-Length: 1000000", body=b"a" * 100_000), b"", (408,)),
        "silent before a chunk": (chunked(b""), b"", (408,)),
        "silent in a size": (chunked(b"1"), b"", (408,)),
        "silent in an extension": (chunked(b"5;a"), b"", (408,)),
        "silent after a size": (chunked(b"5\r\n"), b"", (408,)),
        "silent in a chunk": (chunked(b"5\r\nhe"), b"", (408,)),
        "silent after a chunk": (chunked(b"5\r\nhello"), b"", (408,)),
        "silent before the last chunk": (chunked(b"5\r\nhello\r\n"), b"", (408,)),
        "silent in the last chunk": (chunked(b"5\r\nhello\r\n0\r\n"), b"", (408,)),
        "silent in a trailer": (chunked(b"5\r\nhello\r\n0\r\nX: "), b"", (408,)),
        "silent in a second body": (get() + post(b"Content-Length: 5", body=b"he"), b"", (200, 408)),
    }),
    *visitor("RFC 9112 7.1.1, 7.1.2: bytes that are no body are no progress.", {
        "a dripping extension": (chunked(b"5;"), b"a" * 60, (408,)),
        "dripping trailers": (chunked(b"5\r\nhello\r\n0\r\n"), b"X: a\r\n" * 10, (408,)),
    }),
    *visitor("RFC 9112 6.2: a slow body that goes on is served, longer than any phase lasts without progress.", {
        "a dripping body": (post(b"Content-Length: 20"), b"a" * 20, (200,)),
        "dripping chunks": (chunked(b""), b"1\r\na\r\n" * 4 + b"0\r\n\r\n", (200,)),
    }),
    *visitor("RFC 9112 9.6: one who was refused and goes on sending is not listened to for long.", {
        "dripping after a refusal": (get(host=None), b"a" * 60, (400,)),
        "dripping a body that is for nobody": (
            post(b"Content-Length: 1000").replace(b"/app/", b"/none/"), b"a" * 60, (404,)),
        "dripping behind a close": (_CLOSED, b"a" * 60, (200,)),
    }),
    *service("RFC 9110 15.6.5: a service that does not answer in time is given up.", {
        "no answer": (b"", b"", (504,)),
        "a byte of an answer": (b"H", b"", (504,)),
        "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", b"", (504,)),
        "no empty line": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", b"", (504,)),
        "a dripping head": (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 60, (504,)),
        "only an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n", b"", (504,)),
        "dripping interim answers": (b"", b"HTTP/1.1 103 X\r\n\r\n" * 4, (504,)),
    }),
    *service("RFC 9110 10.1.1: one who waits for leave to send is not the one who is late.", {
        "no leave": (b"", b"", (504,)),
    }, _EXPECTING),
    *service("RFC 9112 8: an answer that does not go on is broken off.", {
        "silent in a body": (answer(b"Content-Length: 9", body=b"hello"), b"", (_cut(b"Content-Length: 9"),)),
        "silent before a body": (answer(b"Content-Length: 9"), b"", (_cut(b"Content-Length: 9"),)),
        "silent before a chunk": (_CHUNKS, b"", (_cut(b"Transfer-Encoding: chunked"),)),
        "silent in a chunk": (_CHUNKS + b"5\r\nhe", b"", (_cut(b"Transfer-Encoding: chunked"),)),
        "silent after a chunk": (_CHUNKS + b"5\r\nhello\r\n", b"", (_cut(b"Transfer-Encoding: chunked"),)),
        "silent in the last chunk": (_CHUNKS + b"5\r\nhello\r\n0\r\n", b"", (_cut(b"Transfer-Encoding: chunked"),)),
        "silent without a framing": (answer(body=b"hello"), b"", (_cut(b"Transfer-Encoding: chunked"),)),
        "a dripping extension": (_CHUNKS + b"5\r\nhello\r\n5;", b"a" * 60, (_cut(b"Transfer-Encoding: chunked"),)),
        "dripping trailers": (
            _CHUNKS + b"5\r\nhello\r\n0\r\n", b"X: a\r\n" * 10, (_cut(b"Transfer-Encoding: chunked"),)),
    }),
    *service("RFC 9112 8: also for HTTP/1.0, with a reset where nothing else can tell.", {
        "silent in a chunk for HTTP/1.0": (_CHUNKS + b"5\r\nhello\r\n", b"", (_cut(),)),
        "silent without a framing for HTTP/1.0": (answer(body=b"hello"), b"", (_cut(),)),
    }, _OLD),
    *service("RFC 9112 6.2: a slow answer that goes on is passed on.", {
        "a dripping answer": (answer(b"Content-Length: 20"), b"a" * 20, (200,)),
        "dripping chunks": (_CHUNKS, b"1\r\na\r\n" * 4 + b"0\r\n\r\n", (200,)),
    }),
    *service("RFC 9110 7.8: a tunnel through which nothing goes is closed, one in use is not.", {
        "a silent tunnel": (_SWITCHED, b"", (101,)),
    }, _UPGRADE),
    Slow("a service that does not read", "RFC 9110 15.6.5: it is given up.",
         post(b"Content-Length: 20000000", body=b"a" * 20_000_000), (504,), proper=False, listens=False),
    Slow("a visitor that does not read", "RFC 9112 9.5: it is not waited for for ever.",
         _CLOSED, (), answers=answer(b"Content-Length: 20000000", body=b"a" * 20_000_000), proper=False, reads=False),
    Slow("an early answer to a slow body", "RFC 9112 9.6: it is passed on and the rest not waited for.",
         post(b"Content-Length: 1000"), (200,), drips=b"a" * 60, answers=_OK, proper=False, listens=False),
]  # fmt: skip
