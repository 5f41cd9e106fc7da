"""`events.md`, the table: who is told what of a build's way."""

from __future__ import annotations

import trio

from tests.contract.watching import (
    NEVER,
    lines_of,
    still_there,
    trigger,
    watching,
)
from tests.git_server import GitRepository, GitServer
from tests.whole.service import Service, push_payload


async def test_everything_that_is_told_of_a_push_and_to_whom(service: Service, git_server: GitServer) -> None:
    """The table: `build_status`, `health_check`, `deployment` to build, project and global; `container_status` to
    project and global; `log` to the build alone."""
    repository = git_server.create("acme/told")
    repository.commit({"index.html": "told"})
    project = service.register("told", repository.url)["id"]
    other = service.register("not-told", "http://127.0.0.1:1/x/y")["id"]
    async with (
        watching(service) as all_,
        watching(service) as own,
        watching(service) as foreign,
        watching(service) as one,
    ):
        await all_.subscribe(target="global")
        await own.subscribe(target="project", project_id=project)
        await foreign.subscribe(target="project", project_id=other)
        answer = await trio.to_thread.run_sync(service.push, push_payload(repository.url, repository.head()))
        build = answer.json()["data"]["builds"][0]["build_id"]
        await one.subscribe(target="build", build_id=build)
        for watcher in (all_, own, one):
            await watcher.until_build_ends(build)
        await still_there(foreign)
        await still_there(one)
        heard = {id(w): [m for m in w.messages if m.get("project_id") == project] for w in (all_, own, one)}
        assert [m["type"] for m in foreign.messages] == ["connected", "subscribed", "pong"]
    for watcher in (all_, own):
        told = heard[id(watcher)]
        statuses = [(m["previous_status"], m["status"]) for m in told if m["type"] == "build_status"]
        assert len(statuses) == 4, service.log_text(build)
        assert statuses == [
            (None, "Queued"),
            ("Queued", "Building"),
            ("Building", "Deploying"),
            ("Deploying", "Success"),
        ]
        assert [m["status"] for m in told if m["type"] == "deployment"] == ["Success"]
        checks = [m["status"] for m in told if m["type"] == "health_check"]
        assert (checks[0], checks[-1]) == ("Checking", "Success")
        assert [m["status"] for m in told if m["type"] == "container_status"][:2] == ["Starting", "Running"]
        assert not [m for m in told if m["type"] in {"log", "log_batch"}]
    kinds = {m["type"] for m in heard[id(one)]}
    assert {"log", "build_status", "health_check", "deployment"} <= kinds
    assert "container_status" not in kinds
    (deployment,) = [m for m in heard[id(own)] if m["type"] == "deployment"]
    assert deployment["slot"] == "Blue"
    assert deployment["url"].rstrip("/") == f"{service.proxy_url}/told"
    container = next(m for m in heard[id(own)] if m["type"] == "container_status")
    assert container["container_id"] == service.get("/api/projects/told/status")["blue"]["container_id"]
    success = [m for m in heard[id(own)] if m["type"] == "health_check"][-1]
    assert (success["response_code"], success["slot"], success["max_attempts"]) == (200, "Blue", 10)
    assert success["response_time_ms"] > 0
    lines = lines_of(one.messages, build)
    assert [number for number, _ in lines] == list(range(1, len(lines) + 1))
    assert lines == [(n, t) for n, t in enumerate(service.log_lines(build), 1)]
    assert one.messages[-2]["type"] == "build_status"  # the pong after it apart


async def test_a_failed_deployment_is_told(service: Service, shop: GitRepository) -> None:
    """`deployment` … `status` (Success · Failed), `slot`, `url`, `reason`"""
    service.register("ill", shop.url, health_check_url="/missing", health_check_retries=2)
    async with watching(service) as watcher:
        await watcher.subscribe(target="global")
        build = await trio.to_thread.run_sync(trigger, service, "ill")
        messages = await watcher.until_build_ends(build)
    own = [m for m in messages if m.get("project_id") == service.get("/api/projects/ill")["id"]]
    (deployment,) = [m for m in own if m["type"] == "deployment"]
    assert deployment["status"] == "Failed"
    assert deployment["reason"]
    checks = [(m["attempt"], m["status"], m["response_code"]) for m in own if m["type"] == "health_check"]
    assert checks == [(1, "Checking", None), (1, "Failed", 404), (2, "Checking", None), (2, "Failed", 404)]
    assert [m["status"] for m in own if m["type"] == "container_status"] == ["Starting", "Stopped"]
    assert own[-1]["status"] == "Failed"


async def test_a_cancelled_build_is_told(service: Service, shop: GitRepository) -> None:
    """`build_status` | `status, previous_status`"""
    service.register("recalled", shop.url, build_command=NEVER)
    async with watching(service) as watcher:
        await watcher.subscribe(target="project", project_id=service.get("/api/projects/recalled")["id"])
        first, second = trigger(service, "recalled"), trigger(service, "recalled")
        await watcher.until(lambda m: m.get("status") == "Building" and m["build_id"] == first)
        for build in (second, first):
            await trio.to_thread.run_sync(service.post, f"/api/builds/{build}/cancel")
            await watcher.until_build_ends(build)
    statuses = [
        (m["build_id"], m["previous_status"], m["status"]) for m in watcher.messages if m["type"] == "build_status"
    ]
    assert (second, "Queued", "Cancelled") in statuses
    assert (first, "Building", "Cancelled") in statuses


async def test_after_unsubscribing_nothing_more_is_told(service: Service, shop: GitRepository) -> None:
    """The same with `unsubscribe`."""
    service.register("quiet", shop.url, build_command="n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done")
    build = trigger(service, "quiet")
    async with watching(service) as watcher:
        await watcher.subscribe(target="build", build_id=build)
        await watcher.until(lambda m: m["type"] == "log" and m["line_number"] > 20)
        await watcher.send(type="unsubscribe", target="build", build_id=build)
        await watcher.until(lambda m: m["type"] == "unsubscribed")
        count = len(watcher.messages)
        await trio.to_thread.run_sync(service.post, f"/api/builds/{build}/cancel")
        await trio.to_thread.run_sync(service.wait_build, build)
        await still_there(watcher)
        assert [m["type"] for m in watcher.messages[count:]] == ["pong"]


async def test_a_status_reaches_everybody_although_the_same_connection_gives_up_the_build(
    service: Service, shop: GitRepository
) -> None:
    """Status events are never dropped."""
    service.register("kept-on", shop.url, build_command="yes 'a long line of words' | head -n 60000; true")
    async with watching(service) as watcher:
        await watcher.subscribe(target="global")
        build = await trio.to_thread.run_sync(lambda: trigger(service, "kept-on", deploy=False))
        await watcher.subscribe(target="build", build_id=build)
        await trio.to_thread.run_sync(service.wait_build, build)
        await watcher.send(type="unsubscribe", target="build", build_id=build)
        await watcher.until_build_ends(build)
    statuses = [m["status"] for m in watcher.messages if m["type"] == "build_status" and m["build_id"] == build]
    assert statuses == ["Queued", "Building", "Success"]
