from __future__ import annotations

import re

import pytest

import lci_app
from lci_app.core.model import BuildStatus
from lci_app.core.readiness import Condition, Reason
from lci_app.services.intake import WEBHOOK_SECRET
from tests.api.rig import ADDRESSES, SECRET, Rig


async def test_the_webhook_secret_is_shown_and_rotated(rig: Rig) -> None:
    assert (await rig.get("/api/settings/webhook-secret")).data == {"secret": SECRET}
    rotated = (await rig.post("/api/settings/webhook-secret/rotate")).data["secret"]
    assert re.fullmatch(r"[0-9a-f]{64}", rotated)
    assert (await rig.get("/api/settings/webhook-secret")).data == {"secret": rotated}
    assert await rig.store.setting(WEBHOOK_SECRET) == rotated


async def test_the_settings_in_force_are_shown(rig: Rig) -> None:
    shown = (await rig.get("/api/settings")).data
    assert shown["data_dir"] == str(rig.data_dir)
    assert (shown["dashboard_url"], shown["public_url"]) == (ADDRESSES.dashboard_url, ADDRESSES.public_url)
    assert shown["trusted_proxies"] == ["10.0.0.0/8"]


async def test_a_setting_that_is_chosen_at_the_start_cannot_be_put(rig: Rig) -> None:
    assert (await rig.call("PUT", "/api/settings", {})).status == 200
    refused = await rig.call("PUT", "/api/settings", {"public_url": "https://x"})
    assert (refused.code, refused.details["field"]) == ("VALIDATION_ERROR", "public_url")


async def test_the_system_tells_what_it_runs_on(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    first = await rig.a_build(shop)
    await rig.a_build(shop)
    await rig.begin(first)
    system = (await rig.get("/api/system")).data
    assert system["versions"]["lci"] == lci_app.__version__
    assert system["docker"] == {"available": True, "version": "28.0.1", "message": None}
    assert system["uptime_seconds"] >= 0
    assert 0 < system["disk"]["free_bytes"] < system["disk"]["total_bytes"]
    assert system["queues"] == {"queued": 1, "running": 1, "by_key": {str(shop.id): 1}}


async def test_without_docker_the_process_is_alive_and_not_ready(rig: Rig) -> None:
    assert (await rig.get("/readyz", scope=None)).data == {"database": "ok", "docker": "ok", "reasons": []}
    rig.runtime.down = True
    assert (await rig.get("/healthz", scope=None)).status == 200
    refused = await rig.get("/readyz", scope=None)
    assert (refused.status, refused.code) == (503, "DOCKER_UNAVAILABLE")
    (reason,) = refused.details["reasons"]
    assert reason["code"] == "DOCKER_UNAVAILABLE"
    assert "docker.sock" in reason["message"]
    system = (await rig.get("/api/system")).data
    assert system["docker"]["available"] is False
    assert "docker.sock" in system["docker"]["message"]


async def test_what_is_known_to_be_wrong_makes_it_not_ready_and_is_told_with_its_reasons(rig: Rig) -> None:
    rig.readiness.note(Condition.DISK, Reason("DISK_LOW", "The disk is nearly full.", blocking=False))
    ready = await rig.get("/readyz", scope=None)
    assert (ready.status, [each["code"] for each in ready.data["reasons"]]) == (200, ["DISK_LOW"])
    assert (await rig.get("/api/system")).data["readiness"]["ready"] is True
    rig.readiness.note(Condition.DISK, Reason("DISK_FULL", "The disk is full."))
    rig.runtime.down = True
    refused = await rig.get("/readyz", scope=None)
    assert (refused.status, refused.code) == (503, "DOCKER_UNAVAILABLE")
    assert [each["code"] for each in refused.details["reasons"]] == ["DOCKER_UNAVAILABLE", "DISK_FULL"]
    assert refused.headers["Retry-After"]
    told = (await rig.get("/api/system")).data["readiness"]
    assert told == {
        "ready": False,
        "reasons": [{"code": "DISK_FULL", "message": "The disk is full.", "blocking": True}],
    }


async def test_metrics_are_prometheus_text(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    for status in (BuildStatus.SUCCESS, BuildStatus.FAILED, BuildStatus.SUCCESS):
        build = await rig.a_build(shop)
        await rig.begin(build)
        await rig.end(build, status)
    await rig.a_build(shop)
    answer = await rig.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in text.splitlines())
    for line in (
        'lci_builds{status="Success"} 2',
        'lci_builds{status="Failed"} 1',
        'lci_builds{status="Cancelled"} 0',
        "lci_queue_length 1",
        "lci_running_builds 0",
        "lci_projects 1",
        f'lci_info{{version="{lci_app.__version__}"}} 1',
        "lci_proxy_workers 2",
        'lci_proxy_answers_total{status="2xx"} 3',
        'lci_proxy_requests_total{project="shop",status="none"} 1',
        'lci_proxy_requests_in_flight{project="shop"} 1',
        'lci_proxy_request_duration_seconds_bucket{project="shop",le="0.005"} 1',
        'lci_proxy_request_duration_seconds_bucket{project="shop",le="10.0"} 3',
        'lci_proxy_request_duration_seconds_bucket{project="shop",le="+Inf"} 4',
        'lci_proxy_request_duration_seconds_sum{project="shop"} 12.5',
        'lci_proxy_request_duration_seconds_count{project="shop"} 4',
        'lci_proxy_sent_bytes_total{project="shop"} 20',
    ):
        assert line in text.splitlines()
    assert re.search(r"^lci_uptime_seconds [0-9.]+", text, re.MULTILINE)


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json", "/api/settings/webhook-secret"])
async def test_what_tells_of_the_inside_needs_a_token(rig: Rig, path: str) -> None:
    assert (await rig.get(path, scope=None)).status == 401
