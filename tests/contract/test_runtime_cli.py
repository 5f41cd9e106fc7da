"""runtime.md, `lci`: every other command, its JSON, its manners on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from tests.cli.program import Program
from tests.contract.serving import ANY_PORTS, SECONDS, serving
from tests.contract.web import TOML, newest
from tests.git_server import GitRepository
from tests.whole.service import Service, instance_containers

pytestmark = pytest.mark.docker

# The commands of this issue, each with what it is given; `*`: on the data directory itself.
CLIENT_COMMANDS = [
    ["project", "add"], ["project", "list"], ["project", "show"], ["project", "rm"], ["trigger"], ["builds"],
    ["logs"], ["cancel"], ["status"], ["switch"], ["rollback"],
]  # fmt: skip
LOCAL_COMMANDS = [["token", "create"], ["webhook-secret"], ["validate"], ["version"]]


def on_terminal(service: Service, *arguments: str, **variables: str) -> str:
    """Return what the program prints when its standard output is a terminal."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ, "TERM": "xterm", "LCI_URL": service.url, "LCI_TOKEN": service.token, **variables,
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "lci_app", *arguments], stdout=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux tells that nobody has the other end any more
        pass
    os.close(ours)
    assert process.wait(SECONDS) == 0
    return shown.decode()


# --- on the data directory itself


def test_a_token_is_printed_alone_and_valid_at_once_whether_or_not_a_service_runs(lci: Program):
    """ "whether or not a service runs (a new token is valid at once)"; "prints the token alone"."""
    early = lci.run("token", "create", "--name", "early")
    assert (early.status, early.err) == (0, "")
    assert re.fullmatch(r"lci_\S+\n", early.out)
    with serving(lci, *ANY_PORTS) as service:
        late = lci.run("token", "create", "--name", "late", "--scope", "read")
        for token, may_write in ((early.out.strip(), True), (late.out.strip(), False)):
            headers = {"Authorization": f"Bearer {token}"}
            assert requests.get(f"{service.api}/api/projects", headers=headers, timeout=SECONDS).status_code == 200
            made = requests.post(f"{service.api}/api/projects", headers=headers, json={}, timeout=SECONDS)
            assert made.status_code == (400 if may_write else 403)


@pytest.mark.parametrize(("scope", "statuses"), [("admin", (200, 404, 200)), ("deploy", (200, 404, 403)),
                                                 ("read", (200, 403, 403))])  # fmt: skip
def test_a_token_may_do_what_its_scope_says(service: Service, scope: str, statuses: Sequence[int]):
    """ "`lci token create --name N [--scope admin|deploy|read]`"."""
    token = json.loads(service.cli("token", "create", "--name", scope, "--scope", scope, "--json").stdout)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    calls = [("GET", "/api/projects"), ("POST", "/api/projects/nobody/builds"), ("GET", "/api/settings/webhook-secret")]
    asked = [service.request(method, path, headers=headers, json={}).status_code for method, path in calls]
    assert asked == list(statuses)


def test_the_webhook_secret_is_the_services_whichever_was_first(lci: Program):
    """ "`lci webhook-secret`*"."""
    first = lci.run("webhook-secret")
    assert (first.status, first.err) == (0, "")
    with serving(lci, *ANY_PORTS) as service:
        assert service.get("/api/settings/webhook-secret")["secret"] == first.out.strip()
        assert lci.run("webhook-secret").out == first.out
        assert json.loads(lci.run("webhook-secret", "--json").out) == {"secret": first.out.strip()}


def test_the_secret_that_the_service_made_is_printed_and_a_rotated_one_too(own_service: Service):
    """ "`lci webhook-secret`*"."""
    for _ in range(2):
        secret = own_service.get("/api/settings/webhook-secret")["secret"]
        assert own_service.cli("webhook-secret").stdout == secret + "\n"
        own_service.post("/api/settings/webhook-secret/rotate")


# --- over the API


@pytest.mark.parametrize("command", CLIENT_COMMANDS, ids=" ".join)
def test_each_command_over_the_api_takes_url_token_and_json(lci: Program, command: list[str]):
    """ "Other commands work on a running service over its API (`--url`, `--token`, …)"; "All take `--json`." """
    shown = lci.run(*command, "--help").out
    assert all(option in shown for option in ("--url", "--token", "--json"))


@pytest.mark.parametrize("command", LOCAL_COMMANDS, ids=" ".join)
def test_each_command_on_the_data_directory_takes_json(lci: Program, command: list[str]):
    """ "All take `--json`." """
    assert "--json" in lci.run(*command, "--help").out


def test_a_saved_profile_serves_where_nothing_is_given(web: Service, lci: Program):
    """ "(`--url`, `--token`, or a saved profile)"."""
    assert lci.run("login", web.url, stdin=web.token + "\n").status == 0
    assert json.loads(lci.run("project", "show", "web", "--json").out)["name"] == "web"
    assert lci.run("project", "list", LCI_TOKEN="lci_wrong").status == 4
    assert lci.run("project", "list", "--token", web.token, LCI_TOKEN="lci_wrong").status == 0


def test_what_is_read_is_the_apis_own_data(web: Service):
    """ "All take `--json`." """
    build = str(newest(web)["id"])
    for command, path in (
        (["builds"], "/api/builds"),
        (["builds", "--project", "web"], "/api/projects/web/builds"),
        (["logs", build], f"/api/builds/{build}/logs?limit=5000"),
    ):
        done = web.cli(*command, "--json")
        assert (json.loads(done.stdout), done.stderr) == (web.get(path), "")
    listed = json.loads(web.cli("project", "list", "--json").stdout)
    assert (listed["total"], [each["name"] for each in listed["projects"]]) == (1, ["web"])
    shown = json.loads(web.cli("project", "show", "web", "--json").stdout)
    assert shown.keys() == web.get("/api/projects/web").keys()
    status = json.loads(web.cli("status", "web", "--json").stdout)
    assert status["active_slot"] == web.get("/api/projects/web/status")["active_slot"]
    assert json.loads(web.cli("version", "--json").stdout)["version"] == web.get("/api/system")["versions"]["lci"]


def test_the_status_of_all_projects_is_their_list(web: Service):
    """ "`lci status`"."""
    shown = web.cli("status").stdout.splitlines()
    assert [line.split()[1] for line in shown] == ["NAME", "web"]
    assert json.loads(web.cli("status", "--json").stdout)["projects"][0]["name"] == "web"


def test_what_is_changed_is_answered_in_json_too(web: Service, shop: GitRepository):
    """ "All take `--json`." """
    file = web.data_dir.parent / "other.toml"
    file.write_text(TOML.format(repo=shop.url).replace('"web"', '"other"'))
    assert json.loads(web.cli("project", "add", str(file), "--json").stdout)["name"] == "other"
    web.call("PATCH", "/api/projects/other", {"build_command": "sleep 600"})
    queued = json.loads(web.cli("trigger", "other", "--json").stdout)
    assert {"build_id", "build_number", "project_id", "status", "queue_key", "queue_position"} <= queued.keys()
    assert json.loads(web.cli("cancel", str(queued["build_id"]), "--json").stdout)["id"] == queued["build_id"]
    removed = json.loads(web.cli("project", "rm", "other", "--json").stdout)
    assert removed.keys() >= {"containers_removed", "builds_deleted", "bytes_freed"}
    assert web.cli("project", "show", "other", check=False).returncode == 3


def test_traffic_is_switched_and_switched_back(web: Service):
    """ "`lci switch`"."""
    active = web.get("/api/projects/web/status")["active_slot"]
    other = "Green" if active == "Blue" else "Blue"
    assert web.cli("switch", "web", other.lower()).stdout == f"web is live on {other}\n"
    assert web.get("/api/projects/web/status")["active_slot"] == other
    done = web.cli("switch", "web", active.lower(), "--json")
    assert json.loads(done.stdout)
    assert web.get("/api/projects/web/status")["active_slot"] == active


def test_a_rollback_is_queued_and_says_what_it_turns_off(web: Service):
    """ "`lci rollback`"."""
    done = web.cli("rollback", "web", "--json")
    queued = json.loads(done.stdout)
    assert web.wait_build(queued["build_id"])["status"] == "Success"
    assert newest(web)["trigger"] == "rollback"
    again = web.cli("rollback", "web", "--build", str(newest(web)["id"]), check=False)
    assert again.returncode == 0
    assert "auto-deploy" in again.stderr
    web.wait_build(newest(web)["id"])
    web.post("/api/projects/web/auto-deploy", {"enabled": True})


def test_a_followed_log_is_every_line_exactly_once(web: Service):
    """ "`lci trigger PROJECT [--commit] [--param k=v] [--follow]`", "`lci logs BUILD [-f]`"."""
    command = "cp * /output; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; sleep 0.2; printf last"
    web.call("PATCH", "/api/projects/web", {"build_command": command})
    followed = web.cli("trigger", "web", "--commit", newest(web)["commit_hash"], "--follow")
    build = newest(web)
    stored = web.log_lines(build["id"])
    assert followed.stdout.splitlines() == stored
    assert stored.count("line 3000") == stored.count("last") == 1
    assert web.cli("logs", str(build["id"]), "-f").stdout.splitlines() == stored
    assert web.cli("logs", "web").stdout.splitlines() == stored
    records = [json.loads(line) for line in web.cli("logs", str(build["id"]), "-f", "--json").stdout.splitlines()]
    assert [each["text"] for each in records if each["type"] == "log"] == stored


# --- manners


def test_colour_is_for_terminals(web: Service):
    """ "Colour and progress only on a terminal; `NO_COLOR` honoured." """
    for command in (["builds"], ["status", "web"], ["project", "list"]):
        assert "\x1b[" in on_terminal(web, *command)
        assert "\x1b" not in on_terminal(web, *command, NO_COLOR="1")
        assert "\x1b" not in on_terminal(web, *command, TERM="dumb")
        assert "\x1b" not in web.cli(*command).stdout
        assert "\x1b" not in on_terminal(web, *command, "--json")


def test_removing_a_project_asks_nothing_of_a_program(web: Service, shop: GitRepository):
    """ "`lci project … rm`", whose standard input is no terminal."""
    web.register("asked", shop.url)
    web.succeed("asked")
    assert len(instance_containers(web.data_dir, project_id=str(web.get("/api/projects/asked")["id"]))) == 1
    assert web.cli("project", "rm", "asked").stdout.startswith("project asked is removed: 1 containers, 1 builds")
    assert web.visit("/asked/").status_code == 404


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    file = tmp_path / ".lci.toml"
    file.write_text('[build]\nimage = "x"\n')
    return file


def test_validate_says_whether_a_file_is_right(lci: Program, project_file: Path):
    """ "`lci validate [.lci.toml]`*"."""
    assert lci.run("validate").status == 0
    assert json.loads(lci.run("validate", str(project_file), "--json").out)["valid"] is True
    project_file.write_text('[build]\nimgae = "x"\n')
    ran = lci.run("validate", "--json")
    (problem,) = json.loads(ran.out)["error"]["details"]["problems"]
    assert (ran.status, problem["line"], problem["column"], problem["key"]) == (2, 2, 1, "build.imgae")
