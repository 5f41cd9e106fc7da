"""GitHub's word on who somebody is: the web application flow of its OAuth apps.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import trio

from lci_app import __version__
from lci_app.interfaces import GitHubUser, Refusal, Trouble

_TIMEOUT: Final = 10.0
_LARGEST_ANSWER: Final = 1024 * 1024
# Conversations at a time: a GitHub that does not answer must not take the threads of others.
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    document: Any


class GitHubOAuth:
    """Fulfils `interfaces.GitHubSignIn`. Redirects are not followed: a token goes to GitHub and nowhere else."""

    def __init__(self, github_url: str, api_url: str) -> None:
        self._github_url = github_url
        self._api_url = api_url
        self._limiter = trio.CapacityLimiter(_AT_ONCE)

    def authorize_url(self, parameters: Mapping[str, str]) -> str:
        return f"{self._github_url}/login/oauth/authorize?{urlencode(parameters)}"

    async def exchange(self, parameters: Mapping[str, str]) -> str:
        """Return the access token for a code. Raises Refusal where GitHub refuses it, Trouble where it is away."""
        answer = await self._ask("POST", f"{self._github_url}/login/oauth/access_token", body=urlencode(parameters))
        token = answer.document.get("access_token") if isinstance(answer.document, dict) else None
        if answer.status != 200 or not isinstance(token, str) or not token:
            # It says what is wrong in words of its own, which may repeat what it was sent.
            raise Refusal("GITHUB_REFUSED", "GitHub does not accept that sign-in: begin again")
        return token

    async def user(self, access_token: str) -> GitHubUser:
        document = (await self._get(access_token, "/user")).document
        if isinstance(document, dict) and type(document.get("id")) is int and isinstance(document.get("login"), str):
            return GitHubUser(document["id"], document["login"])
        raise Refusal("GITHUB_REFUSED", "GitHub does not say who that is: begin again")

    async def is_member(self, access_token: str, organization: str) -> bool:
        answer = await self._get(access_token, f"/user/memberships/orgs/{quote(organization, safe='')}")
        return answer.status == 200 and isinstance(answer.document, dict) and answer.document.get("state") == "active"

    async def _get(self, access_token: str, path: str) -> _Answer:
        return await self._ask("GET", self._api_url + path, authorization=f"Bearer {access_token}")

    async def _ask(self, method: str, url: str, *, body: str | None = None, authorization: str = "") -> _Answer:
        headers = {"Accept": "application/json", "User-Agent": f"lci/{__version__}"}
        if authorization:
            headers["Authorization"] = authorization
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            with trio.fail_after(2 * _TIMEOUT):
                return await trio.to_thread.run_sync(
                    lambda: _exchange(method, url, body, headers), limiter=self._limiter, abandon_on_cancel=True
                )
        except (OSError, http.client.HTTPException, trio.TooSlowError) as error:
            host = urlsplit(url).netloc
            raise Trouble("GITHUB_UNAVAILABLE", f"{host} does not answer: {type(error).__name__}") from error


def _exchange(method: str, url: str, body: str | None, headers: dict[str, str]) -> _Answer:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request(method, parts.path, body, headers)
        response = connection.getresponse()
        content = response.read(_LARGEST_ANSWER)
    finally:
        connection.close()
    try:
        return _Answer(response.status, json.loads(content))
    except (ValueError, RecursionError):
        return _Answer(response.status, None)
