"""Heads of answers: what is passed on, and every other thing a service may say instead of an answer."""

from __future__ import annotations

from lci_app.core.cookies import OURS
from tests.proxy.conformance.answers import GET, HEAD, UPGRADE, answer, bad_gateway, passed, seen
from tests.proxy.conformance.cases import post

_EMPTY = b"Content-Length: 0"
_LENGTH = b"Content-Length: 5"
_BAD_NAME_BYTES = b'"(),/;<=>?@[\\]{}\x01\x0b\x7f\x80\xa0\xff'
_BAD_VALUE_BYTES = bytes([*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_UPGRADED = (b"Connection: Upgrade", b"Upgrade: websocket")
_OK = answer(_LENGTH, body=b"hello")
_SEEN = seen(_LENGTH, body=b"hello")


def _started(start: bytes) -> bytes:
    return answer(_LENGTH, start=start, body=b"hello")


def _with(*lines: bytes) -> bytes:
    return answer(*lines, _LENGTH, body=b"hello")


def _interim(start: bytes, *lines: bytes) -> bytes:
    return answer(*lines, start=b"HTTP/1.1 " + start)


CASES = [
    *passed("RFC 9112 4: a status of three digits and any reason, or none.", {
        "a reason": (_started(b"HTTP/1.1 200 Fine, thanks"), seen(
            _LENGTH, start=b"HTTP/1.1 200 Fine, thanks", body=b"hello")),
        "an empty reason": (_started(b"HTTP/1.1 200 "), seen(_LENGTH, start=b"HTTP/1.1 200 ", body=b"hello")),
        "no reason": (_started(b"HTTP/1.1 200"), seen(_LENGTH, start=b"HTTP/1.1 200 ", body=b"hello")),
        "a reason of high bytes": (
            _started(b"HTTP/1.1 404 \xfcnbekannt"), seen(_LENGTH, start=b"HTTP/1.1 404 \xfcnbekannt", body=b"hello")),
        "status 599": (_started(b"HTTP/1.1 599 X"), seen(_LENGTH, start=b"HTTP/1.1 599 X", body=b"hello")),
        "status 418": (_started(b"HTTP/1.1 418 X"), seen(_LENGTH, start=b"HTTP/1.1 418 X", body=b"hello")),
    }),
    *passed("RFC 9110 5.5, 7.6.1: end-to-end headers go on as they came, the others no further.", {
        "headers": (_with(b"X: a", b"y:b"), seen(b"X: a", b"y: b", _LENGTH, body=b"hello")),
        "a header twice": (_with(b"Vary: a", b"Vary: b"), seen(b"Vary: a", b"Vary: b", _LENGTH, body=b"hello")),
        "high bytes": (_with(b"X: \xfc"), seen(b"X: \xfc", _LENGTH, body=b"hello")),
        "Connection names a header": (_with(b"Connection: X", b"X: a"), _SEEN),
        "Connection names the framing": (_with(b"Connection: Content-Length"), _SEEN),
        "Keep-Alive": (_with(b"Keep-Alive: timeout=5, max=100"), _SEEN),
        "Upgrade on offer": (_with(*_UPGRADED), _SEEN),
        "Trailer": (_with(b"Trailer: X"), _SEEN),
        "Proxy-Authenticate": (_with(b"Proxy-Authenticate: Basic"), _SEEN),
        **{
            f"the dashboard's cookie {name.decode()}{how}": (_with(b"Set-Cookie: " + cookie), _SEEN)
            for name in sorted(OURS)
            for how, cookie in (
                ("", name + b"=x; Path=/"),
                (" with blanks", name + b" = x"),
                # A browser sends a cookie without a name as its value alone.
                (" as the value of a cookie without a name", b"=" + name + b"=x"),
                (" without a value", name + b"; Path=/"),
            )
        },
        "a cookie that is called alike": (
            _with(b"Set-Cookie: my_lci_session=x"), seen(b"Set-Cookie: my_lci_session=x", _LENGTH, body=b"hello")),
        "a cookie": (_with(b"Set-Cookie: a=b"), seen(b"Set-Cookie: a=b", _LENGTH, body=b"hello")),
        "99 headers": (_with(*[b"X: a"] * 99), seen(*[b"X: a"] * 99, _LENGTH, body=b"hello")),
    }),
    *passed("RFC 9110 15.2: interim answers that nobody asked for are this hop's alone.", {
        "100": (_interim(b"100 Continue") + _OK, _SEEN),
        "102": (_interim(b"102 Processing") + _OK, _SEEN),
        "103": (_interim(b"103 Early Hints", b"Link: </a>") + _OK, _SEEN),
        "199": (_interim(b"199 X") + _OK, _SEEN),
        "several": (_interim(b"100 Continue") * 3 + _interim(b"103 Early Hints") + _OK, _SEEN),
        "100 with a length": (_interim(b"100 Continue", b"Content-Length: 0") + _OK, _SEEN),
    }),
    *passed("RFC 9110 7.8: a service may decline to upgrade.", {"no upgrade": (_OK, _SEEN)}, request=UPGRADE),
    *bad_gateway("RFC 9112 4: a status line is HTTP/1.x, a blank, three digits, a blank and a reason.", {
        "HTTP/0.9": b"hello\r\n\r\n",
        "HTTP/2": _started(b"HTTP/2 200 OK"),
        "HTTP/2.0": _started(b"HTTP/2.0 200 OK"),
        "HTTP/1.2": _started(b"HTTP/1.2 200 OK"),
        "HTTP/0.9 in a line": _started(b"HTTP/0.9 200 OK"),
        "HTTP/1.10": _started(b"HTTP/1.10 200 OK"),
        "HTTP/11": _started(b"HTTP/11 200 OK"),
        "http/1.1": _started(b"http/1.1 200 OK"),
        "ICY": _started(b"ICY 200 OK"),
        "no version": _started(b"200 OK"),
        "no status": _started(b"HTTP/1.1"),
        "no status but a blank": _started(b"HTTP/1.1 "),
        "a word for a status": _started(b"HTTP/1.1 OK"),
        "status 20": _started(b"HTTP/1.1 20 OK"),
        "status 2000": _started(b"HTTP/1.1 2000 OK"),
        "status 099": _started(b"HTTP/1.1 099 OK"),
        "status 000": _started(b"HTTP/1.1 000 OK"),
        "status +20": _started(b"HTTP/1.1 +20 OK"),
        "status -20": _started(b"HTTP/1.1 -20 OK"),
        "status 0x2": _started(b"HTTP/1.1 0x2 OK"),
        "status 2_0": _started(b"HTTP/1.1 2_0 OK"),
        "status 200.0": _started(b"HTTP/1.1 200.0 OK"),
        "status of Arabic digits": _started("HTTP/1.1 \u0662\u0660\u0660 OK".encode()),
        "two blanks before the status": _started(b"HTTP/1.1  200 OK"),
        "a tab before the status": _started(b"HTTP/1.1\t200 OK"),
        "no blank after the status": _started(b"HTTP/1.1 200OK"),
        "a tab after the status": _started(b"HTTP/1.1 200\tOK"),
        "a blank before it all": _started(b" HTTP/1.1 200 OK"),
        "an empty line before it all": b"\r\n" + _OK,
        "a LF before it all": b"\n" + _OK,
        "a NUL before it all": b"\0" + _OK,
        "a NUL in the reason": _started(b"HTTP/1.1 200 O\0K"),
        "a CR in the reason": _started(b"HTTP/1.1 200 O\rK"),
        "a LF in the reason": _started(b"HTTP/1.1 200 O\nK"),
        "a control byte in the reason": _started(b"HTTP/1.1 200 O\x1bK"),
        "a request": GET,
        "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n",
        "an HTTP/2 frame": b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00\r\n\r\n",
        "an FTP greeting": b"220 ftp ready\r\n\r\n",
    }),
    *bad_gateway("RFC 9112 2.2, 5.2: a service's lines end with CR LF, and none is folded.", {
        "LF everywhere": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "LF after the status line": b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello",
        "LF after a header": _with(b"X: a\nY: b"),
        "LF for the empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello",
        "CR in a value": _with(b"X: a\rSet-Cookie: b"),
        "CR at a value's end": _with(b"X: a\r"),
        "CR everywhere": b"HTTP/1.1 200 OK\rContent-Length: 5\r\rhello",
        "a fold": _with(b"X: a", b" b"),
        "a fold by a tab": _with(b"X: a", b"\tb"),
        "a fold at once": answer(b" X: a", _LENGTH, body=b"hello"),
        "a folded length": answer(b"Content-Length:", b" 5", body=b"hello"),
        "a folded coding": answer(b"Transfer-Encoding:", b" chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    }),
    *bad_gateway("RFC 9110 5.5: no NUL and no control byte in a service's values.", {
        f"byte {byte:#04x} in a value": _with(b"X: a%cb" % byte) for byte in (0, *_BAD_VALUE_BYTES)
    }),
    *bad_gateway("RFC 9110 5.6.2: a service's names are tokens.", {
        f"byte {byte:#04x} in a name": _with(b"X%cY: a" % byte) for byte in (0, *_BAD_NAME_BYTES)
    }),
    *bad_gateway("RFC 9112 5.1: nothing stands between a service's names and their colons.", {
        "a blank before the colon": _with(b"X : a"),
        "a blank before a length's colon": answer(b"Content-Length : 5", body=b"hello"),
        "a tab before a coding's colon": answer(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
        "no colon": _with(b"X"),
        "no name": _with(b": a"),
        "a second status line": _with(b"HTTP/1.1 200 OK"),
        "a malformed Connection": _with(b"Connection: a b"),
    }),
    *bad_gateway("RFC 6585 5: a service's head is bounded like a visitor's.", {
        "a head of 40 KB": _with(b"X: " + b"a" * 40_000),
        "a header of 300 KB": _with(b"X: " + b"a" * 300_000),
        "101 headers": _with(*[b"X: a"] * 101),
        "5000 headers": _with(*[b"X: a"] * 5000),
        "a reason of 40 KB": _started(b"HTTP/1.1 200 " + b"a" * 40_000),
        "a status line without an end": b"HTTP/1.1 200 " + b"a" * 300_000,
    }),
    *bad_gateway("RFC 9110 15.2: interim answers end some time, and are heads like others.", {
        "100 twenty times": _interim(b"100 Continue") * 20 + _OK,
        "103 for ever": _interim(b"103 Early Hints", b"Link: </a>") * 2000,
        "100 with two lengths": _interim(b"100 Continue", b"Content-Length: 0", b"Content-Length: 0") + _OK,
        "100 with a fold": _interim(b"100 Continue", b"X: a", b" b") + _OK,
        "100 and junk": _interim(b"100 Continue") + b"junk\r\n\r\n",
        "100 with a body": _interim(b"100 Continue", b"Content-Length: 5") + b"hello" + _OK,
    }),
    *bad_gateway("RFC 9110 7.8, 15.2.2: a service switches only to what it was asked for.", {
        "101 nobody asked for": _interim(b"101 Switching", *_UPGRADED),
        "101 and an answer": _interim(b"101 Switching", *_UPGRADED) + _OK,
        "101 without Upgrade": _interim(b"101 Switching"),
    }),
    *bad_gateway("RFC 9110 7.8: nor to something else than was asked for.", {
        "101 without saying to what": _interim(b"101 Switching", b"Connection: Upgrade"),
        "101 without Connection": _interim(b"101 Switching", b"Upgrade: websocket"),
        "101 to h2c": _interim(b"101 Switching", b"Connection: Upgrade", b"Upgrade: h2c"),
        "101 to another protocol": _interim(b"101 Switching", b"Connection: Upgrade", b"Upgrade: other"),
    }, request=UPGRADE),
    *bad_gateway("RFC 9112 8: an end before the head's end is no answer.", {
        "half a status line": b"HTTP/1.1 20",
        "a status line": b"HTTP/1.1 200 OK\r\n",
        "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
        "no empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        "half an empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
        "an interim answer only": _interim(b"100 Continue"),
        "a byte": b"H",
        "a line break": b"\r\n",
    }, then="close"),
    *bad_gateway("RFC 9112 8: nor is a reset.", {
        "a reset": b"",
        "a reset in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
        "a reset after an interim answer": _interim(b"100 Continue"),
    }, then="reset"),
    *bad_gateway("RFC 9112 6.3: HEAD's answers are held to the same.", {
        "HEAD with two lengths": answer(_LENGTH, _LENGTH),
        "HEAD with a length and chunks": answer(_LENGTH, b"Transfer-Encoding: chunked"),
        "HEAD with a fold": answer(b"X: a", b" b", _EMPTY),
    }, request=HEAD),
    *passed("RFC 9110 9.3.3: what was posted is answered like anything else.", {
        "an answer to a post": (_OK, _SEEN),
        "100 nobody waited for": (_interim(b"100 Continue") + _OK, _SEEN),
    }, request=post(b"Content-Length: 5", body=b"hello")),
]  # fmt: skip
