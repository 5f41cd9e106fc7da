"""What somebody wants a project to be: merged into what it is, and refused where it leads to what is not theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from lci_app.api import problem
from lci_app.api.validation import checked
from lci_app.api.wire.projects import SECRETS, SETTINGS, ProjectCreate, ProjectUpdate
from lci_app.core.accounts import Caller
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.core.repositories import path_of, without_password
from lci_app.interfaces import Store

_FIXED: Final = ("name", "blue_port", "green_port")


class ProjectChanges:
    """`is_own_path` tells whether a path of the host leads to what lci keeps for itself."""

    def __init__(self, store: Store, is_own_path: Callable[[str], Awaitable[bool]]) -> None:
        self._store = store
        self._is_own_path = is_own_path

    async def registered(self, body: ProjectCreate) -> NewProject:
        """Return the project that is to be registered. Raises a Problem."""
        given = body.model_fields_set
        settings = checked(ProjectSettings, _values(body, given & SETTINGS))
        settings, secrets = _apart(settings, checked(ProjectSecrets, _values(body, given & SECRETS)))
        await self._check_repository(settings)
        return checked(NewProject, {"name": body.name, "settings": settings, "secrets": secrets or ProjectSecrets()})

    async def merged(
        self, project: Project, body: ProjectUpdate, caller: Caller
    ) -> tuple[ProjectSettings, ProjectSecrets | None]:
        """Return the settings with the fields given, and the secrets that were. Raises a Problem."""
        given = body.model_fields_set
        fixed: Mapping[str, object] = {name: getattr(project, name) for name in _FIXED}
        for name in given & fixed.keys():
            if getattr(body, name) != fixed[name]:
                raise problem.invalid(name, f"is fixed: it stays {fixed[name]}")
        settings = checked(ProjectSettings, {**dict(project.settings), **_values(body, given & SETTINGS)})
        secrets = checked(ProjectSecrets, _values(body, given & SECRETS)) if given & SECRETS else None
        settings, secrets = _apart(settings, secrets)
        await self._check_repository(settings)
        if caller.projects is not None:
            await self._check_limited(project, settings)
        return settings, secrets

    async def _check_repository(self, settings: ProjectSettings) -> None:
        path = path_of(settings.repo)
        if path is not None and await self._is_own_path(path):
            raise problem.invalid("repo", "must not lead into lci's own data directory")

    async def _check_limited(self, project: Project, settings: ProjectSettings) -> None:
        """Keep whoever is limited to a project from what its next build could bring them of others.

        A repository's file may name every secret that is there for all projects, and its address may be a path of the
        host or a service that only the host reaches.
        """
        if settings.repo != project.settings.repo:
            raise problem.beyond_project("repo", "stays as it is")
        own = {facts.name for facts in await self._store.secrets(project.id)}
        for field in ("build_secrets", "runtime_secrets"):
            known = own | set(getattr(project.settings, field))
            foreign = next((name for name in getattr(settings, field) if name not in known), None)
            if foreign is not None:
                raise problem.beyond_project(
                    field, f"may name the project's own secrets, and {foreign} is none of them"
                )


def _values(body: ProjectCreate, names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: getattr(body, name) for name in names}


def _apart(settings: ProjectSettings, secrets: ProjectSecrets | None) -> tuple[ProjectSettings, ProjectSecrets | None]:
    """Move a password that stands in the repository's address to where it is sealed and never shown."""
    repo, password = without_password(settings.repo)
    if password is None:
        return settings, secrets
    if repo.lower().startswith("ssh://"):
        raise problem.invalid("repo", "must not hold a password: over ssh a deploy_key lets lci in")
    given = {} if secrets is None else secrets.model_dump(include=secrets.model_fields_set)
    given["repo_token"] = given.get("repo_token") or password
    return settings.model_copy(update={"repo": repo}), checked(ProjectSecrets, given)
