"""A build's first stage: its commit on disk, and the settings it runs by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lci_app.core import names
from lci_app.core.model import Build, Trigger, Trust
from lci_app.core.project import Project, ProjectSettings
from lci_app.core.project_file import Effective, FilePart, merge, parse_repository_file
from lci_app.core.pull_request import refusal_to_run
from lci_app.core.repositories import full_url, path_of
from lci_app.interfaces import Commit, LogWriter, Refusal, Repository, Source, Store, Trouble, Workspace
from lci_app.services.repository_values import NEEDED_BEFORE_SOURCE, RepositoryValues

PROJECT_FILE: Final = ".lci.toml"
MAX_PROJECT_FILE: Final = 256 * 1024
# For fetching and writing the source; a repository that takes longer is reached too slowly to deploy from.
SOURCE_TIMEOUT: Final = 600.0
# Within a checkout: the tree of which only the project file is read.
_BASE: Final = "base"


@dataclass(frozen=True, slots=True)
class Prepared:
    """In names.checkout(build) lie two trees of the commit: `app`, and `build` for the command to write in."""

    build: Build
    effective: Effective


@dataclass
class SourceStage:
    store: Store
    source: Source
    workspace: Workspace
    values: RepositoryValues
    github_url: str

    async def resolve(self, build: Build, log: LogWriter) -> Build:
        """Fetch the head of the build's branch, and note which commit it is. Raises OutsideError."""
        project = await self._project(build)
        return await self._fetch(build, project, log, [])

    async def prepare(self, build: Build, log: LogWriter, *, of_head: bool) -> Prepared:
        """Fetch the build's commit, write it out, read its project file. Raises OutsideError.

        `of_head`: the commit is its branch's head, not an older one that a person asked for; of such a one nothing is
        kept beyond its build.
        """
        project = await self._project(build)
        refusal = refusal_to_run(build, project.settings)
        if refusal is not None:
            raise Refusal(*refusal)
        wants_head = build.trust is Trust.TRUSTED and (build.trigger is Trigger.WEBHOOK or of_head)
        build, checkout = await self._check_out(build, project, log)
        part = await self._given_by_repository(build, project, log, checkout)
        effective = merge(project.settings, part)
        if part is not None:
            await log.system(f"Settings of {_file_of(project.settings)}: {', '.join(sorted(part.values))}.")
            if wants_head and build.branch == project.settings.branch:
                await self._refresh(project, part)
        folder = effective.settings.working_directory
        if folder and not await self.workspace.is_directory(f"{names.checkout(project.id, build.id)}/app/{folder}"):
            raise Refusal(
                "WORKING_DIRECTORY_MISSING",
                f"The commit has no folder {folder!r}: it is the project's working_directory.",
            )
        return Prepared(build, effective)

    async def _project(self, build: Build) -> Project:
        project = await self.store.project(build.project_id)
        if project is None:
            raise Refusal("PROJECT_NOT_FOUND", "The project was deleted.")
        return project

    async def _check_out(self, build: Build, project: Project, log: LogWriter) -> tuple[Build, Path]:
        await self.workspace.remove(names.checkout(project.id, build.id))
        checkout = await self.workspace.make(names.checkout(project.id, build.id))
        known = await self._fetch(build, project, log, [checkout / "app", checkout / "build"])
        if build.commit_hash not in {None, known.commit_hash}:
            raise Trouble("GIT_FAILED", f"commit {known.commit_hash} came instead of {build.commit_hash}")
        title = known.commit_message.partition("\n")[0]
        await log.system(f"Commit {known.commit_hash} by {known.commit_author}: {title}")
        return known, checkout

    async def _fetch(self, build: Build, project: Project, log: LogWriter, destinations: Sequence[Path]) -> Build:
        """Have the commit in the mirror and its tree in each of `destinations`; returns the build with its commit."""
        commit = await self._asked(build, project, log, destinations)
        known = await self.store.set_commit(build.id, commit.hash, commit.message, commit.author)
        return known or replace(
            build, commit_hash=commit.hash, commit_message=commit.message, commit_author=commit.author
        )

    async def _asked(self, build: Build, project: Project, log: LogWriter, destinations: Sequence[Path]) -> Commit:
        """Ask the repository for the build's commit, else for the head of its branch."""

        async def progress(line: str) -> None:
            await log.system(line)

        secrets = await self.store.project_secrets(project.id)
        url = full_url(project.settings.repo, self.github_url)
        path = path_of(url)
        if path is not None and await self.workspace.holds(path):
            raise Refusal("REPOSITORY_FORBIDDEN", "The repository's address leads into lci's own data directory.")
        await self.workspace.make(names.project_workspace(project.id))
        return await self.source.checkout(
            Repository(url, secrets.repo_token, secrets.deploy_key),
            mirror=self.workspace.path(names.project_mirror(project.id, build.trust)),
            branch=build.branch,
            commit_hash=build.commit_hash,
            destinations=destinations,
            progress=progress,
            timeout=SOURCE_TIMEOUT,
            pull_request=build.pull_request,
        )

    async def _given_by_repository(
        self, build: Build, project: Project, log: LogWriter, checkout: Path
    ) -> FilePart | None:
        """Return what the project file says: the commit's own where the build is trusted, else that of its branch now.

        Whoever wrote a commit that nobody vouches for has no say in how it is built.
        """
        if build.trust is Trust.TRUSTED:
            return await self._project_file(build, project.settings, "app")
        base = replace(build, trust=Trust.TRUSTED, commit_hash=None, pull_request=None)
        commit = await self._asked(base, project, log, [checkout / _BASE])
        await log.system(f"Settings are those of {build.branch} at {commit.hash}, not the pull request's.")
        part = await self._project_file(build, project.settings, _BASE)
        await self.workspace.remove(f"{names.checkout(project.id, build.id)}/{_BASE}")
        return part

    async def _project_file(self, build: Build, settings: ProjectSettings, tree: str) -> FilePart | None:
        where = _file_of(settings)
        text = await self.workspace.read_text(
            f"{names.checkout(build.project_id, build.id)}/{tree}/{where}", limit=MAX_PROJECT_FILE
        )
        if text is None:
            return None
        part = parse_repository_file(text)
        if isinstance(part, FilePart):
            return part
        raise Refusal("PROJECT_FILE_INVALID", f"{where}: " + "; ".join(str(problem) for problem in part))

    async def _refresh(self, project: Project, part: FilePart) -> None:
        """Store what is needed of the file before the next build can ask the repository."""
        await self.values.adopt(
            project.id, {name: part.values[name] for name in NEEDED_BEFORE_SOURCE if name in part.values}
        )


def _file_of(settings: ProjectSettings) -> str:
    return f"{settings.working_directory}/{PROJECT_FILE}".lstrip("/")
