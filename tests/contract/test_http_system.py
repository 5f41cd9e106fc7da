"""`http-api.md`, "Settings, maintenance, system", and what is answered when Docker is gone or lci stops."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.contract.asking import Answer, Examiner
from tests.engine_link import EngineLink, open_engine_link
from tests.git_server import GitRepository
from tests.whole.service import WAIT_SECONDS, Service, WaitLoop, push_payload, run_service, sign


def test_the_secret_is_shown_and_rotated(ask: Examiner, service: Service) -> None:
    """`GET /api/settings/webhook-secret` → `{secret}` … · `POST …/rotate`"""
    shown = ask("GET", "/api/settings/webhook-secret")
    assert (shown.status, set(shown.data)) == (200, {"secret"})
    old = shown.data["secret"]
    assert len(old) >= 32
    assert service.cli("webhook-secret").stdout.strip() == old
    new = ask("POST", "/api/settings/webhook-secret/rotate").data["secret"]
    assert new != old
    assert ask("GET", "/api/settings/webhook-secret").data["secret"] == new
    assert service.deliver(b"{}", sign(old, b"{}"), event="ping").status_code == 403
    assert service.deliver(b"{}", sign(new, b"{}"), event="ping").status_code == 200


def test_settings_are_shown_and_a_field_that_is_none_is_refused(ask: Examiner) -> None:
    """`GET|PUT /api/settings`"""
    shown = ask("GET", "/api/settings")
    assert shown.status == 200
    assert shown.data["port_base"] == ask.service.port_base
    assert ask("PUT", "/api/settings", {}).data == shown.data
    assert ask("PUT", "/api/settings", {"nonsense": 1}).field == "nonsense"


def test_the_system_is_described(ask: Examiner, service: Service) -> None:
    """`GET /api/system` (versions, docker, uptime, disk, queue lengths)"""
    system = ask("GET", "/api/system").data
    assert service.cli("version").stdout.split()[-1].startswith(system["versions"]["lci"])
    assert system["docker"]["available"] is True
    assert system["docker"]["version"]
    assert 0 < system["uptime_seconds"] < 3600
    assert 0 < system["disk"]["free_bytes"] <= system["disk"]["total_bytes"]
    assert (system["queues"]["queued"], system["queues"]["running"]) == (0, 0)


def test_probes_ask_for_nothing(ask: Examiner) -> None:
    """`GET /healthz` (process is up), `GET /readyz` (database and Docker answer)"""
    for path in ("/healthz", "/readyz"):
        assert ask("GET", path, scope=None).status == 200


def test_metrics_are_prometheus_text(ask: Examiner) -> None:
    """`GET /metrics` (Prometheus text)"""
    answer = ask("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    line = re.compile(r'(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)')
    lines = answer.body.decode().splitlines()
    assert lines
    assert all(line.fullmatch(each) for each in lines)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """An engine's address, and what takes that engine away."""
    opened, done = threading.Event(), trio.Event()
    held: dict[str, Any] = {}

    async def main() -> None:
        async with open_engine_link(tmp_path) as link:
            held.update(link=link, token=trio.lowlevel.current_trio_token())
            opened.set()
            await done.wait()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    assert opened.wait(WAIT_SECONDS)
    link: EngineLink = held["link"]
    try:
        yield link.address, lambda: trio.from_thread.run(link.cut_for_good, trio_token=held["token"])
    finally:
        trio.from_thread.run_sync(done.set, trio_token=held["token"])
        thread.join()


def test_without_docker_what_needs_it_is_a_503_and_the_rest_goes_on(
    engine: tuple[str, Callable[[], None]], tmp_path: Path, shop: GitRepository
) -> None:
    """503 `DOCKER_UNAVAILABLE`"""
    address, cut = engine
    with run_service(tmp_path / "data", options=("--docker-host", address)) as service:
        ask = Examiner(service)
        service.register("web", shop.url)
        service.succeed("web")
        cut()
        for method, path in (("GET", "/readyz"), ("POST", "/api/projects/web/restart"),
                             ("POST", "/api/projects/web/stop"), ("DELETE", "/api/projects/web"),
                             ("GET", "/api/projects/web/runtime-logs")):  # fmt: skip
            answer = ask(method, path)
            assert answer.refusal == (503, "DOCKER_UNAVAILABLE"), (method, path)
        assert ask("GET", "/healthz").status == 200
        assert ask("GET", "/api/system").data["docker"]["available"] is False
        assert ask("GET", "/api/projects").data["total"] == 1
        assert ask("GET", "/api/projects/web/status").data["blue"]["status"] == "running"
        assert service.push(push_payload(shop.url, shop.head())).status_code == 202
        assert service.visit("/web/index.html").status_code == 200


def test_what_is_under_way_when_lci_stops_is_told_so(own_service: Service, shop: GitRepository) -> None:
    """503 `SHUTTING_DOWN`"""
    ask = Examiner(own_service)
    once = "test -e /tmp/again && exec sleep 1000; touch /tmp/again; exec httpd -f -p $PORT -h /app"
    own_service.register("slow", shop.url, runtime_command=once)
    own_service.succeed("slow")
    answers: list[Answer] = []
    caller = threading.Thread(target=lambda: answers.append(ask("POST", "/api/projects/slow/restart")))
    caller.start()
    container = ask("GET", "/api/projects/slow/status").data["blue"]["container_id"]
    waiting = WaitLoop("the container to be restarted")
    while "sleep 1000" not in _processes(container):
        waiting.again()
    assert own_service.stop() == 0
    caller.join()
    assert answers[0].refusal == (503, "SHUTTING_DOWN")


def _processes(container: str) -> str:
    return subprocess.run(["docker", "top", container], capture_output=True, text=True, check=False).stdout
