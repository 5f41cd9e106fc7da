"""A connection that has left HTTP: bytes both ways, until both sides have ended."""

from __future__ import annotations

from typing import Final

from lci_app.proxy.wire import PeerLost, Wire

# "Going away": what a WebSocket's other end is told when its version is replaced.
_GOING_AWAY: Final = b"\x88\x02\x03\xe9"
# What is done for one side before others have their turn, and what a piece of 64 KiB and each frame cost, in
# microseconds or so.
_TURN: Final = 500
_PIECE: Final = 40
_FRAME: Final = 1
# What is followed of a piece at once: with frames of one byte it has 22,000.
_FRAMES_AT_ONCE: Final = 500


class Tunnel:
    """Carries bytes between a visitor and a service; both wires stay their owners' to close.

    `moved_in` and `moved_out` count the visitor's and the service's bytes. `half_over`: one side has ended.
    """

    __slots__ = ("_client", "_client_ended", "_frames", "_upstream", "_upstream_ended", "moved_in", "moved_out")

    def __init__(self, client: Wire, upstream: Wire, *, websocket: bool) -> None:
        self._client = client
        self._upstream = upstream
        self._client_ended = False
        self._upstream_ended = False
        self._frames = FrameBoundaries() if websocket else None
        self.moved_in = 0
        self.moved_out = 0

    @property
    def half_over(self) -> bool:
        return self._client_ended or self._upstream_ended

    def run(self) -> bool:
        """Move what can be moved now, in one turn; returns whether it is over: both sides ended, or one is lost."""
        try:
            if not self._client_ended:
                self._client_ended = self._pump(self._client, self._upstream)
            if not self._upstream_ended:
                self._upstream_ended = self._pump(self._upstream, self._client)
        except PeerLost:
            return True
        return self._client_ended and self._upstream_ended

    def say_goodbye(self) -> None:
        """Send a WebSocket's visitor a close frame, if the stream stands between two frames."""
        if self._frames is not None and self._frames.between and not self._client.unsent:
            try:
                self._client.send(_GOING_AWAY)
            except PeerLost:
                return

    def _pump(self, source: Wire, sink: Wire) -> bool:
        """Returns whether the source has ended, and the sink was told."""
        work = 0
        while work < _TURN:
            if not sink.flush():
                return False
            data: bytes | None = source.buffer
            if data:
                source.buffer = b""
            else:
                data = source.receive() if source.readable else None
            if data is None:
                return False
            if not data:
                sink.end()
                return True
            work += _PIECE
            if sink is self._client:
                if self._frames is not None:
                    followed = self._frames.follow(data)
                    data, source.buffer = data[:followed], data[followed:]
                    work += _FRAME * self._frames.last
                self.moved_out += len(data)
            else:
                self.moved_in += len(data)
            sink.send(data)
        source.again()
        return False


class FrameBoundaries:
    """Follows the frames that a WebSocket server sends; `between`: the stream stands between two of them.

    `last`: how many frames began in what was followed last.
    """

    def __init__(self) -> None:
        self.between = True
        self.last = 0
        # The beginning of a frame's head that was not there whole; else bytes of the current frame that are to come.
        self._head = b""
        self._left = 0

    def follow(self, data: bytes) -> int:
        """Follow the stream along `data`, or along some hundred frames of it; returns for how many bytes."""
        carried = len(self._head)
        if carried:
            data, self._head = self._head + data, b""
        at, self.last = self._left, 0
        while at < len(data) and self.last < _FRAMES_AT_ONCE:
            size = _frame_size(data, at)
            if not size:
                self._head = data[at:]
                break
            at += size
            self.last += 1
        followed = len(data) if self._head else min(at, len(data))
        self._left = 0 if self._head else at - followed
        self.between = not self._left and not self._head
        return followed - carried


def _frame_size(data: bytes, at: int) -> int:
    """Return the size of the frame that begins there, head and payload; 0 where its head is not there whole."""
    if len(data) - at < 2:
        return 0
    second = data[at + 1]
    payload = second & 0x7F
    extended = {126: 2, 127: 8}.get(payload, 0)
    head = 2 + extended + (4 if second & 0x80 else 0)
    if len(data) - at < head:
        return 0
    if extended:
        payload = int.from_bytes(data[at + 2 : at + 2 + extended], "big")
    return head + payload
