"""A disk that takes no more of a log, or reports an error: it is Trouble, and whoever watches the disk is told."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import trio

from lci_app.adapters.log_files import writer as writing
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.core.model import Stream
from lci_app.interfaces import Trouble
from lci_app.services.bell import Bell
from tests.adapters.log_files import RELATIVE, StillClock, feed
from tests.tmpfs import needs_mount, open_small_disk

LINE = b"x" * 5000 + b"\n"


async def refused(writer) -> int:
    """Feed lines until one is refused; returns how many were taken."""
    for number in range(10_000):
        try:
            await feed(writer, Stream.STDOUT, LINE)
        except Trouble as trouble:
            assert trouble.code == "LOG_FAILED"  # noqa: PT017 - which write is refused is not known
            return number
    raise AssertionError("the disk never refused")


async def told(alarm: Bell) -> None:
    with trio.fail_after(5):
        await alarm.wait()


@needs_mount
async def test_a_full_disk_is_told_and_the_log_goes_on_whole_when_there_is_room(tmp_path: Path) -> None:
    alarm = Bell()
    with open_small_disk(tmp_path / "disk", size="2m") as small:
        logs = LogFiles(small.path, StillClock(), alarm=alarm.ring)
        async with logs.open(RELATIVE) as writer:
            await feed(writer, Stream.STDOUT, LINE)
            small.fill(leave=50_000)
            taken = 1 + await refused(writer)
            await told(alarm)
            assert await logs.total(RELATIVE) == taken
            small.make_room()
            await feed(writer, Stream.STDOUT, LINE)
        assert [each.number for each in await logs.read(RELATIVE, 1, 1000)] == list(range(1, taken + 2))


@needs_mount
async def test_a_log_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    alarm = Bell()
    with open_small_disk(tmp_path / "disk", size="2m") as small:
        small.use_up_inodes()
        with pytest.raises(Trouble, match="No space"):
            async with LogFiles(small.path, StillClock(), alarm=alarm.ring).open(RELATIVE):
                pass
        await told(alarm)


@pytest.mark.parametrize("call", ["write_whole", "os.fsync"])
async def test_an_input_output_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    alarm = Bell()
    monkeypatch.setattr(f"{writing.__name__}.{call}", fail)
    with pytest.raises(Trouble, match="Input/output error"):
        async with LogFiles(tmp_path, StillClock(), alarm=alarm.ring).open(RELATIVE) as writer:
            await feed(writer, Stream.STDOUT, LINE)
    await told(alarm)
