"""HTTP/1.x heads, read strictly: what two readers could understand differently is refused, never guessed.

A parsed head holds the end-to-end fields only. Whoever sends it on writes framing, `Host` and `Connection` anew from
the parsed values, so that exactly one framing leaves the proxy, whatever came in.

There are two ways through: nearly all heads are written as everybody writes them (`Name: value`, one blank, none at
the end), and two patterns, run over the whole head, check and divide such a head at once. Every other head is read
line by line. Both give the same for the same head, and only the second one refuses. Where there is a compiled scanner
(`http_scanner`), it reads the plainest heads before either is asked, and gives the same too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lci_app.core.http_fields import (
    READ_IN_REQUESTS,
    READ_IN_RESPONSES,
    TOKEN,
    BadHead,
    Field,
    Kind,
    kind_of,
    marked_lines,
    parse_field,
)
from lci_app.core.http_message import MAX_FIELDS, MAX_HEAD, MAX_TARGET, METHODS, RequestHead, ResponseHead
from lci_app.core.http_rules import ONCE, Special, is_length, repeated, request_of, response_of, sane_host
from lci_app.core.http_scanner import scan_request, scan_response

__all__ = [
    "MAX_FIELDS",
    "MAX_HEAD",
    "MAX_TARGET",
    "METHODS",
    "BadHead",
    "Field",
    "RequestHead",
    "ResponseHead",
    "check_unfinished",
    "parse_request",
    "parse_request_by_line",
    "parse_response",
    "parse_response_by_line",
    "read_request",
    "read_response",
    "render",
]

_REQUEST_LINE: Final = re.compile(rb"(" + TOKEN + rb") ([\x21\x22\x24-\x7e]+) HTTP/(\d)\.(\d)")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?")
_BARE_LINE_BREAK: Final = re.compile(rb"\r[^\n]|(?<!\r)\n")

# A head as everybody writes it. (No possessive quantifiers: they fail to match in Python before 3.11.5. Whatever does
# not match is tried again in a time that grows only as its length.)
_USUAL_FIELDS: Final = (
    rb"(?:\r\n" + TOKEN + rb": [\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*(?<![ \t])){0,%d}\r\n\r\n" % MAX_FIELDS
)
_USUAL_REQUEST: Final = re.compile(
    rb"(%b) (/[\x21\x22\x24-\x7e]{0,%d}) HTTP/1\.([01])" % ("|".join(METHODS).encode(), MAX_TARGET - 1) + _USUAL_FIELDS
).fullmatch
_USUAL_RESPONSE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)" + _USUAL_FIELDS).fullmatch
_SPLIT_REQUEST: Final = marked_lines(READ_IN_REQUESTS).split
_SPLIT_RESPONSE: Final = marked_lines(READ_IN_RESPONSES).split

# As most spell what most say.
_HOST_NAMES: Final = frozenset({b"Host", b"host"})
_CONNECTION_NAMES: Final = frozenset({b"Connection", b"connection"})
_LENGTH_NAMES: Final = frozenset({b"Content-Length", b"content-length"})
_KEEP_ALIVE: Final = {b"keep-alive": True, b"close": False}
_FRAMING: Final = Kind.FRAMING
_DROPPED: Final = Kind.DROPPED


def _size_of_head(buffer: bytes, checked: int) -> int:
    """Return where the head ends that the buffer begins with, 0 where its end is not there."""
    end = buffer.find(b"\r\n\r\n", checked - 3 if checked > 3 else 0)
    if end >= 0:
        return end + 4
    check_unfinished(buffer, checked)
    return 0


def check_unfinished(head: bytes | bytearray, start: int = 0) -> None:
    """Raise BadHead as soon as a head without its empty line yet can no longer become a good one.

    What is before `start` was checked before.
    """
    start = max(start - 1, 0)
    if head.find(b"\0", start) >= 0:
        raise BadHead("The head holds a NUL byte.")
    if _BARE_LINE_BREAK.search(head, start):
        raise BadHead("A line of the head does not end with CR LF.")
    if len(head) > MAX_TARGET + 64 and b"\r\n" not in head:
        raise BadHead(f"The address is longer than {MAX_TARGET} bytes.", 414)
    if len(head) > MAX_HEAD:
        raise BadHead(f"The head is longer than {MAX_HEAD} bytes.", 431)


def read_request(buffer: bytes, checked: int = 0) -> RequestHead | None:
    """Return the head that the buffer begins with, None where it is not there whole.

    `checked` bytes were looked at before. Raises BadHead as soon as it can be no good one.
    """
    # What comes in many pieces is not scanned anew with each.
    head = None if checked else scan_request(buffer)
    if head is None and (size := _size_of_head(buffer, checked)):
        head = parse_request(buffer[:size])
        head.size = size
    return head


def read_response(buffer: bytes, checked: int = 0) -> ResponseHead | None:
    """Do the same for an answer."""
    head = None if checked else scan_response(buffer)
    if head is None and (size := _size_of_head(buffer, checked)):
        head = parse_response(buffer[:size])
        head.size = size
    return head


def parse_request(head: bytes) -> RequestHead:
    """Parse a whole head, its empty line included. Raises BadHead."""
    match = _USUAL_REQUEST(head)
    if match is None or len(head) > MAX_HEAD:
        return parse_request_by_line(head)
    method, target, minor_version = match.groups()
    parts = _SPLIT_REQUEST(head[match.end(3) : -4])
    usual = _usual_values(parts)
    if usual is None or minor_version == b"0":
        plain, marked, special = _divided(parts)
        return request_of(method.decode(), target, int(minor_version), plain, marked, special)
    plain, host, length, keep_alive = usual
    if host is None:
        raise BadHead(*ONCE[b"host"])
    return RequestHead(
        method.decode(), target.decode(), 1, sane_host(host), plain, (), length or 0, False, keep_alive, b"", False
    )


def parse_request_by_line(head: bytes) -> RequestHead:
    """Do the same for a head that is written in any way."""
    lines = _lines(head)
    method, target, minor_version = _request_line(lines[0])
    return request_of(method, target, minor_version, *_read_fields(lines))


def parse_response(head: bytes) -> ResponseHead:
    """Parse a whole head, its empty line included. Raises BadHead."""
    match = _USUAL_RESPONSE(head)
    if match is None or len(head) > MAX_HEAD:
        return parse_response_by_line(head)
    minor_version, status, reason = match.groups()
    end = match.end(3)
    parts = _SPLIT_RESPONSE(head[end:-4])
    usual = _usual_values(parts)
    if usual is None or minor_version == b"0" or status == b"204":
        plain, marked, special = _divided(parts)
        return response_of(int(minor_version), int(status), reason, plain, marked, special)
    plain, _, length, keep_alive = usual
    return ResponseHead(int(status), head[:end], 1, plain, (), length, False, keep_alive, b"")


def parse_response_by_line(head: bytes) -> ResponseHead:
    """Do the same for a head that is written in any way."""
    lines = _lines(head)
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise BadHead("The service's status line is malformed.")
    return response_of(int(match[1]), int(match[2]), match[3] or b"", *_read_fields(lines))


def render(start_line: bytes, lines: Iterable[bytes]) -> bytes:
    """Return a head as it is sent: the start line, each of `lines` (`Name: value`), and the empty line."""
    return b"\r\n".join((start_line, *lines, b"", b""))


def _usual_values(parts: list[bytes]) -> tuple[bytes, bytes | None, int | None, bool] | None:
    """Return what nearly every head of HTTP/1.1 says: its plain lines, Host, Content-Length, and keep-alive.

    `parts` is a head that was split at its marked lines: what is between two of them, name, value, what is between …
    None where it says more, or anything twice.
    """
    plain = parts[0]
    host = connection = length = None
    for index in range(1, len(parts), 3):
        name, value = parts[index], parts[index + 1]
        if host is None and name in _HOST_NAMES:
            host = value
        elif connection is None and name in _CONNECTION_NAMES and value in _KEEP_ALIVE:
            connection = value
        elif length is None and name in _LENGTH_NAMES and is_length(value):
            length = int(value)
        else:
            return None
        plain += parts[index + 2]
    return plain, host, length, connection is None or _KEEP_ALIVE[connection]


def _divided(parts: list[bytes]) -> tuple[bytes, list[Field], Special]:
    """Sort such parts, whatever the head says."""
    marked: list[Field] = []
    special: Special = {}
    for index in range(1, len(parts), 3):
        raw, value = parts[index], parts[index + 1]
        name = raw.lower()
        kind = kind_of(name)
        if kind is _FRAMING:
            special[name] = repeated(special, name, value) if name in special else value
        elif kind is not _DROPPED:
            marked.append(Field(name, value, b"%b: %b" % (raw, value), kind))
    return b"".join(parts[::3]), marked, special


def _lines(head: bytes) -> list[bytes]:
    if len(head) > MAX_HEAD:
        raise BadHead(f"The head is longer than {MAX_HEAD} bytes.", 431)
    if not head.endswith(b"\r\n\r\n"):
        raise BadHead("The head does not end with an empty line.")
    lines = head[:-4].split(b"\r\n")
    if len(lines) > MAX_FIELDS + 1:
        raise BadHead(f"There are more than {MAX_FIELDS} headers.", 431)
    return lines


def _request_line(line: bytes) -> tuple[str, bytes, int]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise BadHead("The request line is malformed.")
    if match[3] != b"1" or match[4] not in {b"0", b"1"}:
        raise BadHead("Only HTTP/1.0 and HTTP/1.1 are spoken here.", 505)
    if len(match[2]) > MAX_TARGET:
        raise BadHead(f"The address is longer than {MAX_TARGET} bytes.", 414)
    method = match[1].decode("ascii")
    if method in {"CONNECT", "TRACE"}:
        raise BadHead(f"The method {method} is not served here.", 405)
    return method, match[2], int(match[4])


def _read_fields(lines: list[bytes]) -> tuple[bytes, list[Field], Special]:
    plain: list[bytes] = [b""]
    marked: list[Field] = []
    special: Special = {}
    for number in range(1, len(lines)):
        field = parse_field(lines[number])
        if field.kind is Kind.PLAIN:
            plain.append(field.line)
        elif field.kind is Kind.FRAMING:
            special[field.name] = repeated(special, field.name, field.value)
        elif field.kind is not Kind.DROPPED:
            marked.append(field)
    return b"\r\n".join(plain), marked, special
