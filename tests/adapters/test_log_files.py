from __future__ import annotations

import os
import resource
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from lci_app.adapters.log_files.index import index_path
from lci_app.core.log_lines import MAX_LINE_BYTES
from lci_app.core.model import Stream
from lci_app.interfaces import LogRecord, Trouble
from tests.adapters.log_files import AT, RELATIVE, feed, logs_in

OUT, ERR, SYS = Stream.STDOUT, Stream.STDERR, Stream.SYSTEM


async def test_a_log_tells_what_was_written_to_it(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        assert await writer.system("fetching\nhere it is") == 2
        await writer.begin_stage("build")
        await feed(writer, OUT, b"one\r\ntw", b"o\nthr")
        await feed(writer, ERR, b"warning\n")
        assert writer.last_number == 5
        await writer.begin_stage("deploy")
        assert await writer.system("") == 7
    assert await logs.read(RELATIVE, 0, 50) == [
        LogRecord(1, AT, SYS, "", "fetching"),
        LogRecord(2, AT, SYS, "", "here it is"),
        LogRecord(3, AT, OUT, "build", "one"),
        LogRecord(4, AT, OUT, "build", "two"),
        LogRecord(5, AT, ERR, "build", "warning"),
        LogRecord(6, AT, OUT, "build", "thr"),
        LogRecord(7, AT, SYS, "deploy", ""),
    ]
    assert await logs.total(RELATIVE) == 7


async def test_the_file_is_text_with_the_time_before_every_line(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await writer.begin_stage("build")
        await feed(writer, OUT, b"one\ntwo")
    assert logs.path(RELATIVE).read_bytes() == f"{AT} O build one\n{AT} O build two\n".encode()


async def test_a_line_can_be_read_as_soon_as_it_is_fed(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, OUT, b"at once\nnot yet")
        assert [line.text for line in await logs.read(RELATIVE, 1, 9)] == ["at once"]
        assert await logs.total(RELATIVE) == 1
    assert [line.text for line in await logs.read(RELATIVE, 1, 9)] == ["at once", "not yet"]


async def test_numbers_go_on_when_a_log_is_opened_again(tmp_path):
    logs = logs_in(tmp_path)
    for text in ("first", "second", "third"):
        async with logs.open(RELATIVE) as writer:
            await writer.system(text)
    assert [(line.number, line.text) for line in await logs.read(RELATIVE, 1, 9)] == [
        (1, "first"),
        (2, "second"),
        (3, "third"),
    ]


async def test_what_is_no_text_reads_as_text(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, OUT, b"\xff\0a\rb\xe2\x82\n", b"\xed\xa0\x80\xc2\x85\xe2\x80\xa8\n")
        await writer.system("\ud800")
    lines = [line.text for line in await logs.read(RELATIVE, 1, 9)]
    assert lines == ["\ufffd\0a\rb\ufffd", "\ufffd\ufffd\ufffd\x85\u2028", "?"]
    assert b"\xff\0a\rb\xe2\x82\n" in logs.path(RELATIVE).read_bytes()


async def test_a_long_line_is_stored_in_marked_pieces(tmp_path):
    logs = logs_in(tmp_path)
    line = "€" * MAX_LINE_BYTES
    async with logs.open(RELATIVE) as writer:
        await feed(writer, OUT, b"before\n", line.encode(), b"\nafter\n")
    before, *pieces, after = await logs.read(RELATIVE, 1, 99)
    assert "".join(piece.text for piece in pieces) == line
    assert [piece.continued for piece in pieces] == [True] * 3 + [False]
    assert (before.continued, after.continued) == (False, False)


async def test_what_is_not_there_has_no_lines(tmp_path):
    logs = logs_in(tmp_path)
    assert await logs.read(RELATIVE, 1, 9) == []
    assert await logs.total(RELATIVE) == 0
    assert await logs.search(RELATIVE, "x", regex=False, first=0, limit=9) == []
    assert not logs.is_open(RELATIVE)
    async with logs.open(RELATIVE):
        assert logs.is_open(RELATIVE)
        assert await logs.read(RELATIVE, 1, 9) == []
    assert await logs.total(RELATIVE) == 0
    assert await logs.read(RELATIVE, 1, 0) == []


async def test_files_are_the_owners_alone(tmp_path):
    logs = logs_in(tmp_path / "data")
    old = os.umask(0)
    try:
        async with logs.open(RELATIVE) as writer:
            await writer.system("x")
    finally:
        os.umask(old)
    path = logs.path(RELATIVE)
    modes = {
        name: stat.S_IMODE(name.stat().st_mode) for name in (path, index_path(path), path.parent, tmp_path / "data")
    }
    assert list(modes.values()) == [0o600, 0o600, 0o700, 0o700]


@pytest.mark.parametrize("relative", ["/etc/passwd", "../x.log", "logs/../../x.log", "", "."])
async def test_a_path_out_of_the_data_directory_is_refused(tmp_path, relative):
    with pytest.raises(ValueError, match="below the data directory"):
        logs_in(tmp_path).path(relative)


async def test_a_stage_that_would_break_the_format_is_refused(tmp_path):
    async with logs_in(tmp_path).open(RELATIVE) as writer:
        with pytest.raises(ValueError, match="cannot name a stage"):
            await writer.begin_stage("two words")


async def test_a_log_has_one_writer_at_a_time(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        with pytest.raises(RuntimeError, match="already"):
            async with logs.open(RELATIVE):
                pass
        await writer.system("still open")
    assert await logs.total(RELATIVE) == 1


async def test_a_closed_log_takes_nothing_more(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await writer.system("the last")
    with pytest.raises(Trouble, match="closed"):
        writer.feed(OUT, b"too late\n")
    assert await logs.total(RELATIVE) == 1


async def test_cancellation_still_stores_the_unfinished_line(tmp_path):
    logs = logs_in(tmp_path)
    with trio.CancelScope() as scope:
        async with logs.open(RELATIVE) as writer:
            await feed(writer, OUT, b"Password:")
            scope.cancel()
            await trio.sleep_forever()
    assert [line.text for line in await logs.read(RELATIVE, 1, 9)] == ["Password:"]


async def test_the_last_output_is_the_programs_own(tmp_path):
    async with logs_in(tmp_path).open(RELATIVE) as writer:
        await feed(writer, OUT, b"".join(b"%d\n" % number for number in range(100)))
        await feed(writer, ERR, b"error: no newline")
        for number in range(300):
            await writer.system(f"system {number}")
        assert [line.text for line in await writer.last_output(3, 1000)] == ["98", "99", "error: no newline"]
        assert len(await writer.last_output(1000, 1000)) == 101


async def test_the_last_output_is_bounded_by_its_characters_too(tmp_path):
    async with logs_in(tmp_path).open(RELATIVE) as writer:
        await feed(writer, OUT, b"".join(b"%04d\n" % number for number in range(1000)))
        assert [line.number for line in await writer.last_output(500, 4 * 250)] == [*range(751, 1001)]
        assert [line.text for line in await writer.last_output(500, 3)] == ["0999"]


chunks = st.lists(
    st.tuples(st.sampled_from([OUT, ERR]), st.sampled_from([b"a", b"\n", b"\r\n", b"bc\nd", "ü\n".encode(), b"\xff"]))
    | st.sampled_from(["one", "two"]),
    max_size=40,
)


@given(chunks)
@settings(max_examples=40)
def test_streams_do_not_mix_however_they_are_interleaved(script):
    async def written(directory: Path) -> list[LogRecord]:
        logs = logs_in(directory)
        async with logs.open(RELATIVE) as writer:
            for move in script:
                if isinstance(move, str):
                    await writer.begin_stage(move)
                else:
                    writer.feed(*move)
        return await logs.read(RELATIVE, 1, 1000)

    with tempfile.TemporaryDirectory() as directory:
        records = trio.run(written, Path(directory))
    assert [line.number for line in records] == list(range(1, len(records) + 1))
    for stream in (OUT, ERR):
        lines = [(line.stage, line.text) for line in records if line.stream is stream]
        assert lines == expected(script, stream)


def expected(script: list[str | tuple[Stream, bytes]], stream: Stream) -> list[tuple[str, str]]:
    lines, stage, begun = [], "", b""
    for move in [*script, "the end"]:
        if isinstance(move, str):
            *ended, last = begun.split(b"\n")
            lines += [(stage, line.removesuffix(b"\r").decode(errors="replace")) for line in ended]
            lines += [(stage, last.decode(errors="replace"))] if last else []
            stage, begun = move, b""
        elif move[0] is stream:
            begun += move[1]
    return lines


@contextmanager
def files_no_longer_than(size: int):
    """The kernel lets no file of this process grow further: a full disk, as far as a writer can see."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_said_and_leaves_whole_lines_only(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, OUT, b"fits\n" * 100)
        size = logs.path(RELATIVE).stat().st_size
        with files_no_longer_than(size + 1000), pytest.raises(Trouble, match="File too large") as failure:
            await feed(writer, OUT, b"does not\n" * 100)
        assert failure.value.code == "LOG_FAILED"
        assert logs.path(RELATIVE).stat().st_size == size
        assert await logs.total(RELATIVE) == 100
        await feed(writer, OUT, b"there is room again\n")
    assert [line.text for line in await logs.read(RELATIVE, 100, 9)] == ["fits", "there is room again"]


async def test_a_disk_that_is_full_at_the_end_is_said_too(tmp_path):
    logs = logs_in(tmp_path)
    with files_no_longer_than(1000), pytest.raises(Trouble, match="File too large"):
        async with logs.open(RELATIVE) as writer:
            await feed(writer, OUT, b"x" * 2000)
    assert not logs.is_open(RELATIVE)
    assert await logs.total(RELATIVE) == 0


async def test_a_directory_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "logs").write_text("a file where a directory should be")
    with pytest.raises(Trouble, match="cannot be opened"):
        async with logs_in(tmp_path).open(RELATIVE):
            pass
