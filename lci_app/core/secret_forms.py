"""The forms in which programs print a secret: quoted, encoded, and what base64 makes of it inside of other texts.

Pure. No form holds a line's end: every line of a secret is a form by itself.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

# What is shorter stands in too many lines for another reason: masking it would leave nothing to read.
MIN_LENGTH: Final = 4
# Of base64 what is shorter is not looked for in base64 once more.
_MIN_NESTED: Final = 8
# Where tools break base64 into lines: coreutils and MIME, and PEM.
_WRAPPED_AT: Final = (76, 64)
# What the encoders of common languages leave as it is, beside letters, digits and `-_.`.
_LEFT_BY_URLS: Final = ("", "/", "~", "!~*'()", "~:@!$&'()*+,;=", "~:@!$&'()*+,;=/?")
_PERCENT: Final = re.compile("%[0-9A-F]{2}")


def forms(secret: str) -> set[bytes]:
    """Return every form of a secret that is looked for, as bytes without a line's end."""
    found: set[bytes] = set()
    for text in {secret, secret.strip(), *secret.splitlines(), *map(str.strip, secret.splitlines())}:
        found.update(_written_forms(text))
    for data in _encoded_wholes(secret):
        found.update(_base64_pieces(data))
    return _sane({*found, *base64_forms(secret)})


def base64_forms(secret: str) -> set[bytes]:
    """Return what base64 makes of a secret at each of the three places, and of that once more.

    Tools break what holds these into lines.
    """
    found = {form for data in _encoded_wholes(secret) for form in _aligned(data)}
    return _sane(found | {outer for form in found if len(form) >= _MIN_NESTED for outer in _aligned(form)})


def encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass" if "\ud800" <= max(text, default="") <= "\udbff" else "surrogateescape")


def _sane(found: Iterable[bytes]) -> set[bytes]:
    return {form for form in found if len(form) >= MIN_LENGTH and b"\n" not in form}


def _encoded_wholes(secret: str) -> set[bytes]:
    return {encoded(text) for text in (secret, secret.strip(), f"{secret.strip()}\n")}


def _written_forms(text: str) -> Iterator[bytes]:
    """Yield what languages and shells make of a text that they quote."""
    written = {text, escape(text, quote=False), escape(text), escape(text).replace("&#x27;", "&#39;")}
    for ascii_only in (True, False):
        quoted = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        # The last: JSON in a text of JSON, as logs of requests hold it.
        written |= {quoted, quoted.replace("/", "\\/"), json.dumps(quoted, ensure_ascii=ascii_only)[1:-1]}
    written |= {text.replace("'", "'\\''"), text.replace("'", "'\"'\"'"), repr(text)[1:-1]}
    data = encoded(text)
    for in_url in (*(quote(data, safe=left) for left in _LEFT_BY_URLS), quote_plus(data)):
        written |= {in_url, _PERCENT.sub(lambda found: found[0].lower(), in_url)}
    yield from map(encoded, written)
    yield from (data.hex().encode(), data.hex().upper().encode())


def _aligned(data: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of `data` inside of any other: the characters that it alone decides.

    Three bytes make four characters, so it can stand at three places against them.
    """
    if len(data) < MIN_LENGTH:
        return
    for encode in (b64encode, urlsafe_b64encode):
        for before, start in enumerate((0, 2, 3)):
            # The first characters hold bits of what stands before, the last one may hold bits of what follows.
            found = encode(bytes(before) + data).rstrip(b"=")
            yield found[start : len(found) - ((before + len(data)) % 3 > 0)]


def _base64_pieces(data: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of `data` alone, whole and by lines, so that a part of it is masked as well."""
    if len(data) < MIN_LENGTH:
        return
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(data)
        yield whole
        for width in _WRAPPED_AT:
            if len(whole) > width:
                yield from (whole[at : at + width] for at in range(0, len(whole), width))
