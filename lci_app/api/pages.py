"""This API as an OpenAPI document, and the page that shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files

from lci_app.api import problem
from lci_app.api.dashboard import FRESH, TYPES
from lci_app.api.route import JSON, Call, Content, Route


class WebPages:
    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes

    async def docs_page(self, _: Call) -> Content:
        return self._asset("docs.html")

    async def asset(self, call: Call) -> Content:
        return self._asset(call.path["name"])

    async def openapi(self, _: Call) -> Content:
        return Content(self._document, JSON)

    @cached_property
    def _document(self) -> bytes:
        # Describing some sixty models takes longer than the rest of the start: only who asks waits for it.
        from lci_app.api.openapi import openapi_document  # noqa: PLC0415

        return json.dumps(openapi_document(self._routes)).encode()

    @cached_property
    def _assets(self) -> dict[str, tuple[bytes, str]]:
        return {
            each.name: (each.read_bytes(), TYPES[suffix])
            for each in files("lci_app").joinpath("static").iterdir()
            if (suffix := each.name.rpartition(".")[2]) in TYPES
        }

    def _asset(self, name: str) -> Content:
        found = self._assets.get(name)
        if found is None:
            raise problem.no_such_path(f"/static/{name}")
        body, content_type = found
        return Content(body, content_type, headers=FRESH)
