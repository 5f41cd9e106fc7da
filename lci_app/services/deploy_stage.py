"""A build's last stage: what it left, or an earlier one did, is put live."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, Failure, JsonObject, Trigger, Trust
from lci_app.core.project import ProjectSettings
from lci_app.core.rollout import Live, Withdrawn
from lci_app.interfaces import LogWriter, Refusal, Store, Workspace
from lci_app.services.candidate import DeployOrder
from lci_app.services.deployer import Deployer, Outdated
from lci_app.services.hub import Hub
from lci_app.services.repository_values import addresses_of
from lci_app.services.secrets import Delivery


@dataclass(frozen=True, slots=True)
class ToDeploy:
    """`output_build_id`: whose output it is; `effective`: the settings, with their origins, that it was built by."""

    build: Build
    settings: ProjectSettings
    output_build_id: int
    effective: JsonObject
    log: LogWriter = field(repr=False)
    delivery: Delivery = field(repr=False)


@dataclass
class DeployStage:
    store: Store
    deployer: Deployer
    workspace: Workspace
    hub: Hub
    # Set when nothing of an earlier run can be in the way: before that, a new version could be taken for a lost one.
    settled: trio.Event

    async def run(self, work: ToDeploy) -> Live | Outdated | Withdrawn | Failure:
        """Put it live; Withdrawn where the build's cancellation was accepted first. Raises OutsideError."""
        await self.settled.wait()
        if work.build.status is not BuildStatus.DEPLOYING:
            change = await self.store.begin_deploying(work.build.id)
            if change is None:
                return Withdrawn()
            self.hub.build_changed(change)
        relative = names.output(work.output_build_id)
        if not await self.workspace.is_directory(relative):
            raise Refusal("OUTPUT_MISSING", f"The output of build {work.output_build_id} is not on disk any more.")
        output, addresses = self.workspace.path(relative), addresses_of(work.effective)
        return await self.deployer.deploy(
            DeployOrder(work.build, work.settings, output, work.log, addresses, work.delivery)
        )

    async def why_not(self, build: Build, *, enabled: bool) -> str | None:
        """Return why a build is verified only, as a clause, None where it is deployed.

        `enabled` is what the repository's file says of it.

        To be asked as late as possible: a rollback since the push has turned automatic deployment off.
        """
        if build.trust is not Trust.TRUSTED:
            return "what a pull request makes never is"
        if not build.deploy:
            return "as was asked"
        if not enabled:
            return "the repository's file says `enabled = false`"
        project = await self.store.project(build.project_id)
        if build.trigger is Trigger.WEBHOOK and not (project is not None and project.settings.auto_deploy):
            return f"automatic deployment is off (`lci auto-deploy {build.project_name} on` turns it on)"
        return None
