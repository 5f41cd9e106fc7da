"""An examiner's HTTP: every answer is held against the conventions of the HTTP contract before a test sees it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.whole.service import WAIT_SECONDS, Service

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LIKE_A_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")
JSON = "application/json"
# Added to the contract: where one says who one is, and what is about the person who is signed in, which a token is not.
ABOUT_PERSONS = {"/api/sign-in", "/api/set-up", "/api/sign-in/github", "/api/sign-in/github/callback",
                 "/api/me/sign-out", "/api/me/password", "/api/me/sessions",
                 "/api/me/sessions/{session_id}"}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A response that keeps the conventions. `data` or `error` is set where it is JSON in the envelope."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    data: Any = None
    error: Any = None

    @property
    def refusal(self) -> tuple[int, str | None]:
        return self.status, self.error["code"] if self.error else None

    @property
    def field(self) -> Any:
        """The field that a VALIDATION_ERROR names."""
        assert self.refusal == (400, "VALIDATION_ERROR"), (self.status, self.body)
        assert isinstance(self.error["details"]["reason"], str)
        return self.error["details"]["field"]


class Examiner:
    """Asks one running service, with the token of an administrator unless told otherwise."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._tokens = {"admin": service.token}

    def token(self, scope: str) -> str:
        if scope not in self._tokens:
            made = self.service.cli("token", "create", "--name", f"examiner-{scope}", "--scope", scope)
            self._tokens[scope] = made.stdout.strip()
        return self._tokens[scope]

    def __call__(
        self, method: str, path: str, body: Any = None, *, scope: str | None = "admin", **arguments: Any
    ) -> Answer:
        headers = dict(arguments.pop("headers", {}))
        if scope is not None:
            headers.setdefault("Authorization", f"Bearer {self.token(scope)}")
        if body is not None:
            arguments["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", JSON)
        response = requests.request(
            method, self.service.url + path, headers=headers, timeout=WAIT_SECONDS, allow_redirects=False, **arguments
        )
        answer = answer_of(response.status_code, response.headers, response.content)
        assert method == "HEAD" or answer.status < 400 or answer.error is not None, response.text
        return answer


def answer_of(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Check what every answer must be: the request id, the envelope, the form of what is in it."""
    assert headers.get("X-Request-Id"), headers
    assert status != 500, body
    if not headers.get("Content-Type", "").startswith(JSON) or not body:
        return Answer(status, headers, body)
    document = json.loads(body)
    if "openapi" in document:
        return Answer(status, headers, body, data=document)
    assert document["success"] is (status < 400)
    if status < 400:
        assert set(document) == {"success", "data"}
        check_timestamps(document["data"])
        return Answer(status, headers, body, data=document["data"])
    assert set(document) == {"success", "error"}
    error = document["error"]
    assert set(error) == {"code", "message", "details"}
    assert CODE.fullmatch(error["code"])
    assert len(error["message"].split()) > 2
    assert error["message"][-1] in ".?!"
    assert isinstance(error["details"], dict)
    if error["code"] == "VALIDATION_ERROR":
        assert set(error["details"]) == {"field", "reason"}
    return Answer(status, headers, body, error=error)


def check_timestamps(document: Any, name: str = "") -> None:
    for key, value in _leaves(document, name):
        if key == "at" or key.endswith("_at") or key == "timestamp":
            assert value is None or TIMESTAMP.fullmatch(value), (key, value)
        if isinstance(value, str) and LIKE_A_TIMESTAMP.match(value):
            assert TIMESTAMP.match(value), (key, value)
        if key.endswith(("_seconds", "_timeout", "_interval", "uptime", "duration")):
            assert value is None or (isinstance(value, int | float) and not isinstance(value, bool)), (key, value)
        if key == "id" or key.endswith("_id"):
            assert not isinstance(value, float), (key, value)


def _leaves(document: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _leaves(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from _leaves(value, name)
    else:
        yield name, document


def raw(service: Service, request: bytes) -> Answer:
    """Send these very bytes on a connection of their own, and return the first answer."""
    place = urlsplit(service.url)
    with closing(socket.create_connection((place.hostname or "", place.port or 0), timeout=WAIT_SECONDS)) as connection:
        connection.sendall(request)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = requests.structures.CaseInsensitiveDict[str]()
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.decode()] = value.strip().decode("latin-1")
        body = stream.read(int(headers["Content-Length"])) if "Content-Length" in headers else b""
    return answer_of(status, headers, body)
