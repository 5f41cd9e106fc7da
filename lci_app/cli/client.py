"""Speaks the HTTP API; its refusals become `CommandError`s with the exit status that the contract gives them."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from lci_app import __version__
from lci_app.cli.exits import CommandError, Exit, UsageError

# Seconds. The API answers in milliseconds, but a project's removal waits for its containers to stop.
_TIMEOUT: Final = 60.0
# An answer is a page of at most 5,000 lines of 64 KiB; more than this is no answer of ours.
_LARGEST_ANSWER: Final = 512 * 1024 * 1024

_EXITS: Final = {
    400: Exit.USAGE,
    401: Exit.NOT_ALLOWED,
    403: Exit.NOT_ALLOWED,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
    504: Exit.TIMED_OUT,
}


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service is and what opens it. `path` is what stands before `/api`, without a slash at its end."""

    secure: bool
    host: str
    port: int
    path: str
    token: str | None = field(default=None, repr=False)

    @classmethod
    def at(cls, url: str, token: str | None) -> Service:
        """Raises UsageError for what is no address of a service."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or parts.query or parts.fragment:
            raise UsageError(f"the service's address must be like http://127.0.0.1:3000, not {url!r}")
        secure = parts.scheme == "https"
        return cls(secure, host, port or (443 if secure else 80), parts.path.rstrip("/"), token)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http{'s' * self.secure}://{self.authority}{self.path}"

    def headers(self) -> dict[str, str]:
        named = {"User-Agent": f"lci/{__version__}", "Accept": "application/json"}
        return named | ({} if self.token is None else {"Authorization": f"Bearer {self.token}"})

    def unreachable(self, why: object) -> CommandError:
        return CommandError(
            Exit.UNREACHABLE, f"no service answers at {self.url}: {why} (is `lci serve` running, and --url right?)"
        )


class Client:
    """One kept connection, made when something is asked and closed by `with`.

    `sign_in` says how to get a token; that is added to the refusal of a request without one.
    """

    def __init__(self, service: Service, sign_in: Callable[[], str] = lambda: "") -> None:
        self.service = service
        self.now: dt.datetime | None = None  # the service's clock at its last answer
        self._sign_in = sign_in
        kind = http.client.HTTPSConnection if service.secure else http.client.HTTPConnection
        self._connection = kind(service.host, service.port, timeout=_TIMEOUT)

    def get(self, path: str, **query: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        return self._request("GET", path + (f"?{urlencode(given)}" if given else ""), None)

    def post(self, path: str, body: Any = None) -> Any:
        return self._request("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        return self._request("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self._request("DELETE", path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _request(self, method: str, target: str, body: Any) -> Any:
        encoded = None if body is None else json.dumps(body).encode()
        headers = self.service.headers() | ({} if encoded is None else {"Content-Type": "application/json"})
        try:
            response, content = self._exchange(method, self.service.path + target, encoded, headers)
        except TimeoutError:
            self._connection.close()
            raise CommandError(
                Exit.TIMED_OUT, f"{self.service.url} did not answer {method} {target} within {_TIMEOUT:g} s"
            ) from None
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            raise self.service.unreachable(f"the connection broke, {type(error).__name__}") from None
        self.now = _date(response.headers.get("Date"))
        return self._data(response, content)

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Raises CommandError (unreachable), HTTPException, OSError (TimeoutError among them)."""
        kept = self._connection.sock is not None
        if not kept:
            self._connect()
        try:
            self._connection.request(method, target, body, headers)
            response = self._connection.getresponse()
            return response, response.read(_LARGEST_ANSWER)
        except ConnectionError:
            # The service may close a kept connection at any time; only a GET can be sent again without harm.
            if not kept or method != "GET":
                raise
            self._connection.close()
            return self._exchange(method, target, body, headers)

    def _connect(self) -> None:
        try:
            self._connection.connect()
        except ssl.SSLError as error:
            raise self.service.unreachable(f"TLS failed, {error.reason or error}") from None
        except OSError as error:
            raise self.service.unreachable(error.strerror or error) from None

    def _data(self, response: http.client.HTTPResponse, content: bytes) -> Any:
        status = response.status
        try:
            document = json.loads(content)
            error = {} if status < 300 else document["error"]
            if status < 300:
                return document["data"]
            code, message, details = str(error["code"]), str(error["message"]), error.get("details") or {}
        except (ValueError, TypeError, LookupError, AttributeError):
            raise CommandError(Exit.FAILED, self._foreign(response)) from None
        if status == 401 and (hint := self._sign_in()):
            message = f"{message.rstrip('.')}: {hint}"
        raise CommandError(_EXITS.get(status, Exit.FAILED), message, code=code, details=details)

    def _foreign(self, response: http.client.HTTPResponse) -> str:
        elsewhere = response.headers.get("Location")
        redirected = f" with a redirect to {elsewhere!r}: give the service's own address" if elsewhere else ""
        return f"{self.service.url} does not answer as lci does (HTTP {response.status}){redirected}"


def segment(name: object) -> str:
    """Return one segment of a path, whatever `name` holds."""
    return quote(str(name), safe="")


def _date(text: str | None) -> dt.datetime | None:
    try:
        return None if text is None else parsedate_to_datetime(text)
    except ValueError:
        return None
