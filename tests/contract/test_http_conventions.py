"""`http-api.md`, "Conventions": what holds for every call."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.contract.asking import Examiner, answer_of, raw
from tests.git_server import GitRepository
from tests.whole.service import Service, sign

SANE_IDS = ["abc", "7f3c-11", "a.b:c/d_e", "x" * 64]


INSANE_IDS = ["a b", "x" * 500, "<script>", "a\tb", 'a"b', "é"]


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/readyz", "/metrics", "/openapi.json", "/api/projects"])
def test_the_management_port_serves_what_is_listed(ask: Examiner, path: str) -> None:
    """Management port serves `/` (web page), `/api/*`, `/ws`, `/webhook/github`, `/healthz`, `/readyz`, `/metrics`,
    `/openapi.json`, `/docs`."""
    assert ask("GET", path).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/projects", "/ws"])
def test_the_proxy_port_serves_deployed_services_only(service: Service, path: str) -> None:
    """Proxy port serves deployed services only."""
    answer = service.visit(path, headers={"Authorization": f"Bearer {service.token}", "Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json()["success"] is False


@pytest.mark.parametrize("path", ["/healthz", "/api/projects", "/api/nothing", "/api/builds?limit=0", "/", "/metrics"])
@pytest.mark.parametrize("given", SANE_IDS)
def test_a_sane_request_id_is_the_callers(ask: Examiner, path: str, given: str) -> None:
    """Every response bears `X-Request-Id` (the caller's, if it sent a sane one)."""
    assert ask("GET", path, headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", INSANE_IDS)
def test_an_insane_request_id_is_replaced(ask: Examiner, given: str) -> None:
    """Every response bears `X-Request-Id` (the caller's, if it sent a sane one)."""
    got = ask("GET", "/healthz", headers={"X-Request-Id": given.encode()}).headers["X-Request-Id"]
    assert got != given
    assert re.fullmatch(r"[\w.:/-]{8,64}", got)


def test_request_ids_that_are_made_differ(ask: Examiner) -> None:
    assert len({ask("GET", "/healthz").headers["X-Request-Id"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"GARBAGE\r\n\r\n", {400}),
        (b"GET /healthz HTTP/1.1\r\n\r\n", {400}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", {400}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", {400}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", {400, 431}),
        (b"POST /webhook/github HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", {400}),
        (b"POST /webhook/github HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {400}),
        (b"POST /webhook/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", {400, 403}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
        (b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n", {401}),
        (b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
        (b"GET //api/projects HTTP/1.1\r\nHost: x\r\n\r\n", {401}),
        (b"GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n", {200, 400, 401, 404}),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {401, 404, 405}),
    ],
)
def test_the_frameworks_own_refusals_have_the_envelope_too(
    service: Service, request_bytes: bytes, statuses: set[int]
) -> None:
    """Failure: `{"success": false, "error": {"code": "…", "message": "…", "details": {…}}}`. Every response bears
    `X-Request-Id`."""
    answer = raw(service, request_bytes)
    assert answer.status in statuses
    assert answer.status < 400 or answer.error is not None


NOWHERE = [
    "/api/projects/", "/api//projects", "/api", "/api/projects/idle/", "/API/projects", "/api/projects/idle/nothing",
    "/%00", "/api/projects/a%2Fb", "/api/builds/x", "/api/builds/99999999999999999999999999", "/api/builds/-1",
    "/api/builds/1.0",
]  # fmt: skip


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_a_404_with_an_envelope(ask: Examiner, idle: Any, path: str) -> None:
    """404 `…_NOT_FOUND`"""
    answer = ask("GET", path)
    assert answer.status == 404
    assert answer.error["code"].endswith("NOT_FOUND")


def test_every_head_is_answered_like_its_get(ask: Examiner) -> None:
    """Every response bears `X-Request-Id`."""
    for path in ("/healthz", "/api/projects", "/"):
        answer = ask("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
    assert ask("HEAD", "/api/projects", scope=None).status == 401


def test_a_projects_path_takes_its_id_or_its_name(ask: Examiner, idle: Any) -> None:
    """Where a path takes `{id}` of a project, its name serves as well."""
    for rest in ("", "/status", "/deployments", "/builds"):
        by_id, by_name = ask("GET", f"/api/projects/{idle['id']}{rest}"), ask("GET", f"/api/projects/idle{rest}")
        assert by_id.status == by_name.status == 200
        assert by_id.data == by_name.data


def test_an_all_digit_segment_is_always_the_id(ask: Examiner, idle: Any) -> None:
    """An all-digit segment is always the id (a project's name needs a letter)."""
    assert ask("POST", "/api/projects", {"name": "123", "repo": "a/b"}).field == "name"
    assert ask("POST", "/api/projects", {"name": "1-2", "repo": "a/b"}).field == "name"
    assert ask("GET", f"/api/projects/{idle['id']}").data["name"] == "idle"
    for missing in ("0", "999999", "9" * 30):
        assert ask("GET", f"/api/projects/{missing}").refusal == (404, "PROJECT_NOT_FOUND")


def test_ids_are_integers(ask: Examiner, idle: Any) -> None:
    """Ids: integers."""
    assert type(idle["id"]) is int


def test_an_etag_guards_the_change_of_a_project(ask: Examiner) -> None:
    """Projects bear an `ETag`; `If-Match`, where given, guards `PUT`. 412 (`If-Match`)."""
    made = ask("POST", "/api/projects", {"name": "guarded", "repo": "a/b"})
    etag = ask("GET", "/api/projects/guarded").headers["ETag"]
    assert made.headers["ETag"] == etag
    assert re.fullmatch(r'"[^"]+"', etag)
    changed = ask("PUT", "/api/projects/guarded", {"branch": "dev"}, headers={"If-Match": etag})
    assert (changed.status, changed.data["branch"]) == (200, "dev")
    assert changed.headers["ETag"] != etag
    assert changed.headers["ETag"] == ask("GET", "/api/projects/guarded").headers["ETag"]
    for method in ("PUT", "PATCH"):
        for stale in (etag, '"nonsense"', "nonsense"):
            refused = ask(method, "/api/projects/guarded", {"branch": "other"}, headers={"If-Match": stale})
            assert refused.status == 412
    assert ask("GET", "/api/projects/guarded").data["branch"] == "dev"
    several = f'"nonsense", {changed.headers["ETag"]}'
    assert ask("PUT", "/api/projects/guarded", {"branch": "a"}, headers={"If-Match": several}).status == 200
    assert ask("PUT", "/api/projects/guarded", {"branch": "b"}, headers={"If-Match": "*"}).status == 200
    assert ask("PUT", "/api/projects/guarded", {"branch": "c"}).status == 200


def test_an_etag_changes_with_whatever_changes_the_project(ask: Examiner) -> None:
    """Projects bear an `ETag`."""
    ask("POST", "/api/projects", {"name": "tagged", "repo": "a/b"})
    etag = ask("GET", "/api/projects/tagged").headers["ETag"]
    ask("POST", "/api/projects/tagged/auto-deploy", {"enabled": False})
    assert ask("GET", "/api/projects/tagged").headers["ETag"] != etag


def test_everything_that_looks_like_a_time_has_its_one_form(
    ask: Examiner, service: Service, shop: GitRepository
) -> None:
    """Timestamps: RFC 3339, UTC, exactly three fractional digits, `Z`. Durations: seconds, a number."""
    service.register("timely", shop.url)
    build = service.succeed("timely")["id"]
    secret = service.get("/api/settings/webhook-secret")["secret"]
    assert service.deliver(b"{}", sign(secret, b"{}"), event="ping").status_code == 200
    for path in ("/api/projects", "/api/projects/timely", "/api/projects/timely/status", "/api/builds",
                 "/api/projects/timely/deployments", f"/api/builds/{build}", f"/api/builds/{build}/logs",
                 f"/api/builds/{build}/logs/search?q=a", "/api/webhook/deliveries", "/api/system"):  # fmt: skip
        assert ask("GET", path).status == 200  # the examiner looks at every time in it
    shown = ask("GET", f"/api/builds/{build}").data
    assert all(shown[name] for name in ("queued_at", "started_at", "finished_at"))
    assert shown["queued_at"] <= shown["started_at"] <= shown["finished_at"]
    assert shown["duration_seconds"] > 0
    stream = service.request("GET", f"/api/builds/{build}/logs", headers={"Accept": "text/event-stream"})
    times = re.findall(r'"timestamp":"([^"]*)"', stream.text)
    assert times
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each) for each in times)


def test_the_web_page_and_its_assets_are_no_json(service: Service) -> None:
    """Management port serves `/` (web page)."""
    page = requests.get(f"{service.url}/", timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    for path in assets:
        asset = requests.get(service.url + path, timeout=10)
        answer_of(asset.status_code, asset.headers, asset.content)
        assert asset.status_code == 200
