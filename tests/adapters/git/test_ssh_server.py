"""ssh for real: the host's client, a server of Debian's, a deploy key."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import pytest

from lci_app.interfaces import Refusal
from tests.adapters.git.checkouts import Checkouts, contents
from tests.git_server import GitServer

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
_PATIENCE = 20.0


@dataclass(frozen=True)
class Server:
    port: int
    key: str

    def url(self, path: Path) -> str:
        return f"ssh://{getuser()}@127.0.0.1:{self.port}{path}"


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of this user's own, which lets in whoever holds the one key."""
    assert SSHD is not None, "tested with openssh-server: run 'sudo apt-get install openssh-server'"
    home = tmp_path / "sshd"
    home.mkdir(mode=0o700)
    _key(home / "host")
    key = _key(home / "deploy")
    shutil.copy(home / "deploy.pub", home / "authorized")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "ListenAddress": "127.0.0.1", "Port": port, "HostKey": home / "host", "PidFile": home / "pid",
        "AuthorizedKeysFile": home / "authorized", "StrictModes": "no", "UsePAM": "no", "PermitRootLogin": "yes",
        "PasswordAuthentication": "no", "AcceptEnv": "GIT_PROTOCOL",
    }  # fmt: skip
    (home / "config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's separates its privileges
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", home / "config"], stderr=subprocess.PIPE)
    try:
        _wait_listening(process, port)
        yield Server(port, key)
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE)


def _wait_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline


async def test_a_deploy_key_opens_a_repository_and_another_does_not(
    checkout: Checkouts, tmp_path: Path, git_server: GitServer, server: Server
) -> None:
    repository = git_server.create("acme/private")
    commit = repository.commit({"file": "over ssh"})
    url = server.url(repository.path)
    await checkout(url, commit, deploy_key=server.key)
    assert contents(checkout.app)["file"] == b"over ssh"
    with pytest.raises(Refusal) as refused:
        await checkout(url, "1" * 40, deploy_key=_key(tmp_path / "other"))
    assert refused.value.code == "REPOSITORY_DENIED"
    assert server.key not in str(refused.value)
