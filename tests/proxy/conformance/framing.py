"""Content-Length and Transfer-Encoding of requests: one framing, in one spelling, or none."""

from __future__ import annotations

from tests.proxy.conformance.cases import broken_off, chunked, forwarded, get, post, refused, to

_HELLO = b"5\r\nhello\r\n0\r\n\r\n"
_SECOND = b"GET /app/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
_POST = b"POST / HTTP/1.1"


def _length(value: bytes) -> bytes:
    return post(b"Content-Length:" + value, body=b"hello")


def _coding(value: bytes) -> bytes:
    return post(b"Transfer-Encoding:" + value, body=_HELLO)


CASES = [
    *forwarded("RFC 9112 6.2: a length says how many bytes follow.", {
        "length 5": (_length(b" 5"), to(_POST, b"Content-Length: 5", body=b"hello")),
        "length 0": (post(b"Content-Length: 0"), to(_POST, b"Content-Length: 0")),
        "length without a blank": (_length(b"5"), to(_POST, b"Content-Length: 5", body=b"hello")),
        "length among blanks": (_length(b" \t 5 \t "), to(_POST, b"Content-Length: 5", body=b"hello")),
        "length with leading zeros": (_length(b" 0005"), to(_POST, b"Content-Length: 5", body=b"hello")),
        "length with its name in capitals": (
            post(b"CONTENT-LENGTH: 5", body=b"hello"), to(_POST, b"Content-Length: 5", body=b"hello")),
        "length of a whole request": (
            post(b"Content-Length: %d" % len(_SECOND), body=_SECOND),
            to(_POST, b"Content-Length: %d" % len(_SECOND), body=_SECOND)),
        "length on a GET": (
            get(b"Content-Length: 5", body=b"hello"), to(b"GET / HTTP/1.1", b"Content-Length: 5", body=b"hello")),
        "length on a DELETE": (
            get(b"Content-Length: 5", start=b"DELETE /app/ HTTP/1.1", body=b"hello"),
            to(b"DELETE / HTTP/1.1", b"Content-Length: 5", body=b"hello")),
        "a body of line breaks": (
            post(b"Content-Length: 8", body=b"\r\n\r\n\r\n\r\n"),
            to(_POST, b"Content-Length: 8", body=b"\r\n\r\n\r\n\r\n")),
        "a body of NULs": (post(b"Content-Length: 3", body=b"\0\0\0"), to(_POST, b"Content-Length: 3", body=b"\0\0\0")),
    }),
    *forwarded("RFC 9112 6.3 (7): a request with neither length nor coding has no body.", {
        "no framing on a POST": (post(), to(_POST, b"Content-Length: 0")),
        "no framing on a GET": (get(), to(b"GET / HTTP/1.1")),
    }),
    *forwarded("RFC 9112 7.1: chunked says itself where it ends.", {
        "chunked": (chunked(_HELLO), to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked and empty": (chunked(b"0\r\n\r\n"), to(_POST, b"Transfer-Encoding: chunked")),
        "chunked in capitals": (_coding(b" CHUNKED"), to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked in mixed case": (_coding(b" cHuNkEd"), to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked without a blank": (_coding(b"chunked"), to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked among blanks": (_coding(b"\t chunked\t "), to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked on a GET": (
            get(b"Transfer-Encoding: chunked", body=_HELLO),
            to(b"GET / HTTP/1.1", b"Transfer-Encoding: chunked", body=b"hello")),
        "chunked with a whole request inside": (
            chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(_SECOND), _SECOND)),
            to(_POST, b"Transfer-Encoding: chunked", body=_SECOND)),
    }),
    *forwarded("RFC 9110 5.1: only these very names frame; what resembles them must not reach who reads it so.", {
        "Content_Length": (post(b"Content_Length: 5"), to(_POST, b"Content-Length: 0")),
        "Transfer_Encoding": (post(b"Transfer_Encoding: chunked"), to(_POST, b"Content-Length: 0")),
    }),
    *forwarded("RFC 9110 7.6.1: framing is this hop's own, whatever Connection names.", {
        "Connection names Content-Length": (
            post(b"Connection: Content-Length", b"Content-Length: 5", body=b"hello"),
            to(_POST, b"Content-Length: 5", body=b"hello")),
        "Connection names Transfer-Encoding": (
            post(b"Connection: transfer-encoding", b"Transfer-Encoding: chunked", body=_HELLO),
            to(_POST, b"Transfer-Encoding: chunked", body=b"hello")),
    }),
    *refused(400, "RFC 9112 6.3 (5): a length is decimal digits, else the framing is invalid.", {
        "length +5": _length(b" +5"),
        "length -5": _length(b" -5"),
        "length -0": post(b"Content-Length: -0"),
        "length 0x5": _length(b" 0x5"),
        "length 0o5": _length(b" 0o5"),
        "length 0b101": _length(b" 0b101"),
        "length 5h": _length(b" 5h"),
        "length 1_0": _length(b" 1_0"),
        "length 5.0": _length(b" 5.0"),
        "length 5e0": _length(b" 5e0"),
        "length 5;a": _length(b" 5;a"),
        "length in quotes": _length(b' "5"'),
        "length in brackets": _length(b" (5)"),
        "length with a blank inside": _length(b" 1 5"),
        "length with a tab inside": _length(b" 1\t5"),
        "length with no digits": _length(b""),
        "length of blanks": _length(b" \t "),
        "length of Arabic digits": _length(" \u0665".encode()),
        "length of a superscript": _length(b" \xb2"),
        "length before a no-break space": _length(b" 5\xa0"),
        "length before NEL": _length(b" 5\x85"),
        "length after a vertical tab": _length(b" \x0b5"),
        "length after a form feed": _length(b" \x0c5"),
        "length before a NUL": _length(b" 5\0"),
        "length infinity": _length(b" inf"),
        "length of a word": _length(b" five"),
        "length beyond 2 to the 64": _length(b" 18446744073709551621"),
        "length of 30 digits": _length(b" " + b"0" * 29 + b"5"),
        "length of 5000 digits": _length(b" " + b"9" * 5000),
    }),
    *refused(400, "RFC 9112 6.3 (5), 9110 8.6: several lengths may be refused even where they agree.", {
        "two lengths that differ": post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"),
        "two lengths, the longer first": post(b"Content-Length: 6", b"Content-Length: 5", body=b"hello!"),
        "two lengths that agree": post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
        "two lengths in different case": post(b"Content-Length: 5", b"content-length: 6", body=b"hello!"),
        "two lengths apart": post(b"Content-Length: 5", b"X: a", b"Content-Length: 0", body=b"hello"),
        "a good and an empty length": post(b"Content-Length: 5", b"Content-Length:", body=b"hello"),
        "three lengths": post(b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
        "a list of lengths that agree": _length(b" 5, 5"),
        "a list of lengths that differ": _length(b" 5, 6"),
        "a list without blanks": _length(b" 5,5"),
        "a list that ends with a comma": _length(b" 5,"),
        "a list that begins with a comma": _length(b" ,5"),
        "two lengths of 0": post(b"Content-Length: 0", b"Content-Length: 0"),
        "a length of 0 and of a request": post(
            b"Content-Length: 0", b"Content-Length: %d" % len(_SECOND), body=_SECOND),
    }),
    *refused(400, "RFC 9112 6.1, 6.3 (3): length with coding is how requests are smuggled.", {
        "CL.TE": post(b"Content-Length: 15", b"Transfer-Encoding: chunked", body=_HELLO),
        "TE.CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 15", body=_HELLO),
        "CL.TE with a request behind the last chunk": post(
            b"Content-Length: %d" % (5 + len(_SECOND)), b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + _SECOND),
        "TE.CL with a request inside a chunk": post(
            b"Transfer-Encoding: chunked", b"Content-Length: 4",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(_SECOND), _SECOND)),
        "length 0 with chunked": post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=_HELLO),
        "a malformed length with chunked": post(b"Content-Length: x", b"Transfer-Encoding: chunked", body=_HELLO),
        "a length with an unknown coding": post(b"Content-Length: 5", b"Transfer-Encoding: x", body=b"hello"),
        "a length with identity": post(b"Content-Length: 5", b"Transfer-Encoding: identity", body=b"hello"),
        "a length with an empty coding": post(b"Content-Length: 5", b"Transfer-Encoding:", body=b"hello"),
        "a length with chunked and X between": post(
            b"Content-Length: 15", b"X: a", b"Transfer-Encoding: chunked", body=_HELLO),
    }),
    *refused(400, "RFC 9112 6.1, 6.3 (4): what is not exactly chunked is framed by guessing.", {
        "coding xchunked": _coding(b" xchunked"),
        "coding chunkedx": _coding(b" chunkedx"),
        "coding chunk": _coding(b" chunk"),
        "coding chun ked": _coding(b" chun ked"),
        "coding identity": _coding(b" identity"),
        "coding gzip": _coding(b" gzip"),
        "coding gzip, chunked": _coding(b" gzip, chunked"),
        "coding chunked, gzip": _coding(b" chunked, gzip"),
        "coding chunked, identity": _coding(b" chunked, identity"),
        "coding identity, chunked": _coding(b" identity, chunked"),
        "coding chunked, chunked": _coding(b" chunked, chunked"),
        "coding with a comma before": _coding(b" , chunked"),
        "coding with a comma behind": _coding(b" chunked,"),
        "coding with a semicolon": _coding(b" chunked;"),
        "coding with a parameter": _coding(b" chunked;q=1"),
        "coding in quotes": _coding(b' "chunked"'),
        "coding in single quotes": _coding(b" 'chunked'"),
        "coding in brackets": _coding(b" [chunked]"),
        "coding empty": _coding(b""),
        "coding of blanks": _coding(b" \t"),
        "coding after a vertical tab": _coding(b" \x0bchunked"),
        "coding before a vertical tab": _coding(b" chunked\x0b"),
        "coding after a form feed": _coding(b" \x0cchunked"),
        "coding before a no-break space": _coding(b" chunked\xa0"),
        "coding before NEL": _coding(b" chunked\x85"),
        "coding before a NUL": _coding(b" chunked\0"),
        "coding after a colon": _coding(b" : chunked"),
        "coding with a backspace": _coding(b" x\x08chunked"),
        "coding with a dotless i and a Kelvin sign": _coding(" chun\u212aed".encode()),
        "two codings chunked": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=_HELLO),
        "two codings, identity second": post(
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=_HELLO),
        "two codings, identity first": post(
            b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=_HELLO),
        "two codings, one empty": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding:", body=_HELLO),
    }),
    *refused(400, "RFC 9112 6.1: HTTP/1.0 knows no Transfer-Encoding.", {
        "chunked in HTTP/1.0": get(
            b"Transfer-Encoding: chunked", start=b"POST /app/ HTTP/1.0", body=_HELLO),
        "chunked and keep-alive in HTTP/1.0": get(
            b"Transfer-Encoding: chunked", b"Connection: keep-alive", start=b"POST /app/ HTTP/1.0", body=_HELLO),
    }),
    *broken_off(404, "RFC 9112 9.3: a body nobody reads must not be taken for the next request.", {
        "a body for nobody": post(b"Content-Length: %d" % len(_SECOND), body=_SECOND).replace(b"/app/ ", b"/none/ "),
        "a chunked body for nobody": chunked(_HELLO + _SECOND).replace(b"POST /app/ ", b"POST /none/ "),
    }),
]  # fmt: skip
