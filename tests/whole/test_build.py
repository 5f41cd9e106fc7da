"""The build container: what a project's command finds, and how each way of ending is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.git_server import GitRepository, GitServer
from tests.whole.service import IMAGE, Service, WaitLoop, instance_containers

# A longer line is kept in pieces of so many bytes.
PIECE = 64 * 1024
CACHES = {
    "gradle": "/root/.gradle",
    "maven": "/root/.m2",
    "npm": "/root/.npm",
    "pip": "/root/.cache/pip",
    "cargo": "/usr/local/cargo/registry",
    "pub": "/root/.pub-cache",
    "go": "/go/pkg/mod",
}


def _verify(service: Service, name: str, repo: str, command: str, **fields: object) -> dict[str, object]:
    """Register a project, run its command without deploying, and return the build with its log."""
    service.register(name, repo, build_command=command, **fields)
    build: dict[str, object] = service.build_now(name, deploy=False)
    return {**build, "log": service.log_text(build["id"])}  # type: ignore[arg-type]


def test_the_source_is_read_only_and_the_working_directory_a_writable_copy(
    service: Service, shop: GitRepository
) -> None:
    command = "pwd; echo new > index.html; cat /app/index.html; echo; cd /app && cat index.html; echo kept > /output/a"
    build = _verify(service, "places", shop.url, command)
    assert build["status"] == "Success", build["log"]
    lines = str(build["log"]).splitlines()
    assert "/build" in lines
    assert lines.count("first") == 2
    assert (service.data_dir / "output" / str(build["id"]) / "a").read_text() == "kept\n"


def test_a_build_that_writes_into_the_source_is_told_the_way_out(service: Service, shop: GitRepository) -> None:
    build = _verify(service, "wrote", shop.url, "touch /app/x")
    failure = build["failure"]
    assert isinstance(failure, dict)
    assert failure["kind"] == "build"
    assert "/build" in failure["message"]


def test_the_environment_is_as_promised(service: Service, shop: GitRepository) -> None:
    build = _verify(service, "environment", shop.url, "env", build_env={"COLOUR": "blue sky", "CI": "no"})
    log = str(build["log"])
    for expected in (
        "CI=true",
        "LCI=true",
        f"LCI_BUILD_ID={build['id']}",
        "LCI_BUILD_NUMBER=1",
        "LCI_PROJECT=environment",
        "LCI_BRANCH=main",
        f"LCI_COMMIT={shop.head()}",
        "COLOUR=blue sky",
    ):
        assert expected in log.splitlines()


@pytest.mark.parametrize("cache", sorted(CACHES))
def test_a_cache_is_where_its_tool_looks_and_shared_between_builds(
    service: Service, shop: GitRepository, cache: str
) -> None:
    command = f"cat {CACHES[cache]}/mark 2>/dev/null || echo fresh; echo warm > {CACHES[cache]}/mark"
    service.register(f"cache-{cache}", shop.url, build_command=command, cache_type=cache)
    logs = [service.log_text(service.build_now(f"cache-{cache}", deploy=False)["id"]) for _ in range(2)]
    assert "fresh" in logs[0].splitlines()
    assert "warm" in logs[1].splitlines()
    assert (service.data_dir / "cache" / cache / "mark").exists()


def test_an_isolated_cache_is_every_builds_own(service: Service, shop: GitRepository) -> None:
    command = "cat /root/.npm/mark 2>/dev/null || echo fresh; echo warm > /root/.npm/mark"
    service.register("isolated", shop.url, build_command=command, cache_type=["npm", "pip"], cache_mode="isolated")
    for _ in range(2):
        assert "fresh" in service.log_lines(service.build_now("isolated", deploy=False)["id"])


def test_a_failing_command_ends_the_build_with_its_exit_code_and_its_line(
    service: Service, shop: GitRepository
) -> None:
    build = _verify(service, "fails", shop.url, "echo start; echo error: no shelf >&2; exit 3; echo never")
    failure = build["failure"]
    assert isinstance(failure, dict)
    assert (failure["kind"], failure["stage"], failure["exit_code"]) == ("build", "build", 3)
    lines = service.get(f"/api/builds/{build['id']}/logs")["lines"]
    assert lines[failure["log_line"] - 1]["text"] == "error: no shelf"
    assert lines[failure["log_line"] - 1]["stream"] == "stderr"
    assert [stage["status"] for stage in build["stages"]] == ["Success", "Failed"]  # type: ignore[attr-defined]
    assert "never" not in str(build["log"]).splitlines()


def test_the_first_command_that_fails_ends_the_build(service: Service, shop: GitRepository) -> None:
    build = _verify(service, "strict", shop.url, "false\necho never")
    assert build["status"] == "Failed"
    assert "never" not in str(build["log"]).splitlines()


def test_a_build_out_of_memory_is_told_from_one_that_fails(service: Service, shop: GitRepository) -> None:
    hog = "x=a; while true; do x=$x$x; done"
    build = _verify(service, "hog", shop.url, hog, build_memory="16m")
    failure = build["failure"]
    assert isinstance(failure, dict)
    assert (failure["kind"], failure["code"]) == ("build", "OUT_OF_MEMORY")
    assert "16m" in failure["message"]


def test_a_build_that_does_not_end_is_ended(service: Service, shop: GitRepository) -> None:
    build = _verify(service, "endless", shop.url, "echo on and on; sleep 600", build_timeout=1)
    failure = build["failure"]
    assert isinstance(failure, dict)
    assert (failure["kind"], failure["code"]) == ("build", "BUILD_TIMEOUT")
    assert instance_containers(service.data_dir, build_id=str(build["id"])) == []


def test_a_fork_bomb_is_ended_and_nobody_else_notices(service: Service, shop: GitRepository) -> None:
    service.register("beside", shop.url)
    service.register("bomb", shop.url, build_command="bomb() { bomb | bomb & }; bomb; sleep 600", build_timeout=3)
    bomb = service.post("/api/projects/bomb/builds", {"deploy": False})["build_id"]
    service.wait_build(bomb, "Building")
    service.succeed("beside")
    assert service.visit("/beside/index.html").text == "first"
    assert service.wait_build(bomb)["failure"]["code"] == "BUILD_TIMEOUT"
    assert instance_containers(service.data_dir, build_id=str(bomb)) == []


def test_a_line_that_never_ends_is_kept_in_pieces_and_never_held_whole(service: Service, shop: GitRepository) -> None:
    size = 64 * 1024**2
    before = memory_of(service)
    build = _verify(service, "one-line", shop.url, f"head -c {size} /dev/zero | tr '\\0' x")
    assert build["status"] == "Success", build["failure"]
    log = f"/api/builds/{build['id']}/logs"
    total = service.get(f"{log}?limit=1")["total"]
    assert size <= (total - 1) * PIECE < size + 50 * PIECE
    texts = [line["text"] for line in service.get(f"{log}?from={total // 2}&limit=3")["lines"]]
    assert texts == ["x" * PIECE] * 3
    assert memory_of(service) - before < 64 * 1024**2
    service.call("DELETE", "/api/projects/one-line")


def memory_of(service: Service) -> int:
    """Return the most memory that lci's process has held, in bytes."""
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return 1024 * int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[0])


def test_an_image_that_is_nowhere_is_named(service: Service, shop: GitRepository) -> None:
    build = _verify(service, "imageless", shop.url, "true", build_image="127.0.0.1:1/nobody/nothing:1")
    failure = build["failure"]
    assert isinstance(failure, dict)
    assert "127.0.0.1:1/nobody/nothing:1" in failure["message"]


def test_what_is_not_configured_is_named(service: Service, shop: GitRepository) -> None:
    service.post("/api/projects", {"name": "bare", "repo": shop.url})
    failure = service.build_now("bare")["failure"]
    assert failure["code"] == "CONFIGURATION_INCOMPLETE"
    for name in ("build_image", "build_command", "runtime_image"):
        assert name in failure["message"]


def test_limits_labels_and_names_of_the_container_are_as_promised(service: Service, shop: GitRepository) -> None:
    service.register("limits", shop.url, build_command="sleep 600", build_memory="64m", build_cpus=0.5)
    build = service.post("/api/projects/limits/builds")
    service.wait_build(build["build_id"], "Building")
    waiting = WaitLoop("the build's container")
    while not (found := instance_containers(service.data_dir, build_id=str(build["build_id"]))):
        waiting.again()
    (container,) = found
    assert container.name == f"lci-build-{build['build_id']}"
    host = container.attrs["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["Init"]) == (64 * 1024**2, 500_000_000, True)
    assert container.labels["lci.role"] == "build"
    assert container.labels["lci.project_id"] == str(build["project_id"])
    modes = {mount["Destination"]: mount["RW"] for mount in container.attrs["Mounts"]}
    assert modes == {"/app": False, "/build": True, "/output": True}
    service.post(f"/api/builds/{build['build_id']}/cancel")
    service.wait_build(build["build_id"])


def test_the_repository_may_bring_its_own_settings(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/configured")
    repository.commit(
        {
            "index.html": "from the file",
            ".lci.toml": f'[build]\nimage = "{IMAGE}"\ncommand = "cp index.html /output/"\n'
            f'[deploy]\nimage = "{IMAGE}"\ncommand = "exec httpd -f -p $PORT -h /app"\n'
            'health_check = "/index.html"\nhealth_check_interval = 0.2\n',
        }
    )
    service.post("/api/projects", {"name": "configured", "repo": repository.url})
    service.succeed("configured")
    assert service.visit("/configured/index.html").text == "from the file"


def test_an_error_in_the_repositorys_file_names_line_and_column(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/typo")
    repository.commit({"index.html": "x", ".lci.toml": '[build]\nimage = "x"\ncomand = "true"\n'})
    service.register("typo", repository.url)
    failure = service.build_now("typo")["failure"]
    assert failure["kind"] == "build"
    assert "line 3" in failure["message"]
    assert "command" in failure["message"]
