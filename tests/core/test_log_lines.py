from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core import log_lines
from lci_app.core.log_lines import MAX_LINE_BYTES, LineCutter, ParsedLine, Run, WholeLines, decode, encode, parse
from lci_app.core.model import Stream

AT = "2026-11-20T11:02:54.123Z"

short_text = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"\0", b"a", b" ", "ä€😀".encode(), b"\xff"])).map(
    b"".join
)
# Around the bound a line may have, in characters of one, two, three and four bytes, and in bytes that are none.
long_text = st.tuples(
    st.sampled_from([b"x", "ä".encode(), "€".encode(), "😀".encode(), b"\x80", b"\xff"]),
    st.integers(MAX_LINE_BYTES - 6, MAX_LINE_BYTES + 6) | st.integers(2 * MAX_LINE_BYTES, 2 * MAX_LINE_BYTES + 6),
    st.integers(0, 3),
).map(lambda pick: b"y" * pick[2] + (pick[0] * (pick[1] // len(pick[0]) + 1))[: pick[1]])
output = st.lists(short_text | long_text, max_size=6).map(b"".join)


def cut(*chunks: bytes) -> list[tuple[bytes, bool]]:
    """Return the lines of one stream, and whether each goes on in the next."""
    cutter = LineCutter()
    runs: list[Run] = []
    for chunk in chunks:
        runs += cutter.feed(chunk)
    runs += cutter.flush()
    return [(line, run.continued) for run in runs for line in run.lines.split(b"\n")[:-1]]


def lines_of(stream: bytes) -> list[bytes]:
    *ended, last = stream.split(b"\n")
    return [line.removesuffix(b"\r") for line in ended] + ([last] if last else [])


def joined(pieces: list[tuple[bytes, bool]]) -> list[bytes]:
    lines, begun = [], b""
    for text, continued in pieces:
        begun += text
        if not continued:
            lines.append(begun)
            begun = b""
    assert not begun, "the last piece of a line is not marked"
    return lines


@given(output)
def test_lines_keep_every_byte_but_their_ends(stream):
    assert joined(cut(stream)) == lines_of(stream)


@given(output, st.data())
def test_where_a_stream_is_divided_makes_no_difference(stream, data):
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    chunks = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert cut(*chunks) == cut(stream)


@given(short_text)
def test_a_stream_may_come_byte_by_byte(stream):
    assert cut(*[bytes([byte]) for byte in stream]) == cut(stream)


@given(output)
def test_no_piece_is_too_long_and_only_long_lines_are_cut(stream):
    pieces = cut(stream)
    assert all(len(text) <= MAX_LINE_BYTES for text, _ in pieces)
    assert all(len(text) > MAX_LINE_BYTES - 4 for text, continued in pieces if continued)
    too_long = any(len(line) > MAX_LINE_BYTES for line in lines_of(stream))
    assert any(continued for _, continued in pieces) == too_long


@pytest.mark.parametrize("character", ["a", "ä", "€", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_long_line_is_cut_between_characters(character, shift):
    line = "." * shift + character * (3 * MAX_LINE_BYTES // len(character.encode()))
    pieces = cut(line.encode() + b"\n")
    assert len(pieces) >= 3
    assert "".join(text.decode(errors="strict") for text, _ in pieces) == line


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_that_just_fits_is_one_piece_however_it_comes(end):
    line = b"x" * MAX_LINE_BYTES
    assert cut(line + end) == cut(line, end) == cut(line + end[:1], end[1:]) == [(line, False)]


def test_an_endless_line_leaves_little_behind():
    cutter = LineCutter()
    stored = 0
    for _ in range(1000):
        stored += sum(len(run.lines) - 1 for run in cutter.feed(b"x" * 10_000))
    rest = sum(len(run.lines) - 1 for run in cutter.flush())
    assert stored + rest == 10_000_000
    assert 0 < rest <= MAX_LINE_BYTES + 1


@given(
    short_text.map(lambda text: text.replace(b"\n", b"")),
    st.sampled_from(Stream),
    st.sampled_from(["", "build", "Ünit-tests", "x" * 64]),
    st.booleans(),
)
def test_a_record_says_what_it_was_made_from(text, stream, stage, continued):
    record = encode(Run(text + b"\n", continued), AT, stream, stage)
    line = ParsedLine(AT, stream, stage, text.decode(errors="replace"), continued)
    assert list(decode(record, 1)) == [line]
    assert record[log_lines.text_start(record) :] == text + b"\n"
    assert json.loads(json.dumps(line.text).encode()) == line.text


def test_a_record_reads_well():
    records = encode(Run(b"one\ntwo\n"), AT, Stream.STDOUT, "build") + encode(Run(b"\n", True), AT, Stream.STDERR, "")
    assert records.decode() == f"{AT} O build one\n{AT} O build two\n{AT} E+ - \n"


@pytest.mark.parametrize(
    "line",
    ["", "three words only", "no time O build x", f"{AT} X build x", f"{AT} O build", "\0" * 400, f"{AT} + build x"],
)
def test_a_damaged_line_is_shown_whole_as_the_systems(line):
    assert parse(line) == ParsedLine(log_lines.UNKNOWN_TIME, Stream.SYSTEM, "", line)
    assert log_lines.text_start(line.encode()) == 0


@given(st.lists(st.tuples(st.sampled_from(Stream), st.booleans(), st.sampled_from(["", "a", f"{AT} O build x"]))))
def test_records_read_the_same_together_and_alone(kinds):
    records = [encode(Run(text.encode() + b"\n", continued), AT, stream, text[:1]) for stream, continued, text in kinds]
    records[len(records) // 2 : 0] = [b"damaged\n", b"\n"]
    assert list(decode(b"".join(records), 99)) == [parse(record.decode()[:-1]) for record in records]


def test_output_that_looks_like_a_record_is_text():
    forged = f"{AT} S deploy all is well"
    lines = decode(encode(Run(forged.encode() + b"\n"), AT, Stream.STDOUT, "build"), 5)
    assert list(lines) == [ParsedLine(AT, Stream.STDOUT, "build", forged)]


def test_only_whole_records_are_decoded_and_no_more_than_asked():
    records = encode(Run(b"1\n2\n3\n"), AT, Stream.STDOUT, "build")
    assert [text for _, _, _, text, _ in decode(records[:-1], 9)] == ["1", "2"]
    assert [text for _, _, _, text, _ in decode(records, 2)] == ["1", "2"]
    assert list(decode(b"", 1)) == []


@pytest.mark.parametrize("name", ["build", "a", "x" * 64, "unit-tests", "Prüfung", "€"])
def test_a_stage_name_has_no_space(name):
    assert log_lines.is_stage_name(name)


@pytest.mark.parametrize("name", ["", "-", "x" * 65, "two words", "tab\t", "line\n", "\ud800", "\u2028", "nul\0"])
def test_what_would_break_a_record_is_no_stage_name(name):
    assert not log_lines.is_stage_name(name)


def test_a_torn_record_without_text_holds_none():
    record = encode(Run(b"text\n"), AT, Stream.STDOUT, "build")
    start = log_lines.text_start(record)
    assert [log_lines.holds_text(record[:end]) for end in range(1, len(record))] == [
        end >= start for end in range(1, len(record))
    ]
    assert log_lines.holds_text(b"x" * (log_lines.MAX_HEADER_BYTES + 1))


def test_a_line_in_pieces_is_whole_again_and_what_came_between_stands_alone() -> None:
    lines = WholeLines()
    stored = [
        ("O", "one", True),
        ("E", "warning", False),
        ("O", "two", True),
        ("O", "three", False),
        ("O", "four", True),
    ]
    text = "".join(lines.add(kind, each, continued=continued, prefix="> ") for kind, each, continued in stored)
    assert text + lines.end() == "> one\n> warning\n> twothree\n> four\n"
    assert lines.end() == ""
