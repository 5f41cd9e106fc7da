"""How a log is followed beside others who follow it."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.api.log_follow import LONGEST_REST, REST, LogFollower
from lci_app.api.shared_pages import Page, SharedPages
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord
from tests.makers import NOW, build


class Growing:
    """A log with always one line more."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.lines = 0

    async def read(self, _relative: str, first: int, _limit: int) -> list[LogRecord]:
        await trio.lowlevel.checkpoint()
        return [LogRecord(number, NOW, Stream.STDOUT, "build", "x") for number in range(first, self.lines + 1)]

    async def total(self, _relative: str) -> int:
        await trio.lowlevel.checkpoint()
        return self.lines

    def is_open(self, _relative: str) -> bool:
        return True

    async def wait_beyond(self, _relative: str, _number: int) -> None:
        self.waited.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        self.lines += 1


class Store:
    async def build(self, _build_id: int) -> Any:
        raise AssertionError("while the log is written, nobody has to ask whether the build has ended")


def follower_of(logs: Growing, stop: trio.Event, pages: SharedPages) -> LogFollower:
    return LogFollower(Store(), logs, pages, build(7), 1, stop)  # type: ignore[arg-type]


def numbers(page: Page | None) -> list[int]:
    assert page is not None
    return [record.number for record in page.records]


@pytest.mark.parametrize("others", [0, 999, 99_999])
async def test_each_rests_the_longer_the_more_there_are_but_never_long(others: int, autojump_clock: object) -> None:
    logs = Growing()
    pages = SharedPages(logs)  # type: ignore[arg-type]
    follower = follower_of(logs, trio.Event(), pages)
    pages.followers = others
    assert numbers(await follower.next_page()) == [1]
    assert numbers(await follower.next_page()) == [2]
    assert logs.waited[1] - logs.waited[0] == pytest.approx(min(REST * (others + 1), LONGEST_REST))
    assert pages.followers == others


async def test_the_end_of_the_service_ends_a_rest(autojump_clock: object) -> None:
    logs, stop = Growing(), trio.Event()
    pages = SharedPages(logs)  # type: ignore[arg-type]
    follower = follower_of(logs, stop, pages)
    await follower.next_page()
    pages.followers = 99_999
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follower.end_at_stop)
        nursery.start_soon(follower.next_page)
        await trio.sleep(0.1)
        stop.set()
    assert trio.current_time() == pytest.approx(began + 0.1)


async def test_a_call_that_comes_while_it_sends_is_not_lost(autojump_clock: object) -> None:
    logs = Growing()
    pages = SharedPages(logs)  # type: ignore[arg-type]
    follower = follower_of(logs, trio.Event(), pages)
    await follower.next_page()
    follower.wake()
    pages.followers = 99_999
    # It looks again at once, and waits only after that.
    with trio.move_on_after(0.1):
        await follower.next_page()
    assert len(logs.waited) == 1
    assert pages.followers == 99_999
