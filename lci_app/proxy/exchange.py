"""One request and its answer: what happens on either side, and the way of the answer back to the visitor.

The connection calls `client_ready` and `upstream_ready` when something may have come or gone on either side, and each
does what can be done now. Both may raise what the connection knows how to answer.
"""

from __future__ import annotations

from typing import Final

from lci_app.core.http_head import BadHead, ResponseHead, read_response
from lci_app.core.routing import Match
from lci_app.proxy import answers, forwarded
from lci_app.proxy.bodies import Relay, framing_of
from lci_app.proxy.outbound import REPEATABLE, BadUpload, Outbound
from lci_app.proxy.phase import Phase
from lci_app.proxy.tunnel import Tunnel
from lci_app.proxy.wire import NoRoom, UpstreamLost, Wire

_MAX_INTERIM: Final = 16


class Exchange(Outbound):
    """One request, and its answer."""

    @property
    def answered(self) -> bool:
        """Whether the visitor has got the beginning of an answer."""
        return self._status != 0 and (self._download is None or self._download.moved > 0)

    @property
    def waits(self) -> bool:
        """Whether the visitor has nothing to do but wait: then its end means that nobody waits."""
        return self._uploaded and self._tunnel is None

    # --- what happens to it ---------------------------------------------------------------------------------------

    def client_ready(self) -> None:
        wire, match = self._wire, self._match
        if self._tunnel is not None:
            self._carry_both_ways(self._tunnel)
            return
        if self._download is not None:
            self._carry_down(self._download)
        elif self._connection.wire.flush() and self._status:
            self._finish()
        takes_more = self._upload is None or self._carry_up()
        if not takes_more and not self._status and wire is not None and match is not None:
            self._read_answer(wire, match)

    def upstream_ready(self) -> None:
        wire, match = self._wire, self._match
        if wire is None or match is None:
            return
        if self._asked and not self._status:
            self._read_answer(wire, match)
        elif self._connecting:
            self._opened(wire, match)
        elif self._tunnel is not None:
            self._carry_both_ways(self._tunnel)
        else:
            if self._upload is not None:
                self._carry_up()
            elif wire.flush() and self._uploaded:
                self._asked = True
            if self._download is not None:
                self._carry_down(self._download)
            elif not self._status:
                self._read_answer(wire, match)

    def fail(self, error: Exception) -> None:
        """The service failed, or the visitor's body: try once more where that is safe; else say so, or break off."""
        repeatable = self.head.method in REPEATABLE and not self.head.has_body
        if isinstance(error, UpstreamLost) and self._reused and repeatable and not self._heard:
            # By the newest table: the version tried first may have been replaced meanwhile.
            self._let_go()
            self.begin(pooled=False)
            return
        self.broken = not isinstance(error, BadUpload)
        if self.answered:
            self.break_off()
            self._connection.close()
        elif isinstance(error, NoRoom):
            self._plane.pool.close()
            self._connection.answer(answers.overloaded(self.project), self.head, self.identity)
        elif isinstance(error, BadUpload):
            self._connection.answer(answers.refused(400, str(error)), self.head, self.identity, last=True)
        else:
            why = str(error) if isinstance(error, UpstreamLost) else f"its answer is malformed. {error}"
            self._connection.answer(answers.bad_gateway(self.project, why), self.head, self.identity)

    def break_off(self) -> None:
        """End an answer that was begun so that the visitor cannot take it for whole; a tunnel says goodbye."""
        if self._tunnel is not None:
            self._tunnel.say_goodbye()
        elif self._closes:
            self._connection.wire.abort()

    # --- the answer -----------------------------------------------------------------------------------------------

    def _read_answer(self, wire: Wire, match: Match) -> None:
        while wire.readable:
            data = wire.receive()
            if data is None:
                return
            if not data:
                raise UpstreamLost("it closed the connection without an answer.")
            self._heard = True
            wire.buffer = wire.buffer + data if wire.buffer else data
            while (response := read_response(wire.buffer, self._checked)) is not None:
                self._checked = 0
                wire.buffer = wire.buffer[response.size :]
                if response.status >= 200 or self._is_final(response):
                    self._respond(wire, match, response)
                    return
            self._checked = len(wire.buffer)

    def _is_final(self, response: ResponseHead) -> bool:
        """Return whether it is the answer itself; leave to send a body is passed on, other interim answers are not."""
        if response.status == 101 and not response.switches_to_one_of(self.head.upgrade):
            raise BadHead("It switches to a protocol that nobody asked for.")
        if response.status == 101:
            return True
        self._interim += 1
        if self._interim >= _MAX_INTERIM:
            raise BadHead("It sends one interim answer after the other.")
        if response.status == 100 and not self._continued:
            self._continued = True
            self._connection.enter(Phase.UPLOAD)
            self._connection.wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return False

    def _respond(self, wire: Wire, match: Match, response: ResponseHead) -> None:
        head, connection = self.head, self._connection
        self._status = response.status
        if response.status == 101:
            self._switch_protocols(wire, match, response)
            return
        # An answer may stream while the body still comes; where the service takes no more of it, that is the last one.
        taken = self._uploaded or (self._continued and self._upload is not None)
        keep = self._keep and not self._plane.leaving and taken
        answer, chunked, closes = forwarded.response_head(
            head, match, response, connection.visitor, self.identity, keep=keep
        )
        self._closes = closes
        self._keep = keep and not closes
        length = response.length
        has_body = response.has_body(head.method)
        self._reusable = response.keep_alive and not (has_body and length is None and not response.chunked)
        if not has_body:
            self._give(answer)
        elif length is not None and len(wire.buffer) >= length:
            body, wire.buffer = wire.buffer, wire.buffer[length:]
            self._give(answer + (body[:length] if wire.buffer else body))
        else:
            framing = framing_of(length=length, chunked=response.chunked, to_chunks=chunked)
            self._download = Relay(wire, connection.wire, framing, self._plane.pipes, answer)
            connection.enter(Phase.DOWNLOAD)
            self._carry_down(self._download)

    def _give(self, answer: bytes) -> None:
        """Send an answer that is here whole."""
        self._bytes_out = len(answer)
        if self._connection.wire.send(answer):
            self._finish()
        else:
            self._connection.enter(Phase.DOWNLOAD)

    def _carry_down(self, download: Relay) -> None:
        moved = download.moved
        done = download.run()
        if download.moved != moved:
            self._connection.enter(Phase.DOWNLOAD)
        if done:
            self._end_download()
            self._finish()

    def _finish(self) -> None:
        """The visitor has got the whole answer."""
        self.drop()
        if self._keep and self._uploaded and not self._plane.stopping:
            self._connection.finish()
        else:
            self._connection.finish_last(at_once=self._uploaded and not self.head.keep_alive)

    def _switch_protocols(self, wire: Wire, match: Match, response: ResponseHead) -> None:
        visitor = self._connection.visitor
        self._connection.wire.send(forwarded.switching_head(self.head, match, response, visitor, self.identity))
        self._tunnel = Tunnel(self._connection.wire, wire, websocket=response.upgrade.lower() == b"websocket")
        self._connection.enter(Phase.TUNNEL)
        self._carry_both_ways(self._tunnel)

    def _carry_both_ways(self, tunnel: Tunnel) -> None:
        before = tunnel.moved_in, tunnel.moved_out
        over = tunnel.run()
        self._bytes_in += tunnel.moved_in - before[0]
        self._bytes_out += tunnel.moved_out - before[1]
        if over:
            self._connection.close()
            return
        phase = Phase.LAST_WORDS if tunnel.half_over else Phase.TUNNEL
        if phase is not self._connection.phase or before != (tunnel.moved_in, tunnel.moved_out):
            self._connection.enter(phase)
