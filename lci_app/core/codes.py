"""The codes by which programs tell errors apart: of what fails a build, of events, and of what stands in the way.

Each is said once here; a type checker holds every place that raises or makes one against these. What is published
stays: an API's client, a stored build or somebody's script may know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, cast, get_args

# The machine's or the project's fault, met on a build's way.
_WorkCode = Literal[
    # The repository.
    "BRANCH_NOT_FOUND",
    "CHECKOUT_TIMED_OUT",
    "COMMIT_NOT_FOUND",
    "DESTINATION_EXISTS",
    "DISK_FAILED",
    "FILE_REFUSED",
    "GIT_FAILED",
    "LFS_UNSUPPORTED",
    "PROJECT_FILE_INVALID",
    "REPOSITORY_DAMAGED",
    "REPOSITORY_DENIED",
    "REPOSITORY_FORBIDDEN",
    "REPOSITORY_NOT_FOUND",
    "REPOSITORY_UNREACHABLE",
    "SSH_MISSING",
    "SUBMODULES_UNSUPPORTED",
    "UNSAFE_TREE",
    "WORKING_DIRECTORY_MISSING",
    # What the project asks for.
    "CONFIGURATION_INCOMPLETE",
    "DOMAIN_TAKEN",
    "NEVER_DEPLOYED",
    "NOTHING_RETAINED",
    "NOT_APPROVED",
    "OUTPUT_MISSING",
    "PROJECT_NOT_FOUND",
    "PULL_REQUESTS_OFF",
    "SCRIPT_MISSING",
    "SECRET_MISSING",
    # Images and containers.
    "COMMAND_NOT_FOUND",
    "CONTAINER_GONE",
    "CONTAINER_NOT_OURS",
    "CONTAINER_REFUSED",
    "DOCKER_ERROR",
    "DOCKER_UNAVAILABLE",
    "IMAGE_DENIED",
    "IMAGE_NOT_FOUND",
    "MOUNT_MISSING",
    "NAME_TAKEN",
    "NETWORKS_EXHAUSTED",
    "OUTPUT_DIFFERS",
    "PORT_TAKEN",
    "PULL_FAILED",
    # The host.
    "DATABASE_BUSY",
    "DATABASE_CLOSED",
    "DATABASE_DAMAGED",
    "DATABASE_FULL",
    "DATABASE_IO",
    "DATABASE_UNWRITTEN",
    "DISK_FULL",
    "DISK_IO",
    "DISK_READ_ONLY",
    "LOG_FAILED",
    "PROXY_FAILED",
    "ROW_GONE",
    "SECRET_UNREADABLE",
    "WORKSPACE_FAILED",
]
# What keeps lci from starting, a command from working on the data directory, or a person from searching and signing in:
# no build meets it.
_AsideCode = Literal[
    "ACCESS_LOG_FAILED",
    "DATABASE_EDITED",
    "DATABASE_FOREIGN",
    "DATABASE_NEWER",
    "DATABASE_NOT_COPIED",
    "DATABASE_UNUSABLE",
    "DATA_DIRECTORY_COPIED",
    "DATA_DIRECTORY_IN_USE",
    "DATA_DIRECTORY_UNUSABLE",
    "GITHUB_REFUSED",
    "GITHUB_UNAVAILABLE",
    "KEYS_UNUSABLE",
    "KEY_IS_GIVEN",
    "PORTS_EXHAUSTED",
    "PROXY_ADDRESS_IN_USE",
    "PROXY_WORKER_BROKEN",
    "SEARCH_FAILED",
]
OutsideCode = _WorkCode | _AsideCode
# What lci itself finds of a command, or of a new version.
_FoundCode = Literal[
    "BEFORE_FAILED",
    "BUILD_TIMEOUT",
    "CONTAINER_EXITED",
    "EXIT_CODE",
    "HEALTH_CHECK_FAILED",
    "INTERNAL",
    "OUT_OF_MEMORY",
    "TOO_MANY_RESTARTS",
]
FailureCode = OutsideCode | _FoundCode
# `error` events: a build has failed, a service is down for good, or a message could not be followed.
_EventOnlyCode = Literal["INVALID_MESSAGE", "RESOURCE_NOT_FOUND", "SERVICE_DOWN"]
EventCode = FailureCode | _EventOnlyCode
# What keeps builds from starting, or soon will.
ReasonCode = Literal[
    "DATABASE_BUSY",
    "DATABASE_CLOSED",
    "DATABASE_DAMAGED",
    "DATABASE_FULL",
    "DATABASE_IO",
    "DATABASE_UNAVAILABLE",
    "DATABASE_UNWRITTEN",
    "DISK_FULL",
    "DISK_IO",
    "DISK_LOW",
    "DISK_READ_ONLY",
    "DOCKER_ERROR",
    "DOCKER_UNAVAILABLE",
]


def values_of(code: Any) -> Sequence[str]:
    """Return what a type of this file allows, in the order of the alphabet."""
    if isinstance(code, str):
        return [code]
    return sorted({value for each in get_args(code) for value in values_of(each)})


# By the name that the OpenAPI document and the web client's types give them.
PUBLISHED: Final = {
    "FailureCode": values_of(_WorkCode | _FoundCode),
    "EventCode": values_of(_WorkCode | _FoundCode | _EventOnlyCode),
    "ReasonCode": values_of(ReasonCode),
}


def reason_code(code: OutsideCode, otherwise: ReasonCode) -> ReasonCode:
    """Return the code of what stands in the way as that of a reason; `otherwise` where it is none."""
    return cast("ReasonCode", code) if code in PUBLISHED["ReasonCode"] else otherwise
