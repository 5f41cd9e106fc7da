"""Projects: list, one, create, change, remove."""

from __future__ import annotations

import trio

from lci_app.api import problem
from lci_app.api.lookup import project_of
from lci_app.api.needs import Addresses, Projects, Runtime
from lci_app.api.problem import Problem
from lci_app.api.project_changes import ProjectChanges
from lci_app.api.route import Call, Reply
from lci_app.api.slots import live_slots
from lci_app.api.wire.projects import (
    AutoDeployBody,
    DeletedDocument,
    ProjectCreate,
    ProjectDocument,
    ProjectList,
    ProjectsQuery,
    ProjectUpdate,
    project_document,
)
from lci_app.core.accounts import Caller
from lci_app.core.model import Build, Slot, SlotState
from lci_app.core.project import Project
from lci_app.interfaces import BuildFilter, Changed, Clock, DomainTaken, Gone, NameTaken, Store


class ProjectPages:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        projects: Projects,
        runtime: Runtime,
        changes: ProjectChanges,
        addresses: Addresses,
    ) -> None:
        self._store = store
        self._clock = clock
        self._projects = projects
        self._runtime = runtime
        self._changes = changes
        self._addresses = addresses

    async def list_projects(self, call: Call) -> Reply:
        query = call.query_as(ProjectsQuery)
        total, projects = await self._listed(call.caller, query)
        last_builds = await self._store.last_builds()
        documents: dict[int, ProjectDocument] = {}

        async def add(project: Project) -> None:
            documents[project.id] = await self._document(project, last_builds.get(project.id))

        async with trio.open_nursery() as nursery:
            for project in projects:
                nursery.start_soon(add, project)
        ordered = [documents[project.id] for project in projects]
        return Reply(ProjectList.model_construct(total=total, projects=ordered))

    async def _listed(self, caller: Caller, query: ProjectsQuery) -> tuple[int, list[Project]]:
        if caller.projects is None:
            return await self._store.projects(limit=query.limit, offset=query.offset)
        found = [await self._store.project(project_id) for project_id in caller.projects]
        seen = sorted((project for project in found if project is not None), key=lambda project: project.name)
        return len(seen), seen[query.offset : query.offset + query.limit]

    async def create_project(self, call: Call) -> Reply:
        new = await self._changes.registered(call.body_as(ProjectCreate))

        def registered(project: Project) -> Reply:
            slots = {slot: SlotState(project.id, slot, port=project.port(slot)) for slot in Slot}
            document = project_document(
                project, new.secrets, slots, None, addresses=self._addresses, now=project.created_at
            )
            return _reply(document, 201, Location=f"/api/projects/{project.id}")

        created = await self._projects.create(new, call.once(registered))
        if not isinstance(created, Project):
            raise _taken(created)
        return registered(created)

    async def show_project(self, call: Call) -> Reply:
        return await self._reply(await project_of(self._store, call))

    async def update_project(self, call: Call) -> Reply:
        """Merge the fields given into what is stored; a change in between is merged into, unless If-Match forbids."""
        body = call.body_as(ProjectUpdate)
        while True:
            project = await project_of(self._store, call)
            _match(call.headers.get("If-Match"), project.revision)
            settings, secrets = await self._changes.merged(project, body, call.caller)
            updated = await self._projects.update(project.id, settings, secrets, project.revision)
            match updated:
                case Changed():
                    continue
                case Gone():
                    raise problem.no_such_project(call.path["project"])
                case DomainTaken():
                    raise _taken(updated)
                case Project():
                    return await self._reply(updated)

    async def patch_project(self, call: Call) -> Reply:
        return await self.update_project(call)

    async def delete_project(self, call: Call) -> Reply:
        deleted = await self._projects.delete(await project_of(self._store, call))
        return Reply(
            DeletedDocument(
                containers_removed=deleted.containers_removed,
                builds_deleted=deleted.builds_deleted,
                bytes_freed=deleted.bytes_freed,
            )
        )

    async def set_auto_deploy(self, call: Call) -> Reply:
        project = await project_of(self._store, call)
        changed = await self._projects.set_auto_deploy(project, call.body_as(AutoDeployBody).enabled)
        if changed is None:
            raise problem.no_such_project(call.path["project"])
        return await self._reply(changed)

    async def _reply(self, project: Project) -> Reply:
        _, last = await self._store.builds(BuildFilter(project_id=project.id), limit=1, offset=0)
        return _reply(await self._document(project, last[0] if last else None))

    async def _document(self, project: Project, last_build: Build | None) -> ProjectDocument:
        secrets = await self._store.project_secrets(project.id)
        slots = await live_slots(self._runtime, self._store, project)
        return project_document(project, secrets, slots, last_build, addresses=self._addresses, now=self._clock.now())


def _reply(document: ProjectDocument, status: int = 200, **headers: str) -> Reply:
    return Reply(document, status, {"ETag": f'"{document.revision}"', **headers})


def _match(if_match: str | None, revision: int) -> None:
    """Raise 412 where If-Match is given and names another revision."""
    if if_match is None or if_match.strip() == "*":
        return
    if f'"{revision}"' not in (tag.strip() for tag in if_match.split(",")):
        raise problem.revision_changed(revision)


def _taken(refused: NameTaken | DomainTaken) -> Problem:
    match refused:
        case NameTaken(name):
            return problem.conflict("PROJECT_EXISTS", f"There is a project {name} already.", name=name)
        case DomainTaken(domain, by_project):
            message = f"{domain} belongs to the project {by_project} already."
            return problem.conflict("DOMAIN_TAKEN", message, domain=domain, project=by_project)
