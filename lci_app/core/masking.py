"""Keeps secrets out of texts: every form in which programs print them becomes `***`. A seat-belt, not a wall.

Pure. A form never holds a line's end: every line of a secret is looked for by itself.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = b"***"
# What is shorter stands in too many lines for another reason: masking it would leave nothing to read.
MIN_LENGTH: Final = 4
# A line that is longer is masked in pieces; what may be the beginning of a form is kept back for the next one.
MAX_LINE: Final = 64 * 1024
# Where tools break base64 into lines: coreutils and MIME, and PEM.
_WRAPPED_AT: Final = (76, 64)
# What the encoders of common languages leave as it is, beside letters, digits and `-_.`.
_LEFT_BY_URLS: Final = ("", "/", "~", "!~*'()", "~:@!$&'()*+,;=", "~:@!$&'()*+,;=/?")
_PERCENT: Final = re.compile("%[0-9A-F]{2}")


class Mask:
    """The forms of some secrets, made once. `bool(mask)` is False where there is nothing to look for."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = tuple(sorted({form for secret in secrets for form in forms(secret)}, key=len))
        self._telling = _telling(self._forms)
        self.longest = max(map(len, self._forms), default=0)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def in_bytes(self, text: bytes) -> bytes:
        # One search for each: C finds a text ten times as fast as a regular expression finds any of several.
        for form in self._telling:
            if form in text:
                return _without(_merged(_spans(text, self._forms)), text)
        return text

    def in_text(self, text: str) -> str:
        return self.in_bytes(_encoded(text)).decode(errors="surrogateescape") if self._forms else text


class MaskedStream:
    """Masks a stream however it is cut: what is not known to be harmless yet is kept back, up to MAX_LINE or so."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on of all that was fed."""
        if not self._mask:
            return data
        end = data.rfind(b"\n") + 1
        finished = self._mask.in_bytes(self._kept + data[:end]) if end else b""
        self._kept = data[end:] if end else self._kept + data
        return finished + self._overlong()

    def flush(self) -> bytes:
        """Return what was kept back, as if the line had ended here."""
        rest, self._kept = self._mask.in_bytes(self._kept), b""
        return rest

    def _overlong(self) -> bytes:
        if len(self._kept) <= MAX_LINE + self._mask.longest:
            return b""
        masked = self._mask.in_bytes(self._kept)
        # A form that begins earlier has ended by now, and is masked.
        at = max(0, len(masked) - self._mask.longest + 1)
        self._kept = masked[at:]
        return masked[:at]


def forms(secret: str) -> set[bytes]:
    """Return every form of a secret that is looked for, as bytes without a line's end."""
    found: set[bytes] = set()
    for text in {secret, secret.strip(), *secret.splitlines(), *map(str.strip, secret.splitlines())}:
        found.update(_written_forms(text))
    for text in {secret, secret.strip(), f"{secret.strip()}\n"}:
        found.update(_base64_forms(_encoded(text)))
    return {form for form in found if len(form) >= MIN_LENGTH and b"\n" not in form}


def _written_forms(text: str) -> Iterator[bytes]:
    """Yield what languages and shells make of a text that they quote."""
    written = {text, escape(text, quote=False), escape(text), escape(text).replace("&#x27;", "&#39;")}
    for ascii_only in (True, False):
        quoted = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        # The last: JSON in a text of JSON, as logs of requests hold it.
        written |= {quoted, quoted.replace("/", "\\/"), json.dumps(quoted, ensure_ascii=ascii_only)[1:-1]}
    written |= {text.replace("'", "'\\''"), text.replace("'", "'\"'\"'"), repr(text)[1:-1]}
    data = _encoded(text)
    for encoded in (*(quote(data, safe=left) for left in _LEFT_BY_URLS), quote_plus(data)):
        written |= {encoded, _PERCENT.sub(lambda found: found[0].lower(), encoded)}
    yield from map(_encoded, written)
    yield from (data.hex().encode(), data.hex().upper().encode())


def _base64_forms(secret: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a secret inside of any other text: the characters that it alone decides.

    Three bytes make four characters, so it can stand at three places against them.
    """
    if len(secret) < MIN_LENGTH:
        return
    for encode in (b64encode, urlsafe_b64encode):
        for before, start in enumerate((0, 2, 3)):
            # The first characters hold bits of what stands before, the last one may hold bits of what follows.
            encoded = encode(bytes(before) + secret).rstrip(b"=")
            yield encoded[start : len(encoded) - ((before + len(secret)) % 3 > 0)]
        whole = encode(secret)
        yield whole
        for width in _WRAPPED_AT:
            if len(whole) > width:
                yield from (whole[at : at + width] for at in range(0, len(whole), width))


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass" if "\ud800" <= max(text, default="") <= "\udbff" else "surrogateescape")


def _telling(by_length: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the fewest forms without one of which there is none: those that hold no shorter one."""
    telling: list[bytes] = []
    for form in by_length:
        if not any(shorter in form for shorter in telling):
            telling.append(form)
    return tuple(telling)


def _spans(text: bytes, found: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for form in found:
        at = text.find(form)
        while at >= 0:
            yield at, at + len(form)
            at = text.find(form, at + 1)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, overlapping ones as one: where two forms share a part, nothing is left of either."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _without(spans: Sequence[tuple[int, int]], text: bytes) -> bytes:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], MASK]
        at = end
    return b"".join([*pieces, text[at:]])


# Masks nothing.
NOTHING: Final = Mask(())
