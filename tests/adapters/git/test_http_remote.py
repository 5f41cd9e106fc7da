"""What a remote over HTTP answers, and what it means."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lci_app.interfaces import Refusal, Trouble
from tests.adapters.git.checkouts import Checkouts, contents
from tests.git_server import GitServer


@contextmanager
def answering(status: int, headers: Mapping[str, str], body: bytes = b"") -> Iterator[tuple[str, list[str | None]]]:
    """Answer every request alike; yields the address and the `Authorization` of each request so far."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("PATH", self.path))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Leave the tests' output alone."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/owner/app.git", seen
        finally:
            server.shutdown()
            thread.join()


async def test_a_right_token_opens_a_private_repository(checkout: Checkouts, git_server: GitServer) -> None:
    git_server.token = "right"
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url, token="right")
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_wrong_token_is_refused(checkout: Checkouts, git_server: GitServer) -> None:
    git_server.token = "right"
    repository = git_server.create()
    repository.commit({"a": "1"})
    with pytest.raises(Refusal, match="does not accept the credentials") as refusal:
        await checkout(repository.url, token="wr0ng")
    assert refusal.value.code == "REPOSITORY_DENIED"
    assert "wr0ng" not in str(refusal.value)
    with pytest.raises(Refusal, match="asks for credentials: set repo_token") as refusal:
        await checkout(repository.url)
    assert refusal.value.code == "REPOSITORY_DENIED"


async def test_a_repository_that_is_not_there_is_refused(checkout: Checkouts, git_server: GitServer) -> None:
    with pytest.raises(Refusal, match="there is no repository at") as refusal:
        await checkout(f"{git_server.url}/owner/none.git")
    assert refusal.value.code == "REPOSITORY_NOT_FOUND"


async def test_a_page_that_is_no_git_server_is_refused(checkout: Checkouts) -> None:
    page = answering(200, {"Content-Type": "text/html"}, b"<h1>Sign in</h1>")
    with page as (url, _), pytest.raises(Refusal, match="not as a git server does") as refusal:
        await checkout(url)
    assert refusal.value.code == "REPOSITORY_NOT_FOUND"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_trouble(checkout: Checkouts, status: int) -> None:
    with answering(status, {}) as (url, _), pytest.raises(Trouble, match=f"HTTP {status}") as trouble:
        await checkout(url)
    assert trouble.value.code == "REPOSITORY_UNREACHABLE"


@pytest.mark.parametrize(
    "body", [b"", b"zzzz", b"001e# service=git-upload-pack\n0000", b"000eversion 2\n", b"\xff" * 99]
)
async def test_an_answer_that_is_broken_off_or_nonsense_is_trouble(checkout: Checkouts, body: bytes) -> None:
    kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    with answering(200, kind, body) as (url, _), pytest.raises(Trouble):
        await checkout(url)


async def test_a_refused_connection_is_trouble(checkout: Checkouts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Trouble, match="cannot be reached: Connection refused") as trouble:
        await checkout(f"http://127.0.0.1:{port}/owner/app.git")
    assert trouble.value.code == "REPOSITORY_UNREACHABLE"


async def test_a_host_that_does_not_exist_is_trouble(checkout: Checkouts) -> None:
    with pytest.raises(Trouble, match="cannot be reached") as trouble:
        await checkout("http://no-such-host.invalid/owner/app.git")
    assert trouble.value.code == "REPOSITORY_UNREACHABLE"


async def test_tls_to_what_speaks_none_is_trouble(checkout: Checkouts, git_server: GitServer) -> None:
    with pytest.raises(Trouble, match="certificate or TLS") as trouble:
        await checkout(git_server.url.replace("http", "https") + "/owner/app.git")
    assert trouble.value.code == "REPOSITORY_UNREACHABLE"


async def test_credentials_do_not_follow_a_redirect_to_another_host(checkout: Checkouts) -> None:
    with (
        answering(404, {}) as (elsewhere, seen_there),
        answering(302, {"Location": elsewhere + "PATH"}) as (url, seen_here),
        pytest.raises(Refusal),
    ):
        await checkout(url, token="right")
    assert [line is not None for line in seen_here] == [True]
    assert seen_there == [None]


async def test_a_redirect_is_followed_for_a_public_repository(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    commit = repository.commit({"a": "1"})
    with answering(301, {"Location": f"{git_server.url}PATH"}) as (url, _):
        await checkout(url, commit)
    assert contents(checkout.app) == {"a": b"1"}
