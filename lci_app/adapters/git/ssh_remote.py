"""A repository over ssh: dulwich's protocol through the host's own ssh client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from dulwich.client import FetchPackResult, SSHGitClient, SSHVendor, SubprocessWrapper
from dulwich.errors import GitProtocolError
from dulwich.protocol import Protocol

from lci_app.adapters.git.address import Address
from lci_app.adapters.git.protocol import Refused
from lci_app.adapters.git.remote import RemoteError

_CONNECT_TIMEOUT: Final = 20  # seconds
_WORDS: Final = 2000  # bytes of ssh's last words
_END_TIMEOUT: Final = 5  # seconds for an ssh whose pipes are closed


@contextmanager
def open_ssh(address: Address, deploy_key: str | None, known_hosts: Path) -> Iterator[SshRemote]:
    """Open a remote; hosts that `known_hosts` does not hold are added to it, changed ones are refused.

    The key is never on a disk: ssh reads it from this process's memory. Raises Refused (SSH_MISSING).
    """
    program = shutil.which("ssh")
    if program is None:
        raise Refused("SSH_MISSING", f"{address.shown} needs an ssh client: install openssh-client on lci's host")
    if address.host.startswith("-") or (address.user or "").startswith("-"):
        raise Refused("REPOSITORY_NOT_FOUND", f"{address.shown} names no host")
    with _in_memory(deploy_key) as key_path, TemporaryFile() as errors:
        vendor = _Ssh([program, *_options(key_path, known_hosts)], errors)
        try:
            yield SshRemote(address, vendor)
        finally:
            vendor.end()


class SshRemote(SSHGitClient):
    """One address over ssh. What the server, or ssh itself, refuses a request with is RemoteError."""

    def __init__(self, address: Address, vendor: _Ssh) -> None:
        super().__init__(address.host, port=address.port, username=address.user, vendor=vendor)
        self._vendor = vendor

    def fetch_pack(self, *arguments: Any, **options: Any) -> FetchPackResult:
        try:
            return super().fetch_pack(*arguments, **options)
        except (GitProtocolError, BrokenPipeError) as error:
            self._vendor.end()
            raise RemoteError(self._vendor.last_words()) from error

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        plain, can_read, stderr = super()._connect(cmd, path, protocol_version)
        checked = _CheckedProtocol(plain.read, plain.write, plain.close)
        return checked, can_read, stderr


class _CheckedProtocol(Protocol):
    def read_pkt_line(self) -> bytes | None:
        packet = super().read_pkt_line()
        if packet is not None and packet.startswith(b"ERR "):
            raise RemoteError(packet[4:])
        return packet


class _Ssh(SSHVendor):
    def __init__(self, command: list[str], errors: IO[bytes]) -> None:
        self._command = command
        self._errors = errors
        self._connection: _Connection | None = None

    def run_command(  # noqa: PLR0913, PLR0917 - dulwich's interface
        self,
        host: str,
        command: bytes,
        username: str | None = None,
        port: int | None = None,
        password: str | None = None,
        key_filename: str | None = None,
        ssh_command: str | None = None,
        protocol_version: int | None = None,
    ) -> SubprocessWrapper:
        del password, key_filename, ssh_command
        version = ["-o", f"SetEnv=GIT_PROTOCOL=version={2 if protocol_version is None else protocol_version}"]
        port_option = ["-p", str(port)] if port else []
        place = f"{username}@{host}" if username else host
        self._errors.truncate(0)
        process = subprocess.Popen(
            [*self._command, *version, *port_option, "--", place, command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
        )
        self._connection = _Connection(process)
        return self._connection

    def end(self) -> None:
        """Wait until ssh has ended, with all that it had to say."""
        if self._connection is not None:
            self._connection.close()

    def last_words(self) -> bytes:
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, end - _WORDS))
        return self._errors.read()


class _Connection(SubprocessWrapper):
    def close(self, timeout: int | None = _END_TIMEOUT) -> None:
        for pipe in (self.proc.stdin, self.proc.stdout):
            if pipe:
                pipe.close()
        try:
            self.proc.wait(timeout)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


def _options(key_path: str | None, known_hosts: Path) -> list[str]:
    # Within an option's value, ssh expands % and takes a quoted name whole.
    hosts = str(known_hosts).replace("%", "%%")
    settings = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{hosts}"',
        "ConnectTimeout": str(_CONNECT_TIMEOUT),
        "ServerAliveInterval": "15",
        "LogLevel": "ERROR",
        **({"IdentitiesOnly": "yes", "IdentityAgent": "none"} if key_path else {}),
    }
    options = ["-x", "-T", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]
    return [*options, "-i", key_path] if key_path else options


@contextmanager
def _in_memory(key: str | None) -> Iterator[str | None]:
    """Put a key into a file that is on no disk and ends with this process; ssh opens it by the path that is given."""
    if key is None:
        yield None
        return
    handle = os.memfd_create("deploy-key", os.MFD_CLOEXEC)
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, key.replace("\r\n", "\n").strip().encode() + b"\n")
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)


def _environment() -> dict[str, str]:
    """Return what ssh inherits: a one-file executable's library path would give it the wrong libraries."""
    environment = dict(os.environ)  # noqa: TID251 - handed on to a program of the host; no setting is read
    environment.pop("LD_LIBRARY_PATH", None)
    original = environment.pop("LD_LIBRARY_PATH_ORIG", None)
    if original is not None:
        environment["LD_LIBRARY_PATH"] = original
    return environment
