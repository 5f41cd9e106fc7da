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


def follower_of(logs: Growing, stop: trio.Event) -> LogFollower:
    return LogFollower(Store(), logs, SharedPages(logs), build(7), 1, stop)  # type: ignore[arg-type]


def numbers(page: Page | None) -> list[int]:
    assert page is not None
    return [record.number for record in page.records]


@pytest.mark.parametrize("seconds", [0.05, 2.0])
async def test_a_crowd_rests_longer_than_its_lines_took_but_never_long(seconds: float, autojump_clock: object) -> None:
    logs = Growing()
    follower = follower_of(logs, trio.Event())
    assert numbers(await follower.next_page()) == [1]
    # To send them, for example.
    await trio.sleep(seconds)
    assert numbers(await follower.next_page()) == [2]
    assert trio.current_time() - logs.waited[1] == pytest.approx(min(REST * seconds, LONGEST_REST))


async def test_the_end_of_the_service_ends_a_rest(autojump_clock: object) -> None:
    logs, stop = Growing(), trio.Event()
    follower = follower_of(logs, stop)
    await follower.next_page()
    await trio.sleep(10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follower.next_page)
        await trio.sleep(0.1)
        stop.set()
    assert trio.current_time() == pytest.approx(logs.waited[1] + 0.1)
