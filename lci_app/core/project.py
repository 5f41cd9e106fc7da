"""A project: the one definition of its fields, used by the API, by project files and by the store.

`ProjectSettings` is what people choose; `Project` adds what lci assigns. A new field is written here once.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from lci_app.core import substitution
from lci_app.core.model import Build, Slot
from lci_app.core.project_values import (
    AbsolutePath,
    Branch,
    Cpus,
    Environment,
    HealthPath,
    Image,
    InnerPath,
    Memory,
    Name,
    PathFilter,
    QueueKey,
    Repository,
    ScriptPath,
    Seconds,
    SecretNames,
    StatusRanges,
    Text,
)

_DOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_WITH_PLACEHOLDERS: Final = ("build_image", "build_env", "runtime_image", "runtime_env")


class CacheType(StrEnum):
    NONE = "none"
    GRADLE = "gradle"
    MAVEN = "maven"
    NPM = "npm"
    PIP = "pip"
    CARGO = "cargo"
    PUB = "pub"
    GO = "go"


class CacheMode(StrEnum):
    SHARED = "shared"
    ISOLATED = "isolated"


class PullPolicy(StrEnum):
    MISSING = "missing"
    ALWAYS = "always"


class QueuePolicy(StrEnum):
    """Whether every queued build of a key runs, or only the latest of those that wait."""

    ALL = "all"
    LATEST = "latest"


def _cache_types(value: Any) -> CacheType | tuple[CacheType, ...]:
    """Take one or a list of them, and keep which; the members themselves, so that strict validation takes them too."""
    try:
        return tuple(CacheType(each) for each in value) if isinstance(value, list | tuple) else CacheType(value)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(CacheType)}, or a list of them") from None


class PullRequests(StrEnum):
    """Which pull requests are built; those of forks each only once their head commit was approved."""

    OFF = "off"
    SAME_REPOSITORY = "same_repository"
    FORKS_AFTER_APPROVAL = "forks_after_approval"


class ProjectSettings(BaseModel):
    """The fields of a project that people give. Every one has a default but `repo`."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, strict=False)

    repo: Repository
    branch: Branch = "main"
    path_filter: PathFilter = "**"
    pull_requests: PullRequests = PullRequests.OFF
    working_directory: InnerPath = ""

    build_image: Image = ""
    build_command: Text = ""
    # Run instead of the command: the first of these files of the working directory that the commit holds.
    build_script: Annotated[tuple[ScriptPath, ...], Field(max_length=32)] = ()
    build_env: Environment = Field(default_factory=dict)
    # Names of stored secrets, which the container finds in its environment.
    build_secrets: SecretNames = ()
    build_timeout: Annotated[float, Field(gt=0, le=24 * 3600)] = 1800.0
    build_memory: Memory | None = None
    build_cpus: Cpus | None = None
    cache_type: Annotated[CacheType | tuple[CacheType, ...], BeforeValidator(_cache_types)] = CacheType.NONE
    cache_mode: CacheMode = CacheMode.SHARED
    pull: PullPolicy = PullPolicy.MISSING

    runtime_image: Image = ""
    runtime_command: Text | tuple[str, ...] = ""
    # Runs to its end in a container of the new version, before that is started.
    runtime_before: Text = ""
    runtime_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    runtime_env: Environment = Field(default_factory=dict)
    runtime_secrets: SecretNames = ()
    # Nothing but /tmp and /run can be written in the container.
    runtime_read_only: bool = False
    runtime_memory: Memory | None = None
    runtime_cpus: Cpus | None = None
    mount_path: AbsolutePath = "/app"

    health_check_url: HealthPath = "/"
    health_check_status: StatusRanges = "200-399"
    health_check_timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    health_check_interval: Annotated[float, Field(ge=0.1, le=3600)] = 5.0
    health_check_retries: Annotated[int, Field(ge=1, le=1000)] = 10
    start_period: Seconds = 0.0
    bake_seconds: Seconds = 0.0
    # The container of a version that did not become healthy is stopped and kept until the next takes its slot.
    keep_failed: bool = False
    drain_timeout: Seconds = 30.0

    domains: tuple[str, ...] = ()
    strip_prefix: bool = True
    rewrite_redirects: bool = True
    scope_cookies: bool = True
    queue_key: QueueKey = "{project}"
    queue_policy: QueuePolicy = QueuePolicy.ALL
    queue_limit: Annotated[int, Field(ge=1, le=64)] = 1
    parameters: dict[str, Any] = Field(default_factory=dict)
    keep_releases: Annotated[int, Field(ge=1, le=1000)] = 5
    auto_deploy: bool = True

    def replaced_for(self, build: Build) -> Self:
        """Return the settings that `build` runs by: each `${…}` of its images and environments is replaced."""
        values = substitution.values_of(build)
        return self.model_copy(
            update={name: substitution.replaced_in(getattr(self, name), values) for name in _WITH_PLACEHOLDERS}
        )

    @property
    def caches(self) -> tuple[CacheType, ...]:
        """The caches that a build gets."""
        given = self.cache_type if isinstance(self.cache_type, tuple) else (self.cache_type,)
        return tuple(cache for cache in given if cache is not CacheType.NONE)

    @field_validator("parameters")
    @classmethod
    def _no_parameters_yet(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value:
            raise ValueError("not supported yet")
        return value

    @field_validator("domains")
    @classmethod
    def _sane_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        domains = tuple(domain.lower().rstrip(".") for domain in value)
        for domain in domains:
            if not _DOMAIN.fullmatch(domain):
                raise ValueError(f"{domain!r} is no host name")
        if len(set(domains)) != len(domains):
            raise ValueError("must not name the same host twice")
        return domains


class ProjectSecrets(BaseModel):
    """What a project holds but never shows: given with the settings, kept apart from them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Signs this project's webhooks instead of the global secret.
    webhook_secret: Annotated[str, Field(min_length=8, max_length=1024)] | None = None
    # Read access to a private repository over HTTP(S), as the password of basic authentication.
    repo_token: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    # A private key in OpenSSH's format, for ssh addresses.
    deploy_key: Annotated[str, Field(min_length=1, max_length=64 * 1024)] | None = None

    @model_validator(mode="after")
    def _one_line_token(self) -> Self:
        if self.repo_token and any(ord(c) < 33 or ord(c) > 126 for c in self.repo_token):
            raise ValueError("repo_token must be one word of printable ASCII")
        return self


class Project(BaseModel):
    """A registered project. `revision` grows with every change (it is the `ETag`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int
    name: Name
    settings: ProjectSettings
    blue_port: int
    green_port: int
    active_slot: Slot | None = None
    # Set while people have stopped the project: it has an active slot, but no route.
    stopped: bool = False
    # Set while visitors are told this (empty: the usual words) instead of being served.
    maintenance: str | None = None
    revision: int = 1
    created_at: str
    updated_at: str

    def port(self, slot: Slot) -> int:
        return self.blue_port if slot is Slot.BLUE else self.green_port

    def queue_key(self, branch: str, commit_hash: str | None = None) -> str:
        return substitution.queue_key(self.settings.queue_key, self.id, branch, commit_hash)

    def pull_request_key(self, branch: str, commit_hash: str) -> str:
        """Return the queue key of builds of pull requests: they hold up nobody's push."""
        return f"{self.queue_key(branch, commit_hash)}/pull"


class NewProject(BaseModel):
    """A project as it is registered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    settings: ProjectSettings
    secrets: ProjectSecrets = ProjectSecrets()
