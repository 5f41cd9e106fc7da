from __future__ import annotations

import os

from lci_app.adapters.log_files.index import BLOCK_BYTES, ENTRY_BYTES, entry_count, index_path
from lci_app.adapters.log_files.reading import PAGE_BYTES, reading
from lci_app.core.log_lines import MAX_LINE_BYTES
from lci_app.core.model import Stream
from tests.adapters.log_files import RELATIVE, descriptors, feed, logs_in, mended, record, stored


async def test_a_page_of_enormous_lines_ends_early(tmp_path):
    logs = logs_in(tmp_path)
    line = b"x" * MAX_LINE_BYTES + b"\n"
    async with logs.open(RELATIVE) as writer:
        await feed(writer, Stream.STDOUT, *[line * 10] * 10)
    page = await logs.read(RELATIVE, 11, 5000)
    assert page[0].number == 11
    assert PAGE_BYTES - 2 * MAX_LINE_BYTES < sum(len(line.text) for line in page) < PAGE_BYTES + 2 * MAX_LINE_BYTES


def test_every_page_begins_and_ends_where_it_should(tmp_path):
    texts = [b"x" * (number * 37 % 500) + b"%d" % number for number in range(1, 1200)]
    texts[600:602] = [b"y" * MAX_LINE_BYTES, b"z" * (BLOCK_BYTES - 43)]
    path = mended(stored(tmp_path, b"".join(record(text) for text in texts)))
    with reading(path, None) as reader:
        assert reader.total() == len(texts)
        for first in range(1, len(texts) + 3):
            for limit in (1, 30):
                page = reader.page(first, limit)
                assert [line.number for line in page] == [*range(first, min(first + limit, len(texts) + 1))]
                assert [line.text.encode() for line in page] == texts[first - 1 : first - 1 + limit]


def test_a_page_of_a_million_lines_costs_hardly_more_than_itself(tmp_path, monkeypatch):
    path = mended(stored(tmp_path, b"".join(record(b"%063d" % number) for number in range(1, 1_000_001))))
    cost = 0

    def counted(descriptor, length, offset, *, pread=os.pread):
        nonlocal cost
        data = pread(descriptor, length, offset)
        cost += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    for first in [1, 2, 81, 82, 83, 499_999, 777_777, 999_901]:
        cost = 0
        with reading(path, None) as reader:
            page = reader.page(first, 100)
        assert [line.number for line in page] == list(range(first, first + 100))
        assert cost < 100 * len(record(b"0" * 63)) + 2 * BLOCK_BYTES + 20 * ENTRY_BYTES


def test_the_index_is_small(tmp_path):
    path = mended(stored(tmp_path, record(b"x" * 63) * 100_000))
    assert index_path(path).stat().st_size < path.stat().st_size / 200
    with descriptors(path) as (_, index):
        assert entry_count(index) >= path.stat().st_size // BLOCK_BYTES


async def test_pages_of_a_growing_log_are_the_same_however_they_are_read(tmp_path):
    """Short and long lines, read at every size of the log while it is written, and once more when it is closed."""
    logs = logs_in(tmp_path)
    texts = [f"{number} {'x' * (number * 53 % 900)}" for number in range(1, 400)]
    async with logs.open(RELATIVE) as writer:
        for number, text in enumerate(texts, 1):
            await feed(writer, Stream.STDOUT, f"{text}\n".encode())
            for first in (1, number // 2 + 1, number, number + 1):
                page = await logs.read(RELATIVE, first, 40)
                assert [line.text for line in page] == texts[first - 1 : min(first + 39, number)]
        live = await logs.read(RELATIVE, 1, 1000)
    assert live == await logs.read(RELATIVE, 1, 1000)
    assert [line.number for line in live] == list(range(1, 400))


async def test_viewers_of_a_growing_log_share_what_was_parsed(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, Stream.STDOUT, b"a line\n" * 1000)
        one, other = await logs.read(RELATIVE, 1, 1000), await logs.read(RELATIVE, 500, 100)
    assert [line.number for line in other] == list(range(500, 600))
    assert all(mine is theirs for mine, theirs in zip(one[499:599], other, strict=True))


async def test_what_was_read_long_ago_is_not_kept(tmp_path):
    logs = logs_in(tmp_path)
    async with logs.open(RELATIVE) as writer:
        await feed(writer, Stream.STDOUT, b"".join(b"%0100d\n" % number for number in range(1, 50_001)))
        first = await logs.read(RELATIVE, 1, 1)
        for number in range(1, 50_001, 5000):
            assert len(await logs.read(RELATIVE, number, 5000)) == 5000
        again = await logs.read(RELATIVE, 1, 1)
    assert first == again
    assert first[0] is not again[0]
