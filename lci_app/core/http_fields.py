"""One line of an HTTP/1.x head or trailer, read strictly, and what each header means to whoever carries it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from lci_app.core.cookies import DASHBOARD_COOKIES

TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
TOKEN_ONLY: Final = re.compile(TOKEN)

# No quantifier here may share characters with its neighbour: a head of blanks must not cost quadratic time.
_FIELD: Final = re.compile(rb"(" + TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*)")


class BadHead(Exception):
    """A head that is refused: `status` is what a client is told, `str(error)` is one sentence about it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Kind(Enum):
    """Who has to read a header."""

    # Nobody on the way: the line is sent on as it is.
    PLAIN = "plain"
    # Whoever parses a head: framing, and what is between two neighbours.
    FRAMING = "framing"
    # Nobody at all: meant for the next hop only, or dangerous behind it.
    DROPPED = "dropped"
    # Whoever sends a head on. Written anew by a proxy, whatever was said:
    COMPOSED = "composed"
    # Says who a visitor is; believed from some only.
    FORWARDING = "forwarding"
    # Of the cookies of a request, only the dashboard's have to be read.
    COOKIE = "cookie"
    SET_COOKIE = "set-cookie"
    LOCATION = "location"


_READ_IN_BOTH: Final = (Kind.FRAMING, Kind.DROPPED, Kind.COMPOSED)
READ_IN_REQUESTS: Final = (*_READ_IN_BOTH, Kind.FORWARDING, Kind.COOKIE)
READ_IN_RESPONSES: Final = (*_READ_IN_BOTH, Kind.SET_COOKIE, Kind.LOCATION)


@dataclass(slots=True)
class Field:
    """One header field: the lower-case name, the value without blanks around it, and `Name: value` as it is sent on."""

    name: bytes
    value: bytes
    line: bytes
    kind: Kind = Kind.PLAIN


# In a request. `proxy` becomes HTTP_PROXY behind CGI, which many libraries obey.
_KINDS: Final[Mapping[bytes, Kind]] = {
    **dict.fromkeys(
        (b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"), Kind.FRAMING
    ),
    **dict.fromkeys(
        (b"keep-alive", b"proxy-connection", b"te", b"trailer", b"http2-settings", b"proxy", b"proxy-authorization",
         b"proxy-authenticate"), Kind.DROPPED,
    ),
    **dict.fromkeys(
        (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix", b"x-request-id"),
        Kind.COMPOSED,
    ),
    **dict.fromkeys((b"forwarded", b"x-real-ip", b"x-client-ip"), Kind.FORWARDING),
    b"cookie": Kind.COOKIE,
    b"set-cookie": Kind.SET_COOKIE,
    b"location": Kind.LOCATION,
}  # fmt: skip
# All that begin with this say who a visitor is.
_FORWARDED: Final = b"x-forwarded-"
# Only such a value of a request's cookies has to be read.
_WORDS: Final[Mapping[bytes, tuple[bytes, ...]]] = {b"cookie": tuple(name.encode() for name in DASHBOARD_COOKIES)}
# Many servers make one variable of `X-Forwarded-For` and `X_Forwarded_For`. These names mean the same to them with
# underscores, and what they mean is said elsewhere.
_UNDERSCORED: Final = frozenset({b"content_length", b"transfer_encoding"})


@lru_cache(maxsize=1024)
def kind_of(name: bytes) -> Kind:
    """Return what a header means, by its lower-case name."""
    kind = _KINDS.get(name)
    if kind is None and name in _UNDERSCORED:
        return Kind.COMPOSED
    if kind is None:
        dashed = name.replace(b"_", b"-")
        kind = _KINDS.get(dashed, Kind.FORWARDING if dashed.startswith(_FORWARDED) else Kind.PLAIN)
        if dashed != name and kind not in {Kind.COMPOSED, Kind.FORWARDING}:
            return Kind.PLAIN
    return kind


def parse_field(line: bytes) -> Field:
    """Parse one header line without its CR LF. Raises BadHead."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise BadHead(_what_is_wrong(line))
    return field_of(match[1], match[2].strip(b" \t"))


def field_of(name: bytes, value: bytes) -> Field:
    """Return the field of a name in any case and a value without blanks around it, which were both read strictly."""
    lower = name.lower()
    return Field(lower, value, b"%b: %b" % (name, value), kind_of(lower))


def marked_names(kinds: Iterable[Kind]) -> dict[bytes, tuple[bytes, ...]]:
    """Return the names of the headers of these kinds, each with the words of which its value must hold one, if any.

    A name that ends with a dash stands for all that begin so.
    """
    wanted = set(kinds)
    names = [name for name, kind in _KINDS.items() if kind in wanted]
    if Kind.FORWARDING in wanted:
        names.append(_FORWARDED)
    return {name: _WORDS.get(name, ()) for name in names}


def marked_lines(kinds: Iterable[Kind]) -> re.Pattern[bytes]:
    """Return a pattern that finds each line of these kinds (and perhaps another) in a block of `CR LF Name: value`.

    Its two groups are the name and the value. Names are spelt out letter by letter in both cases, and sorted by the
    first: that is several times faster than a pattern that ignores case.
    """
    by_letter: dict[bytes, list[bytes]] = defaultdict(list)
    for name, words in marked_names(kinds).items():
        first, bracket, rest = _spelt(name).partition(b"]")
        more = b"[^:]*" if name.endswith(b"-") else rb"(?=: [^\r]*(?:%b))" % b"|".join(words) if words else b""
        by_letter[first + bracket].append(rest + more)
    letters = [letter + b"(?:" + b"|".join(rests) + b")" for letter, rests in by_letter.items()]
    return re.compile(rb"\r\n(" + b"|".join(letters) + rb"): ([^\r]*)")


def _spelt(name: bytes) -> bytes:
    """Return a pattern for a name in any case, with dashes or underscores."""
    text = name.decode()
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else "[-_]" if c in "-_" else c for c in text).encode()


def _what_is_wrong(line: bytes) -> str:
    if line[:1] in {b" ", b"\t"}:
        return "A header is folded over several lines."
    name, colon, _ = line.partition(b":")
    if not colon:
        return "A header line has no colon."
    if not TOKEN_ONLY.fullmatch(name):
        return "A header's name holds a byte that is not allowed, or a blank before its colon."
    return "A header's value holds a control character."
