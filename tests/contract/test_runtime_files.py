"""runtime.md, "Data directory (mode 0700; database and secrets 0600)": what lies where, and who may read it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.contract.serving import ANY_PORTS, serving
from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop

pytestmark = pytest.mark.docker


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_database_and_secrets_are_for_their_user_alone_whatever_the_umask(lci: Program):
    """ "Data directory (mode 0700; database and secrets 0600)"."""
    data = lci.home / "data"
    umask = os.umask(0)
    try:
        assert lci.run("token", "create", "--name", "early").status == 0
        assert mode(data) == 0o700
        with serving(lci, *ANY_PORTS) as service:
            service.token()
            assert {path.name: mode(path) for path in (data / "db").iterdir()} == {
                "lci.db": 0o600, "lci.db-wal": 0o600, "lci.db-shm": 0o600,
            }  # fmt: skip
            assert {mode(path) for path in [data, *data.rglob("*")] if path.is_dir()} == {0o700}
            assert {mode(path) for path in data.rglob("*") if not path.is_dir()} == {0o600}
    finally:
        os.umask(umask)


@pytest.mark.parametrize("command", [["token", "create", "--name", "x"], ["webhook-secret"], ["serve", *ANY_PORTS]],
                         ids=lambda command: command[0])  # fmt: skip
def test_a_data_directory_that_was_open_to_others_is_closed(lci: Program, command: list[str]):
    """ "Data directory (mode 0700 …)"."""
    data = lci.home / "data"
    data.mkdir(mode=0o755)
    if command[0] == "serve":
        with serving(lci, *command[1:]):
            assert mode(data) == 0o700
    else:
        assert lci.run(*command).status == 0
        assert mode(data) == 0o700


def test_everything_lies_where_it_is_promised(service: Service, shop: GitRepository):
    """ "`db/lci.db` · `logs/PROJECT_ID/BUILD_NUMBER.log` · `workspace/PROJECT_ID/` (git mirror and checkouts) ·
    `output/BUILD_ID/` · `cache/TYPE/` (shared)"."""
    service.register("elsewhere", shop.url)
    service.build_now("elsewhere", deploy=False)  # so that a build's id is not its number
    project = service.register("layout", shop.url, cache_type=["npm", "go"])["id"]
    build = service.succeed("layout")
    assert build["id"] != build["build_number"]
    data = service.data_dir
    assert (data / "db" / "lci.db").is_file()
    log = data / "logs" / str(project) / f"{build['build_number']}.log"
    assert "Building with" in log.read_text()
    assert mode(log) == 0o600
    mirror = data / "workspace" / str(project) / "mirror.git"
    done = subprocess.run(
        ["git", "-C", mirror, "cat-file", "-t", shop.head()], capture_output=True, text=True, check=True
    )
    assert done.stdout == "commit\n"
    assert (data / "output" / str(build["id"]) / "index.html").read_text() == "first"
    assert [(data / "cache" / each).is_dir() for each in ("npm", "go")] == [True, True]
    assert mode(data) == 0o700


def test_what_a_build_needs_only_while_it_runs_is_there_then_and_gone_after(service: Service, shop: GitRepository):
    """ "`workspace/PROJECT_ID/` (git mirror and checkouts)", "`builds/BUILD_ID/` (isolated caches, scratch)"."""
    command = "echo cached > /root/.m2/mark; sleep 600"
    project = service.register("scratch", shop.url, cache_type="maven", cache_mode="isolated", build_command=command)
    build = service.post("/api/projects/scratch/builds")["build_id"]
    scratch = service.data_dir / "builds" / str(build)
    waiting = WaitLoop("the isolated cache to be written")
    while not list(scratch.rglob("mark")):
        waiting.again()
    workspace = service.data_dir / "workspace" / str(project["id"])
    assert len(list(workspace.iterdir())) == 2
    service.post(f"/api/builds/{build}/cancel")
    service.wait_build(build)
    waiting = WaitLoop("nothing of the build to be left")
    while scratch.exists() or len(list(workspace.iterdir())) > 1:
        waiting.again()
    assert not (service.data_dir / "output" / str(build)).exists()
    assert not (service.data_dir / "cache" / "maven").exists()


def test_secrets_are_readable_by_nobody_else_and_in_no_log(own_service: Service, shop: GitRepository):
    """ "database and secrets 0600"."""
    secrets = {"webhook_secret": "own-webhook-secret", "repo_token": "own-repo-token"}
    own_service.register("secretive", shop.url, **secrets)
    own_service.build_now("secretive", deploy=False)
    shown = "".join(own_service.stderr) + own_service.request("GET", "/api/projects/secretive").text
    own_service.stop()
    for path in own_service.data_dir.rglob("*"):
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets.values()):
            assert mode(path) == 0o600, path
            assert path.parent.name == "db", path
    assert not [secret for secret in [*secrets.values(), own_service.token] if secret in shown]
    assert own_service.token.encode() not in b"".join(
        p.read_bytes() for p in own_service.data_dir.rglob("*") if p.is_file()
    )


def test_a_saved_profile_is_for_its_user_alone(service: Service, lci: Program):
    """ "database and secrets 0600" (the token that `lci login` saves)."""
    assert lci.run("login", service.url, "--token", service.token).status == 0
    (profile,) = [path for path in (lci.home / "config").iterdir() if path.is_file()]
    assert (mode(profile), mode(lci.home / "config")) == (0o600, 0o700)


def test_one_data_directory_one_service_however_it_is_named(service: Service, lci: Program):
    """ "One `lci serve` a data directory: a second one exits 1 and says who holds it." """
    link = lci.home / "link"
    link.symlink_to(service.data_dir)
    done = subprocess.run(
        [sys.executable, "-m", "lci_app", "serve", "--data-dir", str(link), *ANY_PORTS],
        capture_output=True, text=True, env=dict(lci.environment), check=False,
    )  # fmt: skip
    assert service.process is not None
    assert (done.returncode, done.stdout) == (1, "")
    assert str(service.process.pid) in done.stderr.splitlines()[-1]
