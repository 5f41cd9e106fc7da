"""A repository over HTTP(S): dulwich's smart protocol over our own requests."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from dulwich.client import AbstractHttpGitClient
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

from lci_app.adapters.git.address import Address
from lci_app.adapters.git.protocol import Refused, Troubled
from lci_app.adapters.git.remote import RemoteError

_USER_AGENT: Final = "git/2.lci"  # hosts serve git's protocol only to what calls itself git
_CONNECT_TIMEOUT: Final = 20.0  # seconds; the time for answers is bounded by the checkout's own limit
_MAX_REDIRECTS: Final = 5
# Where distributions keep the certificates of the authorities that they trust.
_CERTIFICATES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_ERROR_MARK: Final = b"ERR "
_HEAD: Final = 8  # bytes: a packet's length and an error's mark
_LIST_BRANCHES: Final = b"0014command=ls-refs\n"
_NO_BRANCHES: Final = b"0000"


class HttpRemote(AbstractHttpGitClient):
    """Speaks to one address. Credentials go to that address's scheme, host and port only, never along a redirect.

    Raises Refused (REPOSITORY_DENIED, REPOSITORY_NOT_FOUND), Troubled (REPOSITORY_UNREACHABLE) and RemoteError.
    """

    def __init__(self, address: Address, token: str | None, *, branches: bool) -> None:
        """Take whether the branches must be known; the newest protocol gives an exact commit without them."""
        super().__init__(address.shown)
        self._address = address
        self._branches = branches
        self._origin = _origin(address.shown)
        credentials = address.basic_credentials(token)
        self._credentials = f"Basic {credentials}" if credentials else None
        self._pool = _pool(address)

    def close(self) -> None:
        super().close()
        self._pool.clear()

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        sent = {"User-Agent": _USER_AGENT, "Pragma": "no-cache", **(headers or {})}
        if self._credentials and _origin(url) == self._origin:
            sent["Authorization"] = self._credentials
        try:
            answer: Any = self._pool.request(
                "GET" if data is None else "POST", url, body=data, headers=sent, preload_content=False
            )
        except HTTPError as error:
            self._unreachable(error)
        if raise_for_status and answer.status != 200:
            answer.close()
            self._judge(answer.status)
        answer.content_type = answer.headers.get("Content-Type")
        answer.redirect_location = answer.geturl() if answer.geturl() != url else ""
        if data is None and not (answer.content_type or "").startswith("application/x-git-"):
            answer.close()
            raise Refused("REPOSITORY_NOT_FOUND", f"{self._address.shown} answers, but not as a git server does")
        return answer, self._reader(answer)

    def _smart_request(
        self, service: str, url: str, data: bytes | Iterator[bytes] | None
    ) -> tuple[Any, Callable[[int], bytes]]:
        if not self._branches and isinstance(data, bytes) and data.startswith(_LIST_BRANCHES):
            nothing = BytesIO(_NO_BRANCHES)
            return nothing, nothing.read
        answer, read = super()._smart_request(service, url, data)
        head = read(_HEAD)
        if head[4:] == _ERROR_MARK:
            raise RemoteError(read(int(head[:4], 16) - _HEAD))
        return answer, _pushed_back(head, read)

    def _reader(self, answer: Any) -> Callable[[int], bytes]:
        def read(count: int) -> bytes:
            try:
                data: bytes = answer.read(count)
            except HTTPError as error:
                self._unreachable(error)
            return data

        return read

    def _judge(self, status: int) -> NoReturn:
        place = self._address.shown
        if status in {401, 403}:
            what = "does not accept the credentials" if self._credentials else "asks for credentials: set repo_token"
            raise Refused("REPOSITORY_DENIED", f"{place} {what} (HTTP {status})")
        if status in {404, 410}:
            hint = "" if self._credentials else ", or it is private and needs a repo_token"
            raise Refused("REPOSITORY_NOT_FOUND", f"there is no repository at {place} (HTTP {status}){hint}")
        raise Troubled("REPOSITORY_UNREACHABLE", f"{place} answered HTTP {status}")

    def _unreachable(self, error: HTTPError) -> NoReturn:
        reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        if isinstance(reason, SSLError):
            words = f"its certificate or TLS does not hold ({reason})"
        elif isinstance(reason, NewConnectionError) and isinstance(reason.__cause__, OSError):
            words = reason.__cause__.strerror or str(reason.__cause__)
        else:
            words = f"{type(reason).__name__}: {reason}"
        raise Troubled("REPOSITORY_UNREACHABLE", f"{self._address.shown} cannot be reached: {words}") from None


def _pool(address: Address) -> urllib3.PoolManager:
    common: dict[str, Any] = {
        "retries": urllib3.Retry(total=_MAX_REDIRECTS, connect=1, read=0, status=0, redirect=_MAX_REDIRECTS),
        "timeout": urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=None),
        "ca_certs": _certificates(),
    }
    proxy = None if proxy_bypass(address.host) else getproxies().get(address.scheme)
    if proxy is None:
        return urllib3.PoolManager(**common)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    login = f"{parts.username}:{parts.password or ''}" if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
    return urllib3.ProxyManager(parts.geturl(), proxy_headers=headers, **common)


def _certificates() -> str | None:
    """Return this machine's certificates where the TLS library, built on another, looks in vain; else None."""
    known = ssl.get_default_verify_paths()
    if known.cafile or known.capath:
        return None
    return next((path for path in _CERTIFICATES if Path(path).exists()), None)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _pushed_back(head: bytes, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Return a reader that gives `head` again before what follows."""
    left = head

    def reader(count: int) -> bytes:
        nonlocal left
        taken, left = left[:count], left[count:]
        return taken if len(taken) == count else taken + read(count - len(taken))

    return reader
