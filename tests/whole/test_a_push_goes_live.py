"""The main path, whole: a signed push is built, deployed, switched to and watched."""

from __future__ import annotations

import uuid

import pytest
import trio

from tests.git_server import GitRepository, GitServer
from tests.whole.live import Watcher
from tests.whole.service import ENDED, Service, push_payload, sign


def test_a_signed_push_goes_live_and_is_watched_on_the_way(service: Service, shop: GitRepository) -> None:
    project = service.register("main-path", shop.url)
    commit = shop.commit({"index.html": "second"}, "Add a shelf")

    async def main() -> list[dict[str, object]]:
        async with Watcher.open(service) as watcher:
            await watcher.subscribe(target="project", project_id=project["id"])
            answer = await trio.to_thread.run_sync(service.push, push_payload(shop.url, commit))
            assert answer.status_code == 202, answer.text
            queued = answer.json()["data"]["builds"]
            assert [build["project_name"] for build in queued] == ["main-path"]
            assert queued[0]["commit_hash"] == commit
            await watcher.subscribe(target="build", build_id=queued[0]["build_id"], from_line=0)
            return await watcher.until_build_ends(queued[0]["build_id"])

    seen = trio.run(main)
    statuses = [each["status"] for each in seen if each["type"] == "build_status"]
    # Both subscriptions hear of the build: each status once for the build, once for the project.
    assert list(dict.fromkeys(statuses)) == ["Queued", "Building", "Deploying", "Success"]
    lines = [each["line_number"] for each in seen if each["type"] == "log"]
    assert lines == list(range(1, len(lines) + 1))
    checks = [each["status"] for each in seen if each["type"] == "health_check"]
    assert checks[0] == "Checking"
    assert checks[-1] == "Success"
    assert any(each["type"] == "deployment" and each["status"] == "Success" for each in seen)
    assert any(each["type"] == "container_status" and each["status"] == "Running" for each in seen)
    assert service.visit("/main-path/index.html").text == "second"


def test_whoever_reads_after_success_sees_the_new_version(service: Service, shop: GitRepository) -> None:
    service.register("served", shop.url)
    for round_ in range(4):
        shop.commit({"index.html": f"round {round_}"})
        build = service.succeed("served")
        for _ in range(20):
            assert service.visit("/served/index.html").text == f"round {round_}"
        assert build["deployed_slot"] == ("Blue", "Green")[round_ % 2]


def test_every_project_of_a_monorepo_that_a_push_concerns_is_built(service: Service, git_server: GitServer) -> None:
    mono = git_server.create("acme/mono")
    commit = mono.commit({"api/index.html": "the api", "web/index.html": "the web", "docs/a.md": "words"})
    service.register("mono-api", mono.url, path_filter="api/**", working_directory="api")
    service.register("mono-web", mono.url, path_filter="web/**, !**/*.md", working_directory="web")
    files = [{"id": commit, "added": ["api/index.html"], "modified": [], "removed": []},
             {"id": commit, "added": [], "modified": ["web/index.html"], "removed": []}]  # fmt: skip
    answer = service.push(push_payload(mono.url, commit, commits=files))
    assert sorted(build["project_name"] for build in answer.json()["data"]["builds"]) == ["mono-api", "mono-web"]
    for build in answer.json()["data"]["builds"]:
        assert service.wait_build(build["build_id"])["status"] == "Success"
    assert service.visit("/mono-api/index.html").text == "the api"
    assert service.visit("/mono-web/index.html").text == "the web"

    only_docs = [{"id": commit, "added": ["web/README.md"], "modified": [], "removed": ["docs/a.md"]}]
    answer = service.push(push_payload(mono.url, commit, commits=only_docs))
    assert (answer.status_code, answer.json()["data"]["ignored"]) == (200, "path")


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"ref": "refs/heads/dev"}, "branch"),
        ({"ref": "refs/tags/v1.0"}, "branch"),
        ({"deleted": True, "after": "0" * 40}, "deleted"),
        ({"head_commit": {"message": "words [skip ci]"}}, "skip_ci"),
    ],
)
def test_what_builds_nothing_says_why(
    service: Service, shop: GitRepository, fields: dict[str, object], ignored: str
) -> None:
    service.register(f"quiet-{uuid.uuid4().hex[:8]}", shop.url)
    answer = service.push(push_payload(shop.url, shop.head(), **fields))
    data = answer.json()["data"]
    assert (answer.status_code, data["ignored"]) == (200, ignored)
    assert data["reason"].endswith(".")


def test_a_ping_is_answered_and_another_event_ignored(service: Service) -> None:
    secret = service.get("/api/settings/webhook-secret")["secret"]
    assert service.deliver(b"{}", sign(secret, b"{}"), event="ping").status_code == 200
    answer = service.deliver(b"{}", sign(secret, b"{}"), event="issues")
    assert (answer.status_code, answer.json()["data"]["ignored"]) == (200, "event")


def test_a_wrong_or_missing_signature_is_refused_before_the_body_is_read(service: Service) -> None:
    for signature in (None, "sha256=" + "0" * 64, sign("guessed", b"not json")):
        answer = service.deliver(b"not json", signature)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SIGNATURE_INVALID")
    secret = service.get("/api/settings/webhook-secret")["secret"]
    answer = service.deliver(b"not json", sign(secret, b"not json"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_push_of_an_unknown_repository_is_404_and_may_be_delivered_again_later(
    service: Service, shop: GitRepository
) -> None:
    delivery = str(uuid.uuid4())
    payload = push_payload("https://example.com/no/where.git", shop.head())
    answer = service.push(payload, delivery=delivery)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PROJECT_NOT_FOUND")
    service.register("late", "https://example.com/no/where.git")
    assert service.push(payload, delivery=delivery).status_code == 202


def test_the_same_delivery_again_never_builds_twice(service: Service, shop: GitRepository) -> None:
    project = service.register("once", shop.url)
    delivery = "any text, äöü, up to 200 characters".encode().decode("latin-1")
    first = service.push(push_payload(shop.url, shop.head()), delivery=delivery)
    assert first.status_code == 202
    again = service.push(push_payload(shop.url, shop.head()), delivery=delivery)
    assert again.status_code == 200
    assert again.json()["data"]["ignored"] == "duplicate"
    assert [b["build_id"] for b in again.json()["data"]["builds"]] == [
        b["build_id"] for b in first.json()["data"]["builds"]
    ]
    builds = service.get(f"/api/projects/{project['id']}/builds")
    assert builds["total"] == 1


def test_a_projects_own_secret_replaces_the_global_one(service: Service, git_server: GitServer) -> None:
    own = git_server.create("acme/own")
    commit = own.commit({"index.html": "own"})
    service.register("own-secret", own.url, webhook_secret="a secret of its own")
    payload = push_payload(own.url, commit)
    assert service.push(payload).status_code == 403
    assert service.push(payload, secret="a secret of its own").status_code == 202
    assert "a secret of its own" not in service.request("GET", "/api/projects/own-secret").text


def test_deliveries_are_kept_with_their_verdict_and_an_ignored_one_can_be_built(
    service: Service, shop: GitRepository
) -> None:
    project = service.register("delivered", shop.url, path_filter="never/**")
    service.push(push_payload(shop.url, shop.head()))
    kept = service.get(f"/api/webhook/deliveries?project_id={project['id']}")
    assert kept["total"] == 1
    delivery = kept["deliveries"][0]
    assert delivery["verdict"] == "path"
    built = service.post(f"/api/webhook/deliveries/{delivery['id']}/build")
    build = service.wait_build(built["builds"][0]["build_id"])
    assert (build["status"], build["commit_hash"]) == ("Success", shop.head())


def test_github_is_answered_at_once_while_builds_run(service: Service, git_server: GitServer) -> None:
    slow = git_server.create("acme/slow")
    commit = slow.commit({"index.html": "slow"})
    service.register("slow", slow.url, build_command="sleep 600")
    running = service.post("/api/projects/slow/builds")["build_id"]
    service.wait_build(running, "Building")
    answer = service.push(push_payload(slow.url, commit))
    assert answer.status_code == 202
    assert answer.elapsed.total_seconds() < 5
    assert answer.json()["data"]["builds"][0]["queue_position"] == 2
    service.post(f"/api/builds/{answer.json()['data']['builds'][0]['build_id']}/cancel")
    service.post(f"/api/builds/{running}/cancel")
    assert service.wait_build(running)["status"] in ENDED
