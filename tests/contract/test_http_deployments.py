"""`http-api.md`, "Projects": what runs, how it came there, and what is done with it."""

from __future__ import annotations

import subprocess

import requests

from tests.contract.asking import TIMESTAMP, Examiner
from tests.contract.building import QUEUED, containers
from tests.git_server import GitRepository, GitServer
from tests.whole.service import IMAGE, Service, push_payload


def test_deployments_are_all_kept_newest_first(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`{total, deployments: […]}`, newest first, failed ones too: `outcome`, and build, slot, outcome, reason, health
    attempts, times, who or what asked."""
    service.register("history", shop.url)
    service.succeed("history")
    service.call("PUT", "/api/projects/history", {"health_check_url": "/missing", "health_check_retries": 1})
    service.build_now("history")
    service.call("PUT", "/api/projects/history", {"health_check_url": "/index.html", "health_check_retries": 10})
    service.succeed("history")
    page = ask("GET", "/api/projects/history/deployments").data
    assert (page["total"], [each["outcome"] for each in page["deployments"]]) == (3, ["Success", "Failed", "Success"])
    assert [each["slot"] for each in page["deployments"]] == ["Green", "Green", "Blue"]
    assert [each["build_number"] for each in page["deployments"]] == [3, 2, 1]
    assert all(each["requested_by"] for each in page["deployments"])
    older = ask("GET", f"/api/projects/history/deployments?limit=1&before_id={page['deployments'][0]['id']}").data
    assert older["deployments"] == page["deployments"][1:2]


def test_the_status_of_what_runs(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """slot `status`: `empty` · `starting` · `running` · `draining` · `stopped` · `error`; `health`: `healthy` ·
    `unhealthy` · `unknown`"""
    project = service.register("lively", shop.url)
    build = service.succeed("lively")
    status = ask("GET", "/api/projects/lively/status").data
    blue = status["blue"]
    assert (status["active_slot"], blue["status"], blue["health"]) == ("Blue", "running", "healthy")
    assert (blue["build_id"], blue["build_number"], blue["commit_hash"]) == (build["id"], 1, build["commit_hash"])
    assert blue["port"] == project["blue_port"]
    assert blue["uptime_seconds"] >= 0
    assert TIMESTAMP.fullmatch(blue["started_at"])
    (container,) = containers(build["id"], service)
    assert container.startswith(blue["container_id"])
    direct = requests.get(f"http://127.0.0.1:{blue['port']}/index.html", timeout=10)
    assert direct.status_code == 200
    stopped = ask("POST", "/api/projects/lively/stop").data
    assert (stopped["blue"]["status"], stopped["blue"]["uptime_seconds"]) == ("stopped", None)
    assert ask("POST", "/api/projects/lively/start").data["blue"]["status"] == "running"
    assert ask("POST", "/api/projects/lively/restart", {"slot": "Blue"}).data["blue"]["status"] == "running"
    subprocess.run(["docker", "rm", "-f", container.split()[0]], check=True, capture_output=True)
    assert ask("GET", "/api/projects/lively/status").data["blue"]["status"] == "error"


def test_what_runs_can_be_read(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """The active container's output: `?tail=`, `?slot=`; as SSE when asked for `text/event-stream`."""
    command = "for n in 1 2 3 4 5; do echo line $n; done; exec httpd -f -p $PORT -h /app"
    service.register("talks", shop.url, runtime_command=command)
    assert ask("GET", "/api/projects/talks/runtime-logs").refusal == (409, "SLOT_EMPTY")
    service.succeed("talks")
    assert ask("GET", "/api/projects/talks/runtime-logs").data["lines"] == [f"line {n}" for n in range(1, 6)]
    assert ask("GET", "/api/projects/talks/runtime-logs?tail=2&slot=Blue").data["lines"] == ["line 4", "line 5"]
    assert ask("GET", "/api/projects/talks/runtime-logs?slot=Green").refusal == (409, "SLOT_EMPTY")
    for bad, field in (("tail=0", "tail"), ("tail=5001", "tail"), ("tail=x", "tail"), ("slot=Red", "slot")):
        assert ask("GET", f"/api/projects/talks/runtime-logs?{bad}").field == field
    headers = {"Accept": "text/event-stream"}
    with service.request("GET", "/api/projects/talks/runtime-logs?tail=3", headers=headers, stream=True) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        data = (line for line in stream.iter_lines() if line.startswith(b"data:"))
        assert [b"line %d" % n in next(data) for n in (3, 4, 5)] == [True] * 3


def test_a_rollback_brings_the_one_before_back(ask: Examiner, service: Service, git_server: GitServer) -> None:
    """Redeploys a retained successful build (default: the one before) without rebuilding; 202 with a new build whose
    `trigger` is `rollback`; turns it off … and says so."""
    shop = git_server.create("acme/back")
    shop.commit({"index.html": "back 1"})
    service.register("back", shop.url)
    first = service.succeed("back")
    shop.commit({"index.html": "back 2"})
    service.succeed("back")
    answer = ask("POST", "/api/projects/back/rollback", {})
    assert answer.status == 202
    assert set(answer.data) >= QUEUED
    build = service.wait_build(answer.data["build_id"])
    assert (build["status"], build["trigger"], build["build_number"]) == ("Success", "rollback", 3)
    assert build["commit_hash"] == first["commit_hash"]
    assert "build" not in {stage["name"] for stage in build["stages"]}
    assert service.visit("/back/index.html").text == "back 1"
    assert ask("GET", "/api/projects/back").data["auto_deploy"] is False
    assert "utomatic deployment is off" in service.log_text(build["id"])
    pushed = service.push(push_payload(shop.url, shop.head())).json()["data"]["builds"]
    verified = service.wait_build(pushed[0]["build_id"])
    assert (verified["status"], verified["trigger"], verified["deployed_slot"]) == ("Success", "webhook", None)
    forward = ask("POST", "/api/projects/back/rollback", {"build_id": build["id"] - 1})
    assert service.wait_build(forward.data["build_id"])["status"] == "Success"
    assert service.visit("/back/index.html").text == "back 2"
    assert ask("POST", "/api/projects/back/rollback", {"build_id": 999999}).refusal == (404, "BUILD_NOT_FOUND")
    failed = service.build_now("back", commit_hash="1" * 40)
    refused = ask("POST", "/api/projects/back/rollback", {"build_id": failed["id"]})
    assert refused.refusal == (409, "NOTHING_RETAINED")


def test_traffic_goes_back_to_what_was_kept(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """Switches traffic to the other running, healthy slot; 409 `SLOT_EMPTY` (… unless `bake_seconds` keeps it …)."""
    service.register("kept", shop.url, bake_seconds=600)
    shop.commit({"index.html": "kept 1"})
    service.succeed("kept")
    shop.commit({"index.html": "kept 2"})
    service.succeed("kept")
    answer = ask("POST", "/api/projects/kept/switch", {"target_slot": "Blue"})
    assert (answer.status, answer.data["active_slot"]) == (200, "Blue")
    assert {service.visit("/kept/index.html").text for _ in range(20)} == {"kept 1"}
    assert ask("GET", "/api/projects/kept/deployments").data["deployments"][0]["outcome"] == "FlippedBack"


def test_a_runtime_command_runs_as_it_is_written(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`runtime_command`: text runs as `sh -c`, a list as it is (exec form), empty means the image's own command."""
    texts = {
        "as-text": ("echo $((1+1)) $0; exit 3", "2 "),
        "as-list": (["echo", "$((1+1))", "a  b"], "$((1+1)) a  b"),
    }
    for name, (command, said) in texts.items():
        service.register(name, shop.url, runtime_command=command, health_check_url="")
        (line,) = service.build_now(name)["failure"]["container_log"]
        assert line.startswith(said)
    service.register("as-is", shop.url, runtime_command="", health_check_url="")
    build = service.build_now("as-is")
    own = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{json .Config.Cmd}}", IMAGE],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert (build["status"] == "Failed") or own != "null"


def test_a_deployment_says_who_or_what_asked_for_it(ask: Examiner, service: Service, git_server: GitServer) -> None:
    """ "build, slot, outcome, reason, health attempts, times, who or what asked"."""
    repository = git_server.create("acme/asked")
    repository.commit({"index.html": "by hand"})
    service.register("asked", repository.url)
    by_hand = service.succeed("asked")
    commit = repository.commit({"index.html": "pushed"})
    (pushed,) = service.push(push_payload(repository.url, commit)).json()["data"]["builds"]
    service.wait_build(pushed["build_id"], "Success")
    deployments = ask("GET", "/api/projects/asked/deployments").data["deployments"]
    asked = {each["build_id"]: each["requested_by"] for each in deployments}
    assert asked == {by_hand["id"]: "token tests", pushed["build_id"]: "webhook"}
    assert ask("GET", f"/api/builds/{by_hand['id']}").data["requested_by"] == "token tests"
