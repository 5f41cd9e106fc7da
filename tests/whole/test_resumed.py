"""lci is killed while a project's command runs: the build is gone on with, and nobody can tell from its log."""

from __future__ import annotations

from typing import Any

import docker
import pytest

from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop, instance_containers

LINES = 30
# Says how often it was begun, since what it writes stays; then one line after the other.
COMMAND = (
    "echo begun >> /build/begun; wc -l < /build/begun; "
    f"i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo line $i; "
    "if [ $((i % 7)) = 0 ]; then echo odd $i >&2; fi; sleep 0.05; done; "
)


def _build(service: Service, name: str, shop: GitRepository, end: str) -> int:
    service.register(name, shop.url, build_command=COMMAND + end)
    build: int = service.post(f"/api/projects/{name}/builds")["build_id"]
    return build


def _lines(service: Service, build: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/api/builds/{build}/logs?limit=5000")["lines"]
    return found


def _killed_in_the_middle(service: Service, build: int) -> Any:
    """Kill lci when a few lines have come; returns the container that runs on."""
    waiting = WaitLoop("a few lines")
    while "line 5" not in [line["text"] for line in _lines(service, build)]:
        waiting.again()
    service.kill()
    (container,) = instance_containers(service.data_dir, build_id=str(build))
    return container


def _assert_whole(service: Service, build: int) -> None:
    lines = _lines(service, build)
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    by_stream = {
        stream: [line["text"] for line in lines if line["stream"] == stream] for stream in ("stdout", "stderr")
    }
    assert by_stream["stdout"] == ["1", *(f"line {number}" for number in range(1, LINES + 1))]
    assert by_stream["stderr"] == [f"odd {number}" for number in range(7, LINES + 1, 7)]


@pytest.mark.parametrize("ends", [False, True], ids=["runs on", "ended while lci was away"])
def test_a_build_whose_command_was_left_running_is_gone_on_with_and_deployed(
    own_service: Service, shop: GitRepository, ends: bool
) -> None:
    build = _build(own_service, "resumed", shop, "cp index.html /output/")
    container = _killed_in_the_middle(own_service, build)
    if ends:
        docker.from_env().api.wait(container.id)
    own_service.start()
    ended = own_service.wait_build(build)
    assert (ended["status"], ended["build_number"]) == ("Success", 1)
    _assert_whole(own_service, build)
    assert "lci was restarted while this build ran: it goes on." in [
        line["text"] for line in _lines(own_service, build)
    ]
    assert own_service.visit("/resumed/index.html").text == "first"
    assert [c.labels["lci.role"] for c in instance_containers(own_service.data_dir)] == ["runtime"]
    assert [stage["name"] for stage in ended["stages"]] == ["source", "build", "deploy"]


def test_how_it_ended_meanwhile_is_how_the_build_ends(own_service: Service, shop: GitRepository) -> None:
    build = _build(own_service, "failed", shop, "exit 3")
    container = _killed_in_the_middle(own_service, build)
    docker.from_env().api.wait(container.id)
    own_service.start()
    ended = own_service.wait_build(build)
    assert (ended["status"], ended["failure"]["exit_code"]) == ("Failed", 3)
    _assert_whole(own_service, build)
    assert instance_containers(own_service.data_dir) == []


def test_one_that_was_killed_with_the_engine_or_removed_starts_again(own_service: Service, shop: GitRepository) -> None:
    build = _build(own_service, "again", shop, "cp index.html /output/")
    container = _killed_in_the_middle(own_service, build)
    container.kill()
    own_service.start()
    ended = own_service.wait_build(build)
    assert (ended["status"], ended["build_number"]) == ("Success", 1)
    messages = [line["text"] for line in _lines(own_service, build)]
    assert "lci was restarted while this build ran: it starts again." in messages
    second = messages[messages.index("lci was restarted while this build ran: it starts again.") :]
    assert [text for text in second if text.startswith("line")] == [f"line {number}" for number in range(1, LINES + 1)]


def test_one_that_is_gone_on_with_can_be_cancelled(own_service: Service, shop: GitRepository) -> None:
    build = _build(own_service, "cancelled", shop, "sleep 1000")
    _killed_in_the_middle(own_service, build)
    own_service.start()
    own_service.post(f"/api/builds/{build}/cancel")
    assert own_service.wait_build(build)["status"] == "Cancelled"
    assert instance_containers(own_service.data_dir) == []
