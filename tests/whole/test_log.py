"""The log: every line, in order, however it is read."""

from __future__ import annotations

import json
import re

import requests
import trio

from tests.git_server import GitRepository
from tests.whole.live import Watcher
from tests.whole.service import Service

LINES = 20_000
COMMAND = f"i=1; while [ $i -le {LINES} ]; do echo line $i; i=$((i+1)); done; cp index.html /output/"


def test_a_log_reads_the_same_in_every_form(service: Service, shop: GitRepository) -> None:
    service.register("chatty", shop.url, build_command=COMMAND)
    build = service.post("/api/projects/chatty/builds", {"deploy": False})["build_id"]

    async def watch() -> list[dict[str, object]]:
        async with Watcher.open(service) as single, Watcher.open(service) as batched:
            await single.subscribe(target="build", build_id=build, from_line=0)
            await batched.subscribe(target="build", build_id=build, from_line=0, batch=True)
            seen = [m for m in await single.until_build_ends(build) if m["type"] == "log"]
            batches = [m for m in await batched.until_build_ends(build) if m["type"] == "log_batch"]
            flat = [line for batch in batches for line in batch["lines"]]
            assert [(m["line_number"], m["stream"], m["line"]) for m in seen] == [(n, s, t) for n, _, s, t in flat]
            return seen

    seen = trio.run(watch)
    assert [m["line_number"] for m in seen] == list(range(1, len(seen) + 1))
    said = [m["line"] for m in seen if m["stage"] == "build" and m["stream"] == "stdout"]
    assert said == [f"line {n}" for n in range(1, LINES + 1)]

    total = service.get(f"/api/builds/{build}/logs?limit=1")["total"]
    pages: list[dict[str, object]] = []
    while len(pages) < total:
        page = service.get(f"/api/builds/{build}/logs?from={len(pages) + 1}&limit=5000")
        assert page["complete"]
        pages += page["lines"]
    assert [(p["number"], p["text"]) for p in pages] == [(m["line_number"], m["line"]) for m in seen]

    tail = service.get(f"/api/builds/{build}/logs?tail=3")["lines"]
    assert tail == pages[-3:]
    found = service.get(f"/api/builds/{build}/logs/search?q=line 1234&limit=200")
    assert [hit["text"] for hit in found["lines"]] == ["line 1234", *(f"line 1234{n}" for n in range(10))]
    download = service.request("GET", f"/api/builds/{build}/logs/download")
    assert download.headers["Content-Type"].startswith("text/plain")
    assert "attachment" in download.headers["Content-Disposition"]
    lines = download.text.splitlines()
    assert len(lines) == total
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)


def test_events_are_resumed_after_the_last_line_that_was_seen(service: Service, shop: GitRepository) -> None:
    service.register("resumed", shop.url, build_command="for i in 1 2 3 4 5; do echo line $i; done")
    build = service.build_now("resumed", deploy=False)["id"]
    first = _events(service, build)
    numbers = [int(event["id"]) for event in first if event.get("event", "message") != "complete"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert first[-1]["event"] == "complete"
    rest = _events(service, build, {"Last-Event-ID": "4"})
    assert [event.get("id") for event in rest] == [event.get("id") for event in first[4:]]


def test_a_viewer_that_comes_late_gets_the_whole_log_and_then_the_end(service: Service, shop: GitRepository) -> None:
    service.register("ended", shop.url, build_command="echo hello")
    build = service.build_now("ended", deploy=False)

    async def watch() -> list[dict[str, object]]:
        async with Watcher.open(service) as watcher:
            answer = await watcher.subscribe(target="build", build_id=build["id"], from_line=3)
            assert answer["current_status"] == "Success"
            return await watcher.until_build_ends(build["id"])

    seen = trio.run(watch)
    numbers = [m["line_number"] for m in seen if m["type"] == "log"]
    total = service.get(f"/api/builds/{build['id']}/logs")["total"]
    assert numbers == list(range(3, total + 1))
    assert seen[-1]["type"] == "build_status"


def test_long_lines_are_split_and_strange_bytes_kept_readable(service: Service, shop: GitRepository) -> None:
    command = r"head -c 200000 /dev/zero | tr '\0' x; echo; printf 'bad \377 byte\n'; printf 'no newline'"
    service.register("strange", shop.url, build_command=command)
    build = service.build_now("strange", deploy=False)["id"]
    lines = service.get(f"/api/builds/{build}/logs?limit=5000")["lines"]
    pieces = [line["text"] for line in lines if line["text"].startswith("xxx")]
    assert "".join(pieces) == "x" * 200_000
    assert max(len(piece.encode()) for piece in pieces) <= 64 * 1024
    texts = [line["text"] for line in lines]
    assert "bad � byte" in texts
    assert "no newline" in texts


def test_the_log_is_a_file_that_people_can_read(service: Service, shop: GitRepository) -> None:
    service.register("on-disk", shop.url, build_command="echo hello disk")
    build = service.build_now("on-disk", deploy=False)
    path = service.data_dir / "logs" / str(build["project_id"]) / f"{build['build_number']}.log"
    assert "hello disk" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def _events(service: Service, build: int, headers: dict[str, str] | None = None) -> list[dict[str, str]]:
    response = requests.get(
        f"{service.url}/api/builds/{build}/logs",
        headers={"Authorization": f"Bearer {service.token}", "Accept": "text/event-stream", **(headers or {})},
        timeout=30,
    )
    assert response.headers["Content-Type"].startswith("text/event-stream")
    events = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if fields:
            events.append(fields)
    assert all(json.loads(event["data"]) is not None for event in events)
    return events
