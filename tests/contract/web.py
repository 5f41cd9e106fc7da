"""The project `web`, registered by its file and deployed twice, for all that examine the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.git_server import GitRepository
from tests.whole.service import IMAGE, Service

TOML = f"""\
[project]
name = "web"
repo = "{{repo}}"
[build]
image = "{IMAGE}"
command = "for n in 1 2 3 4 5; do echo line $n; done; cp -r . /output"
[deploy]
image = "{IMAGE}"
command = "exec httpd -f -p $PORT -h /app"
health_check = "/index.html"
health_check_interval = 0.1
bake_seconds = 600
drain_timeout = 1
"""


@pytest.fixture(scope="module")
def web(service: Service, shop: GitRepository) -> Service:
    """The service, with the project `web` registered by its file and deployed twice by `lci trigger --follow`."""
    file = service.data_dir.parent / "web.toml"
    file.write_text(TOML.format(repo=shop.url))
    assert service.cli("project", "add", str(file)).stdout == "project web is registered (id 1)\n"
    for _ in range(2):
        service.cli("trigger", "web", "--follow")
    return service


def newest(service: Service, project: str = "web") -> Any:
    return service.get(f"/api/projects/{project}/builds?limit=1")["builds"][0]
