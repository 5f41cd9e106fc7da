"""Finds texts of base64 that are broken into lines, whatever their width. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from lci_app.core.byte_search import AnyOf, Span, found_in

# What stands between two lines of one text: also as JSON writes it.
_BREAK: Final = re.compile(rb"(?:[ \t]*(?:\r?\n|(?:\\r)?\\n)[ \t]*)+")
# A line may end in the beginning of a form by chance. So many characters of one are not taken for chance.
_MIN_BEGUN: Final = 3


class WrappedBase64:
    """Looks for `forms`, each of base64's characters alone, in texts where any of them may be cut by line ends."""

    def __init__(self, forms: Sequence[bytes]) -> None:
        self._forms = forms
        self._any = AnyOf(forms)
        self._longest = max(map(len, forms), default=0)

    def spans(self, text: bytes) -> list[Span]:
        """Return where forms stand: of each its part in every line by itself."""
        plain = text.replace(b"\\r", b"").replace(b"\\n", b"").translate(None, b" \t\r\n")
        if not self._any.is_in(plain):
            return []
        joined = _Joined(text)
        return [part for span in found_in(joined.text, self._forms) for part in joined.parts(*span)]

    def begun(self, text: bytes) -> tuple[int, list[Span]]:
        """Return where the last form begins that `text` ends within (its length, where there is none), and the parts
        of it by line, where they are too long for chance."""
        # Lines that are indented a lot may hold a form's beginning earlier still: then what is seen of it is too late.
        start = max(0, len(text) - 4 * self._longest)
        joined = _Joined(text[start:])
        at = min((_begun_at(joined.text, form) for form in self._any.telling), default=len(joined.text))
        length = len(joined.text) - at
        if length == 0:
            return len(text), []
        parts = [(start + begin, start + end) for begin, end in joined.parts(at, at + length)]
        return parts[0][0], parts if length >= _MIN_BEGUN else []


class _Joined:
    """A text without its line ends, which knows where everything stood."""

    def __init__(self, text: bytes) -> None:
        pieces, self._starts, self._origins = [], [], []
        at = length = 0
        for begin, end in (*(found.span() for found in _BREAK.finditer(text)), (len(text), len(text))):
            pieces.append(text[at:begin])
            self._starts.append(length)
            self._origins.append(at)
            length += begin - at
            at = end
        self.text = b"".join(pieces)
        self._starts.append(length)

    def parts(self, start: int, end: int) -> Iterator[Span]:
        """Yield the parts of a span that is not empty, one a line, as they stand in the original."""
        piece = bisect_right(self._starts, start) - 1
        while start < end:
            until = min(end, self._starts[piece + 1])
            if until > start:
                shift = self._origins[piece] - self._starts[piece]
                yield start + shift, until + shift
            start, piece = until, piece + 1


def _begun_at(text: bytes, form: bytes) -> int:
    """Return where in `text` a form begins that goes on after its end; the text's length, where none does."""
    at = text.find(form[:_MIN_BEGUN], max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return at
        at = text.find(form[:_MIN_BEGUN], at + 1)
    return len(text) - next((length for length in (2, 1) if text.endswith(form[:length])), 0)
