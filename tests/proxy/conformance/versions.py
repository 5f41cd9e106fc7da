"""HTTP versions: 1.1 and 1.0 are spoken, and nothing that merely resembles them."""

from __future__ import annotations

from tests.proxy.conformance.cases import forwarded, get, last, refused, to

_KEPT = b"Connection: keep-alive"


def _in(version: bytes, *lines: bytes) -> bytes:
    return get(*lines, start=b"GET /app/ " + version)


CASES = [
    *forwarded("RFC 9112 9.3: HTTP/1.1 persists, HTTP/1.0 where it asks to; each is sent on as HTTP/1.1.", {
        "HTTP/1.1": (_in(b"HTTP/1.1"), to(b"GET / HTTP/1.1")),
        "HTTP/1.0 that asks to be kept": (_in(b"HTTP/1.0", _KEPT), to(b"GET / HTTP/1.1")),
        "HTTP/1.0 with a body that asks to be kept": (
            get(_KEPT, b"Content-Length: 5", start=b"POST /app/ HTTP/1.0", body=b"hello"),
            to(b"POST / HTTP/1.1", b"Content-Length: 5", body=b"hello")),
    }),
    *last("RFC 9112 9.3: HTTP/1.0 is closed after its answer.", {
        "HTTP/1.0": (_in(b"HTTP/1.0"), to(b"GET / HTTP/1.1")),
        "HTTP/1.0 with a body": (
            get(b"Content-Length: 5", start=b"POST /app/ HTTP/1.0", body=b"hello"),
            to(b"POST / HTTP/1.1", b"Content-Length: 5", body=b"hello")),
        "HTTP/1.0 kept and closed": (_in(b"HTTP/1.0", b"Connection: keep-alive, close"), to(b"GET / HTTP/1.1")),
        "HTTP/1.0 with Keep-Alive alone": (_in(b"HTTP/1.0", b"Keep-Alive: timeout=5"), to(b"GET / HTTP/1.1")),
        "HTTP/1.0 that would upgrade": (
            _in(b"HTTP/1.0", b"Connection: Upgrade", b"Upgrade: websocket"), to(b"GET / HTTP/1.1")),
    }),
    *last("RFC 9110 10.1.1: an expectation of an HTTP/1.0 client is ignored.", {
        "100-continue in HTTP/1.0": (
            get(b"Expect: 100-continue", b"Content-Length: 5", start=b"POST /app/ HTTP/1.0", body=b"hello"),
            to(b"POST / HTTP/1.1", b"Content-Length: 5", body=b"hello")),
    }),
    *refused(505, "RFC 9110 15.6.6: other versions are not spoken here.", {
        "HTTP/0.9": _in(b"HTTP/0.9"),
        "HTTP/0.0": _in(b"HTTP/0.0"),
        "HTTP/1.2": _in(b"HTTP/1.2"),
        "HTTP/1.9": _in(b"HTTP/1.9"),
        "HTTP/2.0": _in(b"HTTP/2.0"),
        "HTTP/3.0": _in(b"HTTP/3.0"),
        "HTTP/9.9": _in(b"HTTP/9.9"),
        "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }),
    *refused(400, "RFC 9112 2.3: a version is HTTP, a slash, a digit, a dot, a digit, in capitals.", {
        "a request of HTTP/0.9": b"GET /app/\r\n\r\n",
        "a request of HTTP/0.9 with headers": get(start=b"GET /app/"),
        "no version but a blank": _in(b""),
        "http/1.1": _in(b"http/1.1"),
        "Http/1.1": _in(b"Http/1.1"),
        "HTTP 1.1": _in(b"HTTP 1.1"),
        "HTTP/1": _in(b"HTTP/1"),
        "HTTP/2": _in(b"HTTP/2"),
        "HTTP/1.": _in(b"HTTP/1."),
        "HTTP/.1": _in(b"HTTP/.1"),
        "HTTP/11": _in(b"HTTP/11"),
        "HTTP/1,1": _in(b"HTTP/1,1"),
        "HTTP/1.10": _in(b"HTTP/1.10"),
        "HTTP/01.1": _in(b"HTTP/01.1"),
        "HTTP/1.01": _in(b"HTTP/1.01"),
        "HTTP/1.1.1": _in(b"HTTP/1.1.1"),
        "HTTP/+1.1": _in(b"HTTP/+1.1"),
        "HTTP/1.+1": _in(b"HTTP/1.+1"),
        "HTTP/1.x": _in(b"HTTP/1.x"),
        "HTTP//1.1": _in(b"HTTP//1.1"),
        "HTTP/ 1.1": _in(b"HTTP/ 1.1"),
        "HTTPS/1.1": _in(b"HTTPS/1.1"),
        "HTP/1.1": _in(b"HTP/1.1"),
        "ICY/1.1": _in(b"ICY/1.1"),
        "HTTP/1.1 with Arabic digits": _in("HTTP/\u0661.\u0661".encode()),
        "HTTP/1.1 before a blank": _in(b"HTTP/1.1 "),
        "HTTP/1.1 before a tab": _in(b"HTTP/1.1\t"),
        "HTTP/1.1 before a word": _in(b"HTTP/1.1 a"),
        "two blanks before HTTP/1.1": _in(b" HTTP/1.1"),
        "a tab before HTTP/1.1": get(start=b"GET /app/\tHTTP/1.1"),
    }),
]  # fmt: skip
