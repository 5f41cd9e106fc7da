"""The service itself: settings, health, what it runs on, and kept files of builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from lci_app.api.needs import Addresses
from lci_app.api.wire.base import Answer
from lci_app.config import Config
from lci_app.core.events import ToldReasonCode
from lci_app.core.readiness import Reason


class WebhookSecret(Answer):
    secret: str


class SettingsDocument(Answer):
    """What is in force. All of it is chosen when lci starts: by option, environment or lci.toml."""

    data_dir: str
    api_host: str
    api_port: int
    proxy_host: str
    proxy_port: int
    proxy_workers: int
    port_base: int
    docker_host: str | None
    dashboard_url: str
    public_url: str
    github_url: str
    github_api_url: str
    trusted_proxies: list[str]
    webhook_addresses: list[str]
    max_parallel_builds: int
    container_range: str
    disk_reserve: int | None
    build_allow: list[str]
    log_level: str
    log_format: str
    access_log: str | None
    access_log_percent: int

    @classmethod
    def of(cls, config: Config, addresses: Addresses) -> Self:
        return cls(
            data_dir=str(config.data_dir),
            api_host=config.api_host,
            api_port=config.api_port,
            proxy_host=config.proxy_host,
            proxy_port=config.proxy_port,
            proxy_workers=config.proxy_workers,
            port_base=config.port_base,
            docker_host=config.docker_host,
            dashboard_url=addresses.dashboard_url,
            public_url=addresses.public_url,
            github_url=config.github_url,
            github_api_url=config.github_api_url,
            trusted_proxies=[str(network) for network in config.trusted_proxies],
            webhook_addresses=[str(network) for network in config.webhook_addresses],
            max_parallel_builds=config.max_parallel_builds,
            container_range=str(config.container_range),
            disk_reserve=config.disk_reserve,
            build_allow=[str(network) for network in config.build_allow],
            log_level=config.log_level,
            log_format=config.log_format,
            access_log=None if config.access_log is None else str(config.access_log),
            access_log_percent=config.access_log_percent,
        )


class Versions(Answer):
    lci: str
    python: str


class DockerState(Answer):
    available: bool
    version: str | None
    message: str | None


class IsolationState(Answer):
    """Whether builds are kept from this host and its networks: `enforced`, or `degraded`, and why."""

    status: Literal["enforced", "degraded"]
    message: str | None


class ReasonDocument(Answer):
    """One thing that is wrong with what lci stands on. While one is `blocking`, no build starts."""

    code: ToldReasonCode
    message: str
    blocking: bool

    @classmethod
    def listed(cls, reasons: Sequence[Reason]) -> list[Self]:
        return [cls(code=each.code, message=each.message, blocking=each.blocking) for each in reasons]


class ReadinessState(Answer):
    """Whether builds start now; what is taken meanwhile waits in its order."""

    ready: bool
    reasons: list[ReasonDocument]


class Disk(Answer):
    """The file system that holds the data directory."""

    total_bytes: int
    free_bytes: int


class Queues(Answer):
    """Builds that wait and builds that run; `by_key` counts those that wait, by queue key."""

    queued: int
    running: int
    by_key: dict[str, int]


class SystemDocument(Answer):
    versions: Versions
    docker: DockerState
    isolation: IsolationState
    readiness: ReadinessState
    uptime_seconds: float
    disk: Disk
    queues: Queues


class Alive(Answer):
    status: str


class Ready(Answer):
    """`reasons` are early warnings here; a 503 has those that keep lci from being ready in `details.reasons`."""

    database: str
    docker: str
    reasons: list[ReasonDocument]


class ArtifactDocument(Answer):
    """A kept file; `path` is where it lies below the build's output."""

    path: str
    size: int


class ArtifactList(Answer):
    total: int
    artifacts: list[ArtifactDocument]
