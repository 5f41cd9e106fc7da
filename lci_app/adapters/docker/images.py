"""Pulling an image: what the engine tells of it, in few lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import requests
import urllib3
from docker import auth
from docker.credentials.errors import StoreError
from docker.errors import DockerException
from docker.utils import parse_repository_tag

from lci_app.adapters.docker.errors import pull_error
from lci_app.adapters.docker.held import Held
from lci_app.core.registries import RegistryLogin, registry_of
from lci_app.interfaces import Trouble

# The engine speaks more often than that of a pull that moves; a registry that cannot be reached takes its time.
IDLE_SECONDS: Final = 120.0
_MEGABYTE: Final = 1_000_000
_TENTHS: Final = 10


class PullProgress:
    """Turns the engine's many reports of a pull into a few lines: each layer's end, and each tenth of the bytes."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, int]] = {}
        self._done: set[tuple[str, str]] = set()
        self._tenth = 0

    def lines(self, report: Mapping[str, Any]) -> Iterator[str]:
        status = str(report.get("status", ""))
        layer = str(report.get("id", ""))
        detail = report.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._sizes[layer] = (int(detail.get("current", 0)), int(detail["total"]))
            yield from self._downloaded()
        elif self._is_worth_a_line(layer, status):
            self._done.add((layer, status))
            yield f"{layer}: {status}" if layer else status

    def _is_worth_a_line(self, layer: str, status: str) -> bool:
        if not status or (layer, status) in self._done:
            return False
        return not layer or status in {"Already exists", "Pull complete"} or status.startswith("Pulling from")

    def _downloaded(self) -> Iterator[str]:
        current = sum(done for done, _ in self._sizes.values())
        total = sum(size for _, size in self._sizes.values())
        tenth = current * _TENTHS // total
        if tenth > self._tenth:
            self._tenth = tenth
            yield f"downloaded {current / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB"


def read_pull(held: Held, image: str, give: Callable[[str], None]) -> None:
    """Give on the lines of a pull until it is done; blocks. Raises as `Engine.ensure_image` does."""
    progress = PullProgress()
    try:
        for report in _reports(held):
            if "error" in report:
                raise pull_error(image, str(report["error"]))
            for line in progress.lines(report):
                give(line)
    except urllib3.exceptions.ReadTimeoutError as error:
        message = f"the image {image} could not be pulled: nothing came for {IDLE_SECONDS:g} s"
        raise Trouble("PULL_FAILED", message) from error
    except (urllib3.exceptions.HTTPError, requests.RequestException, OSError, ValueError) as error:
        raise Trouble("PULL_FAILED", f"the image {image} could not be pulled: the connection broke off") from error


def _reports(held: Held) -> Iterator[Mapping[str, Any]]:
    rest = b""
    for chunk in held.raw.stream(decode_content=False):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def pull_options(image: str, login: RegistryLogin | None) -> dict[str, Any]:
    """Return parameters and headers of the request: exactly one tag, and what opens the registry.

    That is `login`, else what `docker login` has left for whoever runs lci.
    """
    repository, tag = parse_repository_tag(image)
    headers = {}
    credentials = _of_login(registry_of(image), login) if login is not None else _credentials(repository)
    if credentials:
        headers["X-Registry-Auth"] = auth.encode_header(credentials)
    return {"params": {"fromImage": repository, "tag": tag or "latest"}, "headers": headers}


def _of_login(registry: str, login: RegistryLogin) -> Mapping[str, Any]:
    return {"username": login.username, "password": login.password, "serveraddress": registry}


def _credentials(repository: str) -> Mapping[str, Any] | None:
    """Return what `docker login` has left for the registry; a configuration that cannot be read has nothing."""
    try:
        registry, _ = auth.resolve_repository_name(repository)
        found: Mapping[str, Any] | None = auth.load_config().resolve_authconfig(registry)
    except (DockerException, StoreError, OSError, ValueError, TypeError, AttributeError, LookupError):
        return None
    return found
