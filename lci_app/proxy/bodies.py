"""Bodies on their way from one wire to another, whatever framing they came in; none is ever held whole."""

from __future__ import annotations

from typing import Final, Protocol

from lci_app.proxy.chunks import LAST_CHUNK, BadChunk, ChunkWalker, chunk
from lci_app.proxy.pipes import Pipe, Pipes
from lci_app.proxy.wire import Wire

# What is done of one body before others have their turn, and what a piece of it costs, in microseconds or so: a copied
# one, one that goes through a pipe, and each line between two chunks.
_TURN: Final = 500
_COPY: Final = 40
_SPLICE: Final = 250
_LINE: Final = 1
# From here on the two or three system calls more that a pipe takes are earned back.
_WORTH_A_PIPE: Final = 256 * 1024


class Framing(Protocol):
    """How a body is told from what follows it.

    `complete`: its end was taken. `rest`: what came behind the end; before the end, what is to be taken again, since it
    would be too much at once. `lines`: how many were read in what was taken last. `bad`: it is malformed behind what
    was handed out.
    """

    complete: bool
    rest: bytes
    lines: int
    bad: BadChunk | None

    def take(self, data: bytes) -> bytes:
        """Return what is to be sent on of the next `data`."""


class Counted:
    """A body of a known length, which is at least 1; `left` of it are still to come."""

    __slots__ = ("bad", "complete", "left", "lines", "rest")

    def __init__(self, length: int) -> None:
        self.left = length
        self.complete = False
        self.rest = b""
        self.lines = 0
        self.bad: BadChunk | None = None

    def take(self, data: bytes) -> bytes:
        if len(data) > self.left:
            data, self.rest = data[: self.left], data[self.left :]
        self.left -= len(data)
        self.complete = not self.left
        return data


class ToTheEnd:
    """A body that ends with its connection."""

    __slots__ = ("_as_chunks", "bad", "complete", "lines", "rest")

    def __init__(self, *, as_chunks: bool) -> None:
        self._as_chunks = as_chunks
        self.complete = False
        self.rest = b""
        self.lines = 0
        self.bad: BadChunk | None = None

    def take(self, data: bytes) -> bytes:
        return chunk(data) if self._as_chunks else data

    def end(self) -> bytes:
        """The connection has ended: return what is to be sent on of that."""
        self.complete = True
        return LAST_CHUNK if self._as_chunks else b""


def framing_of(*, length: int | None, chunked: bool, to_chunks: bool) -> Framing:
    """Return how to read the body that follows a head, so that it is sent on in chunks or as plain bytes."""
    if length is not None and not chunked:
        return Counted(length)
    return ChunkWalker(keep_framing=to_chunks) if chunked else ToTheEnd(as_chunks=to_chunks)


class Relay:
    """Carries one body, and the `lead` (a head) before it; never more of it is held than one receive brings.

    `moved` counts the bytes that went to the sink. `waits_for_sink` tells which side is the slow one. Whoever drops
    it before the end calls `close`.
    """

    __slots__ = ("_framing", "_lead", "_pipe", "_pipes", "_sink", "_source", "moved")

    def __init__(self, source: Wire, sink: Wire, framing: Framing, pipes: Pipes, lead: bytes = b"") -> None:
        self._source = source
        self._sink = sink
        self._framing = framing
        self._pipes = pipes
        self._pipe: Pipe | None = None
        self._lead = lead
        self.moved = 0

    @property
    def waits_for_sink(self) -> bool:
        return bool(self._sink.unsent) or (self._pipe is not None and self._pipe.level > 0)

    def run(self) -> bool:
        """Move what can be moved now, in one turn; returns whether the whole body has gone.

        Raises BadChunk, and the PeerLost of either wire, also where the body ends too early.
        """
        work = 0
        while work < _TURN:
            if not self._sink.flush():
                return False
            if self._framing.complete and not self.waits_for_sink:
                self.close()
                return True
            if self._takes_a_pipe():
                if not self._splice():
                    return False
                work += _SPLICE
            else:
                if not self._copy():
                    return False
                work += _COPY + _LINE * self._framing.lines
        self._source.again()
        return False

    def close(self) -> None:
        if self._pipe is not None:
            self._pipes.give_back(self._pipe)
            self._pipe = None

    def _copy(self) -> bool:
        """Move one piece; returns whether there was one."""
        data: bytes | None = self._source.buffer
        if data:
            self._source.buffer = b""
        else:
            data = self._source.receive() if self._source.readable else None
        if data is None:
            out = b""
        elif data:
            out = self._framing.take(data)
            self._source.buffer = self._framing.rest
        else:
            out = self._end()
        bad = self._framing.bad
        if bad is not None and not out:
            # Perhaps before anything was sent: then the visitor can be told something better.
            raise bad
        if self._lead:
            out, self._lead = self._lead + out, b""
        if out:
            self.moved += len(out)
            self._sink.send(out)
        if bad is not None:
            raise bad
        return data is not None

    def _end(self) -> bytes:
        if not isinstance(self._framing, ToTheEnd):
            raise self._source.lost("it closed the connection in the middle of a body.")
        return self._framing.end()

    def _takes_a_pipe(self) -> bool:
        if self._pipe is not None:
            return True
        framing = self._framing
        if isinstance(framing, Counted) and framing.left >= _WORTH_A_PIPE and not (self._lead or self._source.buffer):
            self._pipe = self._pipes.take()
        return self._pipe is not None

    def _splice(self) -> bool:
        """Fill and drain the pipe once; returns whether it is worth trying again at once."""
        pipe, framing = self._pipe, self._framing
        if pipe is None or not isinstance(framing, Counted):
            return False
        filled = self._fill(pipe, framing)
        before = pipe.level
        try:
            pipe.drain(self._sink.fileno())
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._sink.lost("the connection was reset.") from error
        finally:
            self.moved += before - pipe.level
        # A full pipe says the same as an empty socket; once it is drained, only the socket can be meant.
        return filled or before > 0

    def _fill(self, pipe: Pipe, framing: Counted) -> bool:
        if framing.complete:
            return False
        try:
            taken = pipe.fill(self._source.fileno(), framing.left)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._source.lost("the connection was reset.") from error
        if not taken:
            raise self._source.lost("it closed the connection in the middle of a body.")
        framing.left -= taken
        framing.complete = not framing.left
        return True
