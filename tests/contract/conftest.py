"""Held against the contract's papers from outside: HTTP, WebSocket, the command line and Docker are all there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import lci
from tests.contract.asking import Examiner
from tests.contract.delivering import deliver, repo, secret
from tests.contract.watching import ended
from tests.contract.web import web
from tests.git_server import GitRepository, GitServer, run_git_server
from tests.whole.conftest import own_service, service
from tests.whole.service import Service

__all__ = ["deliver", "ended", "lci", "own_service", "repo", "secret", "service", "web"]


@pytest.fixture(scope="module")
def ask(service: Service) -> Examiner:
    return Examiner(service)


@pytest.fixture(scope="module")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with run_git_server(tmp_path_factory.mktemp("git")) as server:
        yield server


@pytest.fixture(scope="module")
def shop(git_server: GitServer) -> GitRepository:
    """A repository with one page, `index.html`."""
    repository = git_server.create("acme/shop")
    repository.commit({"index.html": "first"}, "Open the shop")
    return repository


@pytest.fixture(scope="module")
def idle(ask: Examiner) -> Any:
    """A project that nobody builds."""
    answer = ask("POST", "/api/projects", {"name": "idle", "repo": "acme/idle"})
    assert answer.status == 201
    return answer.data
