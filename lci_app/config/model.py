"""The configuration of the service, checked and complete."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path


class ConfigError(Exception):
    """`str(error)` is one sentence: which option, variable or key of which file, and what it must be."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """`auto` is text on a terminal and JSON otherwise."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Config:
    """Every option of `lci serve`. Addresses bear no slash at their end; None means the default that is not known yet.

    `docker_host` None: the local socket. `dashboard_url` None: the management port's address once it listens.
    `public_url` None: the proxy port's. Three are no options but what systemd, if that started lci, gives it:
    `notify_socket` is where it wants to hear that lci serves, `proxy_descriptor` the open socket on which the proxy is
    to listen, `credentials_dir` the directory of its LoadCredential= (systemd.exec(5)).
    """

    data_dir: Path
    api_host: str
    api_port: int
    proxy_host: str
    proxy_port: int
    proxy_workers: int
    port_base: int
    docker_host: str | None
    dashboard_url: str | None
    public_url: str | None
    github_url: str
    github_api_url: str
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    # Empty: any.
    webhook_addresses: tuple[IPv4Network | IPv6Network, ...]
    max_parallel_builds: int
    container_range: IPv4Network
    build_allow: tuple[IPv4Network, ...]
    # Bytes that are to stay free where the data directory lies; None: the usual part of that disk.
    disk_reserve: int | None
    log_level: LogLevel
    log_format: LogFormat
    access_log: Path | None
    access_log_percent: int
    notify_socket: str | None = None
    proxy_descriptor: int | None = None
    credentials_dir: Path | None = None
