"""What every request goes through, whatever it asks."""

from __future__ import annotations

import logging

import pytest
import trio

from lci_app.api import dispatch
from lci_app.api.dispatch import MAX_BODY_BYTES, STOP_GRACE_SECONDS
from lci_app.api.response_headers import SECURITY_HEADERS
from lci_app.core import names
from lci_app.core.model import Slot
from tests.api.rig import Rig
from tests.doubles.api_services import running


@pytest.mark.parametrize("path", ["/healthz", "/api/projects", "/api/nothing", "/", "/docs", "/metrics"])
async def test_every_answer_bears_the_callers_request_id_and_the_security_headers(rig: Rig, path: str) -> None:
    answer = await rig.get(path, X_Request_Id="deploy-7.a:b")
    assert answer.headers["X-Request-Id"] == "deploy-7.a:b"
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a<b>", "é"])
async def test_a_request_id_that_is_not_sane_is_replaced(rig: Rig, given: str) -> None:
    answered = (await rig.get("/healthz", X_Request_Id=given)).headers["X-Request-Id"]
    assert answered != given
    assert answered.isalnum()


@pytest.mark.parametrize(
    ("path", "field", "reason"),
    [
        ("/api/projects?limt=5", "limt", "did you mean limit"),
        ("/api/projects?limit=0", "limit", "at least 1"),
        ("/api/projects?limit=201", "limit", "at most 200"),
        ("/api/projects?limit=many", "limit", "a whole number"),
        ("/api/projects?limit=1&limit=2", "limit", "once"),
        ("/api/projects?offset=-1", "offset", "at least 0"),
        ("/api/builds?status=success", "status", "did you mean 'Success'"),
        ("/api/builds?project_id=99999999999999999999", "project_id", "at most"),
        ("/api/builds?before_id=0", "before_id", "at least 1"),
        ("/api/system?verbose=1", "verbose", "is not known here"),
        ("/healthz?verbose=1", "verbose", "is not known here"),
        ("/webhook/deliveries?x=1", "", ""),
    ],
)
async def test_a_query_parameter_that_is_not_known_or_not_right_is_named(
    rig: Rig, path: str, field: str, reason: str
) -> None:
    refused = await rig.get(path)
    if not field:
        assert refused.status == 404
        return
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.details["field"] == field
    assert reason in refused.details["reason"]
    assert refused.json["error"]["message"].startswith(field)


async def test_a_call_without_fields_refuses_any(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    refused = await rig.post(f"/api/builds/{build.id}/cancel", {"force": True})
    assert (refused.code, refused.details["field"]) == ("VALIDATION_ERROR", "force")
    assert (await rig.post(f"/api/builds/{build.id}/cancel", {})).status == 200
    assert (await rig.call("DELETE", "/api/projects/shop", {"force": True})).details["field"] == "force"


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/xml"])
async def test_a_body_that_is_not_said_to_be_json_is_a_415(rig: Rig, content_type: str) -> None:
    refused = await rig.post("/api/projects", {"name": "a", "repo": "a/b"}, Content_Type=content_type)
    assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/a+json"])
async def test_json_in_any_spelling_is_taken(rig: Rig, content_type: str) -> None:
    assert (await rig.post("/api/projects", {"name": "a", "repo": "a/b"}, Content_Type=content_type)).status == 201


async def test_a_body_that_is_too_large_is_a_413(rig: Rig) -> None:
    refused = await rig.post("/api/projects", b"{" + b" " * MAX_BODY_BYTES)
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/projects", "GET, HEAD, POST"),
        ("GET", "/webhook/github", "POST"),
        ("OPTIONS", "/api/projects", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PUT", "/api/projects/1/builds", "GET, HEAD, POST"),
    ],
)
async def test_another_method_of_a_known_path_is_a_405_that_says_which(
    rig: Rig, method: str, path: str, allowed: str
) -> None:
    refused = await rig.call(method, path)
    assert (refused.status, refused.code) == (405, "METHOD_NOT_ALLOWED")
    assert refused.headers["Allow"] == allowed


async def test_another_method_needs_a_token_where_the_path_does(rig: Rig) -> None:
    assert (await rig.call("DELETE", "/api/projects", scope=None)).status == 401
    assert (await rig.get("/webhook/github", scope=None)).status == 405
    assert (await rig.post("/healthz", scope=None)).status == 405


async def test_head_answers_like_get_without_a_body(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    assert (await rig.call("HEAD", "/api/projects", scope=None)).status == 401
    assert (await rig.call("HEAD", "/api/projects")).status == 200
    stream = await rig.call("HEAD", f"/api/builds/{build.id}/logs", Accept="text/event-stream")
    assert (stream.status, stream.body) == (200, b"")
    assert stream.headers["Content-Type"].startswith("text/event-stream")


async def test_a_bug_is_a_500_with_the_request_id_alone_and_is_logged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(rig.store, "projects", broken)
    with caplog.at_level(logging.ERROR):
        failed = await rig.get("/api/projects", X_Request_Id="abc")
    assert (failed.status, failed.code) == (500, "INTERNAL_ERROR")
    assert failed.details == {"request_id": "abc"}
    assert b"secret inside" not in failed.body
    assert "request abc failed" in caplog.text
    assert "the secret inside" in caplog.text


async def test_trouble_of_the_machine_is_a_503_with_its_own_code(rig: Rig) -> None:
    shop = await rig.a_project()
    await rig.store.set_slot(running(shop, Slot.BLUE, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.down = True
    refused = await rig.post("/api/projects/shop/restart")
    assert (refused.status, refused.code) == (503, "DOCKER_UNAVAILABLE")
    assert "docker.sock" in refused.json["error"]["message"]


async def test_a_change_is_carried_out_though_its_caller_has_gone(rig: Rig) -> None:
    shop = await rig.a_project()
    await rig.store.set_slot(running(shop, Slot.GREEN, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.hold = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rig.post, "/api/projects/shop/switch", {"target_slot": "Green"})
        await rig.runtime.entered.wait()
        nursery.cancel_scope.cancel()
        rig.runtime.hold.set()
    fresh = await rig.store.project(shop.id)
    assert fresh is not None
    assert fresh.active_slot is Slot.GREEN


async def test_a_change_does_not_keep_the_service_from_stopping(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "STOP_GRACE_SECONDS", 0.01)
    assert STOP_GRACE_SECONDS <= 3
    shop = await rig.a_project()
    await rig.store.set_slot(running(shop, Slot.GREEN, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.hold = trio.Event()
    answers = []

    async def switch() -> None:
        answers.append(await rig.post("/api/projects/shop/switch", {"target_slot": "Green"}))

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(switch)
            await rig.runtime.entered.wait()
            rig.stop.set()
    assert (answers[0].status, answers[0].code) == (503, "SHUTTING_DOWN")


async def test_by_https_the_browser_is_to_stay_there(rig: Rig) -> None:
    assert "Strict-Transport-Security" not in (await rig.get("/")).headers
    answer = await rig.get("/", Host="lci.example.com")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_what_a_build_made_is_no_page_of_lci(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    (rig.data_dir / names.output(build.id)).mkdir(parents=True)
    (rig.data_dir / names.output(build.id) / "index.html").write_text("<script>alert(1)</script>")
    for path in ("artifacts/index.html", "logs/download"):
        answer = await rig.get(f"/api/builds/{build.id}/{path}")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert not answer.headers["Content-Type"].startswith("text/html")
