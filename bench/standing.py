"""A real lci that a bench measures, with a repository to build."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.git_server import GitRepository, run_git_server
from tests.whole.service import Service, run_service


@contextmanager
def standing_service(**fields: Any) -> Iterator[tuple[Service, GitRepository]]:
    """Serve a new data directory, which is removed when the block is left."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with (
            run_git_server(directory / "git") as server,
            run_service(directory / "data", **fields) as service,
        ):
            repository = server.create("acme/shop")
            repository.commit({"index.html": "x"})
            yield service, repository
    finally:
        shutil.rmtree(directory)
