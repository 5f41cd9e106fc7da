from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git_server import GitRepository, GitServer, run_git_server
from tests.whole.service import Service, run_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running lci that the tests of one file share; each registers projects of its own."""
    with run_service(tmp_path_factory.mktemp("lci") / "data") as service:
        yield service


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A running lci for a test that stops, kills or starves it."""
    with run_service(tmp_path / "data") as service:
        yield service


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    with run_git_server(tmp_path / "git") as server:
        yield server


@pytest.fixture
def shop(git_server: GitServer) -> GitRepository:
    """A repository with one page, `index.html`."""
    repository = git_server.create("acme/shop")
    repository.commit({"index.html": "first"}, "Open the shop")
    return repository
