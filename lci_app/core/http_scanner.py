"""Plain heads, read by the compiled scanner (`http_scan.c`) where there is one.

What it makes of a head is what `http_head` makes of it; it says None of every head that it is not sure of, and of all
where it was not compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lci_app.core.http_fields import READ_IN_REQUESTS, READ_IN_RESPONSES, Field, Kind, field_of, marked_names
from lci_app.core.http_message import MAX_FIELDS, MAX_HEAD, MAX_TARGET, METHODS, RequestHead, ResponseHead

if TYPE_CHECKING:
    from lci_app.core.http_scan import ScannedRequest, ScannedResponse


def _scan_nothing(_buffer: bytes) -> None:
    """Stand for a scanner that was not compiled."""


_scan_request: Callable[[bytes], ScannedRequest | None] = _scan_nothing
_scan_response: Callable[[bytes], ScannedResponse | None] = _scan_nothing
try:
    from lci_app.core.http_scan import Scanner
except ImportError:
    COMPILED = False
else:
    COMPILED = True
    _scan_request = Scanner(METHODS, marked_names(READ_IN_REQUESTS), MAX_HEAD, MAX_TARGET, MAX_FIELDS).request
    _scan_response = Scanner(METHODS, marked_names(READ_IN_RESPONSES), MAX_HEAD, MAX_TARGET, MAX_FIELDS).response


def scan_request(buffer: bytes) -> RequestHead | None:
    """Return the head that the buffer begins with, if it is a plain one and there whole."""
    scanned = _scan_request(buffer)
    if scanned is None:
        return None
    size, method, target, host, plain, parts, length, chunked, keep_alive = scanned
    marked = _marked(parts) if parts else ()
    return RequestHead(
        method, target, 1, host, plain, marked, length, chunked, keep_alive, b"", expects_continue=False, size=size
    )


def scan_response(buffer: bytes) -> ResponseHead | None:
    """Do the same for an answer."""
    scanned = _scan_response(buffer)
    if scanned is None:
        return None
    size, status, status_line, plain, parts, length, chunked, keep_alive = scanned
    marked = _marked(parts) if parts else ()
    return ResponseHead(status, status_line, 1, plain, marked, length, chunked, keep_alive, b"", size)


def _marked(parts: Sequence[bytes]) -> list[Field]:
    """Return the fields of names and values, one after the other; without those that are for nobody behind us."""
    fields = [field_of(parts[index], parts[index + 1]) for index in range(0, len(parts), 2)]
    return [field for field in fields if field.kind is not Kind.DROPPED]
