"""How a log is followed beside others who follow it."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.api.log_follow import LONGEST_REST, REST, LogFollower
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord
from tests.makers import NOW, build


class Growing:
    """A log with always one line more, whose reading takes a while, as in a crowd."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun: list[float] = []
        self.lines = 0

    async def read(self, _relative: str, first: int, _limit: int) -> list[LogRecord]:
        self.begun.append(trio.current_time())
        await trio.sleep(self.seconds)
        return [LogRecord(number, NOW, Stream.STDOUT, "build", "x") for number in range(first, self.lines + 1)]

    def is_open(self, _relative: str) -> bool:
        return True

    async def wait_beyond(self, _relative: str, _number: int) -> None:
        await trio.lowlevel.checkpoint()
        self.lines += 1


class Store:
    async def build(self, _build_id: int) -> Any:
        await trio.lowlevel.checkpoint()
        return build(7)


@pytest.mark.parametrize("seconds", [0.05, 2.0])
async def test_a_crowd_rests_longer_than_it_reads_but_never_long(seconds: float, autojump_clock: object) -> None:
    logs = Growing(seconds)
    follower = LogFollower(Store(), logs, build(7), 1, trio.Event())  # type: ignore[arg-type]
    assert [record.number for record in await follower.next_page()] == [1]
    first, second = logs.begun
    assert second - first - seconds == pytest.approx(min(REST * seconds, LONGEST_REST))


async def test_the_end_of_the_service_ends_a_rest(autojump_clock: object) -> None:
    logs, stop = Growing(100.0), trio.Event()
    follower = LogFollower(Store(), logs, build(7), 1, stop)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follower.next_page)
        await trio.sleep(100.5)
        stop.set()
    assert trio.current_time() == pytest.approx(logs.begun[0] + 100.5)
