"""What a crowd of viewers shares."""

from __future__ import annotations

import json

import pytest
import trio

from lci_app.api import shared_pages
from lci_app.api.shared_pages import FRESH, Page, SharedPages
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord
from tests.makers import NOW

PATH = "logs/1/7.log"


class Stored:
    """A log of some lines; reading takes a second."""

    def __init__(self, lines: int, text: str = "x") -> None:
        self.lines = lines
        self.text = text
        self.read_from: list[int] = []

    async def read(self, _relative: str, first: int, limit: int) -> list[LogRecord]:
        self.read_from.append(first)
        last = min(self.lines, first + limit - 1)
        await trio.sleep(1)
        return [LogRecord(number, NOW, Stream.STDOUT, "build", self.text) for number in range(first, last + 1)]


def shared(logs: Stored) -> SharedPages:
    return SharedPages(logs)  # type: ignore[arg-type]


async def test_a_crowd_at_one_place_has_it_read_once(autojump_clock: object) -> None:
    logs = Stored(3)
    pages = shared(logs)
    got: list[Page] = []

    async def view() -> None:
        got.append(await pages.page(PATH, 1))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(view)
    got.append(await pages.page(PATH, 1))
    assert logs.read_from == [1]
    assert {id(page) for page in got} == {id(got[0])}
    message = json.loads(got[0].batch(7))
    assert [line[0] for line in message["lines"]] == [1, 2, 3]
    assert got[1].batch(7) is got[0].batch(7)


async def test_where_nothing_was_yet_is_looked_at_anew_by_everybody(autojump_clock: object) -> None:
    """What was looked for before the last line was written says nothing about it."""
    logs = Stored(0)
    pages = shared(logs)
    got: list[list[int]] = []

    async def view() -> None:
        got.append([record.number for record in (await pages.page(PATH, 1)).records])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(view)
        await trio.sleep(0.5)
        logs.lines = 2
        nursery.start_soon(view)
    assert got == [[], [1, 2]]


async def test_who_comes_later_does_not_get_the_log_in_the_pieces_in_which_it_came(autojump_clock: object) -> None:
    logs = Stored(2)
    pages = shared(logs)
    assert len((await pages.page(PATH, 1)).records) == 2
    logs.lines = 9
    # Those who follow together keep step, though there is more by now.
    assert len((await pages.page(PATH, 1)).records) == 2
    await trio.sleep(FRESH)
    assert len((await pages.page(PATH, 1)).records) == 9
    assert logs.read_from == [1, 1]


async def test_whoever_leaves_in_the_middle_of_a_reading_leaves_it_to_the_next(autojump_clock: object) -> None:
    logs = Stored(3)
    pages = shared(logs)
    leaving = trio.CancelScope()

    async def leave() -> None:
        with leaving:
            await pages.page(PATH, 1)

    async def stay() -> None:
        assert len((await pages.page(PATH, 1)).records) == 3

    async with trio.open_nursery() as nursery:
        nursery.start_soon(leave)
        await trio.sleep(0.5)
        nursery.start_soon(stay)
        await trio.sleep(0.1)
        leaving.cancel()
    assert logs.read_from == [1, 1]
    assert trio.current_time() == pytest.approx(1.6, abs=0.01)


async def test_long_lines_are_not_kept_without_end(autojump_clock: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_pages, "MOST_CHARACTERS", 2 * shared_pages.RECORD + 10)
    logs = Stored(9, "1234")
    pages = shared(logs)
    for first in (9, 8, 9, 8):
        await pages.page(PATH, first)
    # The longer page does not fit beside the other.
    assert logs.read_from == [9, 8, 9, 8]


async def test_nor_are_empty_lines(autojump_clock: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record takes room without any text; of a log of blank lines nothing else would ever be let go."""
    monkeypatch.setattr(shared_pages, "MOST_CHARACTERS", 30 * shared_pages.RECORD)
    logs = Stored(40, "")
    pages = shared(logs)
    for first in (1, 21, 1):
        await pages.page(PATH, first)
    assert logs.read_from == [1, 21, 1]


async def test_a_crowd_that_comes_at_once_leaves_turns_to_others(autojump_clock: object) -> None:
    """One of them comes in each pass of the loop: so long as they do, others run between them."""
    crowd = 50
    pages = shared(Stored(3))
    await pages.page(PATH, 1)
    passes = 0
    most_at_once = 0
    came: list[int] = []

    async def view(number: int) -> None:
        await pages.page(PATH, 1)
        came.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(crowd):
            nursery.start_soon(view, number)
        while len(came) < crowd:
            before = len(came)
            await trio.lowlevel.checkpoint()
            passes += 1
            most_at_once = max(most_at_once, len(came) - before)
    assert passes >= crowd // 2
    assert most_at_once <= 2
