"""What must be done is insisted on, the rest is tried once."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from lci_app.interfaces import Refusal, Trouble
from lci_app.services.under_trouble import FIRST_PAUSE, LONGEST_PAUSE, attempt, insist


class Disk:
    """Takes a write when it has refused `full` of them."""

    def __init__(self, full: int) -> None:
        self.full = full
        self.asked: list[float] = []

    async def write(self) -> str:
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if len(self.asked) <= self.full:
            raise Trouble("DATABASE_FULL", "the disk is full")
        return "written"


async def test_what_is_insisted_on_is_done_when_the_trouble_has_passed(autojump_clock: MockClock) -> None:
    disk = Disk(full=8)
    assert await insist(disk.write, what="write") == "written"
    pauses = [later - earlier for earlier, later in zip(disk.asked, disk.asked[1:], strict=False)]
    assert pauses[:3] == pytest.approx([FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4])
    assert max(pauses) == pytest.approx(LONGEST_PAUSE)


async def test_a_cancellation_does_not_keep_it_from_being_done_in_time(autojump_clock: MockClock) -> None:
    disk = Disk(full=2)
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await insist(disk.write, what="write", shielded=10) == "written"
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_a_cancellation_ends_it_when_its_time_is_over(autojump_clock: MockClock) -> None:
    disk = Disk(full=1000)
    with trio.CancelScope() as scope:
        scope.cancel()
        await insist(disk.write, what="write", shielded=10)
    assert scope.cancelled_caught
    assert trio.current_time() - disk.asked[0] == pytest.approx(10)


async def test_it_goes_on_after_its_time_while_nobody_cancels_it(autojump_clock: MockClock) -> None:
    assert await insist(Disk(full=20).write, what="write", shielded=10) == "written"


async def test_a_refusal_and_a_bug_are_not_insisted_on() -> None:
    async def refuse() -> None:
        raise Refusal("DOMAIN_TAKEN", "no")

    with pytest.raises(Refusal):
        await insist(refuse, what="ask", shielded=10)


@pytest.mark.parametrize("error", [Trouble("DISK_IO", "t"), Refusal("DOMAIN_TAKEN", "r"), RuntimeError("a bug")])
async def test_what_is_only_tried_fails_nobody_and_is_logged(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> str:
        raise error

    assert await attempt(fail, what="sweep") is None
    assert "cannot sweep" in caplog.text
    assert await attempt(Disk(full=0).write, what="sweep") == "written"
