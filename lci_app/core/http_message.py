"""The heads of requests and answers, as far as whoever carries them has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lci_app.core.http_fields import Field, parse_field


# The heads are not frozen: that would double the time it takes to make one, and one is made for every message.
@dataclass(slots=True)
class RequestHead:
    """A request. `target` is in origin form; `host` is empty only for HTTP/1.0; `upgrade` is empty where none counts.

    The end-to-end headers are in `plain`, each as CR LF and `Name: value`, to be sent on as they are, and in `marked`,
    which whoever sends the head on has to read. Neither holds framing, `Host`, or what is for one hop. No `length` and
    not `chunked` means that no body follows.
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


@dataclass(slots=True)
class ResponseHead:
    """A response. `length` None and not `chunked` means a body up to the end of the connection, if one may follow.

    `plain` and `marked` are as in a request; `status_line` is as it is sent on.
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
