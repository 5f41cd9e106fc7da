"""The cookies of the web page: one that says who is signed in, one that remembers a sign-in on its way.

Their prefix `__Host-` has the browser see to it that no other host, path or plain http connection sets or gets them;
where lci is reached by plain http there is no such thing. None is for scripts, none goes out of its own site. The proxy
passes none on to a service, and lets none set one (`core.cookies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lci_app.core.accounts import SESSION_SECONDS
from lci_app.core.cookies import HOST_PREFIX, SESSION, SIGN_IN

__all__ = [
    "SESSION",
    "SIGN_IN",
    "named",
    "no_session_cookie",
    "no_sign_in_cookie",
    "session_cookie",
    "sign_in_cookie",
    "value_of",
]

# How long somebody may stay at GitHub's page.
SIGN_IN_SECONDS: Final = 600


def named(name: str, *, secure: bool) -> str:
    return f"{HOST_PREFIX}{name}" if secure else name


def value_of(cookies: Mapping[str, str], name: str, *, secure: bool) -> str:
    """Return the cookie of that kind; empty where there is none. What came by plain http is none by https."""
    return cookies.get(named(name, secure=secure), "")


def session_cookie(secret: str, *, secure: bool) -> str:
    return _cookie(SESSION, secret, SESSION_SECONDS, "Strict", secure=secure)


def no_session_cookie(*, secure: bool) -> str:
    return _cookie(SESSION, "", 0, "Strict", secure=secure)


def sign_in_cookie(value: str, *, secure: bool) -> str:
    """It comes back with a redirect from GitHub, so from another site."""
    return _cookie(SIGN_IN, value, SIGN_IN_SECONDS, "Lax", secure=secure)


def no_sign_in_cookie(*, secure: bool) -> str:
    return _cookie(SIGN_IN, "", 0, "Lax", secure=secure)


def _cookie(name: str, value: str, seconds: int, same_site: str, *, secure: bool) -> str:
    https = "; Secure" if secure else ""
    return f"{named(name, secure=secure)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{https}"
