"""Chunked request bodies: sizes, extensions, line ends, trailers."""

from __future__ import annotations

from tests.proxy.conformance.cases import broken_off, chunked, forwarded, to
from tests.proxy.conformance.messages import Message

_END = b"0\r\n\r\n"
_HELLO = b"5\r\nhello\r\n"
_SECOND = b"GET /app/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


def _body(body: bytes) -> Message:
    return to(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=body)


def _sized(size: bytes) -> bytes:
    return chunked(size + b"\r\nhello\r\n" + _END)


CASES = [
    *forwarded("RFC 9112 7.1: a size is hexadecimal digits, in either case, zeros before them included.", {
        "two chunks": (chunked(_HELLO + b"6\r\n world\r\n" + _END), _body(b"hello world")),
        "a chunk of one byte": (chunked(b"1\r\na\r\n" + _END), _body(b"a")),
        "size a": (chunked(b"a\r\n0123456789\r\n" + _END), _body(b"0123456789")),
        "size A": (chunked(b"A\r\n0123456789\r\n" + _END), _body(b"0123456789")),
        "size 10": (chunked(b"10\r\n0123456789abcdef\r\n" + _END), _body(b"0123456789abcdef")),
        "size 05": (_sized(b"05"), _body(b"hello")),
        "size 000000005": (_sized(b"000000005"), _body(b"hello")),
        "size 00 at the end": (chunked(_HELLO + b"00\r\n\r\n"), _body(b"hello")),
        "chunks of line breaks": (chunked(b"2\r\n\r\n\r\n4\r\n\r\n\r\n\r\n" + _END), _body(b"\r\n" * 3)),
        "a chunk that reads as the last": (chunked(b"5\r\n0\r\n\r\n\r\n" + _END), _body(b"0\r\n\r\n")),
        "a chunk of 70 KB": (chunked(b"11170\r\n" + b"a" * 70000 + b"\r\n" + _END), _body(b"a" * 70000)),
        "300 chunks": (chunked(b"1\r\na\r\n" * 300 + _END), _body(b"a" * 300)),
    }),
    *forwarded("RFC 9112 7.1.1: extensions that are not understood are ignored; they are this hop's alone.", {
        "an extension": (_sized(b"5;a"), _body(b"hello")),
        "an extension with a value": (_sized(b"5;a=b"), _body(b"hello")),
        "an extension with a quoted value": (_sized(b'5;a="b;c"'), _body(b"hello")),
        "several extensions": (_sized(b"5;a;b=c;d"), _body(b"hello")),
        "an extension of the last chunk": (chunked(_HELLO + b"0;a=b\r\n\r\n"), _body(b"hello")),
        "an extension that reads as a size": (_sized(b"5;6"), _body(b"hello")),
    }),
    *forwarded("RFC 9112 7.1.2, 9110 6.5.1: trailers are dropped; none may become a header.", {
        "a trailer": (chunked(_HELLO + b"0\r\nX: a\r\n\r\n"), _body(b"hello")),
        "trailers": (chunked(_HELLO + b"0\r\nX: a\r\nY: b\r\nX: c\r\n\r\n"), _body(b"hello")),
        "a trailer with a length": (chunked(_HELLO + b"0\r\nContent-Length: 99\r\n\r\n"), _body(b"hello")),
        "a trailer with a coding": (chunked(_HELLO + b"0\r\nTransfer-Encoding: x\r\n\r\n"), _body(b"hello")),
        "a trailer with a Host": (chunked(_HELLO + b"0\r\nHost: other\r\n\r\n"), _body(b"hello")),
        "a trailer with Connection": (chunked(_HELLO + b"0\r\nConnection: close\r\n\r\n"), _body(b"hello")),
        "a trailer with an empty value": (chunked(_HELLO + b"0\r\nX:\r\n\r\n"), _body(b"hello")),
    }),
    *broken_off(400, "RFC 9112 7.1: a size is hexadecimal digits and nothing a number parser would also take.", {
        "size 0x5": _sized(b"0x5"),
        "size 0X5": _sized(b"0X5"),
        "size x5": _sized(b"x5"),
        "size +5": _sized(b"+5"),
        "size -5": _sized(b"-5"),
        "size -0": chunked(b"-0\r\n\r\n"),
        "size 0_5": _sized(b"0_5"),
        "size 5_": _sized(b"5_"),
        "size 5.0": _sized(b"5.0"),
        "size 5h": _sized(b"5h"),
        "size 5L": _sized(b"5L"),
        "size g": _sized(b"g"),
        "size 5,5": _sized(b"5,5"),
        "size in quotes": _sized(b'"5"'),
        "size before a NUL": _sized(b"5\0"),
        "size after a NUL": _sized(b"\x005"),
        "size of Arabic digits": _sized("\u0665".encode()),
        "size of full-width digits": _sized("\uff15".encode()),
        "size before a no-break space": _sized(b"5\xa0"),
        "size after a vertical tab": _sized(b"\x0b5"),
        "no size": _sized(b""),
        "no last size": chunked(_HELLO + b"\r\n\r\n"),
        "no size but an extension": _sized(b";a"),
        "size with a comment": _sized(b"5 # five"),
    }),
    *broken_off(400, "RFC 9112 7.1, 7.1.1: blanks around a size are read differently by different readers.", {
        "a blank before the size": _sized(b" 5"),
        "a tab before the size": _sized(b"\t5"),
        "a blank after the size": _sized(b"5 "),
        "a tab after the size": _sized(b"5\t"),
        "a blank inside the size": _sized(b"0 5"),
        "a blank before the extension": _sized(b"5 ;a"),
        "a blank after the last size": chunked(_HELLO + b"0 \r\n\r\n"),
        "a folded size": _sized(b"\r\n 5"),
    }),
    *broken_off(400, "RFC 9112 7.1: a size that overflows some reader's integer is refused.", {
        "size 2 to the 63": _sized(b"8000000000000000"),
        "size 2 to the 64 and 5": _sized(b"10000000000000005"),
        "size 2 to the 32 in too many digits": _sized(b"0000000100000005"),
        "size ffffffffffffffff": _sized(b"ffffffffffffffff"),
        "size of 17 zeros and 5": _sized(b"0" * 17 + b"5"),
        "size of 250 zeros": _sized(b"0" * 250 + b"5"),
        "size of 5000 digits": _sized(b"1" * 5000),
    }),
    *broken_off(400, "RFC 9112 2.2, 7.1: a line of the chunked coding ends with CR LF and nothing else.", {
        "LF after the size": chunked(b"5\nhello\r\n" + _END),
        "CR after the size": chunked(b"5\rhello\r\n" + _END),
        "LF CR after the size": chunked(b"5\n\rhello\r\n" + _END),
        "CR CR LF after the size": chunked(b"5\r\r\nhello\r\n" + _END),
        "LF after the data": chunked(b"5\r\nhello\n" + _END),
        "CR after the data": chunked(b"5\r\nhello\r" + _END),
        "LF LF after the data": chunked(b"5\r\nhello\n\n" + _END),
        "LF CR after the data": chunked(b"5\r\nhello\n\r" + _END),
        "two other bytes after the data": chunked(b"5\r\nhelloXX" + _END),
        "nothing after the data": chunked(b"5\r\nhello" + _END),
        "a blank after the data": chunked(b"5\r\nhello \r\n" + _END),
        "two line breaks after the data": chunked(b"5\r\nhello\r\n\r\n" + _END),
        "LF after the last size": chunked(_HELLO + b"0\n\r\n"),
        "LF at the very end": chunked(_HELLO + b"0\r\n\n"),
        "CR X at the very end": chunked(_HELLO + b"0\r\n\rX"),
        "LF LF after the last size": chunked(_HELLO + b"0\n\n"),
        "a size without a line": chunked(b"5hello\r\n" + _END),
    }),
    *broken_off(400, "RFC 9112 7.1: a chunk is exactly as long as it says.", {
        "a chunk longer than its size": chunked(b"4\r\nhello\r\n" + _END),
        "a chunk shorter than its size": chunked(b"6\r\nhello\r\n" + _END),
        "a chunk that hides a request": chunked(b"5\r\nhello" + _SECOND + _END),
        "a size of 0 with data": chunked(b"0\r\nhello\r\n" + _END),
    }),
    *broken_off(400, "RFC 9112 7.1.1, 2.2: an extension holds no control byte, and is bounded.", {
        "a CR in an extension": _sized(b"5;a\rb"),
        "a LF in an extension": chunked(b"5;a\nhello\r\n" + _END),
        "a LF in a quoted extension": chunked(b'5;a="\nX"\r\nhello\r\n' + _END),
        "a NUL in an extension": _sized(b"5;\0"),
        "a DEL in an extension": _sized(b"5;a=\x7f"),
        "an ESC in an extension": _sized(b"5;a=\x1b"),
        "an extension of 300 bytes": _sized(b"5;" + b"a" * 300),
        "an extension of 100 KB": _sized(b"5;" + b"a" * 100_000),
        "an extension without a semicolon": _sized(b"5 a=b"),
    }),
    *broken_off(400, "RFC 9112 7.1.2, 5: trailers are field lines like any other, and are bounded.", {
        "a trailer without a colon": chunked(_HELLO + b"0\r\nX\r\n\r\n"),
        "a trailer with a blank before its colon": chunked(_HELLO + b"0\r\nX : a\r\n\r\n"),
        "a folded trailer": chunked(_HELLO + b"0\r\nX: a\r\n b\r\n\r\n"),
        "a trailer that begins with a blank": chunked(_HELLO + b"0\r\n X: a\r\n\r\n"),
        "a trailer with a LF": chunked(_HELLO + b"0\r\nX: a\nY: b\r\n\r\n"),
        "a trailer with a CR": chunked(_HELLO + b"0\r\nX: a\rY: b\r\n\r\n"),
        "a trailer with a NUL": chunked(_HELLO + b"0\r\nX: \0\r\n\r\n"),
        "a trailer without a name": chunked(_HELLO + b"0\r\n: a\r\n\r\n"),
        "a request as a trailer": chunked(_HELLO + b"0\r\n" + _SECOND),
        "a trailer of 9 KB": chunked(_HELLO + b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n"),
        "2000 trailers": chunked(_HELLO + b"0\r\n" + b"X: a\r\n" * 2000 + b"\r\n"),
    }),
]  # fmt: skip
