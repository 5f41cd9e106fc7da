"""A container's output as lines of text, for people who watch it."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import trio

from lci_app.adapters.docker.attach import Demultiplexer
from lci_app.adapters.docker.held import Held, open_plain_nursery, run_until_shut
from lci_app.core.masking import Mask, MaskedStream
from lci_app.core.model import Stream

# A line that never ends comes in pieces of this many characters.
LINE_LIMIT: Final = 64 * 1024
# Of lines that a follower has not taken yet; then the log waits.
_BATCHES: Final = 16


class LineDecoder:
    """Turns the bytes of one stream into lines; characters and lines may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes, *, final: bool = False) -> list[str]:
        """Return the lines that are whole now; with `final` also the last one, if it has no end."""
        *lines, rest = (self._rest + self._decoder.decode(data, final)).split("\n")
        if len(rest) > LINE_LIMIT or (final and rest):
            lines.append(rest)
            rest = ""
        self._rest = rest
        return [piece for line in lines for piece in _pieces(line.removesuffix("\r"))]


def _pieces(line: str) -> list[str]:
    return [line[at : at + LINE_LIMIT] for at in range(0, len(line), LINE_LIMIT)] or [""]


def lines_of(output: bytes) -> list[str]:
    return LineDecoder().feed(output, final=True)


def read_lines(held: Held, mask: Mask, give: Callable[[list[str]], None]) -> None:
    """Give on the lines of an open log as they come, masked, until it ends or is shut; blocks."""
    decoders = {stream: LineDecoder() for stream in (Stream.STDOUT, Stream.STDERR)}
    masked = {stream: MaskedStream(mask) for stream in decoders}
    batch: list[str] = []
    frames = Demultiplexer(lambda stream, data: batch.extend(decoders[stream].feed(masked[stream].feed(data))))
    for chunk in chunks(held):
        frames.feed(memoryview(chunk))
        if batch:
            give(batch.copy())
            batch.clear()
    for stream, decoder in decoders.items():
        batch.extend(decoder.feed(masked[stream].flush(), final=True))
    if batch:
        give(batch)


def chunks(held: Held) -> Iterator[bytes]:
    """Yield what the engine sends as it comes; a connection that breaks ends it (requests raises OSError)."""
    with suppress(OSError):
        yield from held.response.iter_content(chunk_size=None)


class FollowedLines:
    """Fulfils `interfaces.AsyncLines` over batches of lines."""

    def __init__(self, batches: trio.MemoryReceiveChannel[list[str]]) -> None:
        self._batches = batches
        self._ready: deque[str] = deque()

    def __aiter__(self) -> FollowedLines:
        return self

    async def __anext__(self) -> str:
        while not self._ready:
            self._ready.extend(await self._batches.__anext__())
        return self._ready.popleft()


@asynccontextmanager
async def followed(log: Held | None, mask: Mask, limiter: trio.CapacityLimiter) -> AsyncIterator[FollowedLines]:
    """Read an open log while the block lasts, and close it; None has no lines."""
    sending, receiving = trio.open_memory_channel[list[str]](_BATCHES)
    if log is None:
        sending.close()
        yield FollowedLines(receiving)
        return

    async def read() -> None:
        async with sending:
            give = partial(read_lines, log, mask, lambda batch: trio.from_thread.run(sending.send, batch))
            await run_until_shut(log, give, limiter)

    try:
        async with open_plain_nursery() as nursery:
            nursery.start_soon(read)
            yield FollowedLines(receiving)
            nursery.cancel_scope.cancel()
    finally:
        log.close()
