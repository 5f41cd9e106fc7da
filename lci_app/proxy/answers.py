"""What the proxy itself answers: a short page for a browser, the JSON envelope for others. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lci_app.core.http_head import METHODS, RequestHead, render
from lci_app.core.routing import Match, Redirect
from lci_app.proxy.forwarded import connection_lines

_REASONS: Final[Mapping[int, str]] = {
    308: "Permanent Redirect", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 414: "URI Too Long", 417: "Expectation Failed", 431: "Request Header Fields Too Large",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}  # fmt: skip

_CODES: Final[Mapping[int, str]] = {
    405: "METHOD_NOT_ALLOWED", 408: "REQUEST_TIMEOUT", 414: "TARGET_TOO_LONG", 417: "EXPECTATION_FAILED",
    431: "HEAD_TOO_LARGE", 505: "HTTP_VERSION_NOT_SUPPORTED",
}  # fmt: skip

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem;color:#222}}
h1{{font-size:1.3rem}}small{{color:#777}}@media(prefers-color-scheme:dark){{body{{background:#161616;color:#ddd}}}}
</style></head>
<body><h1>{title}</h1><p>{message}</p><small>Request {identity}</small></body></html>
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the proxy's own. A redirect has a `location` and no body."""

    status: int
    code: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
    retry_after: int = 0


def refused(status: int, message: str) -> Answer:
    """The client's request cannot be served as it came."""
    return Answer(status, _CODES.get(status, "BAD_REQUEST"), message)


def redirected(location: str) -> Answer:
    return Answer(308, "", "", location=location)


def instead_of_a_service(found: Match | Redirect | None, target: str) -> Answer:
    """Return what a request is answered with that goes to no service."""
    if found is None:
        return no_project(target)
    if isinstance(found, Redirect):
        return redirected(found.location)
    if found.route.maintenance is not None:
        return maintenance(found.route.project, found.route.maintenance)
    return not_deployed(found.route.project)


def no_project(target: str) -> Answer:
    path = target.partition("?")[0]
    name = path[1:].partition("/")[0]
    what = f"No project is called “{name}”" if name else "This address names no project"
    return Answer(404, "PROJECT_NOT_FOUND", f"{what}; services are found at /NAME/.", {"path": path[:200]})


def not_deployed(project: str) -> Answer:
    message = f"Nothing of “{project}” is running right now. It is back after its next successful deployment or start."
    return Answer(503, "NOT_DEPLOYED", message, {"project": project}, retry_after=5)


def maintenance(project: str, message: str) -> Answer:
    message = message or f"“{project}” is being worked on, and is back soon."
    return Answer(503, "MAINTENANCE", message, {"project": project}, retry_after=60)


def overloaded(project: str) -> Answer:
    message = f"“{project}” cannot be reached just now: the proxy has no room for one more connection. Try again soon."
    return Answer(503, "OVERLOADED", message, {"project": project}, retry_after=1)


def bad_gateway(project: str, why: str) -> Answer:
    return Answer(502, "BAD_GATEWAY", f"“{project}” gave no proper answer: {why}", {"project": project}, retry_after=1)


def gateway_timeout(why: str) -> Answer:
    return Answer(504, "GATEWAY_TIMEOUT", why)


def request_timeout() -> Answer:
    return refused(408, "The request did not arrive in time.")


def render_answer(answer: Answer, head: RequestHead | None, identity: str, *, keep: bool) -> bytes:
    """Return the whole answer to `head` (None where it could not be read); `identity` is the request id."""
    lines = [f"X-Request-Id: {identity}".encode(), b"Cache-Control: no-store"]
    body = b""
    if answer.location:
        lines.append(f"Location: {answer.location}".encode())
    else:
        html = head is not None and b"text/html" in (head.value(b"accept") or b"").lower()
        body = _page(answer, identity) if html else _envelope(answer)
        kind = b"text/html; charset=utf-8" if html else b"application/json"
        lines += (b"Content-Type: " + kind, b"X-Content-Type-Options: nosniff")
    if answer.status == 405:
        lines.append(b"Allow: " + ", ".join(METHODS).encode())
    if answer.retry_after:
        lines.append(b"Retry-After: %d" % answer.retry_after)
    lines += (b"Content-Length: %d" % len(body), *connection_lines(head, keep=keep))
    start = f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}".encode()
    return render(start, lines) + (b"" if head is not None and head.method == "HEAD" else body)


def _envelope(answer: Answer) -> bytes:
    error = {"code": answer.code, "message": answer.message, "details": dict(answer.details)}
    return json.dumps({"success": False, "error": error}, ensure_ascii=False).encode() + b"\n"


def _page(answer: Answer, identity: str) -> bytes:
    title = f"{answer.status} {_REASONS[answer.status]}"
    return _PAGE.format(title=title, message=_escaped(answer.message), identity=_escaped(identity)).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
