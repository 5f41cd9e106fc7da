"""Logs as event streams, over a real connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from lci_app.api import sse
from lci_app.core.model import BuildStatus, Slot
from tests.api.http_client import EventStream, open_events
from tests.api.rig import Rig, feed, log_of
from tests.doubles.api_services import running


@asynccontextmanager
async def log_events(rig: Rig, build_id: int, query: str = "", **headers: str) -> AsyncIterator[EventStream]:
    async with open_events(rig, f"/api/builds/{build_id}/logs{query}", **headers) as stream:
        yield stream


async def numbers(stream: EventStream) -> list[int]:
    found = []
    async for event in stream:
        if event.name == "complete":
            break
        found.append(int(event.id))
        assert json.loads(event.data)["number"] == found[-1]
    return found


async def test_stored_lines_come_then_complete_and_the_stream_ends(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    await served.logged(build, 1200)
    async with log_events(served, build.id) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        events = [event async for event in stream]
    assert [int(event.id) for event in events[:-1]] == list(range(1, 1201))
    assert json.loads(events[4].data)["text"] == "line 5"
    assert events[-1].name == "complete"
    assert json.loads(events[-1].data) == {"status": "Success", "total": 1200}


async def test_a_stream_that_was_cut_goes_on_after_the_last_line_it_had(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    await served.logged(build, 10)
    async with log_events(served, build.id, Last_Event_ID="7") as stream:
        assert await numbers(stream) == [8, 9, 10]
    async with log_events(served, build.id, "?from=9") as stream:
        assert await numbers(stream) == [9, 10]
    async with log_events(served, build.id, "?tail=1") as stream:
        assert await numbers(stream) == [10]


async def test_live_lines_follow_the_stored_ones_without_a_seam(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    got: list[int] = []
    with trio.fail_after(30):
        async with log_events(served, build.id) as stream, trio.open_nursery() as nursery:

            async def read() -> None:
                got.extend(await numbers(stream))

            nursery.start_soon(read)
            await served.begin(build)
            async with served.logs.open(log_of(build)) as writer:
                for start in range(0, 3000, 100):
                    await feed(writer, "".join(f"l{number}\n" for number in range(start, start + 100)))
            await served.end(build)
    assert got == list(range(1, 3001))


async def test_a_queued_build_that_is_cancelled_completes_its_stream(served: Rig) -> None:
    build = await served.a_build(await served.a_project())
    with trio.fail_after(10):
        async with log_events(served, build.id) as stream:
            await served.post(f"/api/builds/{build.id}/cancel")
            events = [event async for event in stream]
    assert json.loads(events[-1].data) == {"status": "Cancelled", "total": 0}


async def test_a_build_that_goes_back_to_the_queue_keeps_its_viewers(served: Rig) -> None:
    from lci_app.interfaces import Requeue

    build = await served.a_build(await served.a_project())
    got: list[int] = []
    with trio.fail_after(30):
        async with log_events(served, build.id) as stream, trio.open_nursery() as nursery:

            async def read() -> None:
                got.extend(await numbers(stream))

            nursery.start_soon(read)
            for attempt in range(2):
                async with served.logs.open(log_of(build)) as writer:
                    await served.begin(build)
                    await feed(writer, f"attempt {attempt}\n")
                if attempt == 0:
                    change = await served.store.requeue_build(build.id, Requeue.INFRA)
                    assert change is not None
                    served.hub.build_changed(change)
            await served.end(build, BuildStatus.FAILED)
    assert got == [1, 2]


async def test_a_quiet_stream_has_a_heartbeat_and_outlives_quarts_response_timeout(
    served: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    served.app.config["RESPONSE_TIMEOUT"] = 0.01
    build = await served.a_build(await served.a_project())
    with trio.fail_after(10):
        async with log_events(served, build.id) as stream:
            for _ in range(5):
                assert await stream.comment() == ""


@pytest.mark.parametrize("given", ["x", "-1", ""])
async def test_a_last_event_id_that_is_no_number_is_refused(rig: Rig, given: str) -> None:
    build = await rig.a_build(await rig.a_project())
    path = f"/api/builds/{build.id}/logs"
    refused = await rig.get(path, Accept="text/event-stream", Last_Event_ID=given)
    assert (refused.code, refused.details["field"]) == ("VALIDATION_ERROR", "Last-Event-ID")


async def test_a_stream_takes_no_limit_and_its_token_counts(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    path = f"/api/builds/{build.id}/logs"
    assert (await rig.get(f"{path}?limit=5", Accept="text/event-stream")).details["field"] == "limit"
    assert (await rig.get(path, scope=None, Accept="text/event-stream")).status == 401


async def test_the_output_of_a_container_is_followed(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    await served.store.set_slot(running(shop, Slot.BLUE, build, served.clock.now()))
    async with open_events(served, "/api/projects/shop/runtime-logs?slot=Blue&tail=1") as stream:
        events = [event async for event in stream]
    assert [(event.name, json.loads(event.data)) for event in events] == [
        ("message", {"text": "GET /"}),
        ("complete", {}),
    ]


async def test_streams_end_when_the_service_stops(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    await served.store.set_slot(running(shop, Slot.BLUE, build, served.clock.now()))
    served.runtime.hold = trio.Event()
    with trio.fail_after(2.5):
        async with (
            served.logs.open(log_of(build)),
            log_events(served, build.id) as log,
            open_events(served, "/api/projects/shop/runtime-logs?slot=Blue") as output,
        ):
            assert json.loads((await output.event()).data) == {"text": "listening"}
            served.stop.set()
            assert [event async for event in log] == []
            assert [json.loads(event.data) async for event in output] == [{"text": "GET /"}]
