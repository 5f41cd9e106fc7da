"""A connection that has left HTTP: bytes both ways, until both sides have ended."""

from __future__ import annotations

from typing import Final

from lci_app.proxy.wire import PeerLost, Wire

# "Going away": what a WebSocket's other end is told when its version is replaced.
_GOING_AWAY: Final = b"\x88\x02\x03\xe9"
# A side that always has something to say lets others have their turn after so many pieces.
_TURNS: Final = 16


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
        """Move what can be moved now; returns whether it is over: both sides have ended, or one is lost."""
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
        for _ in range(_TURNS):
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
            if sink is self._client:
                self.moved_out += len(data)
                if self._frames is not None:
                    self._frames.follow(data)
            else:
                self.moved_in += len(data)
            sink.send(data)
        source.again()
        return False


class FrameBoundaries:
    """Follows the frames that a WebSocket server sends; `between`: the stream stands between two of them."""

    def __init__(self) -> None:
        self.between = True
        self._head = bytearray()
        self._payload = 0

    def follow(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._payload:
                skipped = min(self._payload, len(data) - at)
                self._payload -= skipped
                at += skipped
            else:
                self._head.append(data[at])
                at += 1
                self._read_head()
        self.between = not self._payload and not self._head

    def _read_head(self) -> None:
        if len(self._head) < 2:
            return
        short = self._head[1] & 0x7F
        extended = {126: 2, 127: 8}.get(short, 0)
        masked = 4 if self._head[1] & 0x80 else 0
        if len(self._head) < 2 + extended + masked:
            return
        self._payload = int.from_bytes(self._head[2 : 2 + extended], "big") if extended else short
        self._head.clear()
