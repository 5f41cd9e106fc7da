"""As much of HTTP and WebSocket as the switching bench's two ends need to understand each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import trio

_TEXT: Final = 0x81
_MASKED: Final = 0x80
# A mask of zeros leaves the bytes as they are.
_MASK: Final = bytes(4)
_LONGEST: Final = 125


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    upgrade: bool


class Ended(Exception):
    """The other end closed its connection in the middle of something."""


async def read_request(stream: trio.SocketStream, buffer: bytearray) -> Request | None:
    """Take a request and its body off the stream; None where it ended before the next."""
    if not buffer and not await _fill(stream, buffer):
        return None
    head = (await _take_to(stream, buffer, b"\r\n\r\n")).lower()
    await _read_body(stream, buffer, head)
    return Request(head.split(b" ", 2)[1].decode(), b"\r\nupgrade: websocket\r\n" in head)


async def read_answer(stream: trio.SocketStream, buffer: bytearray) -> tuple[int, bytes]:
    """Take an answer off the stream; return its status and body. Raises Ended."""
    head = (await _take_to(stream, buffer, b"\r\n\r\n")).lower()
    return int(head.split(b" ", 2)[1]), await _read_body(stream, buffer, head)


def frame(message: bytes, *, masked: bool = False) -> bytes:
    """Return a text message of 1 to 125 bytes as a WebSocket frame."""
    if not 0 < len(message) <= _LONGEST:
        raise ValueError(message)
    if masked:
        return bytes((_TEXT, _MASKED | len(message))) + _MASK + message
    return bytes((_TEXT, len(message))) + message


async def read_frame(stream: trio.SocketStream, buffer: bytearray) -> bytes:
    """Return the next text message, empty at the connection's end. Raises Ended."""
    if not buffer and not await _fill(stream, buffer):
        return b""
    kind, length = await _take(stream, buffer, 2)
    if length & _MASKED:
        await _take(stream, buffer, len(_MASK))
    message = await _take(stream, buffer, length & ~_MASKED)
    return message if kind == _TEXT else b""


async def _read_body(stream: trio.SocketStream, buffer: bytearray, head: bytes) -> bytes:
    if b"\r\ntransfer-encoding: chunked\r\n" not in head:
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        return await _take(stream, buffer, int(length or 0))
    body = b""
    while size := int(await _take_to(stream, buffer, b"\r\n"), 16):
        body += (await _take(stream, buffer, size + 2))[:-2]
    await _take(stream, buffer, 2)
    return body


async def _take_to(stream: trio.SocketStream, buffer: bytearray, end: bytes) -> bytes:
    while (found := buffer.find(end)) < 0:
        await _need(stream, buffer)
    return await _take(stream, buffer, found + len(end))


async def _take(stream: trio.SocketStream, buffer: bytearray, size: int) -> bytes:
    while len(buffer) < size:
        await _need(stream, buffer)
    taken = bytes(buffer[:size])
    del buffer[:size]
    return taken


async def _need(stream: trio.SocketStream, buffer: bytearray) -> None:
    if not await _fill(stream, buffer):
        raise Ended


async def _fill(stream: trio.SocketStream, buffer: bytearray) -> bool:
    data = await stream.receive_some(65536)
    buffer += data
    return bool(data)
