"""A log whose program's output comes once more from its beginning, after a crash."""

from __future__ import annotations

import pytest

from lci_app.core.log_lines import MAX_LINE_BYTES
from lci_app.core.masking import Mask
from lci_app.core.model import Stream
from lci_app.interfaces import Trouble
from tests.adapters.log_files import RELATIVE, feed, logs_in

LONG = b"z" * (2 * MAX_LINE_BYTES + 7)
STDOUT = b"one\ntwo \xff\r\n\nsecret\n" + LONG + b"\nlast without an end"
STDERR = b"warning\n" * 3


async def written(tmp_path, out: bytes, err: bytes) -> None:
    """Write a log as a crash leaves it: of output that nothing had ended."""
    async with logs_in(tmp_path).open(RELATIVE) as log:
        await log.mask(Mask(["secret"]))
        await log.begin_stage("source")
        await log.system("source")
        await log.begin_stage("build")
        assert await log.system("begins") == 2
        await feed(log, Stream.STDOUT, out)
        await feed(log, Stream.STDERR, err)


async def resumed(tmp_path, out: bytes, err: bytes, *, piece: int = 1 << 20) -> list[tuple[str, Stream, bool]]:
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as log:
        await log.mask(Mask(["secret"]))
        await log.begin_stage("build")
        await log.system("goes on")
        await log.pass_over(2)
        await feed(log, Stream.STDERR, err)
        await feed(log, Stream.STDOUT, *(out[at : at + piece] for at in range(0, len(out), piece)))
        await log.passed_whole()
    return [(line.text, line.stream, line.continued) for line in await logs.read(RELATIVE, 3, 5000)]


@pytest.mark.parametrize("piece", [1 << 20, 7001])
async def test_nothing_is_stored_twice_and_nothing_left_out_wherever_it_was_cut(tmp_path, piece):
    await written(tmp_path / "whole", STDOUT, STDERR)
    logs = logs_in(tmp_path / "whole")
    whole = [(line.text, line.stream, line.continued) for line in await logs.read(RELATIVE, 3, 5000)]
    for number, at in enumerate([*range(24), 24 + MAX_LINE_BYTES, 24 + 2 * MAX_LINE_BYTES, len(STDOUT) - 19]):
        # A crash keeps whole lines alone of what a program has printed, and whole pieces.
        known = STDOUT[:at]
        ended = known[: known.rfind(b"\n") + 1] if at < 24 + MAX_LINE_BYTES else known
        place = tmp_path / str(number)
        await written(place, ended if at < 24 + MAX_LINE_BYTES else STDOUT[: len(STDOUT) - 19], STDERR[:8])
        found = [each for each in await resumed(place, STDOUT, STDERR, piece=piece) if each[1] is not Stream.SYSTEM]
        for stream in (Stream.STDOUT, Stream.STDERR):
            assert [each for each in found if each[1] is stream] == [each for each in whole if each[1] is stream]


async def test_another_output_is_refused_and_nothing_of_it_stored(tmp_path):
    await written(tmp_path, b"one\ntwo\n", b"")
    with pytest.raises(Trouble) as caught:
        await resumed(tmp_path, b"two\nthree\nfour\n", b"")
    assert caught.value.code == "OUTPUT_DIFFERS"
    texts = [line.text for line in await logs_in(tmp_path).read(RELATIVE, 3, 99)]
    assert texts == ["one", "two", "goes on"]


async def test_an_output_that_ends_before_all_has_come_again_is_refused(tmp_path):
    await written(tmp_path, b"one\ntwo\n", b"")
    with pytest.raises(Trouble, match="1 lines of it did not come again"):
        await resumed(tmp_path, b"one\n", b"")
