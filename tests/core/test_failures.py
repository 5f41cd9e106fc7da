"""Which line tells why."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.failures import LAST_CHARACTERS, LAST_LINES, Telling, shown_text, telling_line, wrote_into_source

LOGS = Path(__file__).parent.parent / "data" / "failed_logs"
EXPECTED = tomllib.loads((LOGS / "expected.toml").read_text(encoding="utf-8"))
# Of ten logs nine: a rule for one more tool may take from another, but not from many.
ENOUGH = 0.9


@dataclass(frozen=True)
class Line:
    number: int
    text: str


def lines_of(*texts: str) -> list[Line]:
    return [Line(number, text) for number, text in enumerate(texts, 1)]


def lines_of_log(name: str) -> list[Line]:
    return lines_of(*(LOGS / f"{name}.log").read_text(encoding="utf-8").split("\n"))


def test_every_log_of_the_corpus_has_its_line() -> None:
    assert {log.stem for log in LOGS.glob("*.log")} == EXPECTED.keys()
    assert len(EXPECTED) >= 40
    for name, expected in EXPECTED.items():
        line = lines_of_log(name)[expected["line"] - 1]
        assert shown_text(line.text).strip().startswith(expected["text"].removesuffix("…")), name


def test_of_real_logs_the_line_that_tells_why_is_found() -> None:
    found = {name: telling_line(lines_of_log(name)) for name in EXPECTED}
    wrong = [
        f"{name}: {found[name]} and not line {expected['line']}: {expected['text']}"
        for name, expected in EXPECTED.items()
        if found[name] != Telling(expected["line"], expected["text"])
    ]
    right = 1 - len(wrong) / len(EXPECTED)
    assert right >= ENOUGH, "\n".join(wrong)


def test_an_error_that_no_rule_knows_is_found_by_how_it_begins() -> None:
    assert telling_line(lines_of("start", "error: no shelf", "", "done")) == Telling(2, "error: no shelf")
    assert telling_line(lines_of("start", "the shelf was not found", "done")) == Telling(2, "the shelf was not found")
    assert telling_line(lines_of("start", " ")) == Telling(1, "start")
    assert telling_line([]) is None


def test_the_tool_that_failed_last_is_believed_and_not_one_that_was_allowed_to_fail() -> None:
    mypy = ["a.py:2: error: Incompatible types  [assignment]", "Found 1 error in 1 file (checked 1 source file)"]
    ruff = ["a.py:1:8: F401 `os` imported but unused", "Found 1 error."]
    assert telling_line(lines_of(*mypy, *ruff)) == Telling(3, ruff[0])
    assert telling_line(lines_of(*ruff, *mypy)) == Telling(3, mypy[0])


def test_the_line_is_named_by_its_number_in_the_log_and_cut_for_a_message() -> None:
    told = telling_line([Line(71, "make"), Line(72, "\x1b[31merror: " + "x" * 1000 + "\x1b[0m")])
    assert told is not None
    assert told.number == 72
    assert told.text.startswith("error: xxx")
    assert told.text.endswith("x…")
    assert len(told.text) == 300


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("\x1b[1;31merror\x1b[0m: no", "error: no"),
        ("\x1b]8;;https://a.example\x07link\x1b]8;;\x07", "link"),
        ("10%\r60%\r100% done\r", "100% done"),
        ("a\x00b\x07", "ab"),
        ("\x1b]torn", ""),
    ],
)
def test_what_a_reader_sees_of_a_line(raw: str, seen: str) -> None:
    assert shown_text(raw) == seen


PIECES = [
    *"\x1b[\r\0 \t:.()é",
    "error",
    "E   ",
    "FAIL ",
    "Tests: ",
    "1 failed",
    "Traceback (most recent call last):",
    "npm error ",
    "* What went wrong:",
    "a.py:1:2: ",
    "FAILED (",
    "panicked at ",
    "sh: ",
]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=60), max_size=40))
def test_whatever_is_written_one_of_its_lines_is_named(texts: list[str]) -> None:
    told = telling_line(lines_of(*texts))
    if any(shown_text(text).strip() for text in texts):
        assert told is not None
        assert told.text
        assert told.text[:200] in shown_text(texts[told.number - 1])
    else:
        assert told is None


def seconds(lines: list[Line]) -> float:
    start = time.process_time()
    telling_line(lines)
    return time.process_time() - start


@pytest.mark.parametrize(
    "text", ["a: " * 40, " " * 120, "error:1:" * 15, "x" * 120, "\x1b[0m" * 30, "Failed > a FAILED b", "\x1b[0;" * 30]
)
def test_the_time_is_in_proportion_to_the_lines(text: str) -> None:
    few, many = (seconds(lines_of(*[text] * count)) for count in (LAST_LINES // 8, LAST_LINES))
    assert many < 8 * (few + 0.05) * 4


@pytest.mark.parametrize("text", ["a: ", " ", "1:", "x.y", "\x1b[0;", "[0", ".py:1:2", "\r", "- error "])
def test_long_lines_cost_no_more_than_their_beginning(text: str) -> None:
    long = [text * (64 * 1024 // len(text))] * (LAST_CHARACTERS // (64 * 1024))
    assert seconds(lines_of(*long)) < 2


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("touch: /app/x: Read-only file system", True),
        ("touch: x: Read-only file system", True),
        ("/bin/sh: 3: cannot create a/b: Read-only file system", True),
        ("mkdir: cannot create directory 'build/classes': Read-only file system", True),
        ("Error: EROFS: read-only file system, mkdir '/app/node_modules'", True),
        ("java.io.FileNotFoundException: /app/.gradle/x.lock (Read-only file system)", True),
        ("touch: /etc/x: Read-only file system", False),
        ("Error: EROFS: read-only file system, open '/sys/x'", False),
        ("touch: x: Permission denied", False),
    ],
)
def test_a_write_into_the_source_is_recognised(text: str, source: bool) -> None:
    assert wrote_into_source([Line(1, text)]) is source
