"""HTTP/1.1 messages as the letter of RFC 9112 has them, cut out of a stream of bytes: the suite's own judge.

It shares no code with the proxy and forgives nothing, since the proxy has no reason to send anything unusual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINE = re.compile(_TOKEN + rb":(?: [\t\x20-\x7e\x80-\xff]*)?")
_REQUEST = re.compile(_TOKEN + rb" [\x21-\x7e]+ HTTP/1\.1")
_STATUS = re.compile(rb"HTTP/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")


# A request as far as its framing goes: method, target and body.
Framed = tuple[bytes, bytes, bytes]


class Malformed(Exception):
    """The bytes are no HTTP/1.1 that every reader understands alike."""


@dataclass(frozen=True)
class Message:
    """A request or an answer: its header lines sorted, its body without its framing.

    `whole`: its framing said that it was all there.
    """

    start: bytes
    lines: tuple[bytes, ...] = ()
    body: bytes = b""
    whole: bool = True

    @property
    def status(self) -> int:
        return int(self.start.split(b" ")[1])

    def values(self, name: bytes) -> list[bytes]:
        pairs = (line.partition(b":") for line in self.lines)
        return [value.strip() for key, _, value in pairs if key.lower() == name]


def message(start: bytes, *lines: bytes, body: bytes = b"", whole: bool = True) -> Message:
    return Message(start, tuple(sorted(lines)), body, whole)


def take_request(buffer: bytearray) -> Message | None:
    """Take one whole request off the front; None where it is not all there. Raises Malformed."""
    head = _head(buffer, _REQUEST)
    if head is None:
        return None
    found, end = head
    _framing(found)
    return _with_body(buffer, found, end, 0)


def take_answer(buffer: bytearray, method: bytes, end: str) -> Message | None:
    """Take one answer off the front of all that came; None at the end. Raises Malformed.

    `end` is how the connection ended, "closed" or "reset": a body without framing is whole only if it was closed.
    """
    if not buffer:
        return None
    head = _head(buffer, _STATUS)
    if head is None:
        raise Malformed("An answer's head is cut off.")
    found, start = head
    _framing(found)
    if method == b"HEAD" or found.status < 200 or found.status in {204, 304}:
        del buffer[:start]
        return found
    try:
        answer = _with_body(buffer, found, start, None)
    except Malformed:
        answer = None
    if answer is not None and (answer.whole or end == "closed"):
        return Message(answer.start, answer.lines, answer.body)
    body = _chunks(bytes(buffer[start:]))[0] if found.values(b"transfer-encoding") else bytes(buffer[start:])
    buffer.clear()
    return Message(found.start, found.lines, body, whole=False)


def _head(buffer: bytearray, start_line: re.Pattern[bytes]) -> tuple[Message, int] | None:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    start, *lines = bytes(buffer[:end]).split(b"\r\n")
    if not start_line.fullmatch(start):
        raise Malformed(f"The start line {start!r}.")
    for line in lines:
        if not _LINE.fullmatch(line):
            raise Malformed(f"The line {line!r}.")
    return message(start, *lines), end + 4


def _framing(head: Message) -> None:
    lengths, codings = head.values(b"content-length"), head.values(b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Malformed("More than one framing.")
    if any(not length.isdigit() for length in lengths) or any(coding != b"chunked" for coding in codings):
        raise Malformed(f"The framing {lengths or codings}.")


def _with_body(buffer: bytearray, head: Message, start: int, default: int | None) -> Message | None:
    """Take head and body; without a framing the body has `default` bytes, or all (and is not known to be whole)."""
    rest = bytes(buffer[start:])
    if head.values(b"transfer-encoding"):
        body, size, whole = _chunks(rest)
        if not whole:
            return None
    else:
        lengths = head.values(b"content-length")
        length = int(lengths[0]) if lengths else default
        body, whole = rest[:length], length is not None
        size = len(body)
        if length is not None and size < length:
            return None
    del buffer[: start + size]
    return Message(head.start, head.lines, body, whole)


def _chunks(data: bytes) -> tuple[bytes, int, bool]:
    """Return the body, the bytes it took, and whether it is whole. Raises Malformed."""
    body, at = b"", 0
    while (end := data.find(b"\r\n", at)) >= 0:
        if not _SIZE.fullmatch(data[at:end]):
            raise Malformed(f"The chunk size {data[at:end]!r}.")
        size, begin = int(data[at:end], 16), end + 2
        after = data[begin + size : begin + size + 2]
        body += data[begin : begin + size]
        if len(after) < 2:
            break
        if after != b"\r\n":
            raise Malformed("A chunk is longer than its size, or a trailer.")
        at = begin + size + 2
        if size == 0:
            return body, at, True
    return body, at, False


class H11Reader:
    """Finds requests as h11 does: each as method, target and body.

    `end` tells where it stands: "between" two requests, "inside" one, "refused", or behind the "last", where that
    one closes the connection.
    """

    def __init__(self) -> None:
        self.end = "between"
        self._parser = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = b""

    def feed(self, raw: bytes) -> list[Framed]:
        """Return the requests that end in these bytes."""
        found: list[Framed] = []
        if self.end in {"refused", "last"}:
            return found
        self._parser.receive_data(raw)
        try:
            while self._step(found):
                pass
        except h11.RemoteProtocolError:
            self.end = "refused"
        return found

    def _step(self, found: list[Framed]) -> bool:
        event = self._parser.next_event()
        if isinstance(event, h11.Request):
            self._request, self._body = event, b""
        elif isinstance(event, h11.Data):
            self._body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            found.append((self._request.method, self._request.target, self._body))
            self._request = None
            return self._answer()
        else:
            idle = self._request is None and not self._parser.trailing_data[0].strip(b"\r\n")
            self.end = "between" if idle else "inside"
            return False
        return True

    def _answer(self) -> bool:
        """Let h11 believe that the request was answered; returns whether another may follow."""
        self._parser.send(h11.Response(status_code=200, headers=[(b"Content-Length", b"0")]))
        self._parser.send(h11.EndOfMessage())
        if self._parser.our_state is not h11.DONE or self._parser.their_state is not h11.DONE:
            self.end = "last"
            return False
        self._parser.start_next_cycle()
        return True


def framed_by_h11(raw: bytes) -> tuple[list[Framed], str]:
    """Return the requests that h11 finds, and how it ended."""
    reader = H11Reader()
    return reader.feed(raw), reader.end
