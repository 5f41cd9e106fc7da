"""Addresses of repositories: what `owner/name` stands for, and when two addresses mean the same repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

_SHORT: Final = re.compile(r"[\w.-]+/[\w.-]+")
_SCP_LIKE: Final = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# As long as no user's name is.
_TOKEN: Final = re.compile(r"[\w.-]{20,}")
_NO_PASSWORDS: Final = ("", "x-oauth-basic", "x-token-auth")


@dataclass(frozen=True, slots=True)
class Address:
    """Host and path of a repository. `port` is None where it says nothing: the scheme's own, or ssh's."""

    host: str
    port: int | None
    path: str

    def means(self, other: Address) -> bool:
        """Return whether both are the same repository, perhaps reached by another protocol."""
        same_port = self.port is None or other.port is None or self.port == other.port
        return self.host == other.host and self.path == other.path and same_port


def full_url(repo: str, github_url: str) -> str:
    """Return the address to fetch from: `owner/name` stands for that repository on the configured GitHub."""
    return f"{github_url.rstrip('/')}/{repo}.git" if _SHORT.fullmatch(repo) else repo


def address(url: str) -> Address | None:
    """Return host and path of any form of address; None for what is no address."""
    scp_like = _SCP_LIKE.fullmatch(url)
    if scp_like is not None and "://" not in url:
        return Address(scp_like["host"].lower(), None, _path(scp_like["path"]))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.path.strip("/") or not (parts.hostname or parts.scheme == "file"):
        return None
    if parts.scheme not in _DEFAULT_PORTS or port == _DEFAULT_PORTS[parts.scheme]:
        port = None
    return Address((parts.hostname or "").lower(), port, _path(parts.path))


def path_of(repo: str) -> str | None:
    """Return the path on this machine that an address names; None where it names another machine."""
    parts = urlsplit(repo) if "://" in repo else None
    return unquote(parts.path) if parts is not None and parts.scheme.lower() == "file" else None


def without_password(repo: str) -> tuple[str, str | None]:
    """Return an address without the credentials that it holds, and these; None where it holds none.

    A token may also stand there as the user's name, alone or before one of the words that hosting services ask for.
    """
    if _SHORT.fullmatch(repo) or "://" not in repo:
        return repo, None
    parts = urlsplit(repo)
    held, _, place = parts.netloc.rpartition("@")
    user, _, password = (unquote(part) for part in held.partition(":"))
    if parts.scheme.lower() in _DEFAULT_PORTS and (password in _NO_PASSWORDS and _TOKEN.fullmatch(user)):
        return parts._replace(netloc=place).geturl(), user
    if not password:
        return repo, None
    return parts._replace(netloc=f"{held.partition(':')[0]}@{place}".removeprefix("@")).geturl(), password


def _path(path: str) -> str:
    """Return a path in the one form to compare: hosting services do not tell upper from lower case."""
    return path.strip("/").removesuffix(".git").lower()
