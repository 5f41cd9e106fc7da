"""Every name lci gives to something outside itself, spelt once.

Code finds Docker's objects by label; their names are for people.
"""

from __future__ import annotations

from typing import Final

from lci_app.core.model import Slot, Trust

LABEL_INSTANCE: Final = "lci.instance"
LABEL_ROLE: Final = "lci.role"
LABEL_PROJECT: Final = "lci.project_id"
LABEL_BUILD: Final = "lci.build_id"
LABEL_SLOT: Final = "lci.slot"
# Of a build's command: the last line that the build's log held before it. What the command prints comes after that.
LABEL_LOG_LINE: Final = "lci.log_line"

ROLE_BUILD: Final = "build"
ROLE_RUNTIME: Final = "runtime"
ROLE_SERVICE: Final = "service"

SOURCE_MOUNT: Final = "/app"
WORK_MOUNT: Final = "/build"
OUTPUT_MOUNT: Final = "/output"

TOKEN_PREFIX: Final = "lci_"  # noqa: S105 - what a token begins with, not a token

# Where each package manager looks for its cache inside a container.
CACHE_MOUNTS: Final = {
    "gradle": "/root/.gradle",
    "maven": "/root/.m2",
    "npm": "/root/.npm",
    "pip": "/root/.cache/pip",
    "cargo": "/usr/local/cargo/registry",
    "pub": "/root/.pub-cache",
    "go": "/go/pkg/mod",
}

# Below the data directory.
SHARED_CACHES: Final = "cache"
DATABASE: Final = "db/lci.db"
# Written and removed to see whether the disk takes a write.
DISK_PROOF: Final = "db/.disk-proof"
LOCK: Final = "lci.lock"
KEYS: Final = "secret.key"
RUN: Final = "run"
# What `lci serve --demo` deploys: the one repository that lies in the data directory.
DEMO_REPOSITORY: Final = "demo/repository"
SET_UP_LINK: Final = "set-up-link"
SURVEYS: Final = "surveys"
UNPACKED: Final = "run/unpacked"


def labels(
    *, instance: str, role: str, project_id: int, build_id: int | None = None, slot: Slot | None = None
) -> dict[str, str]:
    """Return the labels of one Docker object; all five keys are always there, empty where they do not apply."""
    return {
        LABEL_INSTANCE: instance,
        LABEL_ROLE: role,
        LABEL_PROJECT: str(project_id),
        LABEL_BUILD: "" if build_id is None else str(build_id),
        LABEL_SLOT: "" if slot is None else str(slot),
    }


def runtime_container(project_name: str, slot: Slot) -> str:
    return f"lci-{project_name}-{slot.lower()}"


def build_container(build_id: int, step: str = "") -> str:
    return f"lci-build-{build_id}" + (f"-{step}" if step else "")


def network(project_id: int, role: str, subnet: str, instance: str) -> str:
    """Return what the network of a project's containers of that role is called."""
    return f"lci-{project_id}-{role}-{subnet.partition('/')[0]}{instance_suffix(instance)}"


def instance_suffix(instance: str) -> str:
    """Return what is put after a name that another instance on the same engine has taken."""
    return f"-{instance[:8]}"


def build_log(project_id: int, build_number: int) -> str:
    return f"logs/{project_id}/{build_number}.log"


def project_logs(project_id: int) -> str:
    return f"logs/{project_id}"


def project_workspace(project_id: int) -> str:
    return f"workspace/{project_id}"


def project_mirror(project_id: int, trust: Trust) -> str:
    """Return where fetched commits lie; those that nobody vouches for apart, so that no other build is of one."""
    name = "mirror" if trust is Trust.TRUSTED else "untrusted"
    return f"workspace/{project_id}/{name}.git"


def checkout(project_id: int, build_id: int) -> str:
    """Return the directory that holds `app` (read-only in the container) and `build` (its writable copy)."""
    return f"workspace/{project_id}/checkout-{build_id}"


def output(build_id: int) -> str:
    return f"output/{build_id}"


def survey(number: int) -> str:
    """Return the directory in which the `number`th look at a repository since the start keeps what it fetches."""
    return f"{SURVEYS}/{number}"


def shared_cache(cache_type: str) -> str:
    return f"{SHARED_CACHES}/{cache_type}"


def scratch(build_id: int) -> str:
    """Return the directory of one build's own caches and scratch files."""
    return f"builds/{build_id}"
