"""Which line of a log tells why a build failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

_TELLING: Final = re.compile(
    r"\b(error|fatal|failed|failure|exception|panic(ked)?|traceback|not found|denied|cannot|no such)\b", re.IGNORECASE
)
_READ_ONLY: Final = re.compile(r"read-only file ?system|EROFS", re.IGNORECASE)
# Behind the name of the program that speaks, which may be a path itself.
_ABSOLUTE_PATH: Final = re.compile(r"(?<![\w./-])/[\w.]")
_SPEAKER: Final = re.compile(r"\S+: ")

READ_ONLY_SOURCE: Final = (
    "The command wrote into /app, which is read-only: work in the directory the build starts in (/build), "
    "a writable copy of the source, and put what is to be kept into /output."
)


class Line(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def text(self) -> str: ...


def telling_line(lines: Sequence[Line]) -> int | None:
    """Return the number of the last line that names an error, else of the last one; None where there is no line."""
    written = [line for line in lines if line.text.strip()]
    named = [line for line in written if _TELLING.search(line.text)]
    last = (named or written)[-1:]
    return last[0].number if last else None


def wrote_into_source(lines: Iterable[Line]) -> bool:
    """Return whether a line complains of the read-only source: of a path in /app, or of a relative one.

    Nothing else that a build can reach by a relative path is read-only.
    """
    return any(_READ_ONLY.search(line.text) and _may_mean_source(line.text) for line in lines)


def _may_mean_source(text: str) -> bool:
    return "/app" in text or not _ABSOLUTE_PATH.search(_SPEAKER.sub("", text, count=1))
