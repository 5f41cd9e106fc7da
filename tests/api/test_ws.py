"""The live events, over real connections."""

from __future__ import annotations

from typing import Any

import pytest
import trio

import lci_app
from lci_app.api import ws
from lci_app.api.ws import MAX_SUBSCRIPTIONS
from lci_app.core.events import ContainerStatus, DeploymentEnded, ErrorEvent, HealthCheck
from lci_app.core.model import Build, BuildStatus, Scope, Slot
from lci_app.interfaces import Requeue
from tests.api.http_client import handshake
from tests.api.rig import DASHBOARD, Rig, feed, log_of
from tests.api.ws_client import Client, connect, connected, line_numbers
from tests.makers import NOW

ENDED = ("Success", "Failed", "Cancelled")


async def test_the_first_message_says_that_the_client_is_connected(served: Rig) -> None:
    async with connect(served) as one, connect(served) as other:
        first, second = await one.expect("connected"), await other.expect("connected")
    assert first["connection_id"] != second["connection_id"]
    # So that a page which was loaded from another version knows that it is old.
    assert first["version"] == lci_app.__version__


@pytest.mark.parametrize("authorization", ["", "Bearer lci_wrong"])
async def test_without_valid_credentials_a_handshake_is_a_401(served: Rig, authorization: str) -> None:
    refused = await handshake(served, Authorization=authorization)
    assert refused.status_code == 401
    assert dict(refused.headers)[b"www-authenticate"].startswith(b"Bearer")


async def test_a_web_page_shows_its_token_among_the_protocols_that_it_offers(served: Rig) -> None:
    token = served.tokens[Scope.READ]
    accepted = await handshake(served, Sec_WebSocket_Protocol=f"lci, lci.token.{token}")
    assert accepted.status_code == 101
    assert dict(accepted.headers)[b"sec-websocket-protocol"] == b"lci"
    for offered in ("lci", "lci, lci.token.lci_wrong", f"lci, {token}"):
        assert (await handshake(served, Sec_WebSocket_Protocol=offered)).status_code == 401
    # Among the protocols of a plain request it is none of our business.
    assert (await served.get("/api/projects", scope=None, Sec_WebSocket_Protocol=f"lci.token.{token}")).status == 401


@pytest.mark.parametrize("scope", [None, Scope.ADMIN])
@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1"])
async def test_a_foreign_origin_is_a_403_whatever_its_credentials(
    served: Rig, origin: str, scope: Scope | None
) -> None:
    assert (await handshake(served, scope=scope, Origin=origin)).status_code == 403


async def test_our_own_origins_may_connect(served: Rig) -> None:
    for origin in (f"http://127.0.0.1:{served.port}", DASHBOARD):
        accepted = await handshake(served, scope=Scope.READ, Origin=origin, X_Request_Id="abc")
        assert accepted.status_code == 101
        assert dict(accepted.headers)[b"x-request-id"] == b"abc"


async def test_another_path_speaks_no_websocket(served: Rig) -> None:
    for path in ("/api/projects", "/nothing"):
        assert (await handshake(served, path=path)).status_code == 401
        assert (await handshake(served, path=path, scope=Scope.READ)).status_code == 404


async def test_the_path_of_the_live_events_speaks_nothing_else(rig: Rig) -> None:
    assert (await rig.get("/ws", scope=None)).status == 401
    refused = await rig.get("/ws")
    assert (refused.status, refused.code) == (426, "UPGRADE_REQUIRED")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "é",
        "{",
        "[]",
        "{}",
        b"\x00",
        '{"type": "shout"}',
        '{"type": "ping", "x": 1}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "target": "world"}',
        '{"type": "subscribe", "target": "build"}',
        '{"type": "subscribe", "target": "project", "build_id": 1}',
        '{"type": "subscribe", "target": "build", "build_id": "1"}',
        '{"type": "subscribe", "target": "build", "build_id": 1, "from_line": -1}',
    ],
)
async def test_a_message_that_is_none_is_answered_and_the_connection_stays_open(
    served: Rig, message: str | bytes
) -> None:
    async with connected(served) as client:
        await client.socket.send_message(message)
        assert (await client.expect("error"))["code"] == "INVALID_MESSAGE"
        await client.send(type="ping")
        await client.expect("pong")


@pytest.mark.parametrize("number", [99, 2**70, -1])
async def test_what_is_not_there_cannot_be_subscribed_to(served: Rig, number: int) -> None:
    async with connected(served) as client:
        for target in ("build", "project"):
            await client.send(type="subscribe", target=target, **{f"{target}_id": number})
            error = await client.expect("error")
            assert (error["code"], error[f"{target}_id"]) == ("RESOURCE_NOT_FOUND", number)
        await client.send(type="ping")
        await client.expect("pong")


async def test_a_subscription_is_answered_with_the_current_status(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    async with connected(served) as client:
        assert (await client.subscribe("build", build_id=build.id))["current_status"] == "Queued"
        assert (await client.subscribe("project", project_id=shop.id))["current_status"] is None
        assert (await client.subscribe("global"))["current_status"] is None


@pytest.mark.parametrize("batch", [False, True])
async def test_a_build_that_has_ended_sends_its_whole_log_and_then_its_final_status(served: Rig, batch: bool) -> None:
    build = await served.a_build(await served.a_project("shop"))
    await served.logged(build, 1234)
    async with connected(served) as client:
        subscribed = await client.subscribe("build", build_id=build.id, batch=batch)
        messages = await client.until_status(*ENDED)
    assert subscribed["current_status"] == "Success"
    assert line_numbers(messages) == list(range(1, 1235))
    assert messages[0]["type"] == ("log_batch" if batch else "log")
    final = messages[-1]
    assert (final["status"], final["project_name"], final["build_number"]) == ("Success", "shop", 1)
    assert final["previous_status"] is None


async def test_a_line_has_its_number_stream_and_stage(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    await served.logged(build, 2)
    async with connected(served) as client:
        await client.subscribe("build", build_id=build.id, from_line=2)
        line = await client.expect("log")
        assert line["project_id"] == build.project_id
        told = (line["line"], line["line_number"], line["stream"], line["stage"])
        assert told == ("line 2", 2, "stdout", "build")
    async with connected(served) as client:
        await client.subscribe("build", build_id=build.id, batch=True)
        batch = await client.expect("log_batch")
        number, timestamp, stream, text = batch["lines"][0]
        assert (number, stream, text) == (1, "stdout", "line 1")
        assert timestamp.endswith("Z")


@pytest.mark.parametrize(("from_line", "first"), [(0, 1), (1, 1), (7, 7), (11, None), (2**70, None)])
async def test_lines_begin_where_the_client_asks(served: Rig, from_line: int, first: int | None) -> None:
    build = await served.a_build(await served.a_project("shop"))
    await served.logged(build, 10)
    async with connected(served) as client:
        await client.subscribe("build", build_id=build.id, from_line=from_line)
        numbers = line_numbers(await client.until_status(*ENDED))
    assert numbers == ([] if first is None else list(range(first, 11)))


async def test_a_build_is_watched_from_queue_to_end_without_a_seam(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    async with connected(served) as client, trio.open_nursery() as nursery:
        await client.subscribe("build", build_id=build.id)
        got: list[dict[str, Any]] = []

        async def read() -> None:
            got.extend(await client.until_status(*ENDED))

        nursery.start_soon(read)
        async with served.logs.open(log_of(build)) as writer:
            await served.begin(build)
            for start in range(0, 5000, 250):
                await feed(writer, "".join(f"l{number}\n" for number in range(start, start + 250)))
        await served.end(build)
    assert line_numbers(got) == list(range(1, 5001))
    statuses = [(each["previous_status"], each["status"]) for each in got if each["type"] == "build_status"]
    assert statuses == [("Queued", "Building"), ("Building", "Success")]
    assert got[-1]["status"] == "Success", "the final status comes after the last line"


async def test_every_viewer_sees_the_same_though_each_began_elsewhere(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    await served.begin(build)
    seen: dict[int, list[int]] = {}

    async def watch(first: int) -> None:
        async with connected(served) as client:
            await client.subscribe("build", build_id=build.id, from_line=first, batch=first % 2 == 0)
            seen[first] = line_numbers(await client.until_status(*ENDED))

    async with trio.open_nursery() as nursery:
        async with served.logs.open(log_of(build)) as writer:
            for start in range(0, 2000, 200):
                nursery.start_soon(watch, start)
                await feed(writer, "".join(f"l{number}\n" for number in range(200)))
        await served.end(build)
    assert seen == {start: list(range(max(start, 1), 2001)) for start in range(0, 2000, 200)}


async def test_a_build_that_is_retried_keeps_its_viewers(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    async with connected(served) as client, trio.open_nursery() as nursery:
        await client.subscribe("build", build_id=build.id)
        got: list[dict[str, Any]] = []

        async def read() -> None:
            got.extend(await client.until_status(*ENDED))

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
    assert line_numbers(got) == [1, 2]
    statuses = [each["status"] for each in got if each["type"] == "build_status"]
    assert statuses == ["Building", "Queued", "Building", "Failed"]


async def test_a_viewer_that_follows_live_and_falls_far_behind_is_told_once(
    served: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws, "LAG_LINES", 100)
    build = await served.a_build(await served.a_project("shop"))
    await served.begin(build)
    async with connected(served) as client:
        await client.subscribe("build", build_id=build.id, batch=True)
        async with served.logs.open(log_of(build)) as writer:
            await feed(writer, "one\n")
            first = await client.expect("log_batch")
            await feed(writer, "".join(f"l{number}\n" for number in range(5000)))
        await served.end(build)
        got = await client.until_status(*ENDED)
    assert line_numbers([first, *got]) == list(range(1, 5002))
    lagged = [each for each in got if each["type"] == "lagged"]
    assert len(lagged) == 1
    assert lagged[0]["build_id"] == build.id
    place = got.index(lagged[0])
    assert lagged[0]["next_line"] == line_numbers(got[place + 1 :])[0]


def events_of(build_id: int, project_id: int) -> list[Any]:
    return [
        HealthCheck(
            timestamp=NOW,
            build_id=build_id,
            project_id=project_id,
            slot=Slot.BLUE,
            attempt=1,
            max_attempts=2,
            status="Checking",
            url="http://127.0.0.1:9001/",
        ),
        DeploymentEnded(
            timestamp=NOW,
            build_id=build_id,
            project_id=project_id,
            project_name="shop",
            status="Success",
            slot=Slot.BLUE,
            url="http://x/shop/",
            reason="",
        ),
        ContainerStatus(timestamp=NOW, project_id=project_id, slot=Slot.BLUE, container_id="c", status="Running"),
        ErrorEvent(timestamp=NOW, code="X", message="y", build_id=build_id, project_id=project_id),
    ]


def the_end(build: Build) -> ErrorEvent:
    return ErrorEvent(timestamp=NOW, code="END", message="", build_id=build.id, project_id=build.project_id)


async def until_the_end(client: Client) -> list[dict[str, Any]]:
    """Return what comes before the event that is published last."""
    messages = []
    while (message := await client.receive()).get("code") != "END":
        messages.append(message)
    return messages


async def test_each_subscription_hears_its_own(served: Rig) -> None:
    shop, blog = await served.a_project("shop"), await served.a_project("blog")
    build, other = await served.a_build(shop), await served.a_build(blog)
    heard: dict[str, list[tuple[str, int]]] = {}
    async with connected(served) as of_build, connected(served) as of_project, connected(served) as of_all:
        await of_build.subscribe("build", build_id=build.id)
        await of_project.subscribe("project", project_id=shop.id)
        await of_all.subscribe("global")
        for mine in (build, other):
            for event in events_of(mine.id, mine.project_id):
                served.hub.publish_nowait(event)
            await served.begin(mine)
        served.hub.publish_nowait(the_end(build))
        for name, client in (("build", of_build), ("project", of_project), ("global", of_all)):
            heard[name] = [(each["type"], each["project_id"]) for each in await until_the_end(client)]
    kinds = ["health_check", "deployment", "container_status", "error", "build_status"]
    assert heard["project"] == [(kind, shop.id) for kind in kinds]
    assert heard["global"] == [(kind, project.id) for project in (shop, blog) for kind in kinds]
    assert heard["build"] == [(kind, shop.id) for kind in kinds if kind != "container_status"]


async def test_an_event_comes_once_however_many_subscriptions_hear_it(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    async with connected(served) as client:
        await client.subscribe("global")
        await client.subscribe("project", project_id=shop.id)
        await client.subscribe("build", build_id=build.id)
        await served.logged(build, 3)
        got = await client.until_status(*ENDED)
        served.hub.publish_nowait(the_end(build))
        assert await until_the_end(client) == []
    assert [each["status"] for each in got if each["type"] == "build_status"] == ["Building", "Success"]
    assert line_numbers(got) == [1, 2, 3]


async def test_after_unsubscribing_nothing_more_is_heard(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    async with connected(served) as client:
        for target, fields in (("build", {"build_id": build.id}), ("project", {"project_id": shop.id}), ("global", {})):
            await client.subscribe(target, **fields)
            await client.send(type="unsubscribe", target=target, **fields)
            assert (await client.expect("unsubscribed"))["target"] == target
        await served.logged(build, 3)
        other = await served.a_build(shop)
        await client.subscribe("build", build_id=other.id)
        served.hub.publish_nowait(the_end(other))
        assert await until_the_end(client) == []


async def test_a_second_subscription_to_a_build_reads_it_anew(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    await served.logged(build, 3)
    async with connected(served) as client:
        for first in (1, 3):
            await client.subscribe("build", build_id=build.id, from_line=first)
            assert line_numbers(await client.until_status(*ENDED)) == list(range(first, 4))


async def test_a_connection_has_so_many_subscriptions_and_no_more(served: Rig) -> None:
    shop = await served.a_project("shop")
    builds = [await served.a_build(shop) for _ in range(MAX_SUBSCRIPTIONS)]
    async with connected(served) as client:
        for build in builds:
            await client.subscribe("build", build_id=build.id)
        await client.send(type="subscribe", target="global")
        assert (await client.expect("error"))["code"] == "INVALID_MESSAGE"
        await client.subscribe("build", build_id=builds[0].id)
        await client.send(type="unsubscribe", target="build", build_id=builds[0].id)
        await client.expect("unsubscribed")
        await client.subscribe("global")


async def test_a_client_that_cannot_even_take_status_events_is_closed_with_1013(
    served: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(served) as client:
        await client.subscribe("global")
        event = events_of(1, 1)[-1]
        for _ in range(2500):
            served.hub.publish_nowait(event)
        assert await client.closed() == 1013


async def test_a_bug_closes_with_1011_and_is_logged(
    served: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: int) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(served.store, "build", broken)
    async with connected(served) as client:
        await client.send(type="subscribe", target="build", build_id=1)
        assert await client.closed() == 1011
    assert "a WebSocket connection failed" in caplog.text


async def test_clients_are_told_that_the_service_stops(served: Rig) -> None:
    build = await served.a_build(await served.a_project("shop"))
    with trio.fail_after(2.5):
        async with connected(served) as client:
            await client.subscribe("build", build_id=build.id)
            served.stop.set()
            assert await client.closed() == 1001


async def test_a_deleted_project_ends_the_watching_of_its_builds(served: Rig) -> None:
    shop = await served.a_project("shop")
    build = await served.a_build(shop)
    async with connected(served) as client:
        await client.subscribe("build", build_id=build.id)
        await served.store.delete_project(shop.id)
        await client.send(type="ping")
        await client.expect("pong")
