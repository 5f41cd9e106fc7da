from __future__ import annotations

import sqlite3

import pytest
import trio
import trio.testing

from lci_app.adapters.sqlite import builds
from lci_app.api.table import ROUTES
from lci_app.core.model import Slot
from lci_app.interfaces import Placed
from tests.adapters.sqlite_store import pull_request_build
from tests.api.rig import Rig
from tests.doubles.api_services import running

KEY = {"Idempotency_Key": "k-1"}


async def builds_of(rig: Rig) -> int:
    return int((await rig.get("/api/builds")).data["total"])


def test_every_post_that_creates_or_starts_something_honours_the_key() -> None:
    honouring = {route.operation for route in ROUTES if route.idempotent}
    assert honouring == {
        "approve_build",
        "build_delivery",
        "create_project",
        "rebuild",
        "restart",
        "rollback",
        "start",
        "stop",
        "switch",
        "trigger_build",
    }


async def test_the_same_key_gives_the_first_answer_again(rig: Rig) -> None:
    await rig.a_project("shop")
    first = await rig.post("/api/projects/shop/builds", {"branch": "main"}, **KEY)
    again = await rig.post("/api/projects/shop/builds", {"branch": "main"}, **KEY)
    assert (again.status, again.body) == (202, first.body)
    assert await builds_of(rig) == 1


async def test_headers_of_the_first_answer_come_again(rig: Rig) -> None:
    first = await rig.post("/api/projects", {"name": "shop", "repo": "a/b"}, **KEY)
    again = await rig.post("/api/projects", {"name": "shop", "repo": "a/b"}, **KEY)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


async def test_a_refusal_is_an_answer_too(rig: Rig) -> None:
    await rig.a_project("shop")
    first = await rig.post("/api/projects/shop/rollback", {}, **KEY)
    assert first.code == "NOTHING_RETAINED"
    assert (await rig.post("/api/projects/shop/rollback", {}, **KEY)).body == first.body


@pytest.mark.parametrize("other", [{"branch": "other"}, {}])
async def test_the_same_key_for_another_request_is_a_conflict(rig: Rig, other: dict[str, str]) -> None:
    await rig.a_project("shop")
    await rig.post("/api/projects/shop/builds", {"branch": "main"}, **KEY)
    refused = await rig.post("/api/projects/shop/builds", other, **KEY)
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert await builds_of(rig) == 1


async def test_another_key_is_another_request(rig: Rig) -> None:
    await rig.a_project("shop")
    await rig.post("/api/projects/shop/builds", {}, **KEY)
    await rig.post("/api/projects/shop/builds", {}, Idempotency_Key="k-2")
    assert await builds_of(rig) == 2


async def test_a_key_belongs_to_its_token(rig: Rig) -> None:
    await rig.a_project("shop")
    for scope in list(rig.tokens)[1:]:
        await rig.post("/api/projects/shop/builds", {}, scope=scope, **KEY)
    assert await builds_of(rig) == 2


async def test_requests_of_one_key_at_the_same_time_wait_for_the_first(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.store.set_slot(running(shop, Slot.GREEN, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.hold = trio.Event()
    bodies: list[bytes] = []

    async def switch() -> None:
        bodies.append((await rig.post("/api/projects/shop/switch", {"target_slot": "Green"}, **KEY)).body)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(switch)
        await rig.runtime.entered.wait()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert bodies == []
        rig.runtime.hold.set()
    assert rig.runtime.switches == 1
    assert len(set(bodies)) == 1


async def test_what_was_not_valid_does_not_use_the_key_up(rig: Rig) -> None:
    assert (await rig.post("/api/projects", {"name": "Shop", "repo": "a/b"}, **KEY)).status == 400
    assert (await rig.post("/api/projects", {"name": "shop", "repo": "a/b"}, **KEY)).status == 201


async def test_trouble_is_not_remembered(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.store.set_slot(running(shop, Slot.GREEN, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.down = True
    assert (await rig.post("/api/projects/shop/switch", {"target_slot": "Green"}, **KEY)).status == 503
    rig.runtime.down = False
    assert (await rig.post("/api/projects/shop/switch", {"target_slot": "Green"}, **KEY)).status == 200


@pytest.mark.parametrize("key", ["", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(rig: Rig, key: str) -> None:
    await rig.a_project("shop")
    refused = await rig.post("/api/projects/shop/builds", {}, Idempotency_Key=key)
    assert (refused.status, refused.details["field"]) == (400, "Idempotency-Key")
    assert await builds_of(rig) == 0


async def test_an_answer_is_kept_with_what_it_tells_of(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await rig.a_project("shop", pull_requests="forks_after_approval")
    build = await rig.a_build(shop)
    fork = await rig.store.queue_build(pull_request_build(shop), rig.clock.now())
    assert isinstance(fork, Placed)

    async def killed_before(*_: object, **__: object) -> None:
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(rig.store, "remember", killed_before)
    asked = [
        ("/api/projects", {"name": "blog", "repo": "a/b", "repo_token": "s3cret"}),
        ("/api/projects/shop/builds", {"branch": "main"}),
        (f"/api/builds/{build.id}/rebuild", {}),
        (f"/api/builds/{fork.build.id}/approve", {}),
    ]
    for number, (path, body) in enumerate(asked):
        first = await rig.post(path, body, Idempotency_Key=str(number))
        again = await rig.post(path, body, Idempotency_Key=str(number))
        assert (again.status, again.body) == (first.status, first.body)
        assert first.status < 300
    assert await builds_of(rig) == 4


async def test_an_order_that_could_not_be_written_uses_no_key_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.a_project("shop")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(builds, "keep_answer", full)
        assert (await rig.post("/api/projects/shop/builds", {}, **KEY)).status >= 500
    assert await builds_of(rig) == 0
    assert (await rig.post("/api/projects/shop/builds", {}, **KEY)).status == 202
    assert await builds_of(rig) == 1
