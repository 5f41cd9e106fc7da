"""Chunked bodies, read strictly and written plainly: extensions and trailers are dropped."""

from __future__ import annotations

import re
from typing import Final

from lci_app.core.http_fields import BadHead, parse_field

LAST_CHUNK: Final = b"0\r\n\r\n"

# How a chunk begins nearly always: such a line is sent on as it came.
_PLAIN_SIZE_LINE: Final = re.compile(rb"([1-9A-Fa-f][0-9A-Fa-f]{0,14})\r\n").match
# The same after the line break of the chunk before it.
_NEXT_SIZE_LINE: Final = re.compile(rb"\r\n([1-9A-Fa-f][0-9A-Fa-f]{0,14})\r\n").match
_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?")
_MAX_SIZE_LINE: Final = 256
_MAX_TRAILERS: Final = 8 * 1024
# What is read of a piece of 64 KiB at once: with chunks of one byte it has 11,000 lines, and takes 20 ms.
_LINES_AT_ONCE: Final = 500


class BadChunk(Exception):
    """A chunked body that is refused; `str(error)` is one sentence."""


def chunk(data: bytes) -> bytes:
    """Return `data` (not empty, which would be the end) as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class ChunkWalker:
    """Walks along a chunked body, however it is cut, and hands out what is to be sent on of it.

    That is the data alone, or with `keep_framing` the chunks as they came, without extensions and trailers. Where
    nothing is left out, `take` returns the very bytes that it was given: a large body is not copied.

    `complete`: its end was taken. `rest`: what came behind the end; before the end, what is to be taken again, since
    `take` stops after some hundred `lines`. `bad`: it is malformed behind what was handed out.
    """

    __slots__ = ("_carried", "_in_trailers", "_keep", "_left", "_trailers", "bad", "complete", "lines", "rest")

    def __init__(self, *, keep_framing: bool) -> None:
        self._keep = keep_framing
        # Bytes left of the current chunk's data; None between chunks; 0 where its line break is due.
        self._left: int | None = None
        # The beginning of a line that was not there whole.
        self._carried = b""
        self._in_trailers = False
        self._trailers = 0
        self.complete = False
        self.rest = b""
        self.lines = 0
        self.bad: BadChunk | None = None

    def take(self, data: bytes) -> bytes:
        """Return what is to be sent on of the next `data`."""
        if self._carried:
            data = self._carried + data
            self._carried = b""
        out: list[bytes] = []
        # With the framing kept, everything from `start` up to `at` goes on as it came.
        start = at = 0
        self.lines = 0
        while at < len(data) and not self.complete and self.lines < _LINES_AT_ONCE:
            if self._left:
                end = min(at + self._left, len(data))
                self._left -= end - at
                if not self._keep:
                    out.append(data[at:end])
                at = end
                continue
            try:
                end, instead = self._line(data, at)
            except BadChunk as error:
                self.bad = error
                break
            if end < 0:
                self._carried = data[at:]
                break
            self.lines += 1
            if self._keep and instead is not None:
                out += (data[start:at], instead)
                start = end
            at = end
        self.rest = b"" if self._carried else data[at:]
        if self._keep:
            out.append(data[start:at])
        return out[0] if len(out) == 1 else b"".join(out)

    def _line(self, data: bytes, at: int) -> tuple[int, bytes | None]:
        """Read what is between two chunks' data: one line, or a line break and a line.

        Returns where it ends (-1: it is not there whole) and what is sent on instead of it (None: itself).
        """
        if not self._in_trailers:
            match = _PLAIN_SIZE_LINE(data, at) if self._left is None else _NEXT_SIZE_LINE(data, at)
            if match is not None:
                self._left = int(match[1], 16)
                return match.end(), None
            if self._left == 0:
                return self._end_of_chunk(data, at), None
        limit = _MAX_TRAILERS - self._trailers if self._in_trailers else _MAX_SIZE_LINE
        end = data.find(b"\n", at, at + limit)
        if end < 0:
            if len(data) - at >= limit:
                raise BadChunk("A chunk's size line or the trailers are too long.")
            return -1, None
        if end == at or data[end - 1] != 0x0D:
            raise BadChunk("A line between chunks does not end with CR LF.")
        line = data[at : end - 1]
        return end + 1, self._trailer(line) if self._in_trailers else self._size_line(line)

    def _end_of_chunk(self, data: bytes, at: int) -> int:
        line_break = data[at : at + 2]
        if not b"\r\n".startswith(line_break):
            raise BadChunk("A chunk is longer than its size says.")
        if len(line_break) < 2:
            return -1
        self._left = None
        return at + 2

    def _size_line(self, line: bytes) -> bytes:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise BadChunk("A chunk's size is malformed.")
        size = int(match[1], 16)
        if size:
            self._left = size
            return b"%x\r\n" % size
        self._in_trailers = True
        return b""

    def _trailer(self, line: bytes) -> bytes:
        if not line:
            self.complete = True
            return LAST_CHUNK
        self._trailers += len(line) + 2
        try:
            parse_field(line)
        except BadHead as error:
            raise BadChunk(str(error)) from error
        return b""
