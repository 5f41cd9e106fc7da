"""A real git server for tests: `git http-backend` behind a small HTTP server on a free port of 127.0.0.1.

    with run_git_server(tmp_path / "git") as server:
        repository = server.create("owner/app")
        commit = repository.commit({"Dockerfile": "FROM scratch"}, "first")
        ... repository.url ... repository.file_url ...

Every helper runs the real `git`, with no configuration of whoever runs the tests, and blocks until it is done.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Content = str | bytes | None

GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Löwe",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Löwe",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


def git(folder: Path, *arguments: str | bytes, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
    """Run git in `folder` and return its output, stripped. Fails the test, with git's own words, where git fails."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **GIT_ENVIRONMENT, **(environment or {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


class GitRepository:
    """A bare repository on the server, and a working copy of it that the helpers commit in."""

    def __init__(self, server: GitServer, name: str) -> None:
        self.name = name
        self.path = server.root / "served" / f"{name}.git"
        self.work = server.root / "work" / name
        self.url = f"{server.url}/{name}.git"
        self.file_url = f"file://{self.path}"
        for folder, bare in ((self.path, ["--bare"]), (self.work, [])):
            folder.mkdir(parents=True)
            git(folder, "init", "-q", "-b", "main", *bare)
        git(self.work, "remote", "add", "origin", str(self.path))

    def commit(self, files: Mapping[str, Content], message: str = "change", *, push: bool = True) -> str:
        """Write `files` (None removes one), commit all that changed in `work`, push; the commit's hash."""
        for name, content in files.items():
            path = self.work / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.push()
        return self.head()

    def head(self) -> str:
        return git(self.work, "rev-parse", "HEAD")

    def push(self) -> None:
        """Push the branch that is checked out, by force."""
        git(self.work, "push", "-q", "--force", "origin", "HEAD")

    def switch(self, branch: str) -> None:
        """Check out a branch of the working copy, made where it is new."""
        git(self.work, "checkout", "-q", "-B", branch)

    def rewind(self, commit: str) -> None:
        """Forget, as a forced push does, every commit after `commit`."""
        git(self.work, "reset", "-q", "--hard", commit)
        self.push()

    def offer(self, number: int, files: Mapping[str, Content], message: str = "offer", *, on: str = "HEAD") -> str:
        """Commit on top of `on` as a fork does: nothing but `refs/pull/NUMBER/head` holds it; its hash."""
        here = self.head()
        git(self.work, "reset", "-q", "--hard", on)
        offered = self.commit(files, message, push=False)
        git(self.work, "push", "-q", "--force", "origin", f"{offered}:refs/pull/{number}/head")
        git(self.work, "reset", "-q", "--hard", here)
        return offered

    def delete_branch(self, branch: str) -> None:
        git(self.path, "update-ref", "-d", f"refs/heads/{branch}")

    def forget_unreachable(self) -> None:
        """Remove from the server what no branch holds any more."""
        git(self.path, "reflog", "expire", "--all", "--expire=now", "--expire-unreachable=now")
        git(self.path, "gc", "-q", "--prune=now")


class GitServer:
    """Repositories below `root`, served over smart HTTP at `url`.

    With `token` set, only basic authentication with it as password is let in. `protocol_2` false makes it answer as
    old servers do. With `stall_after` set, a pack is sent up to that many bytes; then `stalled` is set, and nothing
    follows until the server ends. `requests` holds method and path of each request so far.
    """

    def __init__(self, root: Path, http: ThreadingHTTPServer) -> None:
        self.root = root
        self.url = f"http://127.0.0.1:{http.server_address[1]}"
        self.token: str | None = None
        self.protocol_2 = True
        self.stall_after: int | None = None
        self.stalled = threading.Event()
        self.ended = threading.Event()
        self.requests: list[str] = []

    def create(self, name: str = "owner/app") -> GitRepository:
        return GitRepository(self, name)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body would wait for the client's delayed acknowledgement
    git: GitServer

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: Any) -> None:
        """Leave the tests' output alone."""

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        self.git.requests.append(f"{self.command} {self.path}")
        if not self._is_let_in():
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"who are you?")
            return
        answer = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            env={**os.environ, **GIT_ENVIRONMENT, **self._cgi(path, query)},
            check=False,
        ).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._send(int(headers.pop("Status", "200 OK").split()[0]), headers, content)

    def _cgi(self, path: str, query: str) -> dict[str, str]:
        protocol = {"GIT_PROTOCOL": self.headers.get("Git-Protocol", "")} if self.git.protocol_2 else {}
        return {
            "GIT_PROJECT_ROOT": str(self.git.root / "served"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            **protocol,
        }

    def _is_let_in(self) -> bool:
        if self.git.token is None:
            return True
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return False
        return base64.b64decode(credentials).decode().partition(":")[2] == self.git.token

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.git.stall_after is not None and b"packfile" in body:
            self.wfile.write(body[: self.git.stall_after])
            self.wfile.flush()
            self.git.stalled.set()
            self.git.ended.wait()
            self.close_connection = True
        else:
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no failure of the test."""


@contextmanager
def run_git_server(root: Path) -> Iterator[GitServer]:
    """Serve repositories below `root` (made where it is missing) until the block is left."""
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as http:
        server = GitServer(root, http)
        handler.git = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            http.shutdown()
            thread.join()


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    with run_git_server(tmp_path / "git") as server:
        yield server
