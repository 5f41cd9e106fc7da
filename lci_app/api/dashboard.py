"""The dashboard: one page at every address that people may open, and the files it is made of.

They are built from web/ and lie in the package (docs/decisions/0014-the-dashboard.md).
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from typing import Final

from werkzeug.datastructures import Headers

from lci_app.api import problem
from lci_app.api.route import BYTES, HTML, Call, Content, Exempt, Route

TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": HTML,
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# Asked for again each time: after an upgrade no old page may talk to the new service.
FRESH: Final = {"Cache-Control": "no-cache"}
# The name of such a file holds a hash of its content.
FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
# Files whose address must stay the same.
_PLAINLY_NAMED: Final = (".svg", "first.js")
# Where nobody looks for a page, whatever is accepted.
_FOR_PROGRAMS: Final = ("/api", "/assets/", "/metrics", "/openapi.json", "/static/", "/webhook", "/ws")
# Below this, the header costs more than compression saves.
_WORTH_COMPRESSING: Final = 512

# Every one is the same page, which finds out in the browser what it shows (web/src/routes.ts).
_PAGES: Final = (
    ("/", "start_page", "all projects"),
    ("/setup", "setup_page", "a new project"),
    ("/projects/{path}", "project_page", "one project"),
    ("/builds", "builds_page", "all builds"),
    ("/builds/{path}", "build_page", "one build and its log"),
    ("/settings", "settings_page", "settings"),
    ("/settings/{path}", "settings_part_page", "one part of the settings"),
    ("/sign-in", "sign_in_page", "signing in"),
    ("/welcome", "welcome_page", "the first administrator registers"),
)
DASHBOARD: Final = (
    *(
        Route("GET", path, operation, Exempt.ASSET, f"The dashboard: {shows}", content=(HTML,), is_page=path != "/")
        for path, operation, shows in _PAGES
    ),
    Route(
        "GET",
        "/assets/{name}",
        "app_asset",
        Exempt.ASSET,
        "What the dashboard is made of",
        content=(BYTES,),
        is_page=True,
    ),
)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    compressed: bytes | None
    content_type: str
    fresh: bool


class Dashboard:
    async def start_page(self, call: Call) -> Content:
        return self._file("index.html", call.headers)

    setup_page = project_page = builds_page = build_page = start_page
    settings_page = settings_part_page = sign_in_page = welcome_page = start_page

    async def app_asset(self, call: Call) -> Content:
        """A name that is not there is a 404 and never the page: a script of another version must fail as one."""
        return self._file(call.path["name"], call.headers)

    def lost_page(self, method: str, path: str, headers: Headers) -> Content | None:
        """Return what a person is shown who opens an address that is no page; None where programs ask."""
        is_person = "text/html" in headers.get("Accept", "")
        if method not in {"GET", "HEAD"} or not is_person or path.startswith(_FOR_PROGRAMS):
            return None
        return replace(self._file("index.html", headers), status=404)

    @cached_property
    def _files(self) -> dict[str, _File]:
        folder = files("lci_app").joinpath("static", "app")
        return {each.name: _packed(each.name, each.read_bytes()) for each in folder.iterdir()}

    def _file(self, name: str, asked: Headers) -> Content:
        found = self._files.get(name)
        if found is None:
            raise problem.no_such_path(f"/assets/{name}")
        headers = {**(FRESH if found.fresh else FOREVER), "Vary": "Accept-Encoding"}
        if found.compressed is not None and _takes_gzip(asked):
            return Content(found.compressed, found.content_type, headers={**headers, "Content-Encoding": "gzip"})
        return Content(found.body, found.content_type, headers=headers)


def _packed(name: str, body: bytes) -> _File:
    compressed = gzip.compress(body, mtime=0) if len(body) >= _WORTH_COMPRESSING else None
    fresh = name == "index.html" or name.endswith(_PLAINLY_NAMED)
    return _File(body, compressed, TYPES[name.rpartition(".")[2]], fresh)


def _takes_gzip(asked: Headers) -> bool:
    offered = (part.partition(";") for part in asked.get("Accept-Encoding", "").split(","))
    return any(
        name.strip().lower() == "gzip" and parameter.replace(" ", "") not in {"q=0", "q=0.0"}
        for name, _, parameter in offered
    )
