from __future__ import annotations

import sys

import pytest
import trio

from lci_app.adapters.log_files import files
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord, Trouble
from tests.adapters.log_files import AT, RELATIVE, StillClock, feed, logs_in, record, stored

LINES = ["Compiling lci", "", "warning: build of Straße", "ERROR: no space left", "error: 42\r items", "2026 build"]


async def find(logs: LogFiles, query: str, *, regex: bool = False, first: int = 0, limit: int = 100) -> list[int]:
    records = await logs.search(RELATIVE, query, regex=regex, first=first, limit=limit)
    return [found.number for found in records]


@pytest.fixture
def logs(tmp_path) -> LogFiles:
    stored(tmp_path, b"".join(record(line.encode()) for line in LINES))
    return logs_in(tmp_path)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("error", [4, 5]),
        ("ERROR", [4]),
        ("Error", []),
        ("straße", [3]),
        ("build", [3, 6]),
        ("2026", [6]),
        ("O build", []),
        (":", [3, 4, 5]),
        (" ", [1, 3, 4, 5, 6]),
        ("42\r", [5]),
        ("i\n", []),
        ("\ud800", []),
        ("", [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_a_text_is_found_in_the_lines_and_not_in_what_lci_wrote_before_them(logs, query, numbers):
    assert await find(logs, query) == numbers


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("^error", [5]),
        ("(?i)^error", [4, 5]),
        (r"\d+$", []),
        (r"build$", [6]),
        ("^$", [2]),
        (r"Stra\we", [3]),
        ("x", []),
    ],
)
async def test_a_regular_expression_is_matched_with_each_line_alone(logs, query, numbers):
    assert await find(logs, query, regex=True) == numbers


@pytest.mark.parametrize("regex", [False, True])
async def test_a_search_begins_and_ends_where_it_is_told(logs, regex):
    assert await find(logs, "i", regex=regex, first=3, limit=2) == [3, 5]
    assert await find(logs, "i", regex=regex, first=99) == []
    assert await find(logs, "i", regex=regex, limit=0) == []


@pytest.mark.parametrize("regex", [False, True])
async def test_what_is_found_is_the_record(logs, regex):
    [found] = await logs.search(RELATIVE, "Straße", regex=regex, first=0, limit=9)
    assert found == LogRecord(3, AT, Stream.STDOUT, "build", "warning: build of Straße")


@pytest.mark.parametrize("regex", [False, True])
async def test_a_text_is_found_across_its_colours_as_it_is_shown(tmp_path, regex):
    lines = [
        "plain",
        "\x1b[31mFAIL\x1b[0m src/a.test\r\x1b[K",
        "see \x1b[1mFA\x1b[22mIL src",
        "FAIL \x1b[2K\x1b]8;;http://x\x07src",
    ]
    stored(tmp_path, b"".join(record(line.encode()) for line in lines))
    logs = logs_in(tmp_path)
    assert await find(logs, "FAIL src", regex=regex) == [2, 3, 4]
    assert await find(logs, "fail src", regex=regex) == ([] if regex else [2, 3, 4])
    assert await find(logs, "31m", regex=regex) == []
    assert await find(logs, r"\x1b\[31m" if regex else "\x1b[31m", regex=regex) == [2]
    [second, *_] = await logs.search(RELATIVE, "FAIL src", regex=regex, first=2, limit=1)
    assert second.text == lines[1]


@pytest.mark.parametrize("regex", [False, True])
async def test_a_long_log_is_searched_to_its_end(tmp_path, regex):
    lines = [b"%07d %s" % (number, b"x" * 90) for number in range(1, 30_001)]
    stored(tmp_path, b"".join(record(line) for line in lines))
    assert len(lines) * 130 > 3 * files.STEP_BYTES
    assert await find(logs_in(tmp_path), "9999 x", regex=regex) == [9999, 19_999, 29_999]


async def test_a_log_is_searched_while_it_is_written(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, Stream.STDOUT, b"needle\nhay\nneed")
        assert await find(logs, "need") == [1]
        await feed(writer, Stream.STDOUT, b"le\n")
        assert await find(logs, "needle") == [1, 3]


async def test_a_malformed_expression_is_refused_with_its_reason(logs):
    with pytest.raises(ValueError, match=r"^missing \), unterminated subpattern at position 0"):
        await find(logs, "(", regex=True)


async def test_an_endless_expression_is_given_up_on_while_lci_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("lci_app.adapters.log_files.regex_search.SEARCH_SECONDS", 0.5)
    stored(tmp_path, record(b"a" * 5000))
    turns = 0

    async def go_on() -> None:
        nonlocal turns
        while True:
            await trio.sleep(0.01)
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_on)
        with pytest.raises(ValueError, match="make it simpler"):
            await find(logs_in(tmp_path), "(a+)+b", regex=True)
        nursery.cancel_scope.cancel()
    assert turns > 1


async def test_a_search_can_be_cancelled(logs):
    with trio.fail_after(5):
        with trio.move_on_after(0) as scope:
            await find(logs, "x", regex=True)
        assert scope.cancelled_caught
        assert await find(logs, "error") == [4, 5]


@pytest.mark.parametrize("command", [["/nonexistent"], [sys.executable, "-c", "import sys; sys.exit('no luck')"]])
async def test_a_search_that_cannot_run_is_the_machines_trouble(tmp_path, command):
    stored(tmp_path, record(b"x"))
    logs = LogFiles(tmp_path, StillClock(), regex_command=command)
    with pytest.raises(Trouble, match=r"cannot be started|no luck"):
        await find(logs, "x", regex=True)
