"""Registries of images, and the logins that people store for them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from lci_app.core.model import Timestamp

DOCKER_HUB: Final = "docker.io"
_HUBS_OTHER_NAMES: Final = frozenset({"index.docker.io", "registry-1.docker.io"})
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}$)({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?")
MAX_USERNAME: Final = 256
# Some registries want a whole key file as the password.
MAX_PASSWORD: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What opens a registry; for whoever pulls an image from it, and for nobody else."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """What is told of a stored login. `fingerprint` is of the password, and tells nothing about it."""

    host: str
    username: str
    fingerprint: str
    set_at: Timestamp


def registry_of(image: str) -> str:
    """Return the host, with its port where there is one, that an image is pulled from."""
    first, slash, _ = image.partition("/")
    names_host = slash and ("." in first or ":" in first or first == "localhost")
    return canonical(first) if names_host else DOCKER_HUB


def canonical(host: str) -> str:
    """Return a registry's host as it is stored: Docker Hub has several names."""
    lower = host.lower()
    return DOCKER_HUB if lower in _HUBS_OTHER_NAMES else lower


def host_problem(host: str) -> str | None:
    """Return what a registry's host must be, where this is none."""
    if _HOST.fullmatch(host.lower()):
        return None
    return "must be a registry's host as images name it, with its port where it has one: ghcr.io, registry.example:5000"


def username_problem(username: str) -> str | None:
    """Return what a registry's user name must be, where this is none."""
    if username.isprintable() and 0 < len(username) <= MAX_USERNAME and ":" not in username:
        return None
    return f"must be of 1 to {MAX_USERNAME} printable characters, without a colon"


def password_problem(password: str) -> str | None:
    """Return what a registry's password must be, where this is none."""
    if not password:
        return "must not be empty"
    if "\0" in password or len(password.encode(errors="surrogatepass")) > MAX_PASSWORD:
        return f"must be text of at most {MAX_PASSWORD // 1024} KiB without a NUL"
    return None
