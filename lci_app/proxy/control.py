"""The control channel between the supervisor and one worker: messages, framing, and the socket's file.

A frame is four bytes of length (big endian) and a JSON object: `v` the protocol's version, `call` the number of the
call it belongs to, `type` the message, and the message's own fields. The supervisor calls; the worker answers each
call with its number. The messages by which one program takes over from another bear version 0 and never change, so
that a newer program and the workers of an older one understand each other.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, get_args

import trio

from lci_app.core.routing import RouteTable

VERSION: Final = 1
# A thousand projects with ten domains each take about 1 MiB.
MAX_FRAME: Final = 64 * 1024 * 1024
_RECEIVE: Final = 256 * 1024
_DESCRIPTOR: Final = array.array("i").itemsize
# Several supervisors may die while a worker is stuck.
_BACKLOG: Final = 16


class ControlLost(Exception):
    """The other side is gone, or speaks something else."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A successor's first call, answered with the worker's own version and a pidfd whose end is the worker's end."""

    type: ClassVar[str] = "hello"
    version: int


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give a copy of the listening socket; answered with HandedOver. The worker goes on accepting."""

    type: ClassVar[str] = "hand-over"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Carries the listening socket, or nothing where the worker accepts no more."""

    type: ClassVar[str] = "handed-over"


@dataclass(frozen=True, slots=True)
class Configure:
    """A new worker's first call, with the listening socket. `limits` are fields of `Limits`; the rest has defaults.

    `access_log`: the file's path; empty for none.
    """

    type: ClassVar[str] = "configure"
    trusted_proxies: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    access_log: str = ""
    access_log_percent: int = 100
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Serve by this table from now on; answered with Acknowledged."""

    type: ClassVar[str] = "table"
    table: Mapping[str, Any]

    @classmethod
    def of(cls, table: RouteTable) -> Table:
        return cls(table.to_json())


@dataclass(frozen=True, slots=True)
class Drain:
    """Let the requests on an upstream finish; answered with Draining at once and Drained at the end."""

    type: ClassVar[str] = "drain"
    upstream_id: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Count:
    """Answered with Counters."""

    type: ClassVar[str] = "count"


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Accept nothing more, let requests finish for `grace` seconds, and end; a later one can only shorten it.

    Answered with Stopping. `keep_idle`: connections without a request stay open for their next one, which is the last
    on each; otherwise they are closed at once.
    """

    type: ClassVar[str] = "shutdown"
    grace: float
    keep_idle: bool = False


@dataclass(frozen=True, slots=True)
class Stopping:
    """The worker has closed its copy of the listening socket."""

    type: ClassVar[str] = "stopping"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    type: ClassVar[str] = "acknowledged"
    generation: int


@dataclass(frozen=True, slots=True)
class Draining:
    """`in_flight` when the version lost its traffic, and how many of those have `finished` since.

    Not `known`: this worker never had it, or has said so before.
    """

    type: ClassVar[str] = "draining"
    in_flight: int
    finished: int = 0
    known: bool = True


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of them: answered whole, or given up by their visitors; and all others."""

    type: ClassVar[str] = "drained"
    finished: int
    cut: int


@dataclass(frozen=True, slots=True)
class Counters:
    """What a worker did since it started. `answers` counts by status class ("2xx"); failures are lci's own bugs.

    `projects` has the figures (`Figures.to_json`, and `in_flight`) of each that it has had a request for.
    """

    type: ClassVar[str] = "counters"
    connections: int = 0
    open_connections: int = 0
    in_flight: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    failures: int = 0
    projects: Mapping[str, Any] = field(default_factory=dict)


_Eternal = Hello | HandOver | HandedOver | Shutdown | Stopping
Message = _Eternal | Configure | Table | Drain | Count | Acknowledged | Draining | Drained | Counters
_KINDS: Final[Mapping[str, type[Message]]] = {kind.type: kind for kind in get_args(Message)}
_ETERNAL: Final = frozenset(kind.type for kind in get_args(_Eternal))


def encode(call: int, message: Message) -> bytes:
    version = 0 if message.type in _ETERNAL else VERSION
    body = json.dumps({"v": version, "call": call, "type": message.type, **asdict(message)}).encode()
    return len(body).to_bytes(4, "big") + body


def decode(body: bytes) -> tuple[int, Message]:
    """Return the call's number and the message. Fields unknown here are left out. Raises ControlLost."""
    try:
        document = json.loads(body)
        expected = 0 if document["type"] in _ETERNAL else VERSION
        if document["v"] != expected:
            raise ControlLost(f"The control channel speaks version {document['v']}, this program {expected}.")
        kind = _KINDS[document["type"]]
        known = {each.name: document[each.name] for each in fields(kind) if each.name in document}
        return int(document["call"]), kind(**known)
    except (ValueError, KeyError, TypeError) as error:
        raise ControlLost(f"The control channel brought something that is no message: {error!r}") from error


class Channel:
    """One connected end. One task may receive; any task may send. `aclose` or `close` ends it."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.socket = sock
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        self._sending = trio.Lock()

    async def send(self, call: int, message: Message, descriptor: int | None = None) -> None:
        """Send one message whole, and a copy of an open descriptor with its first byte. Raises ControlLost."""
        frame = encode(call, message)
        unsent = memoryview(frame)
        rights = [] if descriptor is None else [_rights(descriptor)]
        async with self._sending:
            try:
                while unsent:
                    sent = await self.socket.sendmsg([unsent], rights)
                    unsent, rights = unsent[sent:], []
            except (OSError, trio.ClosedResourceError) as error:
                raise ControlLost("The control channel broke.") from error
            except trio.Cancelled:
                # Half a frame would turn all that follows into rubbish.
                if len(unsent) < len(frame):
                    self.close()
                raise

    async def receive(self) -> tuple[int, Message]:
        """Return the next message and its call. Raises ControlLost, also at the end."""
        size = int.from_bytes(await self._take(4), "big")
        if size > MAX_FRAME:
            raise ControlLost(f"The control channel announced {size} bytes.")
        return decode(await self._take(size))

    def take_descriptor(self) -> int | None:
        """Return the descriptor that came with what was received, if any; it is the caller's to close."""
        return self._descriptors.pop() if self._descriptors else None

    def close(self) -> None:
        self.socket.close()
        while self._descriptors:
            os.close(self._descriptors.pop())

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data, ancillary, _, _ = await self.socket.recvmsg(
                    _RECEIVE, socket.CMSG_SPACE(_DESCRIPTOR), socket.MSG_CMSG_CLOEXEC
                )
            except (OSError, trio.ClosedResourceError) as error:
                raise ControlLost("The control channel broke.") from error
            if not data:
                raise ControlLost("The other side closed the control channel.")
            self._buffer += data
            self._keep_descriptors(ancillary)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _keep_descriptors(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(data[: len(data) - len(data) % _DESCRIPTOR])
                self._descriptors.extend(received)


def _rights(descriptor: int) -> tuple[int, int, bytes]:
    return socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]).tobytes()


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Give a name for a socket's file that is short enough for the kernel (108 bytes), however deep `path` is."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen(path: Path) -> trio.socket.SocketType:
    """Listen on a new socket file of mode 0600. Raises OSError, also when the file is there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)
    try:
        with short_name(path) as name:
            sock.bind(name)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(old_mask)
    return trio.socket.from_stdlib_socket(sock)


async def connect(path: Path) -> Channel:
    """Connect to a worker's socket file. Raises OSError."""
    sock = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_name(path) as name:
            await sock.connect(name)
    except BaseException:
        sock.close()
        raise
    return Channel(sock)
