"""ssh addresses: the way ssh is called, with a stand-in that runs git's own server here; and the real client's no."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from lci_app.adapters.git.ssh_remote import _in_memory
from lci_app.interfaces import Refusal, Trouble
from tests.adapters.git.checkouts import Checkouts, contents, open_checkouts
from tests.git_server import GIT_ENVIRONMENT, GitServer

# Notes how it was called and what it could read, then does what sshd would: runs the last argument in a shell.
_STAND_IN = r"""#!/bin/sh
set -e
printf '%s\n' "$@" > "$NOTES/arguments"
env > "$NOTES/environment"
previous=
for argument in "$@"; do
    if [ "$previous" = -i ]; then cat "$argument" > "$NOTES/key"; stat -Lc %a "$argument" > "$NOTES/key-mode"; fi
    case $argument in SetEnv=*) [ -e "$NOTES/old" ] || export "${argument#SetEnv=}" ;; esac
    previous=$argument
done
if [ -e "$NOTES/says" ]; then cat "$NOTES/says" >&2; exit 255; fi
exec sh -c "$previous"
"""


class Ssh:
    """The stand-in's notes, and what it shall do."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def arguments(self) -> list[str]:
        return (self.notes / "arguments").read_text().splitlines()

    def says(self, words: str) -> None:
        """Fail like this from now on."""
        (self.notes / "says").write_text(words)

    def answers_as_old_servers_do(self) -> None:
        (self.notes / "old").touch()


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ssh:
    notes = tmp_path / "notes"
    programs = tmp_path / "programs"
    for folder in (notes, programs):
        folder.mkdir()
    (programs / "ssh").write_text(_STAND_IN)
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(notes))
    for name, value in GIT_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return Ssh(notes)


@pytest.mark.parametrize("old", [False, True], ids=["protocol 2", "protocol 0"])
async def test_a_commit_comes_over_ssh_also_from_behind_the_branch(
    ssh: Ssh, checkout: Checkouts, git_server: GitServer, old: bool
) -> None:
    if old:
        ssh.answers_as_old_servers_do()
    repository = git_server.create()
    repository.commit({"a": "1"})
    behind = repository.commit({"a": "2"})
    head = repository.commit({"a": "3"})
    url = f"ssh://git@localhost:2222{repository.path}"
    await checkout(url, behind)
    assert contents(checkout.app) == {"a": b"2"}
    await checkout(url, head)
    assert contents(checkout.app) == {"a": b"3"}
    assert (await checkout(url, repository.commit({"a": "4"}))).author == "Ada Löwe"
    assert (await checkout(url)).message == "change"
    with pytest.raises(Refusal) as refusal:
        await checkout(url, "1" * 40)
    assert refusal.value.code == "COMMIT_NOT_FOUND"
    with pytest.raises(Refusal) as refusal:
        await checkout(url, branch="none")
    assert refusal.value.code == "BRANCH_NOT_FOUND"


async def test_an_old_server_has_a_commit_sought_behind_the_pull_request_and_not_behind_the_branch(
    ssh: Ssh, checkout: Checkouts, git_server: GitServer
) -> None:
    ssh.answers_as_old_servers_do()
    repository = git_server.create()
    repository.commit({"a": "1"})
    first = repository.offer(7, {"a": "offered"})
    repository.offer(7, {"a": "offered later"}, on=first)
    url = f"ssh://git@localhost:2222{repository.path}"
    with pytest.raises(Refusal) as refusal:
        await checkout(url, first)
    assert refusal.value.code == "COMMIT_NOT_FOUND"
    assert (await checkout(url, first, pull_request=7)).hash == first


async def test_ssh_asks_nobody_and_keeps_the_keys_of_hosts_beside_the_mirror(
    ssh: Ssh, checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create("owner/it's 100%")
    repository.commit({"a": "1"})
    mirror = checkout.root / "a folder" / "mirror.git"
    await checkout(f"git@host.example:{repository.path}", mirror=mirror)
    arguments = ssh.arguments()
    assert arguments[-3:-1] == ["--", "git@host.example"]
    assert "BatchMode=yes" in arguments
    assert "StrictHostKeyChecking=accept-new" in arguments
    assert f'UserKnownHostsFile="{mirror.parent}/known_hosts"' in arguments
    assert "-i" not in arguments
    assert "-p" not in arguments


async def test_a_deploy_key_is_given_to_ssh_and_is_on_no_disk(
    ssh: Ssh, checkout: Checkouts, git_server: GitServer, tmp_path: Path
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(f"ssh://git@localhost{repository.path}", deploy_key="first line\r\nlast line")
    assert (ssh.notes / "key").read_bytes() == b"first line\nlast line\n"
    assert (ssh.notes / "key-mode").read_text() == "600\n"
    assert "IdentitiesOnly=yes" in ssh.arguments()
    key_path = Path(ssh.arguments()[ssh.arguments().index("-i") + 1])
    assert key_path.is_relative_to("/proc")
    assert "first line" not in (ssh.notes / "environment").read_text()
    (ssh.notes / "key").unlink()
    assert [
        name for name, content in contents(tmp_path).items() if isinstance(content, bytes) and b"first line" in content
    ] == []


def test_the_real_ssh_tools_take_a_key_from_there(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    with _in_memory((tmp_path / "key").read_text()) as path:
        assert path is not None
        done = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:2] == (tmp_path / "key.pub").read_text().split()[:2]


@pytest.mark.parametrize("original", [None, "/opt/lib"])
async def test_a_bundled_programs_library_path_does_not_reach_ssh(
    ssh: Ssh, tmp_path: Path, git_server: GitServer, monkeypatch: pytest.MonkeyPatch, original: str | None
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere/bundle")
    if original is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", original)
    async with open_checkouts(tmp_path / "data") as checkout:
        await checkout(f"ssh://localhost{repository.path}")
    environment = dict(line.partition("=")[::2] for line in (ssh.notes / "environment").read_text().splitlines())
    assert environment.get("LD_LIBRARY_PATH") == original


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ("git@host: Permission denied (publickey).", Refusal, "REPOSITORY_DENIED"),
        ("ERROR: Repository not found.\nfatal: Could not read from remote", Refusal, "REPOSITORY_NOT_FOUND"),
        ("fatal: '/srv/x' does not appear to be a git repository", Refusal, "REPOSITORY_NOT_FOUND"),
        ("ssh: Could not resolve hostname host: Name or service not known", Trouble, "REPOSITORY_UNREACHABLE"),
        ("Host key verification failed.", Trouble, "REPOSITORY_UNREACHABLE"),
    ],
)
async def test_what_ssh_says_decides_what_it_means(
    ssh: Ssh, checkout: Checkouts, words: str, kind: type[Refusal | Trouble], code: str
) -> None:
    ssh.says("\x1b[31mWarning: noise\n" + "x" * 3000 + "\n" + words)
    with pytest.raises(kind, match=r"ssh://git@host/app\.git|git@host:app\.git") as error:
        await checkout("git@host:app.git")
    assert error.value.code == code
    assert "\x1b" not in str(error.value)
    assert words[:20] in str(error.value)


async def test_without_an_ssh_client_the_project_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with open_checkouts(tmp_path / "data") as checkout:
        with pytest.raises(Refusal, match="install openssh-client") as refusal:
            await checkout("git@host:app.git")
    assert refusal.value.code == "SSH_MISSING"


@pytest.mark.parametrize(
    "url", ["ssh://-oProxyCommand=x/app", "ssh://-oProxyCommand=x@host/app", "-oProxyCommand=x:app"]
)
async def test_an_address_cannot_pass_for_an_option_of_ssh(ssh: Ssh, checkout: Checkouts, url: str) -> None:
    with pytest.raises(Refusal):
        await checkout(url)
    assert not (ssh.notes / "arguments").exists()


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh client on this machine")
async def test_the_real_client_cannot_reach_a_closed_port(checkout: Checkouts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Trouble, match="Connection refused") as trouble:
        await checkout(f"ssh://git@127.0.0.1:{port}/app.git", deploy_key="no key at all")
    assert trouble.value.code == "REPOSITORY_UNREACHABLE"
