"""Keeps secrets out of texts: every form in which programs print them becomes `***`. A seat-belt, not a wall.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lci_app.core.byte_search import AnyOf, Span, found_in, telling
from lci_app.core.secret_forms import base64_forms, encoded, forms
from lci_app.core.wrapped_base64 import WrappedBase64

MASK: Final = b"***"
# A line that is longer is masked in pieces; what may be the beginning of a form is kept back for the next one.
MAX_LINE: Final = 64 * 1024


class Mask:
    """The forms of some secrets, made once: that may take a second. `bool(mask)`: whether there is anything to find."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = set(secrets)
        in_base64 = {form for secret in known for form in base64_forms(secret)}
        self._wrapped = WrappedBase64(sorted(in_base64))
        self._forms = sorted({form for secret in known for form in forms(secret)})
        # Base64 that may be wrapped is found in one line, too, and what holds it.
        self._unwrapped = AnyOf(each for each in telling(self._forms) if each not in in_base64)
        self.longest = max(map(len, self._forms), default=0)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def in_bytes(self, text: bytes) -> bytes:
        return _without(self._spans(text), text) if self._forms else text

    def in_text(self, text: str) -> str:
        return self.in_bytes(encoded(text)).decode(errors="surrogateescape") if self._forms else text

    def in_next_lines(self, before: bytes, lines: bytes) -> tuple[bytes, bytes]:
        """Mask `lines`, which follow on `before`; returns them, and what the next ones have to be told to follow on.

        `before` is what this returned the last time: the end of the text so far that base64 may go on from.
        """
        text, at = before + lines, len(before)
        begins, begun = self._wrapped.begun(text)
        spans = [(max(start, at) - at, end - at) for start, end in (*self._spans(text), *begun) if end > at]
        return _without(spans, lines), text[begins:]

    def _spans(self, text: bytes) -> list[Span]:
        wrapped = self._wrapped.spans(text)
        if wrapped or self._unwrapped.is_in(text):
            return [*wrapped, *found_in(text, self._forms)]
        return []


class MaskedStream:
    """Masks a stream however it is cut: what is not known to be harmless yet is kept back, up to MAX_LINE or so.

    A line is passed on as soon as it is whole. Where base64 of a secret may have begun at its end, that end is masked.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._kept = b""
        self._before = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on of all that was fed."""
        if not self._mask:
            return data
        end = data.rfind(b"\n") + 1
        finished = self._masked(self._kept + data[:end]) if end else b""
        self._kept = data[end:] if end else self._kept + data
        return finished + self._overlong()

    def flush(self) -> bytes:
        """Return what was kept back, as if the line had ended here."""
        rest, self._kept = self._kept, b""
        return self._masked(rest)

    def _masked(self, lines: bytes) -> bytes:
        masked, self._before = self._mask.in_next_lines(self._before, lines)
        return masked

    def _overlong(self) -> bytes:
        if len(self._kept) <= MAX_LINE + self._mask.longest:
            return b""
        masked = self._mask.in_bytes(self._kept)
        # A form that begins earlier has ended by now, and is masked.
        at = max(0, len(masked) - self._mask.longest + 1)
        self._kept = masked[at:]
        return masked[:at]


def _without(spans: Sequence[Span], text: bytes) -> bytes:
    pieces, at = [], 0
    for start, end in _merged(spans):
        pieces += [text[at:start], MASK]
        at = end
    return b"".join([*pieces, text[at:]]) if pieces else text


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, overlapping ones as one: where two forms share a part, nothing is left of either."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


# Masks nothing.
NOTHING: Final = Mask(())
