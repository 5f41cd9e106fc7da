"""What a row of the answer tables is: bytes that a service sends, and what the visitor must make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.proxy.conformance.cases import get
from tests.proxy.conformance.messages import Message, message

GET = get()
HEAD = get(start=b"HEAD /app/ HTTP/1.1")
OLD = get(start=b"GET /app/ HTTP/1.0")
UPGRADE = get(b"Connection: Upgrade", b"Upgrade: websocket")

PROBE_ANSWERED = message(b"HTTP/1.1 200 OK", b"Content-Length: 2", b"Connection: close", body=b"ok")
BAD_GATEWAY = message(b"HTTP/1.1 502 Bad Gateway")


@dataclass(frozen=True)
class Seen:
    """What came of it: the answers that the visitor saw, the first one's request id left out.

    `reused`: the next request went over the same connection to the service. `faults`: what may never happen.
    """

    answers: tuple[Message, ...]
    reused: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerCase:
    """A row. `then`: what the service does with its connection afterwards: "keep", "close" or "reset".

    `at_once`: means something only where the service's bytes arrive together.
    """

    name: str
    raw: bytes
    expected: Seen
    why: str
    then: str = "keep"
    request: bytes = GET
    at_once: bool = False

    def __str__(self) -> str:
        return self.name

    def allows(self, seen: Seen) -> bool:
        # Where nothing was passed on yet when the service failed, the visitor may still be told so.
        told = not self.expected.answers[0].whole and seen.answers[:1] == (BAD_GATEWAY,)
        return seen == self.expected or (told and not seen.reused and not seen.faults)


def passed(
    why: str,
    rows: Mapping[str, tuple[bytes, Message]],
    *,
    request: bytes = GET,
    reused: bool = True,
    then: str = "keep",
) -> list[AnswerCase]:
    """Each is passed on as that message, and the visitor's next request is served."""
    return [
        AnswerCase(name, raw, Seen((expected, PROBE_ANSWERED), reused), why, then, request)
        for name, (raw, expected) in rows.items()
    ]


def passed_with_junk(why: str, rows: Mapping[str, tuple[bytes, Message]], *, request: bytes = GET) -> list[AnswerCase]:
    """Each is passed on as that message without what follows it, and its connection is not used again."""
    return [replace(case, at_once=True) for case in passed(why, rows, request=request, reused=False)]


def last_answer(
    why: str, rows: Mapping[str, tuple[bytes, Message]], *, request: bytes = OLD, then: str = "keep"
) -> list[AnswerCase]:
    """Each is passed on as that message, and the visitor's connection ends."""
    return [
        AnswerCase(name, raw, Seen((_closing(expected),)), why, then, request) for name, (raw, expected) in rows.items()
    ]


def bad_gateway(why: str, rows: Mapping[str, bytes], *, request: bytes = GET, then: str = "keep") -> list[AnswerCase]:
    """Nothing of them is passed on, their connection is not used again, and the visitor's next request is served."""
    return [
        AnswerCase(name, raw, Seen((BAD_GATEWAY, PROBE_ANSWERED)), why, then, request) for name, raw in rows.items()
    ]


def truncated(
    why: str, rows: Mapping[str, tuple[bytes, Message]], *, request: bytes = GET, then: str = "keep"
) -> list[AnswerCase]:
    """Each is passed on as that message's beginning, so that the visitor sees that it is not whole."""
    return [
        AnswerCase(name, raw, Seen((begun(expected),)), why, then, request) for name, (raw, expected) in rows.items()
    ]


def begun(expected: Message) -> Message:
    """Return how an answer is noted that was not whole: how much of the body came is not promised."""
    return Message(expected.start, expected.lines, whole=False)


def _closing(expected: Message) -> Message:
    return message(expected.start, *expected.lines, b"Connection: close", body=expected.body)


def answer(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK", body: bytes = b"") -> bytes:
    """Return an answer as a service sends it."""
    return b"\r\n".join([start, *lines, b"", body])


def seen(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK", body: bytes = b"") -> Message:
    """Return an answer as the visitor must see it."""
    return message(start, *lines, body=body)
