"""TOML that knows where each of its keys stands, so that an error in a file can name line and column.

Lines and columns count from 1; a column counts characters.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

KeyPath = tuple[str | int, ...]

# Far above any file that people write. Files come from pushed repositories: both bounds keep a hostile one from
# costing seconds, since dotted keys cost the square of their parts.
MAX_CHARACTERS: Final = 128 * 1024
_MAX_PARTS: Final = 32

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_QUOTED_KEY: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'""")
# Strings first, longest opening first; then everything that ends at a delimiter. A date may hold one space.
_SCALAR: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
    r"|\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]+"
    r"|[^\s,\]}#]+",
    re.DOTALL,
)
_LONG_KEY: Final = re.compile(
    rf"""(?:^|[{{,\[])[ \t]*(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MAX_PARTS}}}""", re.MULTILINE
)
_WHERE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Position:
    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class TomlFault:
    """Text that is no TOML; `message` goes on after a colon."""

    message: str
    position: Position


@dataclass(frozen=True, slots=True)
class TomlDocument:
    values: dict[str, Any]
    _positions: Mapping[KeyPath, Position]

    def position(self, path: KeyPath) -> Position:
        """Return where the key at `path` stands, else the nearest of the tables that should hold it."""
        for length in range(len(path), 0, -1):
            if (found := self._positions.get(path[:length])) is not None:
                return found
        return Position(1, 1)


def read_toml(text: str) -> TomlDocument | TomlFault:
    """Read any text whatever; never raises."""
    text = text.replace("\r\n", "\n")
    if len(text) > MAX_CHARACTERS:
        return TomlFault(f"the file is longer than {MAX_CHARACTERS // 1024} KiB", Position(1, 1))
    lines = _LineIndex(text)
    if (long := _LONG_KEY.search(text)) is not None:
        return TomlFault(f"a key has more than {_MAX_PARTS} parts", lines.position(long.start()))
    try:
        values = tomllib.loads(text)
        return TomlDocument(values, _Scanner(text, lines).scan())
    except RecursionError:
        return TomlFault("values are nested too deeply", Position(1, 1))
    except tomllib.TOMLDecodeError as error:
        return _fault(str(error), lines)
    except ValueError:  # Python's own bound on the digits of a number; it names no place
        return TomlFault("a number has too many digits", Position(1, 1))


def _fault(message: str, lines: _LineIndex) -> TomlFault:
    where = _WHERE.search(message)
    if where is None:
        return TomlFault(message, Position(1, 1))
    position = Position(int(where[1]), int(where[2])) if where[1] else lines.end()
    sentence = message[: where.start()]
    return TomlFault(sentence[:1].lower() + sentence[1:], position)


class _LineIndex:
    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect.bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def end(self) -> Position:
        return self.position(self._length)


class _Scanner:
    """Walks text that is known to be TOML and notes where each key and each element of an array stands."""

    def __init__(self, text: str, lines: _LineIndex) -> None:
        self._text = text
        self._lines = lines
        self._at = 0
        self._positions: dict[KeyPath, Position] = {}
        self._lengths: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, Position]:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BLANK)
        return self._positions

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"Unreadable value (at {self._lines.position(self._at)})")
        self._at = match.end()
        return match[0]

    def _take(self, character: str) -> bool:
        if self._text.startswith(character, self._at):
            self._at += len(character)
            return True
        return False

    def _note(self, path: KeyPath, offset: int) -> None:
        self._positions.setdefault(path, self._lines.position(offset))

    def _key(self) -> list[tuple[str, int]]:
        parts = []
        while True:
            self._skip(_SPACE)
            offset = self._at
            if self._text[offset] in "\"'":
                name = tomllib.loads(f"key = {self._skip(_QUOTED_KEY)}")["key"]
            else:
                name = self._skip(_BARE_KEY)
            parts.append((name, offset))
            self._skip(_SPACE)
            if not self._take("."):
                return parts

    def _header(self) -> KeyPath:
        self._take("[")
        is_array = self._take("[")
        path: KeyPath = ()
        parts = self._key()
        for nth, (name, offset) in enumerate(parts, 1):
            path = (*path, name)
            self._note(path, offset)
            if is_array and nth == len(parts):
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
                self._note(path, offset)
        self._take("]]" if is_array else "]")
        return path

    def _assignment(self, table: KeyPath) -> None:
        path = table
        for name, offset in self._key():
            path = (*path, name)
            self._note(path, offset)
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._skip(_BLANK)
        while not self._take("]"):
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        while not self._take("}"):
            self._assignment(path)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)
