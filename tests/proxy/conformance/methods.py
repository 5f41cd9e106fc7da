"""Methods: any token is passed on, but for those that this proxy does not serve."""

from __future__ import annotations

from tests.proxy.conformance.cases import forwarded, get, refused, to

_KNOWN = (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"PROPFIND", b"PURGE", b"M-SEARCH", b"QUERY", b"get", b"Post", b"X")
_WITH_BODY = (b"POST", b"PUT", b"PATCH")
_ODD = b"!#$%&'*+-.^_`|~1"


def _by(method: bytes) -> bytes:
    return get(start=method + b" /app/ HTTP/1.1")


CASES = [
    *forwarded("RFC 9110 9.1: methods are case-sensitive tokens, and unknown ones the service's to judge.", {
        f"method {method.decode()}": (_by(method), to(method + b" / HTTP/1.1")) for method in (*_KNOWN, _ODD)
    }),
    *forwarded("RFC 9110 8.6: where a body is expected, its absence is said.", {
        f"method {method.decode()} without a body": (_by(method), to(method + b" / HTTP/1.1", b"Content-Length: 0"))
        for method in _WITH_BODY
    }),
    *refused(400, "RFC 9110 9.1, 9112 3: a method is a token, and one blank follows it.", {
        "no method": _by(b""),
        "no method and no blank": get(start=b"/app/ HTTP/1.1"),
        "a blank before the method": _by(b" GET"),
        "a tab before the method": _by(b"\tGET"),
        "two blanks after the method": _by(b"GET "),
        "a tab after the method": get(start=b"GET\t/app/ HTTP/1.1"),
        "a vertical tab after the method": get(start=b"GET\x0b/app/ HTTP/1.1"),
        "a method with a colon": _by(b"GET:"),
        "a method with a slash": _by(b"GE/T"),
        "a method with brackets": _by(b"GET()"),
        "a method in quotes": _by(b'"GET"'),
        "a method with a brace": _by(b"GE{T"),
        "a method with a comma": _by(b"GET,POST"),
        "a method with an at sign": _by(b"G@T"),
        "a method with a high byte": _by(b"G\xcbT"),
        "a method with a control byte": _by(b"G\x01T"),
        "a method with a DEL": _by(b"GET\x7f"),
        "a byte order mark": _by(b"\xef\xbb\xbfGET"),
        "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "another protocol's greeting": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "a PROXY protocol line": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + _by(b"GET"),
    }),
]  # fmt: skip
