"""Large bodies that cost their ends next to nothing: sent out of memory by the kernel, counted and thrown away."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from typing import Final

# What is sent is this many zeros, again and again.
BLOCK: Final = 16 * 1024 * 1024
# What a service usually writes at once.
CHUNK: Final = 64 * 1024

_BUFFER: Final = 1024 * 1024
_LONGEST_SIZE_LINE: Final = 32


class CutShort(Exception):
    """The connection ended before the body did."""


def send_body(sock: socket.socket, size: int, *, chunked: bool) -> None:
    """Send a body of `size` zeros, a multiple of BLOCK."""
    descriptor, length = _block(chunked=chunked)
    for _ in range(size // BLOCK):
        offset = 0
        while offset < length:
            offset += os.sendfile(sock.fileno(), descriptor, offset, length - offset)
    if chunked:
        sock.sendall(b"0\r\n\r\n")


def discard_body(sock: socket.socket, begun: bytes, length: int | None) -> int:
    """Receive a body of `length` bytes (None: chunked) of which `begun` has come; return its size."""
    if length is None:
        return _discard_chunks(sock, begun)
    buffer = bytearray(_BUFFER)
    left = length - len(begun)
    while left > 0:
        # The kernel then counts the bytes, and copies none.
        count = sock.recv_into(buffer, min(left, _BUFFER), socket.MSG_TRUNC)
        if not count:
            raise CutShort
        left -= count
    return length


@cache
def _block(*, chunked: bool) -> tuple[int, int]:
    """Return a file in memory that holds a block as it is sent, and its length."""
    block = bytes(BLOCK)
    if chunked:
        block = (b"%x\r\n" % CHUNK + bytes(CHUNK) + b"\r\n") * (BLOCK // CHUNK)
    descriptor = os.memfd_create("block")
    os.write(descriptor, block)
    return descriptor, len(block)


@dataclass(slots=True)
class _Chunks:
    """Counts the bytes of a chunked body."""

    size: int = 0
    complete: bool = False
    # Bytes to skip: the rest of a chunk, and its line break.
    _skip: int = 0

    def feed(self, data: memoryview) -> memoryview:
        """Return what cannot be understood yet."""
        position = 0
        while True:
            step = min(self._skip, len(data) - position)
            position += step
            self._skip -= step
            line, end, _ = bytes(data[position : position + _LONGEST_SIZE_LINE]).partition(b"\r\n")
            if self._skip or not end:
                return data[position:]
            length = int(line, 16)
            if not length:
                self.complete = data[position:].tobytes().endswith(b"\r\n\r\n")
                return data[position:]
            self.size += length
            self._skip = length + 2
            position += len(line) + 2


def _discard_chunks(sock: socket.socket, begun: bytes) -> int:
    chunks = _Chunks()
    buffer = bytearray(_BUFFER)
    view = memoryview(buffer)
    rest = bytes(chunks.feed(memoryview(begun)))
    while not chunks.complete:
        view[: len(rest)] = rest
        count = sock.recv_into(view[len(rest) :])
        if not count:
            raise CutShort
        rest = bytes(chunks.feed(view[: len(rest) + count]))
    return chunks.size
