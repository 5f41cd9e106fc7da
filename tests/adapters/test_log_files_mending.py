from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from lci_app.adapters.log_files.index import BLOCK_BYTES, ENTRY_BYTES, Entry, entry_at, entry_count, index_path, pack
from lci_app.adapters.log_files.reading import reading
from lci_app.core.log_lines import MAX_LINE_BYTES, UNKNOWN_TIME, text_start
from lci_app.core.model import Stream
from tests.adapters.log_files import RELATIVE, descriptors, feed, logs_in, mended, record, stored

WHOLE = [record(b"first"), record(b"second \xe2\x82\xac"), record(b"third", Stream.STDERR)]


@pytest.mark.parametrize("open_again", [True, False])
async def test_a_log_torn_anywhere_keeps_all_its_text(tmp_path, open_again):
    """`open_again`: mended by the next writer, else by the first reader."""
    data = b"".join(WHOLE)
    logs = logs_in(tmp_path)
    for size in range(len(data) + 1):
        stored(tmp_path, data[:size])
        kept = [line for line in data[:size].split(b"\n") if text_start(line)]
        texts = [line[text_start(line) :].decode(errors="replace") for line in kept]
        if open_again:
            async with logs.open(RELATIVE) as writer:
                assert writer.last_number == len(texts)
                assert await writer.system("again") == len(texts) + 1
            texts.append("again")
        assert [line.text for line in await logs.read(RELATIVE, 1, 9)] == texts
        assert await logs.total(RELATIVE) == len(texts)
        assert logs.path(RELATIVE).read_bytes().count(b"\n") == len(texts)


async def test_an_endless_torn_line_is_ended_where_it_stops(tmp_path):
    stored(tmp_path, WHOLE[0] + b"\0" * (3 * MAX_LINE_BYTES))
    first, damaged = await logs_in(tmp_path).read(RELATIVE, 1, 9)
    assert first.text == "first"
    assert (damaged.timestamp, damaged.stream, damaged.stage) == (UNKNOWN_TIME, Stream.SYSTEM, "")
    assert damaged.text == "\0" * (3 * MAX_LINE_BYTES)


def check_index(path: Path) -> None:
    """Every entry is true, and they are close enough together."""
    data = path.read_bytes()
    with descriptors(path) as (_, index):
        entries = [entry_at(index, ordinal) for ordinal in range(entry_count(index))]
    assert entries[0] == (1, 0)
    for entry, following in zip(entries, [*entries[1:], Entry(0, len(data))], strict=True):
        assert entry.number == data.count(b"\n", 0, entry.offset) + 1
        assert data[: entry.offset].endswith(b"\n") or not entry.offset
        block = data[entry.offset : following.offset]
        assert len(block) <= BLOCK_BYTES or block.count(b"\n") == 1


LOG = b"".join(record(b"x" * (number * 7 % 300)) for number in range(2000)) + record(b"y" * MAX_LINE_BYTES) + WHOLE[0]


def test_an_index_made_from_the_log_is_true(tmp_path):
    check_index(mended(stored(tmp_path, LOG)))


async def test_an_index_written_with_the_log_is_true(tmp_path):
    logs = logs_in(tmp_path)
    text = b"".join(b"%d %s\n" % (number, b"x" * (number * 31 % 700)) for number in range(3000))
    async with logs.open(RELATIVE) as writer:
        await writer.begin_stage("build")
        await feed(writer, Stream.STDOUT, *[text[start : start + 1009] for start in range(0, len(text) // 2, 1009)])
        await feed(writer, Stream.STDERR, text, b"z" * 200_000)
        await writer.system("the end")
    check_index(logs.path(RELATIVE))


def spoil_checksum(index: bytes) -> bytes:
    place = index[: 5 * ENTRY_BYTES]
    return place + bytes([index[5 * ENTRY_BYTES] ^ 1]) + index[5 * ENTRY_BYTES + 1 :]


SPOILED = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "torn": lambda index: index[:-7],
    "behind": lambda index: index[: 3 * ENTRY_BYTES],
    "rubbish": lambda index: b"rubbish" * len(index),
    "one bit wrong": spoil_checksum,
    "out of order": lambda index: index[:ENTRY_BYTES] + index[: -5 * ENTRY_BYTES : -1][::-1] + index,
    "of a longer log": lambda index: index + pack(Entry(9000, 2 * len(LOG))),
    "not from the start": lambda index: index[ENTRY_BYTES:],
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
async def test_a_bad_index_is_made_anew(tmp_path, spoil):
    path = mended(stored(tmp_path, LOG))
    with reading(path, None) as reader:
        right = reader.page(1, 5000)
    stored(tmp_path, LOG, spoil(index_path(path).read_bytes()))
    logs = logs_in(tmp_path)
    for first in range(1, len(right) + 1, 50):
        assert await logs.read(RELATIVE, first, 3) == right[first - 1 : first + 2]
    assert await logs.total(RELATIVE) == len(right)
    async with logs.open(RELATIVE) as writer:
        assert await writer.system("on") == len(right) + 1
    check_index(path)


async def test_an_index_of_another_log_is_made_anew_when_it_is_opened(tmp_path):
    other = b"".join(record(b"z" * 71) for _ in range(1000))
    index = index_path(mended(stored(tmp_path, other))).read_bytes()
    path = stored(tmp_path, LOG, index)
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE):
        pass
    check_index(path)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"rubbish" * 99)], ids=["gone", "rotten"])
async def test_an_index_that_goes_bad_under_an_open_log_is_made_anew(tmp_path, spoil):
    logs = logs_in(tmp_path)
    lines = b"".join(b"%05d\n" % number for number in range(1, 2001))
    async with logs.open(RELATIVE) as writer:
        await feed(writer, Stream.STDOUT, lines)
        spoil(index_path(logs.path(RELATIVE)))
        assert [line.text for line in await logs.read(RELATIVE, 1500, 2)] == ["01500", "01501"]
        await feed(writer, Stream.STDOUT, lines)
        assert [line.text for line in await logs.read(RELATIVE, 3500, 2)] == ["01500", "01501"]
    check_index(logs.path(RELATIVE))


PROGRAM = """
import sys, trio
from pathlib import Path
from lci_app.adapters.clock import SystemClock
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.core.model import Stream

def flood(writer):
    number = 1
    while True:
        lines = b"".join(b"%d\\n" % n for n in range(number, number + 100))
        writer.feed(Stream.STDOUT, lines[:-1])
        writer.feed(Stream.STDOUT, lines[-1:])
        number += 100
        if number > 20_000:
            print("flooding", flush=True)

async def main():
    async with LogFiles(Path(sys.argv[1]), SystemClock()).open(sys.argv[2]) as writer:
        await trio.to_thread.run_sync(flood, writer)

trio.run(main)
"""


def kill_while_it_writes(directory: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM, directory, RELATIVE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    assert said == b"flooding\n"


async def test_a_service_that_was_killed_leaves_a_log_that_goes_on(tmp_path):
    await trio.to_thread.run_sync(kill_while_it_writes, tmp_path)
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        last = await writer.system("goes on")
    assert last > 20_000
    check_index(logs.path(RELATIVE))
    lines = logs.path(RELATIVE).read_text().splitlines()
    texts = [line.split(" ", 3)[3] for line in lines]
    assert texts[:-2] == [str(number) for number in range(1, last - 1)]
    assert str(last - 1).startswith(texts[-2])
    assert texts[-1] == "goes on"
