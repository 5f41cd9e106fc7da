"""Settings that a repository's own file gives and that count outside its builds: they are stored with the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lci_app.core.model import JsonObject
from lci_app.core.project import Project
from lci_app.interfaces import Changed, Clock, DomainTaken, Gone, Store

# Needed before the repository is asked, so each build of the project's branch stores them.
NEEDED_BEFORE_SOURCE: Final = ("path_filter", "working_directory", "queue_key", "queue_policy", "queue_limit")
# By which visitors reach the project; a version brings its own when it goes live.
ADDRESSES: Final = ("domains", "strip_prefix")


def addresses_of(effective: JsonObject) -> dict[str, Any]:
    """Return the addresses that the repository gave, of a build's settings and their origins."""
    given = {name: effective[name] for name in ADDRESSES if name in effective}
    return {name: entry["value"] for name, entry in given.items() if entry["origin"] == "repository"}


@dataclass
class RepositoryValues:
    store: Store
    clock: Clock

    async def adopt(self, project_id: int, values: Mapping[str, Any]) -> Project | Gone | DomainTaken:
        """Put `values` into the project's stored settings, whatever else people change there meanwhile."""
        while True:
            project = await self.store.project(project_id)
            if project is None:
                return Gone()
            settings = type(project.settings).model_validate({**dict(project.settings), **values})
            if settings == project.settings:
                return project
            adopted = await self.store.update_project(
                project_id, settings, None, if_revision=project.revision, at=self.clock.now()
            )
            if not isinstance(adopted, Changed):
                return adopted
