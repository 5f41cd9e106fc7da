"""The build log's text: raw output cut into bounded lines, and the record each line is stored as.

A record is one line of text, made to be read by people and by `grep`:

    2026-11-20T11:02:54.123Z O build Compiling lci v0.1.0

that is: when it came, whose it is (`O` standard output, `E` standard error, `S` lci itself), its stage (`-` before the
first), its text. `O+` marks a piece of a longer line, which the same stream's next record goes on with. The text is
what the program wrote, byte for byte, whatever its encoding; only the carriage return of a `\\r\\n` is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from lci_app.core.model import Stream, Timestamp

# A longer line is cut into pieces, so that nothing that a build prints can fill the memory.
MAX_LINE_BYTES: Final = 64 * 1024
MAX_STAGE_CHARACTERS: Final = 64

NO_STAGE: Final = "-"
_FLAGS: Final = {Stream.STDOUT: "O", Stream.STDERR: "E", Stream.SYSTEM: "S"}
_MEANINGS: Final = {flag + mark: (stream, bool(mark)) for stream, flag in _FLAGS.items() for mark in ("", "+")}
_HEADER: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?P<flag>[OES]\+?) [^ \n]+ ")
# Time, flag with its mark, stage in at most four bytes a character, and a space after each.
MAX_HEADER_BYTES: Final = 24 + 1 + 2 + 1 + 4 * MAX_STAGE_CHARACTERS + 1
MAX_RECORD_BYTES: Final = MAX_HEADER_BYTES + MAX_LINE_BYTES + 1

# What a damaged line of the file is given, so that it can still be shown, and counted, as a record.
UNKNOWN_TIME: Final = "1970-01-01T00:00:00.000Z"


class Run(NamedTuple):
    """Lines that follow one another, each ended by a newline and none too long; `continued` where all are pieces."""

    lines: bytes
    continued: bool = False


class ParsedLine(NamedTuple):
    timestamp: Timestamp
    stream: Stream
    stage: str
    text: str
    continued: bool = False


# The same without its name, where a million are made.
Fields = tuple[Timestamp, Stream, str, str, bool]


class LineCutter:
    """Cuts one stream into lines; where its bytes happened to be divided makes no difference to the lines.

    It holds back an unfinished line, of which it keeps no more than `MAX_LINE_BYTES` and a few.
    """

    def __init__(self) -> None:
        self._unfinished = bytearray()

    def feed(self, data: bytes) -> Iterator[Run]:
        """Yield the lines that `data` completes. The iterator has to be used up before the next call."""
        end = data.rfind(b"\n") + 1
        if end:
            finished = bytes(self._unfinished + data[:end])
            self._unfinished[:] = data[end:]
            # Looked for first, since one byte is found ten times as fast as two.
            if b"\r" in finished:
                finished = finished.replace(b"\r\n", b"\n")
            yield from _bounded(finished)
        else:
            self._unfinished += data
        # One byte more than too long: the last may be the carriage return of a line that just fits.
        while len(self._unfinished) >= MAX_LINE_BYTES + 2:
            end = _piece_end(self._unfinished, 0)
            yield Run(bytes(self._unfinished[:end]) + b"\n", continued=True)
            del self._unfinished[:end]

    def flush(self) -> Iterator[Run]:
        """Yield the unfinished line as if it had ended here."""
        finished = bytes(self._unfinished)
        self._unfinished.clear()
        if finished:
            yield from _bounded(finished + b"\n")


def _bounded(lines: bytes) -> Iterator[Run]:
    """Cut the lines that are too long and leave the others together. `lines` ends with a newline."""
    uncut = start = 0
    while len(lines) - start > MAX_LINE_BYTES + 1:
        newline = lines.rfind(b"\n", start, start + MAX_LINE_BYTES + 1)
        if newline >= 0:
            start = newline + 1
            continue
        if uncut < start:
            yield Run(lines[uncut:start])
        newline = lines.find(b"\n", start)
        while newline - start > MAX_LINE_BYTES:
            end = _piece_end(lines, start)
            yield Run(lines[start:end] + b"\n", continued=True)
            start = end
        uncut = start
    if uncut < len(lines):
        yield Run(lines[uncut:])


def _piece_end(line: bytes | bytearray, start: int) -> int:
    """Return where a piece of `MAX_LINE_BYTES` ends, or up to three bytes before, so as to cut no character."""
    end = start + MAX_LINE_BYTES
    for back in range(4):
        byte = line[end - back]
        if byte & 0xC0 != 0x80:
            return end - back if byte >= 0xC0 else end
    return end


def is_stage_name(name: str) -> bool:
    """Return whether records can bear it: 1 to 64 printable characters without a space, and not `-`."""
    return name.isprintable() and " " not in name and 0 < len(name) <= MAX_STAGE_CHARACTERS and name != NO_STAGE


def encode(run: Run, timestamp: Timestamp, stream: Stream, stage: str) -> bytes:
    """Return the records of a run's lines. `stage` is a stage's name, or empty."""
    mark = "+" if run.continued else ""
    header = f"{timestamp} {_FLAGS[stream]}{mark} {stage or NO_STAGE} ".encode()
    return b"".join((header, run.lines[:-1].replace(b"\n", b"\n" + header), b"\n"))


def parse(record: str) -> ParsedLine:
    """Return what a record says; one that is damaged is lci's own, with all there is as its text. Never raises."""
    try:
        timestamp, flag, stage, text = record.split(" ", 3)
        stream, continued = _MEANINGS[flag]
    except (ValueError, KeyError):
        return ParsedLine(UNKNOWN_TIME, Stream.SYSTEM, "", record)
    if len(timestamp) != len(UNKNOWN_TIME):
        return ParsedLine(UNKNOWN_TIME, Stream.SYSTEM, "", record)
    return ParsedLine(timestamp, stream, "" if stage == NO_STAGE else stage, text, continued)


def decode(records: bytes, limit: int) -> Iterator[Fields]:
    """Yield the fields of a ParsedLine for each of the first `limit` whole records; a torn end is left out.

    A byte that is no UTF-8 reads as U+FFFD, so that the text can always be sent as JSON.
    """
    header, like = "\n", parse("")
    for record in records.decode(errors="replace").split("\n", limit)[:-1]:
        # Records stored together have one header, and comparing is far cheaper than parsing.
        if record.startswith(header):
            yield like.timestamp, like.stream, like.stage, record[len(header) :], like.continued
        else:
            like = parse(record)
            header = record[: len(record) - len(like.text)] or "\n"
            yield like


def texts(records: bytes) -> Iterator[tuple[Stream, bytes]]:
    """Yield whose each of the whole records is, and its text with the newline; damaged ones are left out."""
    for record in records.split(b"\n")[:-1]:
        header = _HEADER.match(record)
        if header is not None:
            stream, _ = _MEANINGS[header["flag"].decode()]
            yield stream, record[header.end() :] + b"\n"


def text_start(record: bytes) -> int:
    """Return where a record's text begins; 0 where the record is damaged."""
    header = _HEADER.match(record)
    return header.end() if header else 0


def holds_text(torn: bytes) -> bool:
    """Return whether anything would be lost without this last record, whose end a crash has kept from the disk."""
    return len(torn) > MAX_HEADER_BYTES or _HEADER.match(torn) is not None


@dataclass
class WholeLines:
    """Writes lines as text, those that were stored in pieces whole again.

    `kind` is whatever tells the lines of one source from another's (stream and stage): what comes between two pieces
    of a line from elsewhere stands on a line of its own.
    """

    _open: Hashable = None

    def add(self, kind: Hashable, text: str, *, continued: bool, prefix: str = "") -> str:
        """Return what to write for one stored line; `prefix` stands before a line, not before its further pieces."""
        joins = self._open is not None and self._open == kind
        before = "\n" if self._open is not None and not joins else ""
        self._open = kind if continued else None
        return f"{before}{'' if joins else prefix}{text}" + ("" if continued else "\n")

    def end(self) -> str:
        """Return what ends a line whose last piece never came."""
        ended, self._open = "" if self._open is None else "\n", None
        return ended
