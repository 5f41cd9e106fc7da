"""Why a build failed: the line of its log that tells, and what that says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from lci_app.core.failure_rules import MACHINE, PLAIN_ERROR, SUMMARY, TELLING, TOOLS, WRAPPERS, Cause, Rule, Rules

# Where the cause of a failure is looked for: this much before the end.
LAST_LINES: Final = 2000
LAST_CHARACTERS: Final = 256 * 1024
# Of a line no more is looked at, nor said in a message.
_LOOKED_AT: Final = 400
_SAID: Final = 300
# Of errors that no rule knows, the first so near the end counts: what is far from it did no harm.
_NEAR: Final = 50

_CONTROL: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]"
)
# What docker's builder and terraform set before each line of somebody else.
_MARGIN: Final = re.compile(r"(?:#\d+ )?\d+\.\d+ |[│╷╵] ?")
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


class Telling(NamedTuple):
    """A line of the log; `text` is what a reader sees of it, cut to a length that fits a message."""

    number: int
    text: str


def telling_line(lines: Sequence[Line]) -> Telling | None:
    """Return the first line of what made a build fail, which the last lines of its log tell; None without any.

    Asked are, in this order: what the machine did, the tool that failed last, the tools that call others, and last
    of all whatever reads like an error. Never raises; the time is in proportion to the lines.
    """
    seen = [(line.number, shown_text(line.text)) for line in lines]
    written = [each for each in seen if each[1].strip()]
    if not written:
        return None
    texts = [_MARGIN.sub("", text, count=1) if _MARGIN.match(text) else text for _, text in written]
    number, text = written[_index_of_cause(texts)]
    text = text.strip()
    return Telling(number, text if len(text) <= _SAID else text[: _SAID - 1] + "…")


def shown_text(raw: str) -> str:
    """Return the beginning of what a terminal shows in the end of a line: no colours, nothing that was overwritten."""
    raw = raw[: 4 * _LOOKED_AT]
    plain = _CONTROL.sub("", raw) if not raw.isprintable() else raw
    if "\r" in plain:
        plain = next((part for part in reversed(plain.split("\r")) if part.strip()), "")
    return plain[:_LOOKED_AT]


def wrote_into_source(lines: Iterable[Line]) -> bool:
    """Return whether a line complains of the read-only source: of a path in /app, or of a relative one.

    Nothing else that a build can reach by a relative path is read-only.
    """
    return any(_READ_ONLY.search(line.text) and _may_mean_source(line.text) for line in lines)


def _may_mean_source(text: str) -> bool:
    return "/app" in text or not _ABSOLUTE_PATH.search(_SPEAKER.sub("", text, count=1))


def _index_of_cause(texts: Sequence[str]) -> int:
    for found in (_first_known(MACHINE, texts), _latest_known(TOOLS, texts), _first_known(WRAPPERS, texts)):
        if found is not None:
            return found
    return _unknown_cause(texts)


def _first_known(rules: Rules, texts: Sequence[str]) -> int | None:
    return _first_cause((rule for rule, _ in _signs(rules, texts)), texts)


def _latest_known(rules: Rules, texts: Sequence[str]) -> int | None:
    """Of several tools the one that spoke last failed: a build ends with the first command that fails."""
    latest = sorted(_signs(rules, texts), key=lambda each: each[1], reverse=True)
    return _first_cause((rule for rule, _ in latest), texts)


def _signs(rules: Rules, texts: Sequence[str]) -> list[tuple[Rule, int]]:
    """Return the rules whose sign is there, in their order, each with where it is for the last time."""
    indices = [index for index, text in enumerate(texts) if rules.signs.match(text)]
    found = []
    for rule in rules.rules:
        last = next((index for index in reversed(indices) if rule.sign.match(texts[index])), None)
        if last is not None:
            found.append((rule, last))
    return found


def _first_cause(rules: Iterable[Rule], texts: Sequence[str]) -> int | None:
    found = (_found(rule, texts) for rule in rules)
    return next((index for index in found if index is not None), None)


def _found(rule: Rule, texts: Sequence[str]) -> int | None:
    return next((index for cause in rule.causes if (index := _fitting(cause, texts)) is not None), None)


def _fitting(cause: Cause, texts: Sequence[str]) -> int | None:
    if cause.after is None:
        return (_last_match if cause.last else _first_match)(cause.pattern, texts)
    before = (_last_match if cause.last else _first_match)(cause.after, texts)
    return None if before is None else _first_match(cause.pattern, texts, before + 1)


def _first_match(pattern: re.Pattern[str], texts: Sequence[str], start: int = 0) -> int | None:
    return next((index for index in range(start, len(texts)) if pattern.match(texts[index])), None)


def _last_match(pattern: re.Pattern[str], texts: Sequence[str]) -> int | None:
    return next((index for index in range(len(texts) - 1, -1, -1) if pattern.match(texts[index])), None)


def _unknown_cause(texts: Sequence[str]) -> int:
    """Return the first line near the end that begins like an error, else the last that names one, else the last."""
    own = [index for index, text in enumerate(texts) if not SUMMARY.match(text)] or [len(texts) - 1]
    plain = next((index for index in own[-_NEAR:] if PLAIN_ERROR.match(texts[index])), None)
    if plain is not None:
        return plain
    return next((index for index in reversed(own) if TELLING.match(texts[index])), own[-1])
