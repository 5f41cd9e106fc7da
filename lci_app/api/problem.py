"""Each refusal the API gives: one constructor each, so that status, code and wording exist once.

A Problem is raised wherever a request turns out not to be served and ends in `dispatch`, as the failure envelope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lci_app.core.readiness import Reason


class Problem(Exception):
    """`message` is a sentence that a person can act on; `details` is for programs."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.headers = headers or {}


def invalid(name: str, reason: str) -> Problem:
    """`name` is the field's, in dots where it lies deeper; empty for the body as a whole."""
    sentence = f"{name} {reason}." if name else f"The request {reason}."
    return Problem(400, "VALIDATION_ERROR", sentence, {"field": name, "reason": reason})


def unauthenticated(details: Mapping[str, Any] | None = None) -> Problem:
    message = "Sign in, or give a valid API token as `Authorization: Bearer lci_…`; `lci token create` makes one."
    return Problem(401, "UNAUTHENTICATED", message, details, {"WWW-Authenticate": 'Bearer realm="lci"'})


def token_damaged() -> Problem:
    message = "That is no whole token: it was cut short or mistyped. `lci token create` makes one."
    return Problem(401, "UNAUTHENTICATED", message, headers={"WWW-Authenticate": 'Bearer realm="lci"'})


def sign_in_refused() -> Problem:
    message = "Name or password is wrong."
    return Problem(401, "UNAUTHENTICATED", message, headers={"WWW-Authenticate": 'Bearer realm="lci"'})


def set_up_closed() -> Problem:
    message = "The set-up link is not the newest, is older than an hour, or was used; `lci setup-link` makes another."
    return Problem(401, "UNAUTHENTICATED", message, headers={"WWW-Authenticate": 'Bearer realm="lci"'})


def github_not_set_up() -> Problem:
    return Problem(401, "UNAUTHENTICATED", "Signing in by GitHub is not set up here.")


def github_refused(why: str) -> Problem:
    return Problem(401, "UNAUTHENTICATED", f"{why[:1].upper()}{why[1:].rstrip('.')}.")


def github_not_allowed(login: str) -> Problem:
    return Problem(401, "UNAUTHENTICATED", f"The GitHub account {login} may not sign in here; ask an administrator.")


def not_local() -> Problem:
    message = (
        "The set-up link works on the server itself, also through `ssh -L 3000:127.0.0.1:3000 SERVER`; or run "
        "`lci user add NAME --role admin` there."
    )
    return Problem(403, "FORBIDDEN", message)


def scope_missing(needed: str, held: str) -> Problem:
    message = f"This needs the scope {needed}, and you are here with {held}."
    return Problem(403, "FORBIDDEN", message, {"needed": needed, "scope": held})


def personal(name: str) -> Problem:
    return Problem(403, "FORBIDDEN", f"This is for people who are signed in, and you are here as {name}.")


def csrf_missing() -> Problem:
    message = "X-CSRF-Token is missing or wrong: read it from `GET /api/me` and send it with every change."
    return Problem(403, "FORBIDDEN", message, {"header": "X-CSRF-Token"})


def beyond_projects() -> Problem:
    return Problem(403, "FORBIDDEN", "Your token is limited to certain projects, and this is about all of lci.")


def beyond_project(field: str, reason: str) -> Problem:
    message = f"{field} {reason}: your token is limited to certain projects."
    return Problem(403, "FORBIDDEN", message, {"field": field, "reason": reason})


def shared_secret(name: str) -> Problem:
    message = f"Without its own {name} the project would get the one of every project, and your token is limited."
    return Problem(403, "FORBIDDEN", message, {"name": name})


def foreign_host(host: str) -> Problem:
    message = f"lci does not know itself as {host or 'nothing'}: start it with --dashboard-url, the address people use."
    return Problem(403, "FORBIDDEN", message, {"host": host})


def foreign_origin(origin: str) -> Problem:
    return Problem(403, "FORBIDDEN", "Another web page must not do this for you.", {"origin": origin})


def foreign_address(address: str) -> Problem:
    return Problem(403, "FORBIDDEN", f"Webhooks do not come from {address or 'there'} (--webhook-addresses).")


def signature_invalid() -> Problem:
    message = "X-Hub-Signature-256 is missing or wrong: GitHub's webhook must hold the secret that lci holds."
    return Problem(403, "SIGNATURE_INVALID", message)


def no_such_path(path: str) -> Problem:
    return Problem(404, "NOT_FOUND", f"There is nothing at {path}; /docs lists what there is.")


def no_such_project(named: str) -> Problem:
    return Problem(404, "PROJECT_NOT_FOUND", f"There is no project {named}.", {"project": named})


def no_project_of_repository(message: str) -> Problem:
    return Problem(404, "PROJECT_NOT_FOUND", message)


def no_such_build(named: str | int) -> Problem:
    return Problem(404, "BUILD_NOT_FOUND", f"There is no build {named}.", {"build": str(named)})


def no_such_secret(name: str) -> Problem:
    return Problem(404, "SECRET_NOT_FOUND", f"There is no secret {name} there.", {"secret": name})


def no_such_registry(host: str) -> Problem:
    return Problem(404, "REGISTRY_NOT_FOUND", f"There is no login to {host} stored.", {"registry": host})


def no_such_delivery(named: str | int) -> Problem:
    return Problem(404, "DELIVERY_NOT_FOUND", f"There is no delivery {named}.", {"delivery": str(named)})


def no_such_session(named: str) -> Problem:
    return Problem(404, "SESSION_NOT_FOUND", f"You have no session {named}.", {"session": named})


def no_such_user(named: str) -> Problem:
    return Problem(404, "USER_NOT_FOUND", f"There is nobody with the id {named}.", {"user": named})


def no_such_token(named: str) -> Problem:
    return Problem(404, "TOKEN_NOT_FOUND", f"There is no token {named}.", {"token": named})


def no_such_artifact(path: str) -> Problem:
    return Problem(404, "ARTIFACT_NOT_FOUND", f"The build kept no file {path}.", {"path": path})


def wrong_method(method: str, path: str, allowed: str) -> Problem:
    message = f"{path} does not take {method}, but {allowed}."
    return Problem(405, "METHOD_NOT_ALLOWED", message, {"allowed": allowed}, {"Allow": allowed})


def body_too_slow() -> Problem:
    return Problem(408, "REQUEST_TIMEOUT", "The body of the request did not arrive in time.")


def conflict(code: str, message: str, **details: Any) -> Problem:
    return Problem(409, code, message, details)


def revision_changed(revision: int) -> Problem:
    message = "The project has changed since you read it; read it again and repeat your change."
    return Problem(412, "PRECONDITION_FAILED", message, {"revision": revision})


def too_large() -> Problem:
    return Problem(413, "PAYLOAD_TOO_LARGE", "The body of the request is larger than this address takes.")


def wrong_content_type(given: str) -> Problem:
    message = f"Send JSON, with Content-Type: application/json, not {given or 'nothing'}."
    return Problem(415, "UNSUPPORTED_MEDIA_TYPE", message)


def websocket_wanted() -> Problem:
    message = "This address speaks WebSocket only."
    return Problem(426, "UPGRADE_REQUIRED", message, headers={"Upgrade": "websocket", "Connection": "Upgrade"})


def rate_limited(seconds: int) -> Problem:
    message = f"Too many requests with bad credentials came from your address; wait {seconds} seconds."
    return Problem(429, "RATE_LIMITED", message, {"seconds": seconds}, {"Retry-After": str(seconds)})


def too_many_attempts(seconds: int) -> Problem:
    wait = "a second" if seconds == 1 else f"{seconds} seconds"
    message = f"Too many attempts to sign in; try again in {wait}."
    return Problem(429, "RATE_LIMITED", message, {"seconds": seconds}, {"Retry-After": str(seconds)})


def too_many_bodies(seconds: int) -> Problem:
    message = f"Too many large requests are under way; try again in {seconds} seconds."
    return Problem(429, "RATE_LIMITED", message, {"seconds": seconds}, {"Retry-After": str(seconds)})


def internal(request_id: str) -> Problem:
    message = "lci has failed; its log has the reason under this request id."
    return Problem(500, "INTERNAL_ERROR", message, {"request_id": request_id})


def unavailable(code: str, message: str) -> Problem:
    """`message` may be what the outside said: it is made a sentence."""
    sentence = message[:1].upper() + message[1:].rstrip(".") + "."
    return Problem(503, code, sentence, headers={"Retry-After": "5"})


def not_ready(reasons: Sequence[Reason]) -> Problem:
    """`reasons`: all that is known to be wrong, the worst first."""
    worst = reasons[0]
    told = [{"code": each.code, "message": each.message} for each in reasons]
    refused = unavailable(worst.code, worst.message)
    return Problem(503, refused.code, refused.message, {"reasons": told}, refused.headers)


def shutting_down() -> Problem:
    return unavailable("SHUTTING_DOWN", "lci is stopping; try again when it is back.")


# The codes that a table, a test or the OpenAPI document names.
CODES: Final = {
    400: ["VALIDATION_ERROR", "BAD_REQUEST"],
    401: ["UNAUTHENTICATED"],
    403: ["FORBIDDEN", "SIGNATURE_INVALID"],
    404: [
        "NOT_FOUND",
        "PROJECT_NOT_FOUND",
        "BUILD_NOT_FOUND",
        "DELIVERY_NOT_FOUND",
        "ARTIFACT_NOT_FOUND",
        "SESSION_NOT_FOUND",
        "USER_NOT_FOUND",
        "TOKEN_NOT_FOUND",
        "SECRET_NOT_FOUND",
        "REGISTRY_NOT_FOUND",
    ],
    405: ["METHOD_NOT_ALLOWED"],
    408: ["REQUEST_TIMEOUT"],
    409: [
        "PROJECT_EXISTS",
        "DOMAIN_TAKEN",
        "SLOT_EMPTY",
        "BUILD_FINISHED",
        "NOTHING_RETAINED",
        "CONFLICT",
        "USER_EXISTS",
        "LAST_ADMINISTRATOR",
    ],
    412: ["PRECONDITION_FAILED"],
    413: ["PAYLOAD_TOO_LARGE"],
    415: ["UNSUPPORTED_MEDIA_TYPE"],
    426: ["UPGRADE_REQUIRED"],
    429: ["RATE_LIMITED"],
    500: ["INTERNAL_ERROR"],
    503: [
        "DOCKER_UNAVAILABLE",
        "DATABASE_UNAVAILABLE",
        "DATABASE_FULL",
        "DATABASE_IO",
        "DISK_FULL",
        "DISK_READ_ONLY",
        "DISK_IO",
        "SHUTTING_DOWN",
    ],
}
