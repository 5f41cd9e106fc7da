"""What a build's and a version's containers are made of: constants and the project's choices, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lci_app.core import names
from lci_app.core.model import Build, Slot
from lci_app.core.project import Project, ProjectSettings
from lci_app.core.project_values import memory_bytes
from lci_app.interfaces import ContainerSpec, Mount

# bash where the image has it; either way the first command that fails ends the build.
_SHELL: Final = 'if command -v bash >/dev/null 2>&1; then exec bash -e -c "$1"; else exec sh -e -c "$1"; fi'
# A file that can be run says itself by what.
_SCRIPT: Final = (
    'if [ -x "$1" ]; then exec "$1"; elif command -v bash >/dev/null 2>&1; then exec bash -e "$1"; '
    'else exec sh -e "$1"; fi'
)


@dataclass(frozen=True, slots=True)
class Provision:
    """What lci itself gives a container: whose it is, the network that it runs in, and secrets."""

    instance: str
    network: str
    # Stored secrets in clear: they are the container's environment.
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def shell_command(command: str) -> Sequence[str]:
    """Return what runs a command's text."""
    return ["/bin/sh", "-c", _SHELL, "lci", command]


def script_command(script: str) -> Sequence[str]:
    """Return what runs a file of the working directory."""
    return ["/bin/sh", "-c", _SCRIPT, "lci", f"./{script}"]


def build_container(  # noqa: PLR0913 - what a build's container is made of
    build: Build,
    settings: ProjectSettings,
    command: Sequence[str],
    *,
    checkout: Path,
    output: Path,
    caches: Sequence[Mount],
    provision: Provision,
    log_line: int,
) -> ContainerSpec:
    """Return the container of a build's command, whose log ends with line `log_line` when it is made.

    `checkout` holds `app` and `build`, two trees of the same source. A project in a folder of its repository sees that
    folder as /app, and starts in that folder of the whole copy.
    """
    folder = settings.working_directory
    return ContainerSpec(
        name=names.build_container(build.id),
        image=settings.build_image,
        labels={
            **names.labels(
                instance=provision.instance, role=names.ROLE_BUILD, project_id=build.project_id, build_id=build.id
            ),
            names.LABEL_LOG_LINE: str(log_line),
        },
        entrypoint=command[:-1],
        command=command[-1:],
        environment={**settings.build_env, **provision.secrets, **_build_environment(build)},
        mounts=[*_trees(checkout, folder), Mount(output, names.OUTPUT_MOUNT), *caches],
        working_directory=f"{names.WORK_MOUNT}/{folder}".rstrip("/"),
        memory=memory_bytes(settings.build_memory) if settings.build_memory else None,
        cpus=settings.build_cpus,
        network=provision.network,
        resumable=True,
    )


def owner_container(spec: ContainerSpec, owner: tuple[int, int], shared: Path) -> ContainerSpec:
    """Return what gives all that the build of `spec` has written, but below `shared`, to a user and group of the host.

    It runs as the container's root in the build's own image: another user's files are nobody else's to give away.
    """
    written = [mount for mount in spec.mounts if not mount.read_only and shared not in mount.host.parents]
    folders = " ".join(mount.container for mount in written)
    return ContainerSpec(
        name=f"{spec.name}-owner",
        image=spec.image,
        labels=spec.labels,
        entrypoint=["/bin/sh", "-c", f"chown -R -h {owner[0]}:{owner[1]} {folders}"],
        mounts=written,
        user="0:0",
        network=spec.network,
    )


def runtime_container(
    project: Project,
    settings: ProjectSettings,
    build: Build,
    *,
    slot: Slot,
    output: Path,
    provision: Provision,
) -> ContainerSpec:
    """Return the container of one version in one slot. `output` is what the build left in /output."""
    entrypoint, command = _command(settings.runtime_command)
    return replace(
        _of_version(settings, build, slot=slot, output=output, provision=provision),
        name=names.runtime_container(project.name, slot),
        labels=names.labels(
            instance=provision.instance, role=names.ROLE_RUNTIME, project_id=project.id, build_id=build.id, slot=slot
        ),
        entrypoint=entrypoint,
        command=command,
        ports={settings.runtime_port: project.port(slot)},
    )


def before_container(
    settings: ProjectSettings, build: Build, *, slot: Slot, output: Path, provision: Provision
) -> ContainerSpec:
    """Return the container of a version's `runtime_before`: as the version runs, but to its end and unpublished."""
    return replace(
        _of_version(settings, build, slot=slot, output=output, provision=provision),
        entrypoint=["/bin/sh", "-c", settings.runtime_before],
    )


def _of_version(
    settings: ProjectSettings, build: Build, *, slot: Slot, output: Path, provision: Provision
) -> ContainerSpec:
    return ContainerSpec(
        name=names.build_container(build.id, "before"),
        image=settings.runtime_image,
        labels=names.labels(
            instance=provision.instance,
            role=names.ROLE_BUILD,
            project_id=build.project_id,
            build_id=build.id,
            slot=slot,
        ),
        environment={
            **settings.runtime_env,
            **provision.secrets,
            "PORT": str(settings.runtime_port),
            "LCI_SLOT": str(slot),
            "LCI_COMMIT": build.commit_hash or "",
        },
        mounts=[Mount(output, settings.mount_path, read_only=True)],
        memory=memory_bytes(settings.runtime_memory) if settings.runtime_memory else None,
        cpus=settings.runtime_cpus,
        network=provision.network,
        read_only=settings.runtime_read_only,
    )


def _trees(checkout: Path, folder: str) -> list[Mount]:
    return [
        Mount(checkout / "app" / folder, names.SOURCE_MOUNT, read_only=True),
        Mount(checkout / "build", names.WORK_MOUNT),
    ]


def _build_environment(build: Build) -> Mapping[str, str]:
    return {
        "CI": "true",
        "LCI": "true",
        "LCI_BUILD_ID": str(build.id),
        "LCI_BUILD_NUMBER": str(build.build_number),
        "LCI_PROJECT": build.project_name,
        "LCI_BRANCH": build.branch,
        "LCI_COMMIT": build.commit_hash or "",
        **({} if build.pull_request is None else {"LCI_PULL_REQUEST": str(build.pull_request)}),
    }


def _command(command: str | Sequence[str]) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    """Return entry point and command: text runs in a shell, a list as it is, nothing means the image's own."""
    if isinstance(command, str):
        return (["/bin/sh", "-c", command], None) if command.strip() else (None, None)
    return None, list(command) or None
