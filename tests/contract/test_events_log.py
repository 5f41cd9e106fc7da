"""`events.md`, "Order and loss": lines, in order, none lost and none repeated."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import trio
from trio_websocket import wrap_client_stream

from tests.contract.watching import (
    NEVER,
    check,
    lines_of,
    trigger,
    watching,
)
from tests.git_server import GitRepository
from tests.whole.live import Watcher
from tests.whole.service import ENDED, Service


@pytest.mark.parametrize(
    ("batch", "first"), [(False, 0), (False, 1), (True, 0), (True, 650), (False, 699), (True, 10**9)]
)
async def test_a_build_that_has_ended_gives_its_whole_log_and_then_its_end(
    service: Service, ended: int, batch: bool, first: int
) -> None:
    """A build that has already ended still sends its whole log and then its final `build_status`; line numbers as in
    the HTTP API: from 1, dense, `from_line` inclusive, 0 = 1."""
    stored = service.get(f"/api/builds/{ended}/logs?limit=5000")["lines"]
    async with watching(service) as watcher:
        await watcher.subscribe(target="build", build_id=ended, from_line=first, batch=batch)
        messages = await watcher.until_build_ends(ended)
    assert lines_of(messages, ended) == [(each["number"], each["text"]) for each in stored[max(first, 1) - 1 :]]
    kinds = [message["type"] for message in messages]
    assert kinds[:2] == ["connected", "subscribed"]
    assert set(kinds[2:-1]) <= {"log_batch" if batch else "log"}
    assert (kinds[-1], messages[-1]["status"]) == ("build_status", "Success")


async def test_the_fields_of_a_line_are_the_stored_ones(service: Service, ended: int) -> None:
    """`log` | `build_id, project_id, line, line_number, stream, stage`; `log_batch` | `lines: [[number, timestamp,
    stream, text], …]`"""
    stored = service.get(f"/api/builds/{ended}/logs?limit=5000")["lines"]
    async with watching(service) as watcher:
        await watcher.subscribe(target="build", build_id=ended)
        single = [m for m in await watcher.until_build_ends(ended) if m["type"] == "log"]
    names = ("number", "timestamp", "stream", "stage", "text")
    sent = [(m["line_number"], m["timestamp"], m["stream"], m["stage"], m["line"]) for m in single]
    assert sent == [tuple(each[name] for name in names) for each in stored]
    async with watching(service) as watcher:
        await watcher.subscribe(target="build", build_id=ended, batch=True)
        batches = [m for m in await watcher.until_build_ends(ended) if m["type"] == "log_batch"]
    assert [line for batch in batches for line in batch["lines"]] == [
        [each["number"], each["timestamp"], each["stream"], each["text"]] for each in stored
    ]
    assert len(batches) < len(stored) / 10


async def test_a_queued_build_is_followed_from_before_its_first_line(service: Service, shop: GitRepository) -> None:
    """Within one build, what a subscriber sees is in order, and no line is lost or repeated."""
    service.register("behind", shop.url, build_command="echo words; sleep 0.5; echo more")
    blocker = service.register("blocker", shop.url, build_command=NEVER)["id"]
    service.call("PUT", "/api/projects/behind", {"queue_key": "one"})
    service.call("PUT", f"/api/projects/{blocker}", {"queue_key": "one"})
    blocking = trigger(service, "blocker")
    build = trigger(service, "behind", deploy=False)
    async with watching(service) as watcher:
        assert (await watcher.subscribe(target="build", build_id=build))["current_status"] == "Queued"
        await trio.to_thread.run_sync(service.post, f"/api/builds/{blocking}/cancel")
        messages = await watcher.until_build_ends(build)
    assert [m["status"] for m in messages if m["type"] == "build_status"] == ["Building", "Success"]
    lines = lines_of(messages, build)
    assert lines == list(enumerate(service.log_lines(build), 1))


async def test_a_viewer_that_comes_at_any_moment_misses_and_repeats_nothing(
    service: Service, shop: GitRepository
) -> None:
    """A subscriber that gives `from_line` gets the stored lines first and then the live ones, without a seam."""
    command = "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo seam $n; [ $((n%100)) -eq 0 ] && sleep 0.03; done; true"
    service.register("seam", shop.url, build_command=command)
    build = trigger(service, "seam", deploy=False)
    chance = random.Random(7)
    seen: dict[int, list[tuple[int, str]]] = {}

    async def view(viewer: int) -> None:
        """Watch to the end, cut off and come back with the next line at moments of chance."""
        lines: list[tuple[int, str]] = []
        final = False
        while not final:
            left = chance.randint(1, 700) if viewer % 3 else 10**9
            async with watching(service) as watcher:
                following = lines[-1][0] + 1 if lines else 0
                await watcher.subscribe(target="build", build_id=build, from_line=following, batch=bool(viewer % 2))
                while left > 0 and not final:
                    message = await watcher.receive()
                    got = lines_of([message], build)
                    lines += got
                    left -= len(got)
                    final = message["type"] == "build_status" and message["status"] in ENDED
        seen[viewer] = lines

    async with trio.open_nursery() as nursery:
        for viewer in range(6):
            nursery.start_soon(view, viewer)
    stored = service.get(f"/api/builds/{build}/logs?limit=5000")["lines"]
    for lines in seen.values():
        assert lines == [(each["number"], each["text"]) for each in stored]
    assert sum(text.startswith("seam ") for _, text in seen[0]) == 3000


async def test_two_subscriptions_of_one_connection_do_not_disturb_each_other(service: Service, ended: int) -> None:
    """Within one build … no line is lost or repeated."""
    other = service.build_now("ended", deploy=False)["id"]
    async with watching(service) as watcher:
        await watcher.send(type="subscribe", target="build", build_id=ended, batch=True)
        await watcher.send(type="subscribe", target="build", build_id=other, from_line=100)
        await watcher.send(type="subscribe", target="global")
        finals: set[int] = set()
        while finals != {ended, other}:
            message = await watcher.receive()
            if message["type"] == "build_status":
                finals.add(message["build_id"])
        assert next(number for number, _ in lines_of(watcher.messages, other)) == 100
        for build in (ended, other):
            numbers = [number for number, _ in lines_of(watcher.messages, build)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert numbers[-1] == service.get(f"/api/builds/{build}/logs?limit=1")["total"]


async def test_a_client_that_does_not_read_is_told_that_it_lagged_and_gets_every_line(
    service: Service, shop: GitRepository
) -> None:
    """A client too slow to keep up never slows a build, another client or the proxy: its log lines are dropped from
    memory and it is told `{"type": "lagged", "build_id", "next_line"}`, after which the server resumes it from the
    stored log."""
    many = 60_000
    command = f"echo begun; sleep 1; yes '{'x' * 400}' | head -n {many}; true"
    service.register("flood", shop.url, build_command=command)
    build = trigger(service, "flood", deploy=False)
    async with slow_watcher(service) as slow, watching(service) as quick:
        await slow.subscribe(target="build", build_id=build, batch=True)
        await quick.subscribe(target="build", build_id=build, batch=True)
        # Nothing is read from the slow one until the build has ended and the quick one has seen all of it.
        assert (await quick.until_build_ends(build))[-1]["status"] == "Success"
        assert service.get("/healthz")["status"] == "ok"
        messages = await slow.until_build_ends(build)
        check(messages)
    total = service.get(f"/api/builds/{build}/logs?limit=1")["total"]
    assert total > many
    for watcher in (quick, slow):
        assert [number for number, _ in lines_of(watcher.messages, build)] == list(range(1, total + 1))
    lagged = [index for index, message in enumerate(messages) if message["type"] == "lagged"]
    assert lagged
    for index in lagged:
        following = next(m for m in messages[index:] if m["type"] == "log_batch")
        assert (messages[index]["build_id"], messages[index]["next_line"]) == (build, following["lines"][0][0])


@asynccontextmanager
async def slow_watcher(service: Service) -> AsyncIterator[Watcher]:
    """A connection with hardly any room between the server and the reader."""
    place = urlsplit(service.url)
    with trio.socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await narrow.connect((place.hostname, place.port))
        headers = [(b"Authorization", f"Bearer {service.token}".encode())]
        async with trio.open_nursery() as nursery:
            connection = await wrap_client_stream(
                nursery, trio.SocketStream(narrow), place.netloc, "/ws", extra_headers=headers
            )
            async with connection:
                watcher = Watcher(connection)
                assert (await watcher.receive())["type"] == "connected"
                yield watcher
