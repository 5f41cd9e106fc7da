"""`http-api.md`: a build's log as pages, as events, searched, and downloaded."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.contract.asking import TIMESTAMP, Examiner
from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop

EVENTS = {"Accept": "text/event-stream"}
LINES = 300


@pytest.fixture(scope="module")
def build(service: Service, shop: GitRepository) -> Any:
    """A build that has ended, with numbered lines on both streams."""
    command = f"for n in $(seq 1 {LINES}); do echo line $n; done; echo 'héllo (w) wörld' >&2"
    service.register("prints", shop.url, build_command=command)
    return service.succeed("prints", deploy=False)


@pytest.fixture(scope="module")
def everything(ask: Examiner, build: Any) -> Any:
    return ask("GET", f"/api/builds/{build['id']}/logs?limit=5000").data


def numbers(page: Any) -> list[int]:
    return [line["number"] for line in page["lines"]]


def test_a_page_of_the_log(everything: Any) -> None:
    """JSON `{lines: [{number, timestamp, stream, stage, text}], total, complete}`; numbers start at 1 and are dense
    over all stages; `total` is the last number, `stream` is `stdout`, `stderr` or `system`."""
    assert set(everything) == {"lines", "total", "complete"}
    assert numbers(everything) == list(range(1, everything["total"] + 1))
    assert everything["complete"] is True
    for line in everything["lines"]:
        assert set(line) >= {"number", "timestamp", "stream", "stage", "text"}
        assert TIMESTAMP.fullmatch(line["timestamp"])
    assert {line["stream"] for line in everything["lines"]} == {"stdout", "stderr", "system"}
    assert len({line["stage"] for line in everything["lines"]}) >= 2
    texts = [line["text"] for line in everything["lines"] if line["stream"] == "stdout"]
    assert texts == [f"line {n}" for n in range(1, LINES + 1)]
    (said,) = [line["text"] for line in everything["lines"] if line["stream"] == "stderr"]
    assert said == "héllo (w) wörld"
    times = [line["timestamp"] for line in everything["lines"]]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("from=0&limit=3", [1, 2, 3]),
        ("from=1&limit=3", [1, 2, 3]),
        ("from=7&limit=2", [7, 8]),
        ("limit=1", [1]),
        ("from=100000", []),
        ("from=9223372036854775807", []),
    ],
)
def test_from_is_inclusive_and_0_means_1(
    ask: Examiner, build: Any, everything: Any, query: str, wanted: list[int]
) -> None:
    """`from` is inclusive (0 = 1)"""
    page = ask("GET", f"/api/builds/{build['id']}/logs?{query}").data
    assert numbers(page) == wanted
    assert (page["total"], page["complete"]) == (everything["total"], True)


def test_a_tail_is_the_last_lines(ask: Examiner, build: Any, everything: Any) -> None:
    """`?tail=`"""
    total = everything["total"]
    for tail in (1, 5, total, total + 1, 5000):
        page = ask("GET", f"/api/builds/{build['id']}/logs?tail={tail}").data
        assert numbers(page) == list(range(max(total - tail, 0) + 1, total + 1))


def test_pages_join_without_a_seam(ask: Examiner, build: Any, everything: Any) -> None:
    lines: list[Any] = []
    while len(lines) < everything["total"]:
        lines += ask("GET", f"/api/builds/{build['id']}/logs?from={len(lines) + 1}&limit=37").data["lines"]
    assert lines == everything["lines"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=5001", "limit"), ("limit=x", "limit"), ("from=-1", "from"), ("from=x", "from"),
     ("tail=0", "tail"), ("tail=5001", "tail"), ("tail=-1", "tail"), ("form=1", "form"), ("first=1", "first")],
)  # fmt: skip
def test_what_a_page_cannot_be(ask: Examiner, build: Any, query: str, field: str) -> None:
    """limit … log lines up to 5,000"""
    assert ask("GET", f"/api/builds/{build['id']}/logs?{query}").field == field
    assert ask("GET", f"/api/builds/{build['id']}/logs?{query}", headers=EVENTS).field == field


def events(text: str) -> list[dict[str, str]]:
    """Parse what came as server-sent events; comments are left out."""
    blocks = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            blocks.append(fields)
    return blocks


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [("", {}, 1), ("?from=0", {}, 1), ("?from=9", {}, 9), ("", {"Last-Event-ID": "5"}, 6),
     ("?from=2", {"Last-Event-ID": "8"}, 9), ("", {"Last-Event-ID": "0"}, 1)],
)  # fmt: skip
def test_events_are_the_stored_lines_and_then_complete(
    service: Service, build: Any, everything: Any, query: str, headers: dict[str, str], first: int
) -> None:
    """As SSE (`Accept: text/event-stream`) the stored lines, then live ones, `id:` = line number (so `Last-Event-ID`
    resumes), ending in `event: complete`."""
    response = service.request("GET", f"/api/builds/{build['id']}/logs{query}", headers={**EVENTS, **headers})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["X-Request-Id"]
    *lines, last = events(response.content.decode())
    assert last["event"] == "complete"
    assert json.loads(last["data"])["status"] == "Success"
    assert [int(each["id"]) for each in lines] == list(range(first, everything["total"] + 1))
    assert [json.loads(each["data"]) for each in lines] == everything["lines"][first - 1 :]


def test_events_after_the_last_line_are_only_complete(service: Service, build: Any, everything: Any) -> None:
    headers = {**EVENTS, "Last-Event-ID": str(everything["total"])}
    response = service.request("GET", f"/api/builds/{build['id']}/logs", headers=headers)
    assert [each.get("event") for each in events(response.text)] == ["complete"]


def test_a_resumption_from_nowhere_is_refused(ask: Examiner, build: Any) -> None:
    for bad in ("x", "-1"):
        headers = {**EVENTS, "Last-Event-ID": bad}
        assert ask("GET", f"/api/builds/{build['id']}/logs", headers=headers).field == "Last-Event-ID"


def test_events_go_on_live_and_a_cut_stream_is_resumed(service: Service, shop: GitRepository) -> None:
    """The stored lines, then live ones …, so `Last-Event-ID` resumes."""
    command = "n=0; while [ $n -lt 400 ]; do n=$((n+1)); echo live $n; [ $((n%20)) -eq 0 ] && sleep 0.05; done; true"
    service.register("live", shop.url, build_command=command)
    build_id = service.post("/api/projects/live/builds", {"deploy": False})["build_id"]
    path, seen, texts = f"/api/builds/{build_id}/logs", 0, []
    complete = False
    cuts = 0
    while not complete:
        headers = {**EVENTS, **({"Last-Event-ID": str(seen)} if seen else {})}
        with service.request("GET", path, headers=headers, stream=True) as stream:
            block: dict[str, str] = {}
            taken = 0
            for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
                if line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                    continue
                if block.get("event") == "complete":
                    complete = True
                    break
                if "id" in block:
                    assert int(block["id"]) == seen + 1
                    seen += 1
                    taken += 1
                    texts.append(json.loads(block["data"])["text"])
                block = {}
                if taken == 37 + cuts:
                    cuts += 1
                    break
    assert cuts > 3
    assert [text for text in texts if text.startswith("live ")] == [f"live {n}" for n in range(1, 401)]
    assert texts == service.log_lines(build_id)


def test_a_log_is_read_while_it_is_written(service: Service, ask: Examiner, shop: GitRepository) -> None:
    """`complete`"""
    service.register("unfinished", shop.url, build_command="echo begun; sleep 1000")
    build_id = service.post("/api/projects/unfinished/builds")["build_id"]
    waiting = WaitLoop("the first line")
    while "begun" not in service.log_lines(build_id):
        waiting.again()
    page = ask("GET", f"/api/builds/{build_id}/logs").data
    assert page["complete"] is False
    assert numbers(page) == list(range(1, page["total"] + 1))
    ask("POST", f"/api/builds/{build_id}/cancel")
    service.wait_build(build_id)
    ended = ask("GET", f"/api/builds/{build_id}/logs").data
    assert ended["complete"] is True
    assert ended["lines"][: len(page["lines"])] == page["lines"]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("q=line 29&limit=2", ["line 29", "line 290"]),
        ("q=line 29&limit=5000", ["line 29", *(f"line {n}" for n in range(290, 300))]),
        ("q=line 30", ["line 30", "line 300"]),
        ("q=^line [12]$&regex=true", ["line 1", "line 2"]),
        ("q=^line [12]$", []),
        ("q=(w)", ["héllo (w) wörld"]),
        ("q=wörld", ["héllo (w) wörld"]),
        ("q=no such text", []),
    ],
)
def test_a_search_finds_lines_with_their_numbers(
    ask: Examiner, build: Any, everything: Any, query: str, texts: list[str]
) -> None:
    """`?q=&regex=&from=&limit=` → matching line numbers with their text, over all lines."""
    found = ask("GET", f"/api/builds/{build['id']}/logs/search?{query}").data["lines"]
    assert [line["text"] for line in found] == texts
    for line in found:
        assert everything["lines"][line["number"] - 1]["text"] == line["text"]


def test_a_search_goes_on_from_a_line(ask: Examiner, build: Any) -> None:
    path = f"/api/builds/{build['id']}/logs/search?q=line 29"
    first = ask("GET", path).data["lines"][0]["number"]
    assert ask("GET", f"{path}&from={first}").data["lines"][0]["number"] == first
    assert ask("GET", f"{path}&from={first + 1}").data["lines"][0]["number"] > first
    assert ask("GET", f"{path}&from=0").data["lines"][0]["number"] == first


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "q"), ("q=", "q"), ("q=(&regex=true", "q"), ("q=a&regex=maybe", "regex"), ("q=a&limit=0", "limit"),
     ("q=a&limit=5001", "limit"), ("q=a&from=-1", "from"), ("qq=a", "qq")],
)  # fmt: skip
def test_what_cannot_be_searched_for(ask: Examiner, build: Any, query: str, field: str) -> None:
    assert ask("GET", f"/api/builds/{build['id']}/logs/search?{query}").field == field


def test_the_whole_log_is_downloaded_with_times(service: Service, build: Any, everything: Any) -> None:
    """`text/plain` attachment, every line with its timestamp."""
    response = service.request("GET", f"/api/builds/{build['id']}/logs/download")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert re.match(r"attachment\b", response.headers["Content-Disposition"])
    assert response.headers["X-Request-Id"]
    text = response.content.decode()
    assert text.splitlines() == [f"{line['timestamp']} {line['text']}" for line in everything["lines"]]


def test_a_line_that_is_no_text_and_one_without_an_end_are_lines(
    service: Service, ask: Examiner, shop: GitRepository
) -> None:
    service.register("odd", shop.url, build_command=r"printf 'bad \377 byte\n\n\rover\tthere\n'; printf 'no end'")
    build_id = service.succeed("odd", deploy=False)["id"]
    page = ask("GET", f"/api/builds/{build_id}/logs").data
    texts = [line["text"] for line in page["lines"] if line["stream"] == "stdout"]
    assert texts[0] == "bad \ufffd byte"
    assert texts[1] == ""
    assert texts[-1] == "no end"
    assert numbers(page) == list(range(1, page["total"] + 1))
