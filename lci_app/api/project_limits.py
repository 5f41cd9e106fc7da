"""Keeps a token that is limited to certain projects within them: what it must not see is not there for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lci_app.api import problem
from lci_app.api.lookup import build_named, project_named
from lci_app.api.route import Route
from lci_app.core.accounts import Caller
from lci_app.core.model import Scope
from lci_app.interfaces import Store

# What names no project and is open to such a token all the same: its handler answers with what is of its projects.
FOR_LIMITED: Final = frozenset({"list_projects", "list_builds", "live_events", "show_me", "openapi"})


class ProjectLimits:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def check(self, route: Route, path: Mapping[str, str], caller: Caller) -> None:
        """Raise the Problem that a caller gets who asks beyond its projects. Decided by the route, not by handlers."""
        if caller.projects is None or not isinstance(route.access, Scope):
            return
        if "project" in path:
            project = await project_named(self._store, path["project"])
            if not caller.sees(project.id):
                raise problem.no_such_project(path["project"])
        elif "build_id" in path:
            build = await build_named(self._store, path["build_id"])
            if not caller.sees(build.project_id):
                raise problem.no_such_build(path["build_id"])
        elif route.operation not in FOR_LIMITED:
            raise problem.beyond_projects()
