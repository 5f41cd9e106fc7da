"""Reads `.env` files as Docker Compose and the shells' users write them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_KEY: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE: Final = re.compile(r"'([^']*)'")
_COMMENT: Final = re.compile(r"(?:^|[ \t])#.*$")
_REST: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_MEANT: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class DotenvProblem:
    """`str(problem)` says where and what, and shows nothing of a value."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def parse_dotenv(text: str) -> dict[str, str] | DotenvProblem:
    """Return the variables of a file; the last one counts where a name stands twice.

    `NAME=value`, `export NAME=value`, comments from ` #` on; quoted values may span lines, those in double quotes
    know `\\n`, `\\r`, `\\t` and a backslash before any other character. `$` means itself: nothing is put in.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        line_end = text.find("\n", at) + 1 or len(text) + 1
        line = text[at : line_end - 1]
        if not line.strip() or line.lstrip().startswith("#"):
            at = line_end
            continue
        number = text.count("\n", 0, at) + 1
        key = _KEY.match(text, at)
        if key is None:
            return DotenvProblem(number, "must be NAME=value, a comment, or empty")
        read = _value(text, key.end(), line_end - 1)
        if isinstance(read, str):
            return DotenvProblem(number, f"{key[1]} {read}")
        found[key[1]], at = read
    return found


def _value(text: str, at: int, line_end: int) -> tuple[str, int] | str:
    """Return the value at `at` and where the next line begins; what is wrong with it otherwise."""
    for quote, pattern in (('"', _DOUBLE), ("'", _SINGLE)):
        if not text.startswith(quote, at):
            continue
        quoted = pattern.match(text, at)
        if quoted is None:
            return f"begins with {quote}, which is never closed"
        rest = _REST.match(text, quoted.end())
        if rest is None:
            return f"goes on behind its closing {quote}"
        value = quoted[1]
        if quote == '"':
            value = _ESCAPE.sub(lambda escape: _MEANT.get(escape[1], escape[1]), value)
        return value, rest.end()
    return _COMMENT.sub("", text[at:line_end]).strip(), line_end + 1
