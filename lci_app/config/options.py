"""The table of options: each with its variable, its meaning, and how its text is read.

A reader takes text and returns the value, or raises ValueError with what it must be ("must be …").
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lci_app.config.model import LogFormat, LogLevel
from lci_app.core.subnets import DEFAULT_RANGE, MAX_RANGE_PREFIX

_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_SIZE: Final = re.compile(r"([0-9]{1,6})([kmg])")
# The last project's pair must fit below 65536: port_base + (n-1)*10 + 2.
_HIGHEST_PORT_BASE: Final = 65_000


@dataclass(frozen=True, slots=True)
class Option:
    """`kind` is the TOML type of its key in lci.toml: int, str or list (of texts)."""

    name: str
    variable: str
    read: Callable[[str], Any]
    help: str
    default: str
    kind: type = str
    metavar: str = "TEXT"

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


def _whole(text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ValueError(f"must be a whole number from {low} to {high}")
    return int(text)


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _port_base(text: str) -> int:
    return _whole(text, 1_024, _HIGHEST_PORT_BASE)


def _count(text: str) -> int:
    return _whole(text, 1, 256)


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.lower())
    if match is None:
        raise ValueError("must be a size with k, m or g, such as 512m")
    return int(match[1]) << 10 * ("kmg".index(match[2]) + 1)


def _percent(text: str) -> int:
    return _whole(text, 0, 100)


def _absolute_file(text: str) -> Path:
    if not text.startswith("/") or text.endswith("/") or "\0" in text:
        raise ValueError("must be the absolute path of a file")
    return Path(text)


def _directory(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("must be the path of a directory")
    return Path(text).expanduser().absolute()


def _bind_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        if _HOST_NAME.fullmatch(text) and not re.fullmatch(r"[\d.]+", text):
            return text
        raise ValueError("must be an IP address or a host name to listen on") from None


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
        parts = urlsplit("")
    if not sound or parts.query or parts.fragment or "@" in parts.netloc or re.search(r"[\s\x00-\x20]", text):
        raise ValueError("must be an http:// or https:// address without user, query or fragment")
    return text.rstrip("/")


def _docker_host(text: str) -> str:
    if not re.fullmatch(r"(unix:///[^\s]+|(tcp|http|https)://[^\s/]+/?)", text):
        raise ValueError("must be the engine's address, such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375")
    return text


def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    networks = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError as error:
            why = "has bits set below its prefix" if "host bits" in str(error) else "is none"
            raise ValueError(
                f"must be addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8; {part!r} {why}"
            ) from None
    return tuple(networks)


def _networks_4(text: str) -> tuple[ipaddress.IPv4Network, ...]:
    networks = _networks(text)
    of_builds = tuple(network for network in networks if isinstance(network, ipaddress.IPv4Network))
    if len(of_builds) < len(networks):
        raise ValueError("must be IPv4 addresses or networks, since builds have no IPv6")
    return of_builds


def _container_range(text: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        network = None
    if network is None or not network.is_private or not 8 <= network.prefixlen <= MAX_RANGE_PREFIX:
        raise ValueError(f"must be a private IPv4 network from /8 to /{MAX_RANGE_PREFIX}, such as {DEFAULT_RANGE}")
    return network


def _one_of(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        try:
            return choices(text.lower())
        except ValueError:
            raise ValueError(f"must be one of {', '.join(choices)}") from None

    return read


OPTIONS: Final = (
    Option(
        "data_dir", "LCI_DATA_DIR", _directory, "where lci keeps all its state", "/var/lib/lci for root", metavar="DIR"
    ),
    Option("api_host", "LCI_API_HOST", _bind_host, "address of the management port", "127.0.0.1", metavar="HOST"),
    Option("api_port", "LCI_API_PORT", _port, "management port; 0 = any free", "3000", int, "PORT"),
    Option("proxy_host", "LCI_PROXY_HOST", _bind_host, "address of the proxy port", "127.0.0.1", metavar="HOST"),
    Option("proxy_port", "LCI_PROXY_PORT", _port, "proxy port; 0 = any free", "8080", int, "PORT"),
    Option("proxy_workers", "LCI_PROXY_WORKERS", _count, "processes of the proxy", "one per core", int, "N"),
    Option("port_base", "LCI_PORT_BASE", _port_base, "where the projects' own ports begin", "9000", int, "PORT"),
    Option("docker_host", "DOCKER_HOST", _docker_host, "the Docker engine", "the local socket", metavar="ADDRESS"),
    Option(
        "dashboard_url",
        "LCI_DASHBOARD_URL",
        _url,
        "address at which people and GitHub reach the management port",
        "the local one",
        metavar="URL",
    ),
    Option(
        "public_url", "LCI_PUBLIC_URL", _url, "address at which people reach the proxy", "the local one", metavar="URL"
    ),
    Option(
        "github_url", "LCI_GITHUB_URL", _url, "host of owner/name repositories", "https://github.com", metavar="URL"
    ),
    Option("github_api_url", "LCI_GITHUB_API_URL", _url, "GitHub's API", "https://api.github.com", metavar="URL"),
    Option(
        "trusted_proxies",
        "LCI_TRUSTED_PROXIES",
        _networks,
        "addresses and networks whose forwarded headers are believed",
        "none",
        list,
        "NETWORKS",
    ),
    Option(
        "webhook_addresses",
        "LCI_WEBHOOK_ADDRESSES",
        _networks,
        "addresses and networks that webhooks may come from",
        "any; each is signed",
        list,
        "NETWORKS",
    ),
    Option(
        "max_parallel_builds",
        "LCI_MAX_PARALLEL_BUILDS",
        _count,
        "builds that run at one time",
        "one per core",
        int,
        "N",
    ),
    Option(
        "container_range",
        "LCI_CONTAINER_RANGE",
        _container_range,
        "private range of the projects' networks",
        DEFAULT_RANGE,
        metavar="NETWORK",
    ),
    Option(
        "build_allow",
        "LCI_BUILD_ALLOW",
        _networks_4,
        "private addresses and networks that builds may reach, such as a registry's",
        "none",
        list,
        "NETWORKS",
    ),
    Option(
        "disk_reserve",
        "LCI_DISK_RESERVE",
        _bytes,
        "what is to stay free of the disk that holds the data directory; below a quarter of it no build starts",
        "256m, or a fiftieth of a smaller disk",
        metavar="SIZE",
    ),
    Option("log_level", "LCI_LOG_LEVEL", _one_of(LogLevel), "debug, info, warning or error", "info", metavar="LEVEL"),
    Option(
        "log_format",
        "LCI_LOG_FORMAT",
        _one_of(LogFormat),
        "text, json or auto",
        "auto: text on a terminal, else json",
        metavar="FORMAT",
    ),
    Option(
        "access_log",
        "LCI_ACCESS_LOG",
        _absolute_file,
        "file that gets a line of JSON for each visitor's request",
        "none",
        metavar="FILE",
    ),
    Option(
        "access_log_percent",
        "LCI_ACCESS_LOG_PERCENT",
        _percent,
        "of a hundred requests, so many get one; those answered 5xx all do",
        "100",
        int,
        "N",
    ),
)
