"""One visitor's connection: its requests one after the other, each phase with a deadline.

There is no timer per operation: a connection notes its phase and since when nothing went forward in it, and the
worker's sweep ends what has lasted too long. What the visitor is told then depends on the phase.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from lci_app.core.http_head import BadHead, RequestHead, read_request
from lci_app.proxy import answers, forwarded
from lci_app.proxy.chunks import BadChunk
from lci_app.proxy.exchange import Exchange
from lci_app.proxy.outbound import BadUpload
from lci_app.proxy.phase import Phase
from lci_app.proxy.plane import Plane
from lci_app.proxy.wire import ClientLost, Owner, PeerLost, Wire

# What a visitor may still send after an answer that ends its connection, before it is reset.
_LINGER_BYTES: Final = 1024 * 1024
# A visitor who sends many requests at once lets the others have their turn after so many.
_TURNS: Final = 16
# To look a member up in its class takes several times longer.
_IDLE: Final = Phase.IDLE
_HEAD: Final = Phase.HEAD
# Where these last too long, it is not the service's doing.
_VISITORS: Final = frozenset({Phase.UPLOAD, Phase.TUNNEL, Phase.LAST_WORDS})


class ClientConnection(Owner):
    """Serves one accepted connection until `close`; `closed` is called then."""

    __slots__ = (
        "_checked", "_closed", "_discarded", "_ended", "ending", "exchange", "phase", "plane", "since", "visitor",
        "wire",
    )  # fmt: skip

    def __init__(
        self, sock: socket.socket, visitor: forwarded.Visitor, plane: Plane, closed: Callable[[], None]
    ) -> None:
        self.visitor = visitor
        self.plane = plane
        self.phase = Phase.OPENED
        self.since = plane.reactor.now
        self.exchange: Exchange | None = None
        # The last answer was given.
        self.ending = False
        self._ended = False
        self._discarded = 0
        self._checked = 0
        self._closed: Callable[[], None] | None = closed
        # Until it has sent a whole head: of a crowd that sends none, nobody else is to notice anything.
        self.wire = Wire(sock, plane.reactor, self, ClientLost, patient=True)
        plane.connections.add(self)

    def enter(self, phase: Phase) -> None:
        """Note the phase, and that something just went forward in it."""
        self.phase = phase
        self.since = self.plane.reactor.now

    # --- what happens to it ---------------------------------------------------------------------------------------

    def wire_ready(self, wire: Wire) -> None:
        exchange = self.exchange
        try:
            if exchange is None:
                self._serve()
                return
            if wire is self.wire:
                exchange.client_ready()
            else:
                exchange.upstream_ready()
            if self.exchange is None and (self.wire.readable or self.wire.buffer):
                self._serve()
        except (PeerLost, BadHead, BadChunk, BadUpload) as error:
            self._failed(error)
            if self.exchange is None:
                # The next request may be here already.
                self.wire.again()

    def wire_broken(self, _wire: Wire) -> None:
        self.plane.traffic.failures += 1
        if self.exchange is not None:
            self.exchange.broken = True
        self.close()

    def expire(self) -> None:
        """Its phase has lasted too long."""
        self._interrupt(self.phase.expired(), broken=self.phase not in _VISITORS)

    def has_left(self) -> bool:
        """Whether a visitor that is waiting will take no answer, as far as can be told.

        One that has only ended its own side may be waiting still, but as a rule has left: what comes at once it gets.
        """
        wire = self.wire
        waits_long = self.plane.reactor.now - self.since >= self.plane.limits.half_closed
        return wire.gone or (wire.hung_up and waits_long)

    def vanish(self) -> None:
        """The visitor closed its connection while it was waiting."""
        self._interrupt(None, broken=False)

    def cut(self) -> None:
        self._interrupt(
            answers.gateway_timeout("The request was cut off: the version that was handling it is going away."),
            broken=True,
        )

    def stop_if_idle(self) -> None:
        """Close the connection if it is between two requests and nothing of the next has arrived.

        A new one, whose first request must be on its way, gets a moment.
        """
        if self.phase is Phase.OPENED and self.wire.is_quiet():
            self.enter(Phase.FIRST_WORDS)
        elif self.phase is Phase.IDLE and self.wire.is_quiet():
            self.close()

    def stop_if_tunnel(self) -> None:
        """Cut the connection off if it has left HTTP."""
        if self.phase in {Phase.TUNNEL, Phase.LAST_WORDS}:
            self.cut()

    def close(self) -> None:
        """End it, and whatever is in flight on it; harmless where it is closed."""
        closed, self._closed = self._closed, None
        if closed is None:
            return
        if self.exchange is not None:
            self.exchange.drop()
            self.exchange = None
        self.wire.close()
        self.plane.connections.discard(self)
        closed()

    # --- what its exchange asks for -------------------------------------------------------------------------------

    def answer(self, answer: answers.Answer, head: RequestHead | None, identity: str, *, last: bool = False) -> None:
        """Give an answer of the proxy's own, instead of the exchange if there is one."""
        # A body that nobody reads cannot be told from the next request.
        keep = not last and head is not None and head.keep_alive and not head.has_body and not self.plane.leaving
        raw = answers.render_answer(answer, head, identity, keep=keep)
        if self.exchange is None:
            self.plane.traffic.count_answer(answer.status)
            self.plane.note_unread(self, answer.status, identity, len(raw))
        else:
            self.exchange.answered_instead(answer.status, len(raw))
        self.wire.send(raw)
        if keep:
            self.finish()
        else:
            self.finish_last()

    def finish(self) -> None:
        """The exchange is over, its answer sent (or kept by the wire): wait for the next request."""
        self.exchange = None
        self.phase = _IDLE
        self.since = self.plane.reactor.now

    def finish_last(self, *, at_once: bool = False) -> None:
        """The exchange is over, its answer sent (or kept by the wire), and the connection ends with it.

        `at_once`: the visitor will send no more, so that closing cannot destroy what it has not read yet.
        """
        self.exchange = None
        wire = self.wire
        if at_once and not (wire.unsent or wire.buffer or wire.readable):
            self.close()
            return
        self.ending = True
        self.enter(Phase.DOWNLOAD)
        self._end()

    # --- its own work ---------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        """A failure of the service is answered, one of the visitor ends the connection."""
        while self.exchange is not None and not isinstance(error, ClientLost):
            try:
                self.exchange.fail(error)
                return
            except PeerLost as another:
                error = another
        self.close()

    def _serve(self) -> None:
        """Take requests off the wire until there is none whole, or one is on its way."""
        wire, plane = self.wire, self.plane
        for _ in range(_TURNS):
            if self._closed is None or (wire.unsent and not wire.flush()):
                return
            if self.ending:
                self._end()
                return
            try:
                head = self._take_head()
            except BadHead as error:
                self.answer(answers.refused(error.status, str(error)), None, plane.identities.new(), last=True)
                return
            if head is None:
                return
            self._begin(head)
            if self.exchange is not None:
                return
        wire.again()

    def _begin(self, head: RequestHead) -> None:
        if self.wire.patient:
            self.wire.hurry()
        identity = (forwarded.request_id(head) if head.marked else None) or self.plane.identities.new()
        self.exchange = Exchange(self, head, identity)
        self.exchange.begin()

    def _take_head(self) -> RequestHead | None:
        """Take the next request's head off the wire, or close where the visitor has ended. Raises BadHead."""
        wire = self.wire
        if not wire.buffer and not self._receive():
            return None
        while True:
            buffer = wire.buffer
            # Some clients end a body with a line break that belongs to nothing.
            if buffer.startswith(b"\r\n") and self.phase is not _HEAD:
                wire.buffer = buffer = buffer[2:]
                self._enter_head()
            if buffer and buffer != b"\r":
                head = read_request(buffer, self._checked)
                if head is not None:
                    wire.buffer = buffer[head.size :]
                    self._checked = 0
                    return head
                self._checked = len(buffer)
                if self.phase is not _HEAD:
                    self._enter_head()
            if not self._receive():
                return None

    def _enter_head(self) -> None:
        """Note that a head has begun; on a new connection its time runs from the opening."""
        if self.phase is _IDLE:
            self.since = self.plane.reactor.now
        self.phase = _HEAD

    def _receive(self) -> bool:
        """Receive more of a head; returns whether something came, and closes where the visitor has ended."""
        wire = self.wire
        if not wire.readable:
            return False
        data = wire.receive()
        if data:
            wire.buffer = wire.buffer + data if wire.buffer else data
            return True
        if data is not None:
            self.close()
        return False

    def _end(self) -> None:
        """End the connection so that a visitor who is still sending reads its answer before it sees a reset."""
        wire = self.wire
        if not wire.flush():
            return
        if not self._ended:
            self._ended = True
            self.enter(Phase.LINGER)
            wire.end()
        wire.buffer = b""
        while wire.readable and self._discarded <= _LINGER_BYTES:
            data = wire.receive()
            if data is None:
                return
            self._discarded += len(data)
            if not data or self._discarded > _LINGER_BYTES:
                self.close()
                return

    def _interrupt(self, answer: answers.Answer | None, *, broken: bool) -> None:
        exchange = self.exchange
        if exchange is not None:
            exchange.broken = broken
        if exchange is not None and exchange.answered:
            exchange.break_off()
            self.close()
            return
        if answer is None or self.ending or (exchange is None and self.phase is not _HEAD):
            self.close()
            return
        head = None if exchange is None else exchange.head
        identity = self.plane.identities.new() if exchange is None else exchange.identity
        try:
            self.answer(answer, head, identity, last=True)
        except ClientLost:
            self.close()
