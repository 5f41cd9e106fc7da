"""The heads that leave the proxy: a request's for its service, an answer's for its visitor. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lci_app.core.cookies import DASHBOARD_COOKIES, OURS
from lci_app.core.http_fields import Kind
from lci_app.core.http_head import Field, RequestHead, ResponseHead
from lci_app.core.routing import Match, Upstream
from lci_app.proxy.rewriting import relocated, scoped

REQUEST_ID: Final = b"x-request-id"

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
_SANE_PROTO: Final = re.compile(rb"https?")
_SANE_HOST: Final = re.compile(rb"[A-Za-z0-9.:_\[\]-]{1,255}")
_SANE_PREFIX: Final = re.compile(rb"/[A-Za-z0-9._~%/-]{0,255}")
_MAY_BE_OURS: Final = re.compile("|".join(DASHBOARD_COOKIES).encode()).search


@dataclass(frozen=True, slots=True)
class Visitor:
    """The other end of a client connection. `trusted`: a proxy whose word about the real visitor is taken."""

    address: str
    trusted: bool = False


def request_id(head: RequestHead) -> str | None:
    """Return the visitor's own request id, if it sent a sane one."""
    for field in head.marked:
        if field.name == REQUEST_ID:
            return field.value.decode("ascii") if _SANE_ID.fullmatch(field.value) else None
    return None


def address_of(visitor: Visitor, head: RequestHead) -> str:
    """Return the address a request came from: what a trusted proxy says of it, else the other end's."""
    told = [field.value for field in head.marked if field.name == b"x-forwarded-for"] if visitor.trusted else []
    nearest = told[-1].rpartition(b",")[2].strip() if told else b""
    return nearest.decode("latin-1")[:64] or visitor.address


def request_head(head: RequestHead, match: Match, upstream: Upstream, visitor: Visitor, identity: str) -> bytes:
    """Return the request's head as its service gets it. `identity` is the request id."""
    host = head.host or f"{upstream.host}:{upstream.port}"
    who = "" if visitor.trusted else _forwarding(visitor.address, "http", head.host, match.prefix)
    start = f"{head.method} {match.target} HTTP/1.1\r\nHost: {host}\r\nX-Request-Id: {identity}{who}"
    lines = [start.encode(), head.plain]
    if head.marked:
        lines += _passed_on(head.marked, trusted=visitor.trusted)
    if visitor.trusted:
        lines.append(_believed(head, match, visitor))
    if head.chunked:
        lines.append(b"\r\nTransfer-Encoding: chunked")
    elif head.length or head.method in {"POST", "PUT", "PATCH"}:
        lines.append(b"\r\nContent-Length: %d" % head.length)
    if head.expects_continue:
        lines.append(b"\r\nExpect: 100-continue")
    if head.upgrade:
        lines.append(b"\r\nConnection: Upgrade\r\nUpgrade: " + head.upgrade)
    lines.append(b"\r\n\r\n")
    return b"".join(lines)


def response_head(
    head: RequestHead, match: Match, response: ResponseHead, visitor: Visitor, identity: str, *, keep: bool
) -> tuple[bytes, bool, bool]:
    """Return an answer's head, and how its body follows: whether in chunks, and whether its end is the connection's.

    `keep` tells the visitor to keep the connection, unless the body ends with it. The framing is the service's where
    it can be kept, and exactly one.
    """
    lines = [response.status_line, response.plain]
    if response.marked:
        lines += _answered(response.marked, head, match, visitor)
    framing = stays = ""
    chunked = closes = False
    if response.length is not None and response.status >= 200 and response.status != 204:
        framing = f"\r\nContent-Length: {response.length}"
    elif response.has_body(head.method):
        chunked = head.minor_version == 1
        closes = not chunked
        if chunked:
            framing = "\r\nTransfer-Encoding: chunked"
    if closes or not keep:
        stays = "\r\nConnection: close"
    elif head.minor_version == 0:
        stays = "\r\nConnection: keep-alive"
    lines.append(f"\r\nX-Request-Id: {identity}{framing}{stays}\r\n\r\n".encode())
    return b"".join(lines), chunked, closes


def switching_head(head: RequestHead, match: Match, response: ResponseHead, visitor: Visitor, identity: str) -> bytes:
    """Return the head of a 101 as the visitor gets it."""
    lines = [response.status_line, response.plain, *_answered(response.marked, head, match, visitor)]
    lines.append(b"\r\nX-Request-Id: " + identity.encode())
    return b"".join((*lines, b"\r\nConnection: Upgrade\r\nUpgrade: ", response.upgrade, b"\r\n\r\n"))


def connection_lines(head: RequestHead | None, *, keep: bool) -> Sequence[bytes]:
    if not keep:
        return (b"Connection: close",)
    return (b"Connection: keep-alive",) if head is not None and head.minor_version == 0 else ()


def _passed_on(marked: Sequence[Field], *, trusted: bool) -> Iterator[bytes]:
    for field in marked:
        if field.kind is Kind.COOKIE:
            rest = _without_ours(field.value)
            if rest:
                yield b"\r\nCookie: " + rest
        elif field.kind is Kind.FORWARDING:
            if trusted:
                yield b"\r\n" + field.line
        elif field.kind is not Kind.COMPOSED:
            yield b"\r\n" + field.line


def _answered(marked: Sequence[Field], head: RequestHead, match: Match, visitor: Visitor) -> Iterator[bytes]:
    prefix, route = match.prefix.encode(), match.route
    for field in marked:
        if field.name == REQUEST_ID or _sets_ours(field):
            continue
        if prefix and field.kind is Kind.LOCATION and route.rewrite_redirects:
            yield b"\r\nLocation: " + relocated(field.value, prefix, _hosts(head, visitor))
        elif prefix and field.kind is Kind.SET_COOKIE and route.scope_cookies:
            yield b"\r\nSet-Cookie: " + scoped(field.value, prefix)
        else:
            yield b"\r\n" + field.line


def _hosts(head: RequestHead, visitor: Visitor) -> Sequence[bytes]:
    """Return what the service may have taken for its own name, in lower case."""
    told = _told(head, b"x-forwarded-host", _SANE_HOST) if visitor.trusted else b""
    return [host.lower() for host in (head.host.encode(), told) if host]


def _believed(head: RequestHead, match: Match, visitor: Visitor) -> bytes:
    """Return the lines about a visitor as a trusted proxy tells them."""
    told = [field.value for field in head.marked if field.name == b"x-forwarded-for" and field.value]
    return _forwarding(
        b", ".join((*told, visitor.address.encode())).decode("latin-1"),
        _told(head, b"x-forwarded-proto", _SANE_PROTO).decode() or "http",
        _told(head, b"x-forwarded-host", _SANE_HOST).decode() or head.host,
        _told(head, b"x-forwarded-prefix", _SANE_PREFIX).decode().rstrip("/") + match.prefix,
    ).encode("latin-1")


def _forwarding(via: str, proto: str, host: str, prefix: str) -> str:
    """Return the lines that tell a service who its visitor is, and where it asks."""
    named = f"\r\nX-Forwarded-Host: {host}" if host else ""
    below = f"\r\nX-Forwarded-Prefix: {prefix}" if prefix else ""
    return f"\r\nX-Forwarded-For: {via}\r\nX-Forwarded-Proto: {proto}{named}{below}"


def _told(head: RequestHead, name: bytes, sane: re.Pattern[bytes]) -> bytes:
    value = next((field.value for field in head.marked if field.name == name), b"")
    return value if sane.fullmatch(value) else b""


def _without_ours(cookies: bytes) -> bytes:
    """Return a Cookie's value without the dashboard's."""
    if _MAY_BE_OURS(cookies) is None:
        return cookies
    pairs = map(bytes.strip, cookies.split(b";"))
    return b"; ".join([pair for pair in pairs if pair and pair.partition(b"=")[0].strip() not in OURS])


def _sets_ours(field: Field) -> bool:
    """Whether a browser would send what this sets as one of the dashboard's; one without a name is its value alone."""
    if field.name != b"set-cookie":
        return False
    pair = field.value.partition(b";")[0].lstrip(b" \t=")
    return pair.partition(b"=")[0].strip() in OURS
