"""What people see: aligned tables, short ages, colour on a terminal; for programs the API's own data as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lci_app.config.surroundings import client_environment

_COLOURS: Final = {
    "Success": "32",
    "Failed": "31",
    "Cancelled": "33",
    "Building": "36",
    "Deploying": "36",
    "Queued": "2",
    "running": "32",
    "healthy": "32",
    "unhealthy": "31",
    "error": "31",
    "empty": "2",
}
# What a terminal would obey: whole sequences first, then single control characters. Tabs stay.
_SEQUENCES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0a-\x1f\x7f-\x9f]"
)
_COLOUR_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Screen:
    """Standard output as it is: `terminal`, with or without `colour`, or for a program that wants `json`."""

    json: bool
    terminal: bool
    colour: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Screen:
        terminal = sys.stdout.isatty()
        return cls(arguments.json, terminal, terminal and client_environment().colour_wanted)

    def data(self, data: Any) -> None:
        """Print one JSON document."""
        print(json.dumps(data, indent=2, ensure_ascii=False))

    def record(self, record: Any) -> None:
        """Print one JSON document on one line, at once."""
        print(json.dumps(record, ensure_ascii=False), flush=True)

    def say(self, text: str) -> None:
        print(text)

    def note(self, text: str) -> None:
        """Tell people something beside the output."""
        if not self.json:
            print(text, file=sys.stderr)

    def paint(self, text: str, word: str = "") -> str:
        """Colour `text` as the state that `word` (else `text` itself) names."""
        code = _COLOURS.get(word or text)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows under headings; the last column is cut to the terminal's width."""
        texts = [[plain("-" if cell in {None, ""} else str(cell)) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(headings, *texts, strict=True)]
        room = shutil.get_terminal_size().columns - sum(widths[:-1]) - 2 * len(widths[:-1])
        self.say(self._row(headings, widths))
        for row in texts:
            last = row[-1]
            if self.terminal and len(last) > room > 1:
                last = last[: room - 1] + "…"
            self.say(self._row([*row[:-1], last], widths))

    def _row(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        padded = [self.paint(cell) + " " * (width - len(cell)) for cell, width in zip(cells, widths, strict=True)]
        return "  ".join(padded).rstrip()

    def log_text(self, text: str) -> str:
        """Return a log's line as it may be shown: a terminal is given its colours, and nothing else to obey."""
        if not self.terminal:
            return text
        return _SEQUENCES.sub(lambda found: found[0] if self._keeps(found[0]) else "", text)

    def _keeps(self, sequence: str) -> bool:
        return self.colour and _COLOUR_SEQUENCE.fullmatch(sequence) is not None


def plain(text: str) -> str:
    """Return the first line of `text`, without anything that a terminal would obey."""
    return _SEQUENCES.sub("", text.split("\n", 1)[0]).replace("\t", " ")


def age(timestamp: str | None, now: dt.datetime | None) -> str:
    """Say how long ago that was: `12 s`, `5 m`, `3 h`, `2 d`; the time itself where `now` is not known."""
    if timestamp is None:
        return ""
    if now is None:
        return timestamp
    return duration((now - dt.datetime.fromisoformat(timestamp)).total_seconds())


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def short(commit_hash: str | None) -> str:
    return (commit_hash or "")[:7]
