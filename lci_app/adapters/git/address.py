"""The forms of a repository's address, told apart; used by both sides."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

_SCP_LIKE: Final = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]]+\]|[^/:@]+):(?P<path>(?!//|:).+)")
# What GitHub, GitLab, Gitea and Bitbucket take as the user name that goes with a token.
_TOKEN_USER: Final = "x-access-token"  # noqa: S105 - a user name
_SCHEMES: Final = ("https", "http", "ssh", "file")


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` is the address without its user name and password: what messages, mirrors and requests hold."""

    scheme: str
    shown: str
    host: str
    path: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def basic_credentials(self, token: str | None) -> str | None:
        """Return what basic authentication sends: the token, else the address's own password; None without either."""
        password = token or self.password
        if password is None:
            return None
        return base64.b64encode(f"{self.user or _TOKEN_USER}:{password}".encode()).decode("ascii")


def parse(url: str) -> Address:
    """Return the parts of `https://`, `http://`, `ssh://`, `file://` or `user@host:path`; ValueError for others."""
    if "://" not in url:
        match = _SCP_LIKE.fullmatch(url)
        if match is None:
            raise ValueError("the address is neither a URL nor user@host:path")
        return Address("ssh", url, match["host"].strip("[]"), match["path"], user=match["user"])
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES:
        raise ValueError(f"{scheme}:// addresses are not supported; https, http, ssh and file are")
    if scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise ValueError("a file:// address must name a path on this machine, such as file:///srv/app.git")
        return Address("file", url, "", unquote(parts.path))
    if not parts.hostname:
        raise ValueError("the address names no host")
    return _networked(scheme, parts)


def _networked(scheme: str, parts: SplitResult) -> Address:
    netloc = parts.netloc.rpartition("@")[2]
    return Address(
        scheme,
        parts._replace(scheme=scheme, netloc=netloc, fragment="").geturl(),
        parts.hostname or "",
        unquote(parts.path) if scheme == "ssh" else parts.path,
        parts.port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def shown(url: str) -> str:
    """Return the address for a message: without credentials, whatever it is."""
    try:
        return parse(url).shown
    except ValueError:
        return "the repository's address"


def http_secrets(url: str, token: str | None) -> tuple[str, ...]:
    """Return every text that must not appear in a message, the longest first."""
    try:
        address = parse(url)
    except ValueError:
        return (token,) if token else ()
    texts = {token, address.password, address.basic_credentials(token)}
    return tuple(sorted((text for text in texts if text), key=len, reverse=True))
