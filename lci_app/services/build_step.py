"""The stage that runs the project's command in a container of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from lci_app.core import names
from lci_app.core.codes import FailureCode
from lci_app.core.failures import LAST_CHARACTERS, LAST_LINES, READ_ONLY_SOURCE, telling_line, wrote_into_source
from lci_app.core.model import Build, Failure, FailureKind, Trust
from lci_app.core.project import CacheMode, ProjectSettings, PullPolicy
from lci_app.core.subnets import NetworkKind
from lci_app.interfaces import (
    ContainerExit,
    ContainerSpec,
    ContainerState,
    Engine,
    Isolation,
    LogWriter,
    Mount,
    Refusal,
    Workspace,
)
from lci_app.services.containers import Provision, build_container, owner_container, script_command, shell_command
from lci_app.services.under_trouble import attempt, insist

STAGE: Final = "build"
# How long taking over what a build has written may take when everything else is being cancelled.
OWNER_SECONDS: Final = 10.0
# A larger exit code is a signal's number above it.
KILLED: Final = 128


@dataclass
class BuildStep:
    engine: Engine
    isolation: Isolation
    workspace: Workspace
    instance: str
    # The user and group that lci runs as, where that is not root: what a build leaves is theirs then, since nobody else
    # could remove it.
    owner: tuple[int, int] | None = None

    async def run(
        self, build: Build, settings: ProjectSettings, log: LogWriter, secrets: Mapping[str, str]
    ) -> Failure | None:
        """Run the build's command; what it leaves in /output is in names.output(build.id). Raises OutsideError.

        `secrets` are in its environment; the log keeps them out of what is printed.
        """

        async def progress(line: str) -> None:
            await log.system(line)

        await self.engine.ensure_image(
            settings.build_image, always_pull=settings.pull is PullPolicy.ALWAYS, progress=progress
        )
        if not _is_root(await self.engine.image_user(settings.build_image)):
            # The writable copy is of lci's user, and another one may write in it only so.
            await self.workspace.open_up(f"{names.checkout(build.project_id, build.id)}/build")
        # What an earlier try of this build left there is not this one's output.
        await self.workspace.remove(names.output(build.id))
        provision = Provision(self.instance, await self._network(build, log), secrets)
        line = await log.system(f"Building with {settings.build_image}.")
        spec = await self._container(build, settings, provision, log_line=line)

        async def attend() -> ContainerExit:
            return await self.engine.run_attached(spec, on_output=log.feed)

        return await self._attended(attend, spec, settings, log)

    async def left_by(self, build: Build) -> ContainerState | None:
        """Return the container of the build's command that an earlier lci has left; None where it cannot be gone on
        with. Raises OutsideError.

        What was killed while nobody looked may well have been the engine's end, and not the command's.
        """
        for container in await self.engine.list_ours(build_id=build.id):
            if container.is_started and container.labels.get(names.LABEL_LOG_LINE, "").isdecimal():
                killed = container.exit_code > KILLED and not container.out_of_memory
                return container if container.running or not killed else None
        return None

    async def resume(
        self, build: Build, settings: ProjectSettings, left: ContainerState, log: LogWriter
    ) -> Failure | None:
        """Go on with what `left_by` has found, as `run`: the log gets what it has not got yet. Its time starts anew.

        Raises Trouble("OUTPUT_DIFFERS") where the engine has not kept the output from its beginning.
        """
        line = int(left.labels[names.LABEL_LOG_LINE])
        spec = await self._container(build, settings, Provision(self.instance, network=""), log_line=line)

        async def attend() -> ContainerExit:
            await log.pass_over(line)
            ended = await self.engine.resume_attached(left.id, on_output=log.feed)
            await log.passed_whole()
            return ended

        return await self._attended(attend, spec, settings, log)

    async def _attended(
        self,
        attend: Callable[[], Awaitable[ContainerExit]],
        spec: ContainerSpec,
        settings: ProjectSettings,
        log: LogWriter,
    ) -> Failure | None:
        with trio.move_on_after(settings.build_timeout):
            try:
                ended = await attend()
            finally:
                with trio.move_on_after(OWNER_SECONDS, shield=True):
                    await self._give_back(spec)
            return await self._judge(ended, settings, log)
        message = f"The build did not end within {settings.build_timeout:g} s (build_timeout)."
        return Failure(FailureKind.BUILD, STAGE, "BUILD_TIMEOUT", message)

    async def _container(
        self, build: Build, settings: ProjectSettings, provision: Provision, *, log_line: int
    ) -> ContainerSpec:
        return build_container(
            build,
            settings,
            await self._command(build, settings),
            checkout=self.workspace.path(names.checkout(build.project_id, build.id)),
            output=await self.workspace.make(names.output(build.id), mode=0o777),
            caches=await self._caches(build, settings),
            provision=provision,
            log_line=log_line,
        )

    async def _command(self, build: Build, settings: ProjectSettings) -> Sequence[str]:
        """Return what the container runs. Refusal("SCRIPT_MISSING") where the commit holds none of the scripts."""
        if not settings.build_script:
            return shell_command(settings.build_command)
        for script in settings.build_script:
            inner = f"{settings.working_directory}/{script}".lstrip("/")
            if await self.workspace.is_file(f"{names.checkout(build.project_id, build.id)}/build/{inner}"):
                return script_command(script)
        tried = ", ".join(settings.build_script)
        raise Refusal("SCRIPT_MISSING", f"The commit holds none of the scripts that it could be built by: {tried}.")

    async def _give_back(self, spec: ContainerSpec) -> None:
        if self.owner is not None:
            container = owner_container(spec, self.owner, self.workspace.path(names.SHARED_CACHES))
            run = partial(self.engine.run_attached, container, on_output=lambda *_: None)
            await attempt(run, what=f"take over what {spec.name} has written")

    async def has_output(self, build: Build) -> bool:
        return await self.workspace.is_directory(names.output(build.id))

    async def clear(self, build_id: int) -> None:
        """Remove what containers of the build's commands are left, whatever the engine's trouble was: only then is the
        build final, or may it be tried again.

        Goes on until the engine has done it; a cancellation leaves it to the next start of lci.
        """
        what = f"remove what build {build_id} left running"
        await attempt(partial(insist, partial(self._clear, build_id), what=what), what=what)

    async def _clear(self, build_id: int) -> None:
        for container in await self.engine.list_ours(build_id=build_id):
            if container.labels.get(names.LABEL_ROLE) == names.ROLE_BUILD:
                await self.engine.remove(container.id)

    async def _network(self, build: Build, log: LogWriter) -> str:
        """Return the network of the project's builds; before anything runs in it, the firewall stands."""
        isolation = await self.isolation.ensure()
        if not isolation.enforced:
            await log.system(f"Isolation degraded: {isolation.reason}.")
        return await self.engine.project_network(build.project_id, NetworkKind.BUILDS)

    async def _caches(self, build: Build, settings: ProjectSettings) -> list[Mount]:
        mounts = []
        for cache in settings.caches:
            # What nobody vouches for neither sees nor leaves anything that another build could use.
            isolated = settings.cache_mode is CacheMode.ISOLATED or build.trust is not Trust.TRUSTED
            relative = f"{names.scratch(build.id)}/{cache}" if isolated else names.shared_cache(cache)
            mounts.append(Mount(await self.workspace.make(relative, mode=0o777), names.CACHE_MOUNTS[cache]))
        return mounts

    async def _judge(self, ended: ContainerExit, settings: ProjectSettings, log: LogWriter) -> Failure | None:
        if ended.exit_code == 0:
            return None
        lines = await log.last_output(LAST_LINES, LAST_CHARACTERS)
        told = telling_line(lines)
        code: FailureCode = "EXIT_CODE"
        message = f"The build command ended with exit code {ended.exit_code}"
        if ended.out_of_memory:
            limit = f" of {settings.build_memory}" if settings.build_memory else ""
            code, message = "OUT_OF_MEMORY", f"The build ran out of its memory limit{limit} (build_memory)."
        elif wrote_into_source(lines):
            message = f"{message}. {READ_ONLY_SOURCE}"
        else:
            message = f"{message}: {told.text}" if told else f"{message}."
        line = told.number if told else None
        return Failure(FailureKind.BUILD, STAGE, code, message, exit_code=ended.exit_code, log_line=line)


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in {"", "0", "root"}
