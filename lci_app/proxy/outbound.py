"""The way of one request to its service: routed, counted, sent, and what it holds given back at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lci_app.core.http_head import RequestHead
from lci_app.core.routing import Match, Upstream
from lci_app.proxy import answers, forwarded
from lci_app.proxy.bodies import Relay, framing_of
from lci_app.proxy.chunks import BadChunk
from lci_app.proxy.figures import Figures
from lci_app.proxy.phase import Phase
from lci_app.proxy.pool import connect
from lci_app.proxy.traffic import Version
from lci_app.proxy.tunnel import Tunnel
from lci_app.proxy.wire import UpstreamLost, Wire

if TYPE_CHECKING:
    from lci_app.proxy.connection import ClientConnection

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# To look a member up in its class takes several times longer.
_ANSWER: Final = Phase.ANSWER
# A body up to this size goes along with its head: the kernel takes so much from us even if the service does not read.
_SMALL_BODY: Final = 16 * 1024


class BadUpload(Exception):
    """The visitor's body is malformed; `str(error)` is one sentence."""


class Outbound:
    """One request on its way, and what is known of it; the answer's way back is `exchange.Exchange`."""

    # What only some exchanges have stands here and not in `__init__`: most never touch it.

    # The connection to the service was used before, or is still being opened.
    _reused = False
    _connecting = False
    # The request's body; leave to send it was given.
    _upload: Relay | None = None
    _continued = True
    # The answer: some of its head was heard; so much of that was looked at; interim answers before it; its body;
    # that ends with the connection.
    _heard = False
    _checked = 0
    _interim = 0
    _download: Relay | None = None
    _closes = False
    _tunnel: Tunnel | None = None
    # It was ended otherwise than by its answer or its visitor.
    broken = False
    # Where it goes, and what is counted there.
    _match: Match | None = None
    _version: Version | None = None
    _figures: Figures | None = None
    # The connection to the service, until it is given back or closed; it can be used again.
    _wire: Wire | None = None
    _reusable = False
    _bytes_out = 0

    def __init__(self, connection: ClientConnection, head: RequestHead, identity: str) -> None:
        self.head = head
        self.identity = identity
        self._connection = connection
        self._plane = connection.plane
        self._started = connection.plane.reactor.now
        self._bytes_in = head.size
        # Of the answer, once the visitor has got the beginning of it.
        self._status = 0
        # The visitor's connection is to be kept; for now: if it says so.
        self._keep = head.keep_alive
        # All of the request's body has gone.
        self._uploaded = True
        # Nothing is left to do but to wait for the answer.
        self._asked = False
        if head.length or head.chunked:
            self._uploaded = False
            self._continued = not head.expects_continue

    @property
    def project(self) -> str:
        return "" if self._match is None else self._match.route.project

    def begin(self, *, pooled: bool = True) -> None:
        """Find the service and count the request on it, in one step; then send it there."""
        head, traffic = self.head, self._plane.traffic
        match = traffic.table.find(head.host, head.target)
        if isinstance(match, Match):
            place = traffic.places[match.route.project]
            self._figures = place.figures
            self._match = match
            version = place.version
            if version is not None:
                version.requests.add(self)
                self._version = version
                self._send(match, version, pooled=pooled)
                return
        self._connection.answer(answers.instead_of_a_service(match, head.target), head, self.identity)

    def _send(self, match: Match, version: Version, *, pooled: bool) -> None:
        connection, plane = self._connection, self._plane
        connection.since = plane.reactor.now
        if pooled and version.unused:
            repeatable = self._uploaded and self.head.method in REPEATABLE
            wire = plane.pool.take(version, connection, repeatable=repeatable)
            if wire is not None:
                self._wire = wire
                self._reused = True
                self._ask(wire, match, version.upstream)
                return
        self._reused = False
        self._connecting = True
        connection.phase = Phase.CONNECT
        self._wire = connect(version.upstream, plane.reactor, connection)

    def _ask(self, wire: Wire, match: Match, upstream: Upstream) -> None:
        """Send the head, and with it a small body that is here whole already."""
        head, connection = self.head, self._connection
        request = forwarded.request_head(head, match, upstream, connection.visitor, self.identity)
        connection.phase = _ANSWER
        if self._uploaded:
            self._asked = wire.send(request)
            return
        client, size = connection.wire, head.length
        if 0 < size <= _SMALL_BODY and len(client.buffer) >= size:
            request += client.buffer[:size]
            client.buffer = client.buffer[size:]
            self._bytes_in += size
            self._uploaded = True
            self._asked = wire.send(request)
            return
        wire.send(request)
        framing = framing_of(length=size, chunked=head.chunked, to_chunks=head.chunked)
        self._upload = Relay(client, wire, framing, self._plane.pipes)
        self._carry_up()

    def _opened(self, wire: Wire, match: Match) -> None:
        if not wire.is_connected():
            raise UpstreamLost("the connection was refused.")
        self._connecting = False
        self._connection.since = self._plane.reactor.now
        if self._version is not None:
            self._ask(wire, match, self._version.upstream)

    def _carry_up(self) -> bool:
        """Send what has come of the body; returns False where the service takes no more of it."""
        upload = self._upload
        if upload is None:
            return True
        moved = upload.moved
        try:
            self._uploaded = upload.run()
        except UpstreamLost:
            # It may have answered before it closed: reading its answer will tell.
            self._end_upload()
            return False
        except BadChunk as error:
            raise BadUpload(str(error)) from error
        if self._uploaded:
            self._end_upload()
            self._connection.enter(Phase.ANSWER)
            return True
        self._continued = self._continued or upload.moved > 0
        # A visitor that waits for leave to send is not the one who is late.
        waiting = Phase.UPLOAD if self._continued else Phase.ANSWER
        self._connection.phase = Phase.FEED if upload.waits_for_sink else waiting
        if upload.moved != moved:
            self._connection.since = self._plane.reactor.now
        return True

    def _end_upload(self) -> None:
        if self._upload is not None:
            self._bytes_in += self._upload.moved
            self._upload.close()
            self._upload = None
            self._asked = self._uploaded

    def cut(self) -> None:
        """The version that handles it goes: end it now."""
        self._connection.cut()

    def answered_instead(self, status: int, size: int) -> None:
        """The connection gives an answer of the proxy's own: this one is over."""
        self._status = status
        self._bytes_out += size
        if self._figures is None:
            self._plane.traffic.count_answer(status)
            self._note()
        self.drop()

    def drop(self) -> None:
        """Give back what it holds; the last that happens to it."""
        self._let_go()
        figures = self._figures
        if figures is not None:
            self._figures = None
            seconds = None if self._tunnel is not None else self._plane.reactor.now - self._started
            figures.count(self._status, seconds, self._bytes_in, self._bytes_out)
            self._note()

    def _note(self) -> None:
        """Write it into the access log, if there is one and it is among those that are taken."""
        log = self._plane.access_log
        if log is None or not log.takes(self._status):
            return
        head, visitor = self.head, self._connection.visitor
        log.note(
            {
                "project": self.project,
                "visitor": forwarded.address_of(visitor, head),
                "method": head.method,
                "host": head.host,
                "path": head.target.partition("?")[0],  # a query may hold secrets
                "status": self._status,
                "seconds": round(self._plane.reactor.now - self._started, 6),
                "bytes_in": self._bytes_in,
                "bytes_out": self._bytes_out,
                "request_id": self.identity,
            }
        )

    def _let_go(self) -> None:
        """Give back or close the connection to the service, and count the request no longer on its version."""
        if self._upload is not None:
            self._end_upload()
        if self._download is not None:
            self._end_download()
        wire, version = self._wire, self._version
        self._asked = False
        self._wire = self._version = None
        if version is not None:
            if wire is not None and self._reusable and self._uploaded:
                self._plane.pool.put(version, wire)
                wire = None
            version.release(self, broken=self.broken)
        if wire is not None:
            wire.close()

    def _end_download(self) -> None:
        if self._download is not None:
            self._bytes_out += self._download.moved
            self._download.close()
            self._download = None
