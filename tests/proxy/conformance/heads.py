"""The lines of a request's head: how they end, what names and values hold, how many and how long they may be."""

from __future__ import annotations

from lci_app.core.cookies import OURS
from tests.proxy.conformance.cases import forwarded, get, last, refused, to

_LINE = b"GET / HTTP/1.1"
_BAD_NAME_BYTES = b'"(),/;<=>?@[\\]{}\x01\x08\x0b\x0c\x1b\x7f\x80\xa0\xc3\xff'
_BAD_VALUE_BYTES = bytes([*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_TOKEN = b"!#$%&'*+-.^_`|~09azAZ"

CASES = [
    *forwarded("RFC 9110 5.5, 9112 5.1: a value goes on as it came, without the blanks around it.", {
        "a header": (get(b"X: a"), to(_LINE, b"X: a")),
        "a header without a blank": (get(b"X:a"), to(_LINE, b"X: a")),
        "a header among blanks": (get(b"X: \t a \t "), to(_LINE, b"X: a")),
        "blanks inside a value": (get(b"X: a  b\tc"), to(_LINE, b"X: a  b\tc")),
        "an empty value": (get(b"X:"), to(_LINE, b"X: ")),
        "a value of blanks": (get(b"X: \t "), to(_LINE, b"X: ")),
        "a value of colons": (get(b"X: a:b::"), to(_LINE, b"X: a:b::")),
        "a value that looks like a header": (get(b"X: Host: other"), to(_LINE, b"X: Host: other")),
        "a value of high bytes": (get(b"X: \x80\xa0\xff"), to(_LINE, b"X: \x80\xa0\xff")),
        "a value of all visible bytes": (
            get(b"X: " + bytes(range(0x21, 0x7F))), to(_LINE, b"X: " + bytes(range(0x21, 0x7F)))),
        "the same header twice": (get(b"X: a", b"X: b"), to(_LINE, b"X: a", b"X: b")),
        "a name of all token bytes": (get(_TOKEN + b": a"), to(_LINE, _TOKEN + b": a")),
        "a name's own case": (get(b"x-MiXeD: a"), to(_LINE, b"x-MiXeD: a")),
        "a value of 8 KB": (get(b"X: " + b"a" * 8192), to(_LINE, b"X: " + b"a" * 8192)),
        "99 headers and Host": (get(*[b"X: a"] * 99), to(_LINE, *[b"X: a"] * 99)),
        "a head of nearly 32 KB": (get(b"X: " + b"a" * 32000), to(_LINE, b"X: " + b"a" * 32000)),
    }),
    *forwarded("RFC 9110 7.6.1: what is for this hop, or named so, goes no further.", {
        "Connection names a header": (get(b"Connection: X", b"X: a", b"Y: b"), to(_LINE, b"Y: b")),
        "Connection names it in another case": (get(b"Connection: x-mine", b"X-Mine: a"), to(_LINE)),
        "Connection twice": (get(b"Connection: X", b"Connection: Y", b"X: a", b"Y: b", b"Z: c"), to(_LINE, b"Z: c")),
        "Connection with empty elements": (get(b"Connection: ,X, ,", b"X: a"), to(_LINE)),
        "Connection empty": (get(b"Connection:"), to(_LINE)),
        "Connection names Host": (get(b"Connection: Host"), to(_LINE)),
        "Connection names what the proxy adds": (
            get(b"Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Prefix, X-Forwarded-Host, X-Request-Id"),
            to(_LINE)),
        "Keep-Alive": (get(b"Connection: keep-alive", b"Keep-Alive: timeout=5"), to(_LINE)),
        "Proxy-Connection": (get(b"Proxy-Connection: keep-alive"), to(_LINE)),
        "TE": (get(b"Connection: TE", b"TE: trailers, deflate;q=0.5"), to(_LINE)),
        "Trailer": (get(b"Trailer: X"), to(_LINE)),
        "Proxy-Authorization": (get(b"Proxy-Authorization: Basic YTpi"), to(_LINE)),
        "Upgrade without Connection": (get(b"Upgrade: websocket"), to(_LINE)),
        "Upgrade to h2c": (
            get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"), to(_LINE)),
        "Upgrade to HTTP/2.0": (get(b"Connection: Upgrade", b"Upgrade: HTTP/2.0"), to(_LINE)),
    }),
    *forwarded("RFC 3875 4.1.18: what CGI would read as somebody else's header goes no further.", {
        "Proxy": (get(b"Proxy: http://other"), to(_LINE)),
        "X_Forwarded_For": (get(b"X_Forwarded_For: 1.2.3.4"), to(_LINE)),
        "Host with an underscore inside": (get(b"X_Forwarded_Host: other"), to(_LINE)),
        "X-Forwarded-For": (get(b"X-Forwarded-For: 1.2.3.4"), to(_LINE)),
        "X-FORWARDED-FOR": (get(b"X-FORWARDED-FOR: 1.2.3.4", b"x-forwarded-for: 5.6.7.8"), to(_LINE)),
        "Forwarded": (get(b"Forwarded: for=1.2.3.4"), to(_LINE)),
        "X-Real-IP": (get(b"X-Real-IP: 1.2.3.4"), to(_LINE)),
        "an insane X-Request-Id": (get(b"X-Request-Id: a b"), to(_LINE)),
    }),
    *forwarded("RFC 6265 8.5: cookies know no ports, and the dashboard's are none of the services'.", {
        f"the dashboard's cookie {name.decode()}{place}": (get(b"Cookie: " + before), to(_LINE, *after))
        for name in sorted(OURS)
        for place, before, after in (
            ("", name + b"=s", ()),
            (" among others", b"a=1; " + name + b"=s; b=2", (b"Cookie: a=1; b=2",)),
            (" twice", name + b"=s;" + name + b"=t; b=2", (b"Cookie: b=2",)),
            (" without a value", b"a=1; " + name, (b"Cookie: a=1",)),
            (" with blanks", b"a=1;  " + name + b" = s", (b"Cookie: a=1",)),
        )
    }),
    *forwarded("RFC 6265 5.4: a cookie that is only called alike is the service's own.", {
        f"cookie {cookie.decode()}": (get(b"Cookie: " + cookie), to(_LINE, b"Cookie: " + cookie))
        for cookie in (b"my_lci_session=1", b"lci_session2=1", b"a=lci_sign_in", b"lci_sign_in_at=1", b"lci_s=1")
    }),
    *last("RFC 9112 9.6: close is the client's to say.", {
        "Connection: close": (get(b"Connection: close"), to(_LINE)),
        "Connection: Close": (get(b"Connection: Close"), to(_LINE)),
        "Connection: close among others": (get(b"Connection: keep-alive, close", b"X: a"), to(_LINE, b"X: a")),
        "Connection: close in its second line": (get(b"Connection: keep-alive", b"Connection: close"), to(_LINE)),
    }),
    *refused(400, "RFC 9112 5.2: a folded line is one header to some readers and two to others.", {
        "fold by a blank": get(b"X: a", b" b"),
        "fold by a tab": get(b"X: a", b"\tb"),
        "fold by both": get(b"X: a", b" \t b"),
        "fold of a header's name": get(b"X", b" : a"),
        "fold before the value": get(b"X:", b" a"),
        "fold into nothing": get(b"X: a", b" "),
        "fold of the first header": get(b" X: a", host=None),
        "fold before Host": get(b" Host: h", host=None),
        "fold of Host": get(b" other", host=b"Host: h"),
        "fold of a length": get(b"Content-Length:", b" 5", body=b"hello"),
        "fold of a length's digits": get(b"Content-Length: 1", b" 0", body=b"hello, you"),
        "fold of a coding": get(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"),
        "fold of a coding by a tab": get(b"Transfer-Encoding:", b"\tchunked", body=b"0\r\n\r\n"),
        "a coding folded into another header": get(b"X: a", b" Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        "fold at the end": get(b"X: a", b" ") + b"\r\n",
        "fold by LF and blank": get(b"X: a\n b"),
    }),
    *refused(400, "RFC 9112 2.2: a line ends with CR LF; a bare CR or LF ends it for some readers only.", {
        "LF after the request line": b"GET /app/ HTTP/1.1\nHost: h\r\n\r\n",
        "LF everywhere": b"GET /app/ HTTP/1.1\nHost: h\n\n",
        "LF between headers": get(b"X: a\nY: b"),
        "LF before Host": get(b"X: a\nHost: h", host=None),
        "LF before a length": get(b"X: a\nContent-Length: 5", body=b"hello"),
        "LF after a length": get(b"Content-Length: 5\nX: a", body=b"hello"),
        "LF for the empty line": b"GET /app/ HTTP/1.1\r\nHost: h\r\n\n",
        "LF LF at the end": b"GET /app/ HTTP/1.1\r\nHost: h\n\n",
        "LF before the request line": b"\n" + get(),
        "CR in a value": get(b"X: a\rb"),
        "CR before a header": get(b"X: a\rY: b"),
        "CR before a coding": get(b"X: a\rTransfer-Encoding: chunked", body=b"0\r\n\r\n"),
        "CR at a value's end": get(b"X: a\r"),
        "CR at a value's beginning": get(b"X:\ra"),
        "CR after the request line": b"GET /app/ HTTP/1.1\rHost: h\r\n\r\n",
        "CR everywhere": b"GET /app/ HTTP/1.1\rHost: h\r\r",
        "CR CR LF after the request line": b"GET /app/ HTTP/1.1\r\r\nHost: h\r\n\r\n",
        "CR before a name": get(b"\rX: a"),
        "CR in a name": get(b"X\rY: a"),
        "CR in the target": get(start=b"GET /app/\ra HTTP/1.1"),
        "LF in the target": get(start=b"GET /app/\na HTTP/1.1"),
        "CR before the request line": b"\r" + get(),
        "LF CR for CR LF": b"GET /app/ HTTP/1.1\n\rHost: h\n\r\n\r",
        "CR in a length": get(b"Content-Length: 5\r0", body=b"hello"),
    }),
    *refused(400, "RFC 9110 5.5: NUL is invalid and dangerous.", {
        "NUL in a value": get(b"X: a\0b"),
        "NUL at a value's end": get(b"X: a\0"),
        "NUL in a name": get(b"X\0Y: a"),
        "NUL before a name": get(b"\0X: a"),
        "NUL before the colon": get(b"Content-Length\0: 5", body=b"hello"),
        "NUL in Host": get(host=b"Host: h\0"),
        "NUL in the method": get(start=b"GE\0T /app/ HTTP/1.1"),
        "NUL in the target": get(start=b"GET /app/\0 HTTP/1.1"),
        "NUL in the version": get(start=b"GET /app/ HTTP/1.1\0"),
        "NUL for a blank": get(start=b"GET\0/app/ HTTP/1.1"),
        "NUL before everything": b"\0" + get(),
    }),
    *refused(400, "RFC 9110 5.5: a value holds no control byte but the tab.", {
        f"byte {byte:#04x} in a value": get(b"X: a%cb" % byte) for byte in _BAD_VALUE_BYTES
    }),
    *refused(400, "RFC 9110 5.6.2: a name is a token.", {
        f"byte {byte:#04x} in a name": get(b"X%cY: a" % byte) for byte in _BAD_NAME_BYTES
    }),
    *refused(400, "RFC 9112 5.1: nothing stands between a name and its colon.", {
        "a blank before the colon": get(b"X : a"),
        "a tab before the colon": get(b"X\t: a"),
        "a blank before a length's colon": get(b"Content-Length : 5", body=b"hello"),
        "a blank before a coding's colon": get(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        "a blank before Host's colon": get(host=b"Host : h"),
        "a vertical tab before the colon": get(b"Transfer-Encoding\x0b: chunked", body=b"0\r\n\r\n"),
        "a no-break space before the colon": get(b"Transfer-Encoding\xa0: chunked", body=b"0\r\n\r\n"),
        "a blank inside a name": get(b"Content Length: 5"),
        "no colon": get(b"X"),
        "no colon and a length": get(b"Content-Length 5", body=b"hello"),
        "an equals sign for the colon": get(b"Content-Length=5", body=b"hello"),
        "no name": get(b": a"),
        "no name but a blank": get(b" : a", host=b"Host: h"),
        "a second request line": get(b"GET /app/smuggled HTTP/1.1"),
    }),
    *refused(400, "RFC 9110 7.6.1, 7.8: Connection and Upgrade are lists of tokens.", {
        "Connection with a blank inside": get(b"Connection: a b"),
        "Connection with a quoted string": get(b'Connection: "close"'),
        "Connection with a semicolon": get(b"Connection: close;q=1"),
        "Connection of high bytes": get(b"Connection: cl\xf6se"),
        "Upgrade with a blank inside": get(b"Connection: Upgrade", b"Upgrade: web socket"),
        "Upgrade with a quoted string": get(b"Connection: Upgrade", b'Upgrade: "websocket"'),
    }),
    *refused(431, "RFC 6585 5: heads are bounded, in fields and in bytes.", {
        "100 headers and Host": get(*[b"X: a"] * 100),
        "1000 headers": get(*[b"X: a"] * 1000),
        "a head just above 32 KB": get(b"X: " + b"a" * 32768),
        "a header of 200 KB": get(b"X: " + b"a" * 200_000),
        "a name of 40 KB": get(b"X" * 40_000 + b": a"),
        "headers of 64 KB": get(*[b"X: " + b"a" * 1000] * 64),
    }),
    *refused(417, "RFC 9110 10.1.1: no expectation but 100-continue can be met.", {
        "another expectation": get(b"Expect: 200-ok"),
        "two expectations": get(b"Expect: 100-continue", b"Expect: 100-continue"),
        "an expectation with a parameter": get(b"Expect: 100-continue;a"),
        "a list of expectations": get(b"Expect: 100-continue, 100-continue"),
        "an empty expectation": get(b"Expect:"),
    }),
]  # fmt: skip
