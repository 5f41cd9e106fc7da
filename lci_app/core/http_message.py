"""The heads of requests and answers, as far as whoever carries them has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lci_app.core.http_fields import Field, parse_field

MAX_HEAD: Final = 32 * 1024
MAX_TARGET: Final = 8 * 1024
MAX_FIELDS: Final = 100

# Those that are in use; others are carried too, except CONNECT and TRACE.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


# One is made for every message. Frozen they would take twice the time to make; and mypyc leaves the `__init__` of a
# dataclass to the interpreter, where it takes ten times as long as one that is written out.
@dataclass(slots=True, init=False)
class RequestHead:
    """A request. `target` is in origin form; `host` is empty only for HTTP/1.0; `upgrade` is empty where none counts.

    The end-to-end headers are in `plain`, each as CR LF and `Name: value`, to be sent on as they are, and in `marked`,
    which whoever sends the head on has to read. Neither holds framing, `Host`, or what is for one hop. No `length` and
    not `chunked` means that no body follows. `size`: so much of the buffer it was read from is this head, if it was.
    """

    method: str
    target: str
    minor_version: int
    host: str
    plain: bytes
    marked: Sequence[Field]
    length: int
    chunked: bool
    keep_alive: bool
    upgrade: bytes
    expects_continue: bool
    size: int

    def __init__(  # noqa: PLR0913, PLR0917 - a record
        self,
        method: str,
        target: str,
        minor_version: int,
        host: str,
        plain: bytes,
        marked: Sequence[Field],
        length: int,
        chunked: bool,
        keep_alive: bool,
        upgrade: bytes = b"",
        expects_continue: bool = False,
        size: int = 0,
    ) -> None:
        self.method = method
        self.target = target
        self.minor_version = minor_version
        self.host = host
        self.plain = plain
        self.marked = marked
        self.length = length
        self.chunked = chunked
        self.keep_alive = keep_alive
        self.upgrade = upgrade
        self.expects_continue = expects_continue
        self.size = size

    @property
    def has_body(self) -> bool:
        return self.chunked or self.length > 0

    @property
    def fields(self) -> Sequence[Field]:
        """All end-to-end headers, the plain ones first."""
        return _fields(self.plain, self.marked)

    def value(self, name: bytes) -> bytes | None:
        """Return the first value of a field, by its lower-case name."""
        return next((field.value for field in self.fields if field.name == name), None)


@dataclass(slots=True, init=False)
class ResponseHead:
    """A response. `length` None and not `chunked` means a body up to the end of the connection, if one may follow.

    `plain`, `marked` and `size` are as in a request; `status_line` is as it is sent on.
    """

    status: int
    status_line: bytes
    minor_version: int
    plain: bytes
    marked: Sequence[Field]
    length: int | None
    chunked: bool
    keep_alive: bool
    upgrade: bytes
    size: int

    def __init__(  # noqa: PLR0913, PLR0917 - a record
        self,
        status: int,
        status_line: bytes,
        minor_version: int,
        plain: bytes,
        marked: Sequence[Field],
        length: int | None,
        chunked: bool,
        keep_alive: bool,
        upgrade: bytes = b"",
        size: int = 0,
    ) -> None:
        self.status = status
        self.status_line = status_line
        self.minor_version = minor_version
        self.plain = plain
        self.marked = marked
        self.length = length
        self.chunked = chunked
        self.keep_alive = keep_alive
        self.upgrade = upgrade
        self.size = size

    @property
    def reason(self) -> bytes:
        return self.status_line[13:]

    @property
    def fields(self) -> Sequence[Field]:
        """All end-to-end headers, the plain ones first."""
        return _fields(self.plain, self.marked)

    def has_body(self, method: str) -> bool:
        """Return whether a body follows the answer to a request of that method."""
        if method == "HEAD" or self.status < 200 or self.status in {204, 304}:
            return False
        return self.length != 0

    def ends_with_connection(self, method: str) -> bool:
        return self.length is None and not self.chunked and self.has_body(method)

    def switches_to_one_of(self, offered: bytes) -> bool:
        """Return whether this is a 101 to protocols that are all among those of a request's `upgrade`."""
        protocols = self.upgrade.lower().split(b", ") if self.upgrade else []
        return bool(protocols) and set(protocols) <= set(offered.lower().split(b", "))


def _fields(plain: bytes, marked: Sequence[Field]) -> Sequence[Field]:
    return [*map(parse_field, plain.split(b"\r\n")[1:]), *marked]
