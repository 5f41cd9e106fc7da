"""Every command against a running service, and a service that cannot run."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
import requests

from tests.cli.program import Program
from tests.git_server import GitServer, run_git_server
from tests.whole.service import IMAGE, WAIT_SECONDS, Service, remove_containers, run_service

pytestmark = pytest.mark.docker

PROJECT = f"""\
[project]
name = "shop"
repo = "{{repo}}"
[build]
image = "{IMAGE}"
command = "cat note; cp -r . /output"
[deploy]
image = "{IMAGE}"
command = "exec httpd -f -p $PORT -h /app"
health_check_interval = 0.2
"""


READING = [
    ["builds"],
    ["builds", "--project", "shop", "--status", "success", "--limit", "1"],
    ["logs", "shop"],
    ["project", "list"],
    ["project", "show", "shop"],
    ["registry", "list"],
    ["secret", "list"],
    ["status", "shop"],
    ["version"],
    ["webhook-secret"],
]


def on_terminal(service: Service, *arguments: str, **variables: str) -> str:
    """Run a command whose standard output is a terminal; returns what that has shown."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    environment |= {"LCI_URL": service.url, "LCI_TOKEN": service.token, **variables}
    process = subprocess.Popen([*service.program, *arguments], stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    shown = bytearray()
    # A terminal whose other side is gone ends with an error instead of an end.
    with suppress(OSError):
        while read := os.read(ours, 65_536):
            shown += read
    os.close(ours)
    _, complaints = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, complaints
    return shown.decode()


@pytest.fixture(scope="module")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with run_git_server(tmp_path_factory.mktemp("git")) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, git_server: GitServer) -> Iterator[Service]:
    """A service with the project `shop`, registered by its file; its repository cannot be built without `note`."""
    repository = git_server.create("acme/shop")
    repository.commit({"index.html": "open", "note": "hello\n"}, "Open the shop")
    with run_service(tmp_path_factory.mktemp("lci") / "data") as service:
        file = service.data_dir.parent / "shop.toml"
        file.write_text(PROJECT.format(repo=repository.url))
        added = service.cli("project", "add", str(file))
        assert added.stdout == "project shop is registered (id 1)\n"
        service.cli("trigger", "shop", "--follow")
        yield service


def test_a_followed_build_shows_its_log_and_ends_with_its_address(service: Service):
    ran = service.cli("trigger", "shop", "--follow")
    assert "hello" in ran.stdout.splitlines()
    last = ran.stderr.splitlines()[-1]
    assert re.search(
        r"build \d+ \(shop #\d+ of [0-9a-f]{7}\): Success after \d+ s, live on (Blue|Green): http://", last
    )
    assert service.visit("/shop/index.html").text == "open"


def test_the_followed_log_is_the_stored_log(service: Service):
    build_id = service.get("/api/builds?limit=1")["builds"][0]["id"]
    stored = service.log_lines(build_id)
    assert service.cli("logs", str(build_id), "-f").stdout.splitlines() == stored
    assert service.cli("logs", str(build_id)).stdout.splitlines() == stored
    assert service.cli("logs", str(build_id), "-f", "--tail", "2").stdout.splitlines() == stored[-2:]


def test_a_followed_build_that_fails_ends_with_8(service: Service):
    ran = service.cli("trigger", "shop", "--commit", "0" * 40, "--follow", check=False)
    assert ran.returncode == 8
    assert ": Failed" in ran.stderr.splitlines()[-1]


def test_following_no_longer_than_asked_ends_with_7_and_the_build_goes_on(service: Service):
    slow = {"build_command": "touch /output/begun; nc -l -p 9 </dev/null", "build_timeout": 300}
    service.call("PATCH", "/api/projects/shop", slow)
    try:
        ran = service.cli("trigger", "shop", "--follow", "--timeout", "0.1", check=False)
        build = service.get("/api/builds?limit=1")["builds"][0]
        assert ran.returncode == 7
        assert ran.stderr.endswith(f"lci: build {build['id']} had not ended after 0.1 s; it goes on\n")
        assert build["status"] in {"Queued", "Building"}
        assert service.cli("cancel", str(build["id"])).stdout.startswith(f"build {build['id']} is ")
    finally:
        service.call("PATCH", "/api/projects/shop", {"build_command": "cat note; cp -r . /output"})


def test_an_interrupt_ends_the_following_and_not_the_build(service: Service, lci: Program):
    service.call("PATCH", "/api/projects/shop", {"build_command": "echo begun; nc -l -p 9 </dev/null"})
    try:
        process = lci.start("trigger", "shop", "--follow", LCI_URL=service.url, LCI_TOKEN=service.token)
        assert process.stdout is not None
        assert "begun\n" in iter(process.stdout.readline, "")
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
        build = service.get("/api/builds?limit=1")["builds"][0]
        assert process.returncode == 130
        assert err.endswith(f"no longer following; the build goes on (`lci cancel {build['id']}` ends it)\n")
        assert build["status"] == "Building"
        service.cli("cancel", "shop")
    finally:
        service.call("PATCH", "/api/projects/shop", {"build_command": "cat note; cp -r . /output"})


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_every_reading_command_prints_one_json_document(service: Service, command: list[str]):
    ran = service.cli(*command, "--json")
    assert json.loads(ran.stdout)
    assert ran.stderr == ""


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_so_does_it_on_a_terminal(service: Service, command: list[str]):
    assert json.loads(on_terminal(service, *command, "--json", TERM="xterm-256color"))


def test_a_terminal_is_coloured_unless_it_cannot_be_or_nobody_wants_that(service: Service):
    assert "\x1b[" in on_terminal(service, "builds", TERM="xterm-256color")
    assert "\x1b" not in on_terminal(service, "builds", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b" not in on_terminal(service, "builds", TERM="dumb")


def test_a_followed_build_is_one_json_document_a_line_for_programs(service: Service):
    records = [json.loads(line) for line in service.cli("trigger", "shop", "--follow", "--json").stdout.splitlines()]
    numbers = [each["number"] for each in records if each["type"] == "log"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert records[-1]["type"] == "end"
    assert records[-1]["build"]["status"] == "Success"


def test_status_shows_which_slot_is_live(service: Service):
    active = service.get("/api/projects/shop/status")["active_slot"]
    first, *_ = service.cli("status", "shop").stdout.splitlines()
    assert first.startswith(f"live on {active}  http://")


def test_switching_to_an_empty_slot_ends_with_5_and_points_to_rollback(service: Service):
    active = service.get("/api/projects/shop/status")["active_slot"]
    other = "green" if active == "Blue" else "blue"
    ran = service.cli("switch", "shop", other, check=False)
    assert ran.returncode == 5
    assert "rollback" in ran.stderr


def test_a_rollback_can_be_followed(service: Service):
    ran = service.cli("rollback", "shop", "--follow")
    assert ": Success" in ran.stderr.splitlines()[-1]
    service.post("/api/projects/shop/auto-deploy", {"enabled": True})


@pytest.mark.parametrize(
    "command",
    [
        ["project", "show", "nope"],
        ["project", "rm", "nope"],
        ["status", "nope"],
        ["switch", "nope", "blue"],
        ["rollback", "nope"],
        ["trigger", "nope"],
        ["logs", "nope"],
        ["logs", "999999", "-f"],
        ["cancel", "999999"],
        ["builds", "--project", "nope"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_ends_with_3(service: Service, command: list[str]):
    ran = service.cli(*command, check=False)
    assert ran.returncode == 3
    (line,) = ran.stderr.splitlines()
    assert command[-1] in line or command[1] in line


def test_registering_a_name_twice_ends_with_5(service: Service):
    assert service.cli("project", "add", str(service.data_dir.parent / "shop.toml"), check=False).returncode == 5


def test_a_project_is_changed_to_what_its_file_says_and_keeps_what_it_does_not(service: Service, git_server: GitServer):
    file = service.data_dir.parent / "kiosk.toml"
    text = f'[project]\nname = "kiosk"\nrepo = "{git_server.create("acme/kiosk").url}"\n'
    file.write_text(text + 'branch = "trunk"\n')
    service.cli("project", "add", str(file))
    file.write_text(text + 'path_filter = "app/**"\n')
    changed = service.cli("project", "update", str(file))
    assert changed.stdout == "project kiosk is as its file says, from its next build on\n"
    project = service.get("/api/projects/kiosk")
    assert (project["branch"], project["path_filter"]) == ("trunk", "app/**")
    shown = json.loads(service.cli("project", "update", str(file), "--json").stdout)
    assert shown["id"] == project["id"]
    service.cli("project", "rm", "kiosk")
    assert service.cli("project", "update", str(file), check=False).returncode == 3


def test_a_token_that_may_only_read_ends_with_4(service: Service):
    token = service.cli("token", "create", "--name", "reader", "--scope", "read").stdout.strip()
    assert service.cli("builds", "--token", token).returncode == 0
    assert service.cli("trigger", "shop", "--token", token, check=False).returncode == 4
    assert service.cli("builds", "--token", "lci_wrong", check=False).returncode == 4


def test_a_removed_project_is_gone(service: Service, git_server: GitServer):
    file = service.data_dir.parent / "stall.toml"
    file.write_text(f'[project]\nname = "stall"\nrepo = "{git_server.create("acme/stall").url}"\n')
    service.cli("project", "add", str(file))
    assert service.cli("project", "rm", "stall").stdout.startswith("project stall is removed: 0 containers, 0 builds")
    assert service.cli("project", "show", "stall", check=False).returncode == 3


# --- a service that cannot run


@pytest.mark.parametrize("port", ["api", "proxy"])
def test_a_port_in_use_is_one_line_and_exit_status_1(service: Service, lci: Program, port: str):
    taken = {"api": service.url, "proxy": service.proxy_url}[port].rpartition(":")[2]
    other = {"api": "proxy", "proxy": "api"}[port]
    ran = lci.run("serve", f"--{port}-port", taken, f"--{other}-port", "0")
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert f"127.0.0.1:{taken}" in line
    assert f"--{port}-port" in line


def test_a_data_directory_that_cannot_be_used_is_one_line_and_exit_status_1(lci: Program):
    ran = lci.run("serve", "--data-dir", "/proc/lci", "--api-port", "0", "--proxy-port", "0")
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert "/proc/lci" in line


def test_an_access_log_that_cannot_be_written_is_one_line_and_exit_status_1(lci: Program):
    ran = lci.run("serve", "--api-port", "0", "--proxy-port", "0", "--access-log", "/proc/lci/access.log")
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert "the access log /proc/lci/access.log cannot be written" in line


def test_no_docker_engine_is_one_line_and_exit_status_1(lci: Program):
    address = f"unix://{lci.home}/nothing.sock"
    ran = lci.run("serve", "--api-port", "0", "--proxy-port", "0", "--docker-host", address)
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert address in line


# --- the sample


@pytest.fixture
def sample_image() -> None:
    """The demo's image, which `scripts/run --demo` prepares."""
    engine = docker.from_env()
    try:
        engine.images.get(IMAGE).tag("lci-sample/busybox", "1")
    finally:
        engine.close()


@pytest.fixture
def demo(lci: Program, sample_image: None) -> Iterator[Program]:
    yield lci
    remove_containers(lci.home / "data")


def demo_ends(process: subprocess.Popen[str]) -> str:
    """Return the demo's last line, asked for its page while the service runs; then the service is ended."""
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith("demo ready "):
            page = requests.get(line.removeprefix("demo ready ").strip(), timeout=30)
            assert page.status_code == 200
            told.append(page.text)
            break
        if line.startswith("demo: failed: "):
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0, told
    return told[-1]


def test_the_demo_ends_with_an_address_that_answers_and_can_be_run_again(demo: Program):
    options = ("--demo", "--api-port", "0", "--proxy-port", "0", "--proxy-workers", "1", "--port-base", "19000")
    assert "Build 1 of commit" in demo_ends(demo.start("serve", *options, together=True))
    token = demo.home / "data" / "demo" / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    first = token.read_text()
    assert "Build 2 of commit" in demo_ends(demo.start("serve", *options, together=True))
    assert token.read_text() == first


def test_a_demo_that_fails_says_why_and_leaves_the_service_running(demo: Program):
    repository: Path = demo.home / "data" / "demo" / "repository"
    repository.mkdir(parents=True)  # no git repository: its build cannot fetch
    options = ("--demo", "--api-port", "0", "--proxy-port", "0", "--proxy-workers", "1")
    assert demo_ends(demo.start("serve", *options, together=True)).startswith("demo: failed: ")
