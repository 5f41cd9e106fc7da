"""Services that note every byte they get, one for each case, so that nothing can be taken for another case's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import trio

from tests.proxy.conformance.messages import Malformed, Message, framed_by_h11, message, take_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# What the proxy adds to every request that it forwards.
_ADDED = [
    re.compile(pattern)
    for pattern in (
        rb"X-Forwarded-For: 127\.0\.0\.1",
        rb"X-Forwarded-Proto: http",
        rb"X-Forwarded-Prefix: /app",
        rb"X-Request-Id: [0-9a-f]{32}",
    )
]


@dataclass
class Recording:
    """What one service got: the bytes of each connection, and the whole requests in them."""

    connections: list[bytearray] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    # Bytes after the last whole request of a connection.
    begun: int = 0
    faults: list[str] = field(default_factory=list)

    def judge(self, prefix: bytes) -> None:
        """Check that h11 finds the same requests in the same bytes; call it once, when all connections have ended."""
        for raw in self.connections:
            rest, mine = bytearray(raw), []
            while not self.faults and (request := take_request(rest)):
                mine.append(request)
            self.begun += len(rest)
            theirs, _ = framed_by_h11(bytes(raw))
            ours = [(*request.start.split(b" ")[:2], request.body) for request in mine]
            if theirs != ours:
                self.faults.append(f"h11 finds other requests: {theirs}")
        self.requests = [without_additions(request, prefix) for request in self.requests]


def without_additions(request: Message, prefix: bytes) -> Message:
    """Return a forwarded request without what the proxy adds to each, which must be there exactly once."""
    lines = [line.replace(prefix, b"/app") for line in request.lines]
    host = request.values(b"host")
    patterns = [*_ADDED, *(re.compile(b"X-Forwarded-Host: " + re.escape(each)) for each in host)]
    for pattern in patterns:
        found = [line for line in lines if pattern.fullmatch(line)]
        if len(found) == 1:
            lines.remove(found[0])
        elif not (pattern.pattern.startswith(b"X-Forwarded-Host") and re.match(rb"127\.0\.0\.1:", host[0])):
            lines.append(b"! %d times: %b" % (len(found), pattern.pattern))
    lines = [re.sub(rb"^Host: 127\.0\.0\.1:\d+$", b"Host: its own address", line) for line in lines]
    return message(request.start, *lines, body=request.body.replace(prefix, b"/app"))


async def record(stream: trio.SocketStream, recording: Recording) -> None:
    """Note a connection's bytes, and answer each whole request with `OK`."""
    raw, buffer = bytearray(), bytearray()
    recording.connections.append(raw)
    try:
        while data := await stream.receive_some(65536):
            raw += data
            buffer += data
            while not recording.faults and (request := take_request(buffer)):
                recording.requests.append(request)
                await stream.send_all(OK)
    except Malformed as error:
        recording.faults.append(str(error))
