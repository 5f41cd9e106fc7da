"""Several requests in one stream of bytes: each in its turn, and an end where one is refused."""

from __future__ import annotations

from tests.proxy.conformance.cases import PROBED, Case, Outcome, chunked, forwarded, get, post, to
from tests.proxy.conformance.messages import Message

_GET, _POST = get(), post(b"Content-Length: 5", body=b"hello")
_CHUNKED = chunked(b"5\r\nhello\r\n0\r\n\r\n")
_GOT = to(b"GET / HTTP/1.1")
_POSTED = to(b"POST / HTTP/1.1", b"Content-Length: 5", body=b"hello")
_SENT = to(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=b"hello")
_SECOND = get(start=b"GET /app/second HTTP/1.1")
_SECONDED = to(b"GET /second HTTP/1.1")


def _several(why: str, rows: dict[str, tuple[bytes, tuple[Message, ...]]]) -> list[Case]:
    """All are forwarded as those messages, in that order, and the connection goes on."""
    return [
        Case(name, raw, Outcome((*expected, PROBED), (200,) * (len(expected) + 1)), why)
        for name, (raw, expected) in rows.items()
    ]


def _until(status: int, why: str, rows: dict[str, tuple[bytes, tuple[Message, ...]]]) -> list[Case]:
    """The first are forwarded as those messages; the next is answered with that status, and nothing follows it."""
    return [
        Case(name, raw, Outcome(expected, (*(200 for _ in expected), status)), why, may_begin=True)
        for name, (raw, expected) in rows.items()
    ]


CASES = [
    *_several("RFC 9112 9.3.2: pipelined requests are served in their order.", {
        "two GETs": (_GET + _SECOND, (_GOT, _SECONDED)),
        "a length and a GET": (_POST + _SECOND, (_POSTED, _SECONDED)),
        "chunks and a GET": (_CHUNKED + _SECOND, (_SENT, _SECONDED)),
        "a GET and a length": (_GET + _POST, (_GOT, _POSTED)),
        "chunks with trailers and a GET": (
            chunked(b"5\r\nhello\r\n0\r\nX: a\r\n\r\n") + _SECOND, (_SENT, _SECONDED)),
        "lengths and chunks in turn": ((_POST + _CHUNKED) * 5, (_POSTED, _SENT) * 5),
        "a hundred GETs": (_GET * 100, (_GOT,) * 100),
        "fifty posts": (_POST * 50, (_POSTED,) * 50),
        "HEAD and GET": (_GET.replace(b"GET", b"HEAD") + _SECOND, (to(b"HEAD / HTTP/1.1"), _SECONDED)),
        "a length of 0 and a GET": (
            post(b"Content-Length: 0") + _SECOND, (to(b"POST / HTTP/1.1", b"Content-Length: 0"), _SECONDED)),
    }),
    *forwarded("RFC 9112 2.2: one empty line before a request belongs to the body before it.", {
        "an empty line first": (b"\r\n" + _GET, _GOT),
    }),
    *_several("RFC 9112 2.2: also between two requests.", {
        "an empty line after a body": (_POST + b"\r\n" + _SECOND, (_POSTED, _SECONDED)),
        "an empty line after chunks": (_CHUNKED + b"\r\n" + _SECOND, (_SENT, _SECONDED)),
        "an empty line after a GET": (_GET + b"\r\n" + _SECOND, (_GOT, _SECONDED)),
    }),
    *_until(400, "RFC 9112 2.2: what stands between two requests is neither's.", {
        "two empty lines": (_POST + b"\r\n\r\n" + _SECOND, (_POSTED,)),
        "LF": (_POST + b"\n" + _SECOND, (_POSTED,)),
        "CR": (_POST + b"\r" + _SECOND, (_POSTED,)),
        "a blank": (_POST + b" " + _SECOND, (_POSTED,)),
        "a byte": (_POST + b"\x01" + _SECOND, (_POSTED,)),
        "a NUL": (_POST + b"\0" + _SECOND, (_POSTED,)),
        "a word": (_POST + b"hello " + _SECOND, (_POSTED,)),
        "a header line": (_POST + b"X: a\r\n" + _SECOND, (_POSTED,)),
        "a chunk": (_CHUNKED + b"5\r\nhello\r\n0\r\n\r\n" + _SECOND, (_SENT,)),
        "two bytes beyond the length": (_POST + b"}}" + _SECOND, (_POSTED,)),
    }),
    *_until(400, "RFC 9112 9.3.2, 11.2: after a request that is refused nothing of the stream can be trusted.", {
        "a GET and two lengths": (_GET + post(b"Content-Length: 5", b"Content-Length: 6") + _SECOND, (_GOT,)),
        "a GET and CL.TE": (
            _GET + post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n") + _SECOND, (_GOT,)),
        "a length and a fold": (_POST + get(b"X: a", b" b") + _SECOND, (_POSTED,)),
        "chunks and no Host": (_CHUNKED + get(host=None) + _SECOND, (_SENT,)),
        "a GET and a bad chunk": (_GET + chunked(b"5\r\nhello\r\n0x0\r\n\r\n") + _SECOND, (_GOT,)),
        "a GET and two Hosts": (_GET + get(b"Host: other") + _SECOND, (_GOT,)),
        "two GETs and a bare LF": (_GET + _SECOND + b"GET /app/ HTTP/1.1\nHost: h\n\n", (_GOT, _SECONDED)),
    }),
    *_until(404, "RFC 9112 9.3: a body that nobody read ends the connection.", {
        "a GET and a body for nobody": (
            _GET + post(b"Content-Length: %d" % len(_SECOND), body=_SECOND).replace(b"POST /app", b"POST /nix"),
            (_GOT,)),
    }),
    *_until(405, "RFC 9110 9.3.6: behind CONNECT come bytes that are no requests.", {
        "a GET and CONNECT": (_GET + get(start=b"CONNECT h:80 HTTP/1.1") + _SECOND, (_GOT,)),
    }),
    *_until(505, "RFC 9113 3.4: nor are those behind HTTP/2's preface.", {
        "a GET and HTTP/2's preface": (_GET + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SECOND, (_GOT,)),
    }),
    *[Case(name, raw, Outcome(expected, (200,) * len(expected)), "RFC 9112 9.6: nothing behind a close is served.")
      for name, raw, expected in (
        ("a close and a GET", get(b"Connection: close") + _SECOND, (_GOT,)),
        ("a close with a body and a GET", post(b"Connection: close", b"Content-Length: 5", body=b"hello") + _SECOND,
         (_POSTED,)),
        ("HTTP/1.0 and a GET", get(start=b"GET /app/ HTTP/1.0") + _SECOND, (_GOT,)),
        ("a GET, a close and a GET", _GET + get(b"Connection: close") + _SECOND, (_GOT, _GOT)),
    )],
]  # fmt: skip
