"""The commit of the push is built, exactly, wherever its branch has gone since."""

from __future__ import annotations

from pathlib import Path

from tests.git_server import GitRepository, GitServer, git
from tests.whole.service import Service, push_payload


def test_the_pushed_commit_is_built_though_its_branch_has_moved_on(service: Service, shop: GitRepository) -> None:
    service.register("exact", shop.url)
    pushed = shop.commit({"index.html": "pushed"})
    shop.commit({"index.html": "newer"})
    build = service.wait_build(service.post("/api/projects/exact/builds", {"commit_hash": pushed})["build_id"])
    assert (build["status"], build["commit_hash"]) == ("Success", pushed)
    assert service.visit("/exact/index.html").text == "pushed"


def test_a_commit_that_was_pushed_away_by_force_is_said_to_be_gone(service: Service, shop: GitRepository) -> None:
    service.register("forced", shop.url)
    base = shop.head()
    lost = shop.commit({"index.html": "lost"})
    shop.rewind(base)
    shop.forget_unreachable()
    answer = service.push(push_payload(shop.url, lost))
    build = next(b for b in answer.json()["data"]["builds"] if b["project_name"] == "forced")
    failed = service.wait_build(build["build_id"])
    assert (failed["failure"]["kind"], failed["failure"]["code"]) == ("build", "COMMIT_NOT_FOUND")


def test_a_private_repository_is_read_with_its_token_which_is_never_shown(
    service: Service, git_server: GitServer
) -> None:
    private = git_server.create("acme/private")
    private.commit({"index.html": "private"})
    git_server.token = "s3cret-t0ken"
    service.register("private", private.url)
    failure = service.build_now("private")["failure"]
    assert (failure["kind"], failure["code"]) == ("build", "REPOSITORY_DENIED")
    service.call("PUT", "/api/projects/private", {"repo_token": "s3cret-t0ken"})
    build = service.succeed("private")
    assert service.visit("/private/index.html").text == "private"
    shown = service.log_text(build["id"]) + service.request("GET", "/api/projects/private").text
    shown += "".join(service.stderr)
    assert "s3cret-t0ken" not in shown
    assert service.get("/api/projects/private")["repo_token_set"] is True


def test_a_second_build_fetches_only_what_is_new(service: Service, git_server: GitServer) -> None:
    large = git_server.create("acme/large")
    large.commit({"index.html": "first", "large.bin": bytes(range(256)) * 4096})
    service.register("incremental", large.url)
    service.build_now("incremental", deploy=False)
    project = service.get("/api/projects/incremental")["id"]
    mirror = service.data_dir / "workspace" / str(project) / "mirror.git"
    before = _pack_bytes(mirror)
    large.commit({"index.html": "second"})
    service.succeed("incremental")
    assert _pack_bytes(mirror) - before < 10_000
    assert service.visit("/incremental/index.html").text == "second"


def test_a_repository_on_the_host_is_a_repository_too(service: Service, shop: GitRepository) -> None:
    service.register("local", shop.file_url)
    service.succeed("local")
    assert service.visit("/local/index.html").text == "first"


def test_submodules_are_refused_with_a_reason(service: Service, shop: GitRepository, git_server: GitServer) -> None:
    part = git_server.create("acme/part")
    part.commit({"a": "b"})
    git(shop.work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(part.path), "part")
    shop.commit({}, "with a part")
    service.register("submodule", shop.url)
    failure = service.build_now("submodule")["failure"]
    assert (failure["kind"], failure["code"]) == ("build", "SUBMODULES_UNSUPPORTED")


def _pack_bytes(mirror: Path) -> int:
    return sum(path.stat().st_size for path in (mirror / "objects").rglob("*") if path.is_file())
