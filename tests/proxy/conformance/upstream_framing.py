"""Content-Length, Transfer-Encoding and the end of the connection as framing of answers."""

from __future__ import annotations

from tests.proxy.conformance.answers import (
    HEAD,
    OLD,
    answer,
    bad_gateway,
    last_answer,
    passed,
    passed_with_junk,
    seen,
    truncated,
)

_LENGTH, _CHUNKED = b"Content-Length: 5", b"Transfer-Encoding: chunked"
_HELLO = b"5\r\nhello\r\n0\r\n\r\n"
_SECOND = answer(b"Content-Length: 8", body=b"smuggled")
_SIZED = seen(_LENGTH, body=b"hello")
_IN_CHUNKS = seen(_CHUNKED, body=b"hello")


def _sized(value: bytes) -> bytes:
    return answer(b"Content-Length:" + value, body=b"hello")


def _coded(value: bytes) -> bytes:
    return answer(b"Transfer-Encoding:" + value, body=_HELLO)


def _chunks(body: bytes) -> bytes:
    return answer(_CHUNKED, body=body)


def _without_body(status: bytes, *lines: bytes) -> bytes:
    return answer(*lines, start=b"HTTP/1.1 " + status)


CASES = [
    *passed("RFC 9112 6.3: an answer's framing is kept where it is one.", {
        "length": (answer(_LENGTH, body=b"hello"), _SIZED),
        "length 0": (answer(b"Content-Length: 0"), seen(b"Content-Length: 0")),
        "length among blanks": (_sized(b"\t 5 \t"), _SIZED),
        "length with leading zeros": (_sized(b" 0005"), _SIZED),
        "chunks": (_chunks(_HELLO), _IN_CHUNKS),
        "no chunk": (_chunks(b"0\r\n\r\n"), seen(_CHUNKED)),
        "chunks in capitals": (_coded(b" CHUNKED"), _IN_CHUNKS),
        "chunks with extensions": (_chunks(b"5;a=b\r\nhello\r\n0;c\r\n\r\n"), _IN_CHUNKS),
        "chunks with trailers": (_chunks(b"5\r\nhello\r\n0\r\nX: a\r\nContent-Length: 9\r\n\r\n"), _IN_CHUNKS),
        "chunks with zeros before their sizes": (_chunks(b"0005\r\nhello\r\n00\r\n\r\n"), _IN_CHUNKS),
        "an answer of 70 KB": (
            answer(b"Content-Length: 70000", body=b"a" * 70000), seen(b"Content-Length: 70000", body=b"a" * 70000)),
        "a chunk of 70 KB": (
            _chunks(b"11170\r\n" + b"a" * 70000 + b"\r\n0\r\n\r\n"), seen(_CHUNKED, body=b"a" * 70000)),
        "an answer in the body": (
            answer(b"Content-Length: %d" % len(_SECOND), body=_SECOND),
            seen(b"Content-Length: %d" % len(_SECOND), body=_SECOND)),
        "HTTP/1.0 that keeps the connection": (
            answer(_LENGTH, b"Connection: keep-alive", start=b"HTTP/1.0 200 OK", body=b"hello"), _SIZED),
    }),
    *passed("RFC 9112 9.3, 9.6: the service's connection ends where it says so, the visitor's does not.", {
        "Connection: close": (answer(_LENGTH, b"Connection: close", body=b"hello"), _SIZED),
        "Connection: close and chunks": (answer(_CHUNKED, b"Connection: close", body=_HELLO), _IN_CHUNKS),
        "HTTP/1.0 with a length": (answer(_LENGTH, start=b"HTTP/1.0 200 OK", body=b"hello"), _SIZED),
        "Connection: close and kept open": (answer(b"Content-Length: 0", b"Connection: close"),
                                            seen(b"Content-Length: 0")),
    }, reused=False),
    *passed("RFC 9112 6.3 (8): without a framing the body ends with the connection, and is sent on in chunks.", {
        "no framing": (answer(body=b"hello"), _IN_CHUNKS),
        "no framing and no body": (answer(), seen(_CHUNKED)),
        "no framing in HTTP/1.0": (answer(start=b"HTTP/1.0 200 OK", body=b"hello"), _IN_CHUNKS),
        "no framing though keep-alive": (answer(b"Connection: keep-alive", body=b"hello"), _IN_CHUNKS),
        "no framing and chunks in the body": (answer(body=_HELLO), seen(_CHUNKED, body=_HELLO)),
        "no framing and an answer in the body": (answer(body=_SECOND), seen(_CHUNKED, body=_SECOND)),
    }, reused=False, then="close"),
    *passed("RFC 9112 6.3 (1), 9110 8.6: HEAD's answer has no body, whatever it announces.", {
        "HEAD with a length": (answer(b"Content-Length: 1000"), seen(b"Content-Length: 1000")),
        "HEAD with chunks": (answer(_CHUNKED), seen()),
        "HEAD with neither": (answer(), seen()),
        "HEAD with a 404": (
            _without_body(b"404 Not Found", _LENGTH), seen(_LENGTH, start=b"HTTP/1.1 404 Not Found")),
    }, request=HEAD),
    *passed("RFC 9112 6.3 (1), 9110 15.4.5: 304 has no body, and its length is that of what it stands for.", {
        "304": (_without_body(b"304 Not Modified"), seen(start=b"HTTP/1.1 304 Not Modified")),
        "304 with a length": (
            _without_body(b"304 Not Modified", b"Content-Length: 1000"),
            seen(b"Content-Length: 1000", start=b"HTTP/1.1 304 Not Modified")),
        "304 with chunks": (_without_body(b"304 Not Modified", _CHUNKED), seen(start=b"HTTP/1.1 304 Not Modified")),
    }),
    *passed("RFC 9112 6.3 (1), 9110 8.6: 204 has no body and no framing.", {
        "204": (_without_body(b"204 No Content"), seen(start=b"HTTP/1.1 204 No Content")),
        "204 with length 0": (
            _without_body(b"204 No Content", b"Content-Length: 0"), seen(start=b"HTTP/1.1 204 No Content")),
    }),
    *passed("RFC 9110 8.6, 9112 6.1: a 204 that announces a body is followed by one, or not: nobody can tell.", {
        "204 with a length": (
            _without_body(b"204 No Content", b"Content-Length: 5"), seen(start=b"HTTP/1.1 204 No Content")),
        "204 with chunks": (_without_body(b"204 No Content", _CHUNKED), seen(start=b"HTTP/1.1 204 No Content")),
    }, reused=False),
    *passed("RFC 9110 15.3.6: 205 is framed like any other.", {
        "205 with length 0": (
            _without_body(b"205 Reset", b"Content-Length: 0"), seen(b"Content-Length: 0", start=b"HTTP/1.1 205 Reset")),
    }),
    *passed_with_junk("RFC 9112 6.3, 9.2: what follows an answer belongs to no request.", {
        "a second answer": (answer(_LENGTH, body=b"hello") + _SECOND, _SIZED),
        "a second answer after chunks": (_chunks(_HELLO) + _SECOND, _IN_CHUNKS),
        "a second answer after none": (answer(b"Content-Length: 0") + _SECOND, seen(b"Content-Length: 0")),
        "a second answer after a 304": (
            _without_body(b"304 Not Modified") + _SECOND, seen(start=b"HTTP/1.1 304 Not Modified")),
        "a second answer after a 204": (
            _without_body(b"204 No Content") + _SECOND, seen(start=b"HTTP/1.1 204 No Content")),
        "a body after a 204": (_without_body(b"204 No Content") + b"hello", seen(start=b"HTTP/1.1 204 No Content")),
        "a body after a 304": (
            _without_body(b"304 Not Modified", _LENGTH) + b"hello",
            seen(_LENGTH, start=b"HTTP/1.1 304 Not Modified")),
        "a byte too many": (answer(_LENGTH, body=b"hello!"), _SIZED),
        "a line break too many": (answer(_LENGTH, body=b"hello\r\n"), _SIZED),
        "a line break after chunks": (_chunks(_HELLO + b"\r\n"), _IN_CHUNKS),
    }),
    *passed_with_junk("RFC 9112 6.3 (1): a body after HEAD's answer is no answer to the next request.", {
        "HEAD with a body": (answer(_LENGTH, body=b"hello"), seen(_LENGTH)),
        "HEAD with a chunked body": (_chunks(_HELLO), seen()),
        "HEAD with a second answer": (answer(_LENGTH) + _SECOND, seen(_LENGTH)),
    }, request=HEAD),
    *last_answer("RFC 9112 6.1, 9.3: an HTTP/1.0 visitor gets no chunks, but bytes up to the end.", {
        "chunks for HTTP/1.0": (_chunks(_HELLO), seen(body=b"hello")),
        "a length for HTTP/1.0": (answer(_LENGTH, body=b"hello"), _SIZED),
        "no chunk for HTTP/1.0": (_chunks(b"0\r\n\r\n"), seen()),
    }, request=OLD),
    *last_answer("RFC 9112 6.3 (8): nor where the service ends its body with the connection.", {
        "no framing for HTTP/1.0": (answer(body=b"hello"), seen(body=b"hello")),
    }, request=OLD, then="close"),
    *bad_gateway("RFC 9112 6.3 (5): a length is digits, once; from a service anything else is a 502.", {
        "length +5": _sized(b" +5"),
        "length -5": _sized(b" -5"),
        "length 0x5": _sized(b" 0x5"),
        "length 1_0": _sized(b" 1_0"),
        "length 5.0": _sized(b" 5.0"),
        "length 5 and a word": _sized(b" 5 bytes"),
        "length of no digits": _sized(b""),
        "length of Arabic digits": _sized(" \u0665".encode()),
        "length before a no-break space": _sized(b" 5\xa0"),
        "length of 30 digits": _sized(b" " + b"9" * 30),
        "a list of lengths": _sized(b" 5, 5"),
        "two lengths that agree": answer(_LENGTH, _LENGTH, body=b"hello"),
        "two lengths that differ": answer(_LENGTH, b"Content-Length: 3", body=b"hello"),
        "two lengths of 0": answer(b"Content-Length: 0", b"Content-Length: 0"),
    }),
    *bad_gateway("RFC 9112 6.1, 6.3 (3): a length with chunks is how answers are split.", {
        "a length and chunks": answer(b"Content-Length: 15", _CHUNKED, body=_HELLO),
        "chunks and a length": answer(_CHUNKED, b"Content-Length: 15", body=_HELLO),
        "length 0 and chunks": answer(b"Content-Length: 0", _CHUNKED, body=_HELLO),
        "a length and identity": answer(_LENGTH, b"Transfer-Encoding: identity", body=b"hello"),
    }),
    *bad_gateway("RFC 9112 6.1, 6.3 (4): only chunked is understood, and only in HTTP/1.1.", {
        "coding gzip": _coded(b" gzip"),
        "coding gzip, chunked": _coded(b" gzip, chunked"),
        "coding chunked, gzip": _coded(b" chunked, gzip"),
        "coding identity": _coded(b" identity"),
        "coding xchunked": _coded(b" xchunked"),
        "coding empty": _coded(b""),
        "coding with a comma": _coded(b" chunked,"),
        "coding with a vertical tab": _coded(b" \x0bchunked"),
        "two codings": answer(_CHUNKED, _CHUNKED, body=_HELLO),
        "chunks in HTTP/1.0": answer(_CHUNKED, start=b"HTTP/1.0 200 OK", body=_HELLO),
    }),
    *truncated("RFC 9112 8: what ends before its framing is not whole, and must not look so.", {
        "short of its length": (answer(b"Content-Length: 9", body=b"hello"), seen(b"Content-Length: 9")),
        "nothing of its length": (answer(b"Content-Length: 9"), seen(b"Content-Length: 9")),
        "no last chunk": (_chunks(b"5\r\nhello\r\n"), seen(_CHUNKED)),
        "no chunk at all": (_chunks(b""), seen(_CHUNKED)),
        "half a chunk": (_chunks(b"ff\r\nhello"), seen(_CHUNKED)),
        "a chunk without its line break": (_chunks(b"5\r\nhello"), seen(_CHUNKED)),
        "half a size": (_chunks(b"5\r\nhello\r\n1"), seen(_CHUNKED)),
        "a last chunk without its end": (_chunks(b"5\r\nhello\r\n0\r\n"), seen(_CHUNKED)),
        "half a trailer": (_chunks(b"5\r\nhello\r\n0\r\nX: a"), seen(_CHUNKED)),
    }, then="close"),
    *truncated("RFC 9112 7.1: a malformed chunk ends an answer that was begun.", {
        "size 0x5": (_chunks(b"5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size +5": (_chunks(b"5\r\nhello\r\n+5\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size -5": (_chunks(b"5\r\nhello\r\n-5\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size 0_5": (_chunks(b"5\r\nhello\r\n0_5\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size 5 with a blank": (_chunks(b"5\r\nhello\r\n5 \r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size that overflows": (_chunks(b"5\r\nhello\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "size that is none": (_chunks(b"5\r\nhello\r\nX\r\n"), seen(_CHUNKED)),
        "no size": (_chunks(b"5\r\nhello\r\n\r\n"), seen(_CHUNKED)),
        "LF after a size": (_chunks(b"5\r\nhello\r\n5\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "LF after the data": (_chunks(b"5\r\nhello\n0\r\n\r\n"), seen(_CHUNKED)),
        "two bytes after the data": (_chunks(b"5\r\nhelloXX0\r\n\r\n"), seen(_CHUNKED)),
        "a chunk longer than its size": (_chunks(b"4\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "an endless size line": (_chunks(b"5\r\nhello\r\n5;" + b"a" * 100_000), seen(_CHUNKED)),
        "a NUL in an extension": (_chunks(b"5\r\nhello\r\n5;\0\r\nhello\r\n0\r\n\r\n"), seen(_CHUNKED)),
        "endless trailers": (_chunks(b"5\r\nhello\r\n0\r\n" + b"X: a\r\n" * 3000), seen(_CHUNKED)),
        "a folded trailer": (_chunks(b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"), seen(_CHUNKED)),
        "an answer as a trailer": (_chunks(b"5\r\nhello\r\n0\r\n" + _SECOND), seen(_CHUNKED)),
    }),
    *truncated("RFC 9112 8: also for a visitor to whom the end of the connection is the end of the body.", {
        "no last chunk for HTTP/1.0": (_chunks(b"5\r\nhello\r\n"), seen(b"Connection: close")),
        "half a chunk for HTTP/1.0": (_chunks(b"ff\r\nhello"), seen(b"Connection: close")),
        "short of its length for HTTP/1.0": (
            answer(b"Content-Length: 9", body=b"hello"), seen(b"Content-Length: 9", b"Connection: close")),
    }, request=OLD, then="close"),
    *truncated("RFC 9112 8: a reset is no proper end even of a body that ends with its connection.", {
        "no framing and a reset": (answer(body=b"hello"), seen(_CHUNKED)),
        "a length and a reset": (answer(b"Content-Length: 9", body=b"hello"), seen(b"Content-Length: 9")),
        "chunks and a reset": (_chunks(b"5\r\nhello\r\n"), seen(_CHUNKED)),
    }, then="reset"),
    *truncated("RFC 9112 8: and for HTTP/1.0 only a reset can say so.", {
        "no framing and a reset for HTTP/1.0": (answer(body=b"hello"), seen(b"Connection: close")),
    }, request=OLD, then="reset"),
]  # fmt: skip
