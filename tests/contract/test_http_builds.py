"""`http-api.md`, "Builds": how they run and end, each sentence of the table and of what follows it."""

from __future__ import annotations

import pytest
import requests

from tests.contract.asking import TIMESTAMP, Examiner
from tests.contract.building import CHECK, DEPLOYMENT, FAILURE, FIELDS, NEVER, QUEUED, STAGE, containers, until_ended
from tests.git_server import GitRepository, GitServer
from tests.whole.service import Service, WaitLoop


def test_a_build_from_its_queue_to_its_end(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """202 `{build_id, build_number, project_id, status: "Queued", queue_key, queue_position}`, at once; `status`
    (`Queued` → `Building` → `Deploying` → `Success`)."""
    project = service.register("whole", shop.url)
    answer = ask("POST", "/api/projects/whole/builds", {})
    assert answer.status == 202
    assert set(answer.data) >= QUEUED
    queued = answer.data
    assert (queued["build_number"], queued["project_id"], queued["status"]) == (1, project["id"], "Queued")
    assert queued["queue_position"] >= 1
    build, seen = until_ended(ask, queued["build_id"])
    assert [s for s in ("Queued", "Building", "Deploying", "Success") if s in seen] == seen
    assert build["status"] == "Success"
    assert set(build) >= FIELDS | {"stages", "failure"}
    assert (build["trigger"], build["branch"], build["commit_hash"]) == ("manual", "main", shop.head())
    assert (build["commit_message"].strip(), build["commit_author"]) == ("Open the shop", "Ada Löwe")
    assert (build["deployed_slot"], build["project_name"], build["parameters"]) == ("Blue", "whole", {})
    assert build["queue_key"] == queued["queue_key"]
    assert build["health_check_attempts"] >= 1
    assert build["failure"] is None
    for stage in build["stages"]:
        assert set(stage) >= STAGE
        assert (stage["status"], stage["error"]) == ("Success", None)
        assert TIMESTAMP.fullmatch(stage["started_at"])
        assert stage["started_at"] <= stage["finished_at"]
        assert stage["duration_seconds"] >= 0
    (listed,) = ask("GET", "/api/projects/whole/builds").data["builds"]
    assert set(listed) >= FIELDS
    assert {name: listed[name] for name in FIELDS} == {name: build[name] for name in FIELDS}
    deployment = ask("GET", "/api/projects/whole/deployments").data
    assert set(deployment) == {"total", "deployments"}
    assert set(deployment["deployments"][0]) >= DEPLOYMENT
    assert deployment["deployments"][0]["outcome"] == "Success"


def test_the_commit_is_known_when_it_is_building(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`commit_hash` (40 hex, known at latest when `Building`)"""
    service.register("known", shop.url)
    for fields in ({}, {"branch": "main"}, {"commit_hash": shop.head()}):
        build_id = ask("POST", "/api/projects/known/builds", {"deploy": False, **fields}).data["build_id"]
        waiting = WaitLoop("the build to begin", pause=0.001)
        while (build := ask("GET", f"/api/builds/{build_id}").data)["status"] == "Queued":
            waiting.again()
        assert build["commit_hash"] == shop.head()
        assert service.wait_build(build_id)["status"] == "Success"


def test_whoever_reads_after_success_sees_the_new_version_from_every_worker(
    ask: Examiner, service: Service, shop: GitRepository
) -> None:
    """A build is `Success` only when every proxy worker has acknowledged the new route: whoever reads the service
    after that sees the new version."""
    service.register("hammered", shop.url)
    for version in range(3):
        shop.commit({"index.html": f"hammered {version}"})
        build, _ = until_ended(ask, ask("POST", "/api/projects/hammered/builds", {}).data["build_id"])
        texts = {requests.get(f"{service.proxy_url}/hammered/index.html", timeout=10).text for _ in range(40)}
        assert (build["status"], texts) == ("Success", {f"hammered {version}"})


def test_a_build_is_final_only_when_its_container_is_gone(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """It is final only when its build container, or its failed candidate, is gone."""
    service.register("fails", shop.url, build_command="echo words; exit 3")
    service.register("verifies", shop.url)
    service.register("unhealthy", shop.url, health_check_url="/missing", health_check_retries=2)
    service.register("dies", shop.url, runtime_command="exit 5")
    service.register("late", shop.url, build_command=NEVER, build_timeout=1.5)
    wanted = {"fails": "Failed", "verifies": "Success", "unhealthy": "Failed", "dies": "Failed", "late": "Failed"}
    for name, status in wanted.items():
        body = {"deploy": False} if name == "verifies" else {}
        build, _ = until_ended(ask, ask("POST", f"/api/projects/{name}/builds", body).data["build_id"])
        assert (build["status"], containers(build["id"], service)) == (status, []), name


def test_a_build_that_is_not_to_be_deployed_is_not(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """A build with `deploy: false` ends `Success` with `deployed_slot` null."""
    service.register("verified", shop.url, runtime_image="")
    build = service.build_now("verified", deploy=False)
    assert (build["status"], build["deployed_slot"]) == ("Success", None)
    assert ask("GET", "/api/projects/verified").data["active_slot"] is None
    assert ask("GET", "/api/projects/verified/deployments").data["total"] == 0


@pytest.mark.parametrize("missing", ["build_image", "build_command", "runtime_image"])
def test_a_build_without_what_it_needs_names_it(service: Service, shop: GitRepository, missing: str) -> None:
    """A build that finds neither stored nor in the repository's file what it needs (`build_image` and
    `build_command`, `runtime_image`) fails with a sentence that names it."""
    name = missing.replace("_", "-")
    service.register(name, shop.url, **{missing: ""})
    failure = service.build_now(name)["failure"]
    assert failure["kind"] == "build"
    assert missing in failure["message"]
    assert failure["message"].endswith(".")


def test_the_failure_of_a_build(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """When it failed, `failure: {kind, stage, code, message, exit_code, log_line}`; `kind` is `build` (the project's
    fault)."""
    service.register("breaks", shop.url, build_command="echo fine; echo 'error: no such shelf' >&2; exit 42")
    build = service.build_now("breaks")
    assert build["status"] == "Failed"
    failure = build["failure"]
    assert set(failure) >= FAILURE
    assert (failure["kind"], failure["exit_code"]) == ("build", 42)
    assert "42" in failure["message"]
    assert failure["stage"] in {stage["name"] for stage in build["stages"]}
    lines = ask("GET", f"/api/builds/{build['id']}/logs").data["lines"]
    assert lines[failure["log_line"] - 1]["text"] == "error: no such shelf"
    assert build["deployed_slot"] is None
    assert [stage["status"] for stage in build["stages"]][-1] == "Failed"
    assert build["stages"][-1]["error"]


def test_the_failure_of_a_deployment(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`deploy` (the new version did not become healthy; then `health_checks: [{attempt, at, url, status, error, ms,
    body}]` and `container_log`)."""
    command = "echo last words; exec httpd -f -p $PORT -h /tmp"
    service.register("sick", shop.url, runtime_command=command, health_check_retries=2)
    build = service.build_now("sick")
    failure = build["failure"]
    assert (build["status"], failure["kind"], failure["stage"]) == ("Failed", "deploy", "deploy")
    assert set(failure) >= FAILURE | {"health_checks", "container_log"}
    assert [check["attempt"] for check in failure["health_checks"]] == [1, 2]
    for check in failure["health_checks"]:
        assert set(check) >= CHECK
        assert (check["status"], check["error"]) == (404, None)
        assert check["url"].endswith("/index.html")
        assert check["ms"] > 0
        assert "404" in check["body"]
    assert failure["container_log"] == ["last words"]
    assert build["health_check_attempts"] == 2
    (deployment,) = ask("GET", "/api/projects/sick/deployments").data["deployments"]
    assert deployment["outcome"] == "Failed"
    assert deployment["reason"]
    assert len(deployment["health_checks"]) == 2


def test_trouble_of_the_machine_is_tried_once_more(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`infra` (Docker, disk, network: retried once by itself before it counts); one retried after an infrastructure
    failure goes back to `Queued`."""
    service.register("unreachable", "http://127.0.0.1:1/acme/nowhere.git")
    build, seen = until_ended(ask, ask("POST", "/api/projects/unreachable/builds", {}).data["build_id"])
    assert (build["status"], build["failure"]["kind"]) == ("Failed", "infra")
    assert build["build_number"] == 1
    # It may have been on its second way before the first look.
    assert seen[-1] == "Failed"
    lines = ask("GET", f"/api/builds/{build['id']}/logs").data["lines"]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert sum("127.0.0.1:1" in line["text"] and line["text"].startswith("Failed") for line in lines) == 2


def test_a_monorepo_has_its_working_directory(service: Service, git_server: GitServer) -> None:
    """`working_directory`"""
    mono = git_server.create("acme/mono")
    mono.commit({"web/index.html": "web", "index.html": "root"})
    service.register("mono", mono.url, working_directory="web")
    service.succeed("mono")
    assert service.visit("/mono/index.html").text == "web"


def test_a_repository_may_bring_its_own_file(ask: Examiner, service: Service, git_server: GitServer) -> None:
    """A repository may bring its own `.lci.toml`: its values win over the stored ones for that build, each effective
    value knows its origin, and an error in it names line and column."""
    own = git_server.create("acme/own-file")
    own.commit({"index.html": "own", ".lci.toml": '[build]\ncommand = "echo from-file; cp index.html /output/"\n'})
    service.register("own-file", own.url, build_command="exit 9")
    build = service.succeed("own-file")
    assert "from-file" in service.log_lines(build["id"])
    assert ask("GET", "/api/projects/own-file").data["build_command"] == "exit 9"
    effective = ask("GET", f"/api/builds/{build['id']}").data["effective"]
    assert effective["build_command"]["origin"] != effective["build_image"]["origin"]
    own.commit({".lci.toml": '[build]\ncomand = "x"\n'})
    failure = service.build_now("own-file")["failure"]
    assert failure["kind"] == "build"
    assert "comand" in failure["message"]
    assert "line 2" in failure["message"]
    assert "column 1" in failure["message"]
