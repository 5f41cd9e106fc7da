"""runtime.md: "Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 unreachable, 7 timed
out, 8 the build that was followed failed." """

from __future__ import annotations

import json
import subprocess

import pytest

from tests.cli.program import Program
from tests.contract.web import newest
from tests.whole.service import Service

pytestmark = pytest.mark.docker


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line on standard error that says why it failed."""
    (line,) = done.stderr.splitlines()
    assert line.startswith("lci: ")
    return str(line)


def test_0_done(web: Service):
    """ "Exit status: 0 done"."""
    for command in (["project", "list"], ["status", "web"], ["builds"], ["logs", "web"], ["version"], ["--version"]):
        assert web.cli(*command).returncode == 0
    assert web.cli("version").stdout == f"lci {web.get('/api/system')['versions']['lci']}\n"


def test_1_failed(lci: Program):
    """ "1 failed"."""
    (lci.home / "file").write_text("")
    ran = lci.run("webhook-secret", "--data-dir", str(lci.home / "file"))
    assert (ran.status, ran.out) == (1, "")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["trigger"], "PROJECT"),
        (["trigger", "web", "--comit", "x"], "did you mean --commit?"),
        (["trigger", "web", "--commit", "short"], "commit_hash"),
        (["trigger", "web", "--param", "flavor=dev"], "parameters"),
        (["trigger", "web", "--param", "flavor"], "--param must be NAME=VALUE"),
        (["switch", "web", "purple"], "purple"),
        (["builds", "--limit", "many"], "--limit"),
        (["builds", "--limit", "201"], "limit"),
        (["builds", "--status", "strange"], "status"),
        (["logs", "web", "--tail", "many"], "--tail"),
        (["statsu", "web"], "did you mean status?"),
        (["project", "add", "/nowhere.toml"], "/nowhere.toml"),
        (["token", "create"], "--name"),
        (["token", "create", "--name", "x", "--scope", "root"], "root"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_usage(web: Service, command: list[str], why: str):
    """ "2 usage"."""
    done = web.cli(*command, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in told(done)


@pytest.mark.parametrize(
    "command",
    [["trigger", "x-y"], ["status", "x-y"], ["logs", "999999"], ["cancel", "999999"], ["switch", "x-y", "blue"],
     ["rollback", "x-y"], ["rollback", "web", "--build", "999999"], ["project", "show", "x-y"],
     ["project", "rm", "x-y"], ["builds", "--project", "x-y"]],
    ids=" ".join,
)  # fmt: skip
def test_3_not_found(web: Service, command: list[str]):
    """ "3 not found"."""
    done = web.cli(*command, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert told(done)


@pytest.mark.parametrize(
    "command",
    [["trigger", "web"], ["cancel", "1"], ["switch", "web", "blue"], ["rollback", "web"], ["project", "rm", "web"]],
    ids=" ".join,
)
def test_4_not_allowed(web: Service, command: list[str]):
    """ "4 not allowed"."""
    reader = web.cli("token", "create", "--name", "reader", "--scope", "read").stdout.strip()
    for token in (reader, "lci_unknown"):
        done = web.cli(*command, "--token", token, check=False)
        assert (done.returncode, done.stdout) == (4, "")
        assert told(done)


def test_5_conflict(web: Service):
    """ "5 conflict"."""
    file = str(web.data_dir.parent / "web.toml")
    for command in (["project", "add", file], ["cancel", "1"]):
        done = web.cli(*command, check=False)
        assert (done.returncode, done.stdout) == (5, "")
        assert told(done)


def test_6_unreachable(lci: Program):
    """ "6 unreachable"."""
    for command in (["project", "list"], ["trigger", "web", "--follow"], ["logs", "1", "-f"], ["status", "web"]):
        ran = lci.run(*command, "--url", "http://127.0.0.1:1", "--token", "lci_x")
        assert (ran.status, ran.out) == (6, "")
        assert "http://127.0.0.1:1" in ran.err


def test_7_timed_out(web: Service):
    """ "7 timed out"."""
    web.call("PATCH", "/api/projects/web", {"build_command": "sleep 600"})
    done = web.cli("trigger", "web", "--follow", "--timeout", "0.5", check=False)
    assert done.returncode == 7
    for follow in ("-f", "--follow"):
        assert web.cli("logs", "web", follow, "--timeout", "0.1", check=False).returncode == 7
    assert web.cli("cancel", "web").returncode == 0
    assert web.wait_build(newest(web)["id"])["status"] == "Cancelled"


def test_8_the_build_that_was_followed_failed(web: Service):
    """ "8 the build that was followed failed"."""
    web.call("PATCH", "/api/projects/web", {"build_command": "echo one; echo no shelf >&2; exit 3"})
    done = web.cli("trigger", "web", "--follow", check=False)
    assert done.returncode == 8
    assert [done.stdout.splitlines().count(line) for line in ("one", "no shelf")] == [1, 1]
    assert "exit code 3" in done.stderr.splitlines()[-1]
    done = web.cli("trigger", "web", "--follow", "--json", check=False)
    assert done.returncode == 8
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["build"]["failure"]["exit_code"] == 3
    assert web.cli("logs", "web", "-f", check=False).returncode == 8
    assert web.cli("logs", "web").returncode == 0  # nothing was followed
    web.wait_build(newest(web)["id"])


def test_a_refusal_is_json_too_when_json_is_asked_for(web: Service):
    """ "All take `--json`." """
    done = web.cli("status", "x-y", "--json", check=False)
    document = json.loads(done.stdout)
    assert (done.returncode, document["success"], document["error"]["code"]) == (3, False, "PROJECT_NOT_FOUND")
