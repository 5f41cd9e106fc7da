from __future__ import annotations

import re

import pytest

from lci_app.api import build_logs
from lci_app.core.model import Stream
from tests.api.rig import Rig, feed, log_of


async def lines(rig: Rig, query: str, build_id: int = 1) -> list[str]:
    return [line["text"] for line in (await rig.get(f"/api/builds/{build_id}/logs{query}")).data["lines"]]


async def test_a_page_of_the_log_begins_where_it_is_asked_to(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    await rig.logged(build, 250)
    page = (await rig.get(f"/api/builds/{build.id}/logs?from=100&limit=3")).data
    assert [(line["number"], line["text"]) for line in page["lines"]] == [
        (100, "line 100"),
        (101, "line 101"),
        (102, "line 102"),
    ]
    assert (page["total"], page["complete"]) == (250, True)
    first = page["lines"][0]
    assert (first["stream"], first["stage"], first["continued"]) == ("stdout", "build", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["timestamp"])


async def test_numbers_begin_at_one_and_zero_stands_for_one(rig: Rig) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 3)
    assert await lines(rig, "") == await lines(rig, "?from=0") == await lines(rig, "?from=1")
    assert await lines(rig, "?from=3") == ["line 3"]
    assert await lines(rig, "?from=4") == []
    assert await lines(rig, "?from=9000000000000000000") == []


async def test_the_tail_is_the_last_lines(rig: Rig) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 10)
    assert await lines(rig, "?tail=2") == ["line 9", "line 10"]
    assert len(await lines(rig, "?tail=5000")) == 10


async def test_up_to_five_thousand_lines_come_at_once(rig: Rig) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 6000)
    assert len(await lines(rig, "?limit=5000")) == 5000
    assert (await rig.get("/api/builds/1/logs?limit=5001")).details["field"] == "limit"
    assert (await rig.get("/api/builds/1/logs?tail=1&from=2")).details["field"] == "tail"
    assert (await rig.get("/api/builds/1/logs?first=1")).details["field"] == "first"
    assert (await rig.get("/api/builds/1/logs/search?qq=line")).details["field"] == "qq"


async def test_a_page_of_long_lines_ends_early_and_says_that_there_is_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_logs, "PAGE_LINES", 10)
    monkeypatch.setattr(build_logs, "MAX_PAGE_CHARACTERS", 100)
    await rig.logged(await rig.a_build(await rig.a_project()), 100)
    page = (await rig.get("/api/builds/1/logs")).data
    assert (len(page["lines"]), page["total"]) == (20, 100)


async def test_a_log_is_complete_when_its_build_has_ended(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    empty = (await rig.get(f"/api/builds/{build.id}/logs")).data
    assert empty == {"lines": [], "total": 0, "complete": False}
    await rig.logged(build, 2, status=None)
    assert (await rig.get(f"/api/builds/{build.id}/logs")).data["complete"] is False
    await rig.begin(build)
    await rig.end(build)
    assert (await rig.get(f"/api/builds/{build.id}/logs")).data["complete"] is True


async def test_a_search_goes_over_all_lines(rig: Rig) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 3000)

    async def found(query: str) -> list[int]:
        answer = (await rig.get(f"/api/builds/1/logs/search?{query}")).data
        return [line["number"] for line in answer["lines"]]

    assert await found("q=line 2999") == [2999]
    assert await found("q=line 299&limit=2") == [299, 2990]
    assert await found("q=line 299&from=300&limit=1") == [2990]
    assert await found("q=nowhere") == []
    assert await found("q=^line 1.$&regex=true") == list(range(10, 20))


async def test_a_search_says_where_it_goes_on(rig: Rig) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 100)
    first = (await rig.get("/api/builds/1/logs/search?q=line&limit=60")).data
    assert first["next_from"] == 61
    rest = (await rig.get("/api/builds/1/logs/search?q=line&limit=60&from=61")).data
    assert (len(rest["lines"]), rest["next_from"], rest["total"]) == (40, None, 100)


@pytest.mark.parametrize("query", ["", "q=", "q=(&regex=true", "q=x&regex=maybe", "q=x&limit=0"])
async def test_a_search_that_cannot_be_is_refused(rig: Rig, query: str) -> None:
    await rig.logged(await rig.a_build(await rig.a_project()), 3)
    assert (await rig.get(f"/api/builds/1/logs/search?{query}")).code == "VALIDATION_ERROR"


async def test_a_download_has_every_line_with_its_timestamp(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    await rig.logged(build, 1234)
    got = await rig.get(f"/api/builds/{build.id}/logs/download")
    assert got.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert got.headers["Content-Disposition"] == 'attachment; filename="shop-1.log"'
    texts = got.body.decode().splitlines()
    assert len(texts) == 1234
    assert all(re.fullmatch(rf"\S+Z line {number}", text) for number, text in enumerate(texts, 1))


async def test_a_line_that_was_stored_in_pieces_is_whole_in_the_download(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    long = "x" * 150_000
    async with rig.logs.open(log_of(build)) as writer:
        await feed(writer, f"before\n{long}\nafter\n")
    page = (await rig.get(f"/api/builds/{build.id}/logs")).data["lines"]
    assert [line["continued"] for line in page] == [False, True, True, False, False]
    texts = (await rig.get(f"/api/builds/{build.id}/logs/download")).body.decode().splitlines()
    assert [text.partition(" ")[2] for text in texts] == ["before", long, "after"]


async def test_what_is_no_text_does_no_harm(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    async with rig.logs.open(log_of(build)) as writer:
        writer.feed(Stream.STDERR, b"\xff\xfe caf\xc3\xa9 \x1b[31m\x00\n")
    (line,) = (await rig.get(f"/api/builds/{build.id}/logs")).data["lines"]
    assert "café \x1b[31m" in line["text"]
    assert line["stream"] == "stderr"
