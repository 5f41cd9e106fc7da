"""What the headers of a head mean together: framing, persistence, host, upgrades. Whatever is ambiguous is refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from lci_app.core.http_fields import TOKEN, TOKEN_ONLY, BadHead, Field
from lci_app.core.http_message import RequestHead, ResponseHead

_PROTOCOL: Final = re.compile(TOKEN + rb"(?:/" + TOKEN + rb")?")
_MAX_DIGITS: Final = 18
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?")
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]+)([^\x00]*)", re.IGNORECASE)

# Options of Connection that name no header to be left out.
_HARMLESS: Final = frozenset({b"keep-alive", b"close", b"upgrade"})

# What is said of a header that must not be repeated. (Of the others that are interpreted, one value follows another.)
ONCE: Final = {
    b"host": ("The Host header must be there exactly once.", 400),
    b"content-length": ("Content-Length must be there once, as a plain number.", 400),
    b"transfer-encoding": ("The only Transfer-Encoding understood here is chunked, once.", 400),
    b"expect": ("The only expectation understood here is 100-continue.", 417),
}

# The values of the headers that this module interprets, by name.
Special = dict[bytes, bytes]


def request_of(
    method: str, target: bytes, minor_version: int, plain: bytes, marked: list[Field], special: Special
) -> RequestHead:
    """Return a request of these parts, which were each read strictly. Raises BadHead where they make no sense."""
    options = _options(special.get(b"connection", b""))
    length, chunked = _framing(special, minor_version)
    host = _host(special, minor_version)
    has_body = chunked or bool(length)
    if not options <= _HARMLESS:
        plain, marked = _without_named(plain, marked, options)
    return RequestHead(
        method,
        (target if target.startswith(b"/") else _origin_form(target, host)).decode("ascii"),
        minor_version,
        host,
        plain,
        marked,
        length or 0,
        chunked,
        _keeps_alive(options, minor_version),
        _upgrade(special, options) if not has_body and minor_version else b"",
        b"expect" in special and _expects_continue(special) and has_body and minor_version == 1,
    )


def response_of(
    minor_version: int, status: int, reason: bytes, plain: bytes, marked: list[Field], special: Special
) -> ResponseHead:
    """Do the same for an answer."""
    options = _options(special.get(b"connection", b""))
    length, chunked = _framing(special, minor_version)
    if not options <= _HARMLESS:
        plain, marked = _without_named(plain, marked, options)
    upgrade = _upgrade(special, options) if status == 101 else b""
    # What such an answer announces may follow it or not: its connection cannot be used again.
    unclear = status == 204 and (chunked or bool(length))
    keep_alive = _keeps_alive(options, minor_version) and not unclear
    status_line = b"HTTP/1.1 %d %b" % (status, reason)
    return ResponseHead(status, status_line, minor_version, plain, marked, length, chunked, keep_alive, upgrade)


def repeated(special: Special, name: bytes, value: bytes) -> bytes:
    """Return a header's value together with what was said before. Raises BadHead where it must not be repeated."""
    if name not in special:
        return value
    if name in ONCE:
        raise BadHead(*ONCE[name])
    return b"%b,%b" % (special[name], value)


@lru_cache(maxsize=256)
def _options(value: bytes) -> frozenset[bytes]:
    options = frozenset(option.strip(b" \t").lower() for option in value.split(b",")) - {b""}
    if not all(map(TOKEN_ONLY.fullmatch, options)):
        raise BadHead("The Connection header is malformed.")
    return options


def _without_named(plain: bytes, marked: list[Field], options: frozenset[bytes]) -> tuple[bytes, list[Field]]:
    """Leave out the headers that Connection names as being for this hop only."""
    kept = [line for line in plain.split(b"\r\n") if line.partition(b":")[0].lower() not in options]
    return b"\r\n".join(kept), [field for field in marked if field.name not in options]


def _framing(special: Special, minor_version: int) -> tuple[int | None, bool]:
    length = special.get(b"content-length")
    coding = special.get(b"transfer-encoding")
    if coding is not None:
        if length is not None:
            raise BadHead("Content-Length and Transfer-Encoding exclude each other.")
        if minor_version == 0:
            raise BadHead("HTTP/1.0 knows no Transfer-Encoding.")
        if coding.lower() != b"chunked":
            raise BadHead(*ONCE[b"transfer-encoding"])
        return None, True
    if length is None:
        return None, False
    if not is_length(length):
        raise BadHead(*ONCE[b"content-length"])
    return int(length), False


def is_length(value: bytes) -> bool:
    """Return whether it is a number as Content-Length must have it."""
    return value.isdigit() and len(value) <= _MAX_DIGITS


def _keeps_alive(options: frozenset[bytes], minor_version: int) -> bool:
    return b"close" not in options and (minor_version == 1 or b"keep-alive" in options)


def _upgrade(special: Special, options: frozenset[bytes]) -> bytes:
    """Return the protocols to switch to, without HTTP/2, which would carry requests past this proxy."""
    if b"upgrade" not in options:
        return b""
    protocols = [protocol.strip(b" \t") for protocol in special.get(b"upgrade", b"").split(b",")]
    if not all(_PROTOCOL.fullmatch(protocol) for protocol in protocols if protocol):
        raise BadHead("The Upgrade header is malformed.")
    return b", ".join(each for each in protocols if each and not each.lower().startswith((b"h2", b"http/")))


def _expects_continue(special: Special) -> bool:
    if special[b"expect"].lower() != b"100-continue":
        raise BadHead(*ONCE[b"expect"])
    return True


def _host(special: Special, minor_version: int) -> str:
    host = special.get(b"host")
    if host is not None:
        return sane_host(host)
    if minor_version:
        raise BadHead(*ONCE[b"host"])
    return ""


@lru_cache(maxsize=256)
def sane_host(value: bytes) -> str:
    if not _HOST.fullmatch(value):
        raise BadHead("The Host header is malformed.")
    return value.decode("ascii")


def _origin_form(target: bytes, host: str) -> bytes:
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise BadHead("The address must begin with a slash.")
    if match[1].lower() != host.lower().encode():
        raise BadHead("The address names another host than the Host header.")
    rest: bytes = match[2]
    return rest if rest.startswith(b"/") else b"/" + rest
