"""runtime.md, `lci serve`: the ready line; the log; signals; exit statuses."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli.program import Program
from tests.contract.serving import ANY_PORTS, SECONDS, refusal, serving
from tests.whole.service import Service, children_of

pytestmark = pytest.mark.docker


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


# --- the ready line


def test_standard_output_holds_the_ready_line_and_nothing_else(lci: Program):
    """ "it prints one line to standard output: `lci ready api=http://HOST:PORT proxy=http://HOST:PORT`";
    "(0 = any free)"; "Logs go to standard error"."""
    with serving(lci, *ANY_PORTS, "--log-level", "debug") as service:
        assert re.fullmatch(
            r"lci ready api=http://127\.0\.0\.1:[1-9]\d+ proxy=http://127\.0\.0\.1:[1-9]\d+\n", service.ready
        )
        assert requests.get(f"{service.api}/healthz", timeout=SECONDS).status_code == 200
        assert requests.get(f"{service.api}/readyz", timeout=SECONDS).status_code == 200
        assert requests.get(f"{service.proxy}/nobody/", timeout=SECONDS).status_code == 404
        ended = service.stop()
    assert (ended.status, ended.out) == (0, "")
    assert ended.err


def test_the_addresses_of_the_ready_line_can_be_used_whatever_is_listened_on(lci: Program):
    """ "`lci ready api=http://HOST:PORT proxy=http://HOST:PORT`"."""
    with serving(lci, *ANY_PORTS, "--api-host", "0.0.0.0", "--proxy-host", "::1") as service:
        assert requests.get(f"{service.api}/healthz", timeout=SECONDS).status_code == 200
        assert service.proxy.startswith("http://[::1]:")
        assert requests.get(f"{service.proxy}/nobody/", timeout=SECONDS).status_code == 404


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_is_told_that_it_serves_and_that_it_stops(lci: Program, kind: str):
    """ "and tells systemd `READY=1`"."""
    address = f"@lci-test-{os.getpid()}" if kind == "abstract" else str(lci.home / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(SECONDS)
        systemd.bind(address.replace("@", "\0"))
        with serving(lci, *ANY_PORTS, NOTIFY_SOCKET=address) as service:
            assert systemd.recv(4096).split(b"\n")[0] == b"READY=1"
            assert requests.get(f"{service.api}/readyz", timeout=SECONDS).status_code == 200
            service.stop()
            assert b"STOPPING=1" in systemd.recv(4096)


# --- the log


def test_without_a_terminal_the_log_is_json(lci: Program):
    """ "text on a terminal, json otherwise"."""
    with serving(lci, *ANY_PORTS) as service:
        lines = service.stop().err.splitlines()
    assert lines
    assert all({"timestamp", "level", "message"} <= json.loads(line).keys() for line in lines)


def test_on_a_terminal_the_log_is_text(lci: Program):
    """ "text on a terminal, json otherwise"."""
    ours, theirs = pty.openpty()
    with serving(lci, *ANY_PORTS, stderr=theirs) as service:
        os.close(theirs)
        service.stop()
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert shown.strip()
    assert not shown.startswith("{")


@pytest.mark.parametrize(("level", "told"), [("error", False), ("info", True)])
def test_the_log_holds_what_its_level_asks_for(lci: Program, level: str, told: bool):
    """ "`--log-level` / `--log-format`"."""
    with serving(lci, *ANY_PORTS, "--log-format", "text", LCI_LOG_LEVEL=level) as service:
        lines = service.stop().err.splitlines()
    assert bool(lines) is told
    assert not [line for line in lines if line.startswith("{")]


# --- the end


@pytest.mark.parametrize(
    ("how", "as_terminal"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)]
)
def test_a_signal_is_a_clean_stop_that_leaves_no_process(lci: Program, how: signal.Signals, as_terminal: bool):
    """ "runs the service in the foreground until SIGINT or SIGTERM"; "Exit status: 0 after a clean stop"."""
    with serving(lci, *ANY_PORTS) as service:
        children = children_of(service.process.pid)
        assert children
        ended = service.stop(how, as_terminal=as_terminal)
        assert (ended.status, ended.out) == (0, "")
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.parametrize(("own", "other"), [("api", "proxy"), ("proxy", "api")])
def test_a_port_in_use_ends_it_and_the_next_start_finds_all_in_order(lci: Program, own: str, other: str):
    """ "1 on a failure that its last line explains"; "nothing half-written"."""
    with taken_port() as port:
        told = refusal(lci.run("serve", f"--{own}-port", str(port), f"--{other}-port", "0"), 1)
        assert f"127.0.0.1:{port}" in told
    with serving(lci, *ANY_PORTS) as service:
        assert service.stop().status == 0


def test_an_address_that_is_not_this_machines_is_named(lci: Program):
    """ "1 on a failure that its last line explains"."""
    for which in ("api", "proxy"):
        assert "192.0.2.1" in refusal(lci.run("serve", *ANY_PORTS, f"--{which}-host", "192.0.2.1"), 1)


def test_a_data_directory_that_cannot_be_one_is_named(lci: Program):
    """ "1 on a failure that its last line explains"."""
    (lci.home / "file").write_text("mine")
    for directory in (lci.home / "file", lci.home / "file" / "below", Path("/proc/lci"), Path("/sys/lci")):
        assert str(directory) in refusal(lci.run("serve", *ANY_PORTS, "--data-dir", str(directory)), 1)
    assert (lci.home / "file").read_text() == "mine"


@pytest.mark.parametrize("docker_host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_no_docker_engine_is_told_with_its_address(lci: Program, docker_host: str):
    """ "1 on a failure that its last line explains"."""
    assert docker_host in refusal(lci.run("serve", *ANY_PORTS, DOCKER_HOST=docker_host), 1)


def test_what_answers_and_is_no_docker_engine_is_told(lci: Program, service: Service):
    """ "1 on a failure that its last line explains"."""
    address = service.url.replace("http://", "tcp://")
    assert address in refusal(lci.run("serve", *ANY_PORTS, "--docker-host", address), 1)


def test_a_second_one_is_told_who_holds_the_data_directory(service: Service, lci: Program):
    """ "One `lci serve` a data directory: a second one exits 1 and says who holds it." """
    assert service.process is not None
    told = refusal(lci.run("serve", *ANY_PORTS, "--data-dir", str(service.data_dir)), 1)
    assert str(service.process.pid) in told
    assert str(service.data_dir) in told
    assert service.request("GET", "/readyz").status_code == 200


def newer(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        columns = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(migrations)"))
        other = columns.removeprefix("version, ")
        connection.execute(f"INSERT INTO migrations ({columns}) SELECT 9999, {other} FROM migrations LIMIT 1")


def garbage(database: Path) -> None:
    database.write_bytes(b"this is no database, however long one looks at it" * 100)


def torn(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096:16384] = b"\xa5" * 12288
    database.write_bytes(content)


@pytest.mark.parametrize("spoil", [newer, garbage, torn])
def test_a_database_that_cannot_be_used_is_left_as_it_is(lci: Program, spoil: Any):
    """ "1 on a failure that its last line explains"; "a database from a newer version … nothing half-written"."""
    lci.run("webhook-secret")
    database = lci.home / "data" / "db" / "lci.db"
    spoil(database)
    before = database.read_bytes()
    for command in (["serve", *ANY_PORTS], ["token", "create", "--name", "x"], ["webhook-secret"]):
        assert str(database) in refusal(lci.run(*command), 1)
        assert database.read_bytes() == before
