"""What a row of the request tables is: bytes that a visitor sends, and what must become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.proxy.conformance.messages import Message, message

# Sent behind every case's bytes. Where the connection goes on it is answered as a request of its own, which proves
# that the proxy and the visitor agree on where the case's bytes ended; where it does not, nothing of it may arrive.
PROBE = b"GET /app/probe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
PROBED = message(b"GET /probe HTTP/1.1", b"Host: h")


@dataclass(frozen=True)
class Outcome:
    """What a case led to: the requests that reached the service, and the statuses that the visitor saw.

    `begun`: the beginning of a further request reached the service, never its end. `faults`: what may never happen.
    """

    arrived: tuple[Message, ...]
    answers: tuple[int, ...]
    begun: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A row. `/app` in `raw` stands for the case's own service; `may_begin`: that may see a request begin."""

    name: str
    raw: bytes
    expected: Outcome
    why: str
    may_begin: bool = False

    def __str__(self) -> str:
        return self.name

    def outcome_allowed(self, outcome: Outcome) -> bool:
        if self.may_begin and outcome.begun:
            outcome = Outcome(outcome.arrived, outcome.answers, faults=outcome.faults)
        return outcome == self.expected


def get(
    *lines: bytes, start: bytes = b"GET /app/ HTTP/1.1", host: bytes | None = b"Host: h", body: bytes = b""
) -> bytes:
    return b"\r\n".join([start, *([] if host is None else [host]), *lines, b"", body])


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return get(*lines, start=b"POST /app/ HTTP/1.1", body=body)


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


def to(start: bytes, *lines: bytes, host: bytes = b"h", body: bytes = b"") -> Message:
    """Return a request as its service must get it."""
    return message(start, b"Host: " + host, *lines, body=body)


def forwarded(why: str, rows: Mapping[str, tuple[bytes, Message]]) -> list[Case]:
    """Each is forwarded as that message, answered, and the connection goes on."""
    return [Case(name, raw, Outcome((expected, PROBED), (200, 200)), why) for name, (raw, expected) in rows.items()]


def last(why: str, rows: Mapping[str, tuple[bytes, Message]]) -> list[Case]:
    """Each is forwarded as that message and answered, and its connection ends."""
    return [Case(name, raw, Outcome((expected,), (200,)), why) for name, (raw, expected) in rows.items()]


def refused(status: int, why: str, rows: Mapping[str, bytes]) -> list[Case]:
    """Each is answered with that status, nothing of it is forwarded, and its connection ends."""
    return [Case(name, raw, Outcome((), (status,)), why) for name, raw in rows.items()]


def broken_off(status: int, why: str, rows: Mapping[str, bytes]) -> list[Case]:
    """Each is answered with that status and its connection ends; its service may have got its beginning."""
    return [Case(name, raw, Outcome((), (status,)), why, may_begin=True) for name, raw in rows.items()]


def answered(status: int, why: str, rows: Mapping[str, bytes]) -> list[Case]:
    """Each is answered by the proxy itself with that status, and the connection goes on."""
    return [Case(name, raw, Outcome((PROBED,), (status, 200)), why) for name, raw in rows.items()]
