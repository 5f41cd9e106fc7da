"""`http-api.md`, "Authentication": walked over every call that `/openapi.json` knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.asking import ABOUT_PERSONS, Examiner, raw
from tests.whole.service import Service

EXEMPT = {"/healthz", "/readyz", "/webhook/github", "/", "/docs", "/static/{name}"}
# What the scope `deploy` may do beside reading.
DEPLOYING = {"approve", "builds", "cancel", "rebuild", "switch", "rollback", "restart", "stop", "start", "build"}
ENOUGH = {"read": {"read", "deploy", "admin"}, "deploy": {"deploy", "admin"}, "admin": {"admin"}}
Call = tuple[str, str]


@pytest.fixture(scope="module")
def calls(ask: Examiner) -> list[Call]:
    """Every call of the document, as method and path template."""
    paths = ask("GET", "/openapi.json").data["paths"]
    return [(method.upper(), path) for path, operations in paths.items() for method in operations]


def concrete(path: str) -> str:
    """Return an address of this form that names nothing."""
    return re.sub(r"{\w+}", "999999", path)


def needed(method: str, path: str) -> str:
    if method == "GET":
        return "admin" if "secret" in path else "read"
    return "deploy" if method == "POST" and path.rpartition("/")[2] in DEPLOYING else "admin"


def guarded(calls: list[Call]) -> Iterator[Call]:
    return ((method, path) for method, path in calls if path not in EXEMPT)


@pytest.mark.parametrize(
    "credentials",
    [None, "", "Bearer", "Bearer ", "Bearer lci_", "Bearer lci_" + "0" * 40, "Bearer nonsense", "Basic bGNpOmxjaQ==",
     "bearer", "Token lci_x", "Bearer lci_\xff", "Bearer lci_x lci_y"],
)  # fmt: skip
def test_everything_but_what_is_listed_asks_for_a_token(
    ask: Examiner, calls: list[Call], credentials: str | None
) -> None:
    """Authentication on everything but `/healthz`, `/readyz`, `/webhook/github` (HMAC instead) and the static web
    assets."""
    headers = {} if credentials is None else {"Authorization": credentials.encode("latin-1")}
    for method, path in guarded(calls):
        answer = ask(method, concrete(path), scope=None, headers=headers)
        assert answer.refusal == (401, "UNAUTHENTICATED"), (method, path)


def test_what_is_listed_asks_for_none(ask: Examiner) -> None:
    for path in ("/healthz", "/readyz", "/"):
        assert ask("GET", path, scope=None).status == 200
    answer = ask("POST", "/webhook/github", {}, scope=None)
    assert answer.refusal == (403, "SIGNATURE_INVALID")


def test_a_token_in_the_query_is_no_token(ask: Examiner) -> None:
    """`Authorization: Bearer lci_…` (API token)"""
    assert ask("GET", f"/api/projects?token={ask.service.token}", scope=None).status == 401


def test_the_scheme_is_written_in_any_case(ask: Examiner) -> None:
    headers = {"Authorization": f"bEARER {ask.service.token}"}
    assert ask("GET", "/api/projects", scope=None, headers=headers).status == 200


@pytest.mark.parametrize("scope", ["read", "deploy", "admin"])
def test_each_scope_does_what_it_may_and_no_more(ask: Examiner, calls: list[Call], scope: str) -> None:
    """Scope `read`: every GET but secrets; `deploy`: also builds, cancel, rebuild, switch, rollback, restart, stop,
    start; `admin`: all."""
    for method, path in guarded(calls):
        if path in ABOUT_PERSONS or (path == "/api/settings/webhook-secret/rotate" and scope == "admin"):
            continue
        answer = ask(method, concrete(path), scope=scope)
        if scope in ENOUGH[needed(method, path)]:
            assert answer.status not in {401, 403}, (method, path, answer.error)
        else:
            assert answer.refusal == (403, "FORBIDDEN"), (method, path)


def test_credentials_are_looked_at_before_anything_else(ask: Examiner, calls: list[Call]) -> None:
    """Authentication and scope are decided before validation."""
    for method, path in guarded(calls):
        at = f"{concrete(path)}?bogus=1&limit=x"
        body = None if method == "GET" else b"{not json"
        for kind in ("application/json", "text/plain"):
            assert ask(method, at, body, scope=None, headers={"Content-Type": kind}).status == 401, (method, path)
            if path not in ABOUT_PERSONS and "read" not in ENOUGH[needed(method, path)]:
                refused = ask(method, at, body, scope="read", headers={"Content-Type": kind})
                assert refused.status == 403, (method, path)


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/projects/", "/webhook", "/webhook/gitlab", "/admin",
                                  "/.env", "/healthz/", "/metrics/x", "/%00", "/api/%2e%2e/healthz"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "BREW"])
def test_whoever_may_not_know_what_there_is_does_not_learn_it(ask: Examiner, method: str, path: str) -> None:
    """Authentication and scope are decided before validation."""
    assert ask(method, path, scope=None).status == 401
    assert ask(method, path, scope="read").status == 404


def test_a_wrong_method_is_a_401_first(ask: Examiner) -> None:
    assert ask("DELETE", "/api/projects", scope=None).status == 401
    assert ask("DELETE", "/api/projects", scope="read").status == 405


def test_a_body_that_is_too_large_is_a_401_first(ask: Examiner) -> None:
    head = (
        b"POST /api/projects HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"
    )
    assert raw(ask.service, head).status == 401


@pytest.mark.parametrize("path", ["/ws", "/nothing"])
@pytest.mark.parametrize(("token", "status"), [(None, 401), ("lci_guessed", 401)])
def test_a_handshake_anywhere_asks_for_a_token(ask: Examiner, path: str, token: str | None, status: int) -> None:
    """One without valid credentials 401."""
    assert raw(ask.service, handshake(path, token)).status == status


def test_a_handshake_where_no_websocket_is_is_a_404(ask: Examiner) -> None:
    for path in ("/nothing", "/api/projects/", "/api/nothing"):
        assert raw(ask.service, handshake(path, ask.service.token)).status == 404


def handshake(path: str, token: str | None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]  # fmt: skip
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_foreign_page_changes_nothing_for_whoever_is_signed_in(ask: Examiner) -> None:
    """Authentication and scope are decided before validation."""
    answer = ask("POST", "/api/projects", {}, headers={"Origin": "https://evil.example"})
    assert answer.refusal == (403, "FORBIDDEN")


def test_a_few_hundred_refusals_in_a_minute_stay_401(own_service: Service) -> None:
    """Rate limits count failures from one address, generously enough that a few hundred ordinary refusals in a minute
    stay 401."""
    ask = Examiner(own_service)
    guess = {"Authorization": "Bearer lci_guessed"}
    for number in range(500):
        path = ("/api/projects", "/api/nothing", "/api/builds/1")[number % 3]
        assert ask("GET", path, scope=None, headers=guess).status == 401
    assert ask("GET", "/api/projects").status == 200
    limited = next(
        (a for _ in range(100) if (a := ask("GET", "/api/projects", scope=None, headers=guess)).status != 401), None
    )
    if limited is not None:
        assert limited.refusal == (429, "RATE_LIMITED")
        assert int(limited.headers["Retry-After"]) >= 1
    assert ask("GET", "/api/projects").status == 200


def test_a_new_token_is_valid_at_once_and_is_shown_nowhere(own_service: Service) -> None:
    """`Authorization: Bearer lci_…` (API token)"""
    done = own_service.cli("--json", "token", "create", "--name", "fresh", "--scope", "read", check=False)
    if done.returncode == 2:
        done = own_service.cli("token", "create", "--name", "fresh", "--scope", "read", "--json")
    token = re.search(r"lci_[\w-]+", done.stdout)
    assert token is not None
    ask = Examiner(own_service)
    assert ask("GET", "/api/projects", scope=None, headers={"Authorization": f"Bearer {token[0]}"}).status == 200
    for path in ("/api/settings", "/api/system", "/api/projects", "/metrics"):
        assert token[0].encode() not in ask("GET", path).body


def test_the_secrets_of_a_project_are_never_shown(ask: Examiner) -> None:
    """The webhook secret: the one secret that is shown again."""
    secrets: dict[str, Any] = {
        "webhook_secret": "webhooks-own-s3cret",
        "repo_token": "repository-s3cret",
        "deploy_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nkey-s3cret\n-----END OPENSSH PRIVATE KEY-----\n",
    }
    made = ask("POST", "/api/projects", {"name": "discreet", "repo": "a/b", **secrets})
    assert made.status == 201
    shown = [made, ask("GET", "/api/projects"), ask("GET", "/api/projects/discreet"),
             ask("PUT", "/api/projects/discreet", {"branch": "dev"})]  # fmt: skip
    assert all(b"s3cret" not in answer.body for answer in shown)
    assert "s3cret" not in "".join(ask.service.stderr)
    assert json.loads(shown[2].body)["data"]["webhook_secret_set"] is True
