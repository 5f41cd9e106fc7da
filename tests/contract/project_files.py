"""Project files, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.whole.service import IMAGE, Service

MINIMAL = '[project]\nname = "minimal"\nrepo = "owner/minimal"\n'
# What a repository's file says so that a page is built and served.
SERVED = f"""\
[build]
image = "{IMAGE}"
command = "cp -r . /output/"
[deploy]
image = "{IMAGE}"
command = "exec httpd -f -p $PORT -h /app"
health_check = "/index.html"
health_check_interval = 0.1
"""


def add(service: Service, folder: Path, text: str, *options: str, check: bool = True) -> Any:
    file = folder / "project.toml"
    file.write_text(text)
    return service.cli("project", "add", str(file), *options, check=check)


def built(service: Service, project: str, **fields: Any) -> Any:
    """Return a finished build of a project with `log`, what its command said."""
    build = service.build_now(project, **fields)
    lines = service.get(f"/api/builds/{build['id']}/logs?limit=5000")["lines"]
    return {**build, "log": [line["text"] for line in lines if line["stream"] != "system"]}
