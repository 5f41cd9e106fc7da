"""Answers of a service that does not know the prefix under which visitors reach it: redirects and cookies. Pure."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

_ABSOLUTE: Final = re.compile(rb"(https?://([^/?#\\]*))(.*)", re.IGNORECASE)
_COOKIE_PATH: Final = re.compile(rb"(;[ \t]*path[ \t]*=[ \t]*)(/[^;]*)", re.IGNORECASE)
# A browser takes such a cookie only with `Path=/`.
_HOST_ONLY: Final = b"__host-"


def relocated(location: bytes, prefix: bytes, hosts: Container[bytes]) -> bytes:
    """Return a `Location` with `prefix` before its path.

    That is done where it is an absolute path or an address of one of these `hosts` (in lower case, as the request said
    them), and does not begin with the prefix already. What is relative or leads elsewhere stays as it is.
    """
    match = _ABSOLUTE.fullmatch(location)
    if match is None:
        return _prefixed(location, prefix) if location.startswith(b"/") and location[1:2] not in _NETWORK else location
    if match[2].lower() not in hosts or match[3].startswith(b"\\"):
        return location
    path = match[3]
    return match[1] + _prefixed(path if path.startswith(b"/") else b"/" + path, prefix)


def scoped(cookie: bytes, prefix: bytes) -> bytes:
    """Return a `Set-Cookie` whose path, if it has an absolute one, lies under `prefix`."""
    if cookie[: len(_HOST_ONLY)].lower() == _HOST_ONLY:
        return cookie
    return _COOKIE_PATH.sub(lambda found: found[1] + _prefixed(found[2], prefix), cookie)


# `//name` and `/\name` are addresses of other hosts.
_NETWORK: Final = frozenset({b"/", b"\\"})


def _prefixed(path: bytes, prefix: bytes) -> bytes:
    beginning, following = path[: len(prefix)], path[len(prefix) : len(prefix) + 1]
    return path if beginning == prefix and following in {b"", b"/", b"?", b"#"} else prefix + path
