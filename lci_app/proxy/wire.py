"""A connected TCP socket: tried before it is waited for, and registered with the reactor once."""

from __future__ import annotations

import errno
import select
import socket
import struct
from typing import Final

from lci_app.proxy.reactor import Reactor

RECEIVE: Final = 64 * 1024
_RESET: Final = struct.pack("ii", 1, 0)

# An end or an error is learnt by reading, so each of these makes it worth a try.
_READABLE: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_HUNG_UP: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_GONE: Final = select.EPOLLHUP | select.EPOLLERR


class PeerLost(Exception):
    """The other side closed or reset the connection, or ended it before what it had announced."""


class ClientLost(PeerLost):
    pass


class UpstreamLost(PeerLost):
    pass


class NoRoom(UpstreamLost):
    """This process, or the machine, cannot open one more connection now."""


class Owner:
    """Whoever uses a wire. This one uses none: a closed wire belongs to it, so that it holds nobody in memory."""

    __slots__ = ()

    def wire_ready(self, wire: Wire) -> None:
        """Something may have come, or there may be room again."""

    def wire_broken(self, wire: Wire) -> None:
        """`wire_ready` has failed with an error that nobody expected, which was logged."""


NOBODY: Final = Owner()

# What a system call fails with for want of descriptors, memory or watches.
OUT_OF_SOMETHING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC})


class Wire:
    """Owns a non-blocking socket; `owner` uses it and closes it.

    `readable`: trying to receive may bring something. `hung_up`: the peer will send no more, though some of it may
    still have to be received; `gone`: nor will it receive. `buffer`: received and not yet used. `unsent`: given to
    `send`, and still here because its peer reads too slowly; nothing more should be sent until `flush` says that it has
    gone. `unused_since` is its pool's. `patient`: in a crowd, others come first.
    """

    __slots__ = (
        "_reactor", "_receive", "_send", "_socket", "buffer", "gone", "hung_up", "lost", "owner", "patient",
        "readable", "unsent", "unused_since",
    )  # fmt: skip

    def __init__(
        self, sock: socket.socket, reactor: Reactor, owner: Owner, lost: type[PeerLost], *, patient: bool = False
    ) -> None:
        self._socket = sock
        self._reactor = reactor
        self._receive = sock.recv
        self._send = sock.send
        self.owner = owner
        self.lost = lost
        self.readable = True
        self.hung_up = False
        self.gone = False
        self.buffer = b""
        self.unsent: bytes | memoryview = b""
        self.unused_since = 0.0
        self.patient = patient
        reactor.watch(sock.fileno(), self, patient=patient)

    def ready(self, events: int) -> None:
        if events & _READABLE:
            self.readable = True
            if events & _HUNG_UP:
                self.hung_up = True
                if events & _GONE:
                    self.gone = True
        self.owner.wire_ready(self)

    def broken(self) -> None:
        self.owner.wire_broken(self)

    def receive(self, size: int = RECEIVE) -> bytes | None:
        """Receive past the buffer: empty at the peer's end, None where nothing is there. Raises the wire's PeerLost."""
        try:
            data = self._receive(size)
        except BlockingIOError:
            self.readable = False
            return None
        except OSError as error:
            raise self.lost("the connection was reset.") from error
        # Less than was asked for is all there is; an end that comes later is an event of its own.
        if len(data) < size and not self.hung_up:
            self.readable = False
        return data

    def send(self, data: bytes) -> bool:
        """Send what there is room for and keep the rest; returns whether all has gone. Raises the wire's PeerLost."""
        if self.unsent:
            self.unsent = b"".join((self.unsent, data))
            return False
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self.lost("the connection was reset.") from error
        if sent == len(data):
            return True
        self.unsent = memoryview(data)[sent:]
        return False

    def flush(self) -> bool:
        """Send what was kept; returns whether all has gone. Raises the wire's PeerLost."""
        while self.unsent:
            try:
                sent = self._send(self.unsent)
            except BlockingIOError:
                return False
            except OSError as error:
                raise self.lost("the connection was reset.") from error
            self.unsent = self.unsent[sent:]
        return True

    def is_quiet(self) -> bool:
        """Return whether the peer has neither sent anything that was not used nor closed."""
        if self.buffer or self.hung_up:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def is_connected(self) -> bool:
        """Return whether a connection that was being opened is open; at the first event of it."""
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return False
        try:
            # Where nobody listens on a port of the ephemeral range, a connection can meet itself.
            return bool(self._socket.getsockname() != self._socket.getpeername())
        except OSError:
            return False

    def fileno(self) -> int:
        return self._socket.fileno()

    def again(self) -> None:
        """Have the owner called once more, after others had their turn."""
        self._reactor.again(self)

    def hurry(self) -> None:
        """Be patient no more."""
        self.patient = False
        self._reactor.hurry(self._socket.fileno())

    def end(self) -> None:
        """Tell the peer that nothing more will be sent; silent where it is gone already."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        """Close it; harmless where it is closed. Its owner hears no more of it."""
        if self.owner is not NOBODY:
            self.owner = NOBODY
            self._reactor.close(self._socket)

    def abort(self) -> None:
        """Close so that the peer sees an error, and cannot take what it got for the whole."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        except OSError:
            pass
        finally:
            self.close()
