"""Asks the whole API what its own document allows and what it does not, as everybody who may and may not.

`python -m tests.api.fuzzing [EXAMPLES]` is the long run (20,000). Found are: server errors, answers that the document
does not know, and answers that somebody was not to see.
"""

from __future__ import annotations

import hmac
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import requests
import schemathesis
import trio
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from schemathesis.specs.openapi.checks import status_code_conformance as documented_status

from lci_app.api.cookies import SESSION
from lci_app.api.openapi import openapi_document
from lci_app.api.policy import CSRF_HEADER
from lci_app.api.project_limits import FOR_LIMITED
from lci_app.api.route import Exempt, Nothing, Route
from lci_app.api.table import ROUTES
from lci_app.core.accounts import Role, User
from lci_app.core.credentials import csrf_token, digest_of
from lci_app.core.model import Scope
from lci_app.interfaces import NewSession, NewUser
from tests.api.rig import SECRET, Rig, open_rig, serving

THEIRS = "theirs-s3cret"
CHECKED = [not_a_server_error, documented_status, content_type_conformance, response_schema_conformance]
# Nobody, tokens, a token that is limited to a project, and people who are signed in.
WHO: tuple[Scope | Role | str | None, ...] = (None, *Scope, "limited", *Role)
# What there is, rather than what there is not.
PROJECTS = st.sampled_from([None, "mine", THEIRS, "1", "2"])
_TIMEOUT = 60.0


@dataclass
class Fuzzed:
    """A served rig in a thread of its own, and what was asked of it."""

    rig: Rig
    token: trio.lowlevel.TrioToken
    statuses: Counter[int] = field(default_factory=Counter)
    http: requests.Session = field(default_factory=requests.Session)
    limited: str = ""

    def __post_init__(self) -> None:
        # Whoever asks says so each time: no cookie of another's is kept.
        self.http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rig.port}"

    def prepare(self) -> None:
        """See to it that what is asked for is there again, and that every credential holds."""
        trio.from_thread.run(self._prepare, trio_token=self.token)

    async def _prepare(self) -> None:
        store = self.rig.store
        for name in ("mine", THEIRS):
            if await store.project_by_name(name) is None:
                await self.rig.a_build(await self.rig.a_project(name))
        mine = await store.project_by_name("mine")
        assert mine is not None
        for scope in Scope:
            self.rig.tokens[scope] = (await self.rig.a_token(scope=scope))[1].removeprefix("Bearer ")
        self.limited = (await self.rig.a_token(scope=Scope.ADMIN, projects=[mine.id]))[1]

    def headers(self, who: Scope | Role | str | None) -> dict[str, str]:
        if who is None:
            return {}
        if isinstance(who, Role):
            secret: str = trio.from_thread.run(self._session, who, trio_token=self.token)
            return {"Cookie": f"{SESSION}={secret}", CSRF_HEADER: csrf_token(secret)}
        return {"Authorization": self.limited if who == "limited" else f"Bearer {self.rig.tokens[Scope(who)]}"}

    async def _session(self, role: Role) -> str:
        """Sign in whoever has the role, who is registered anew where an earlier call has removed them."""
        store, now, secret = self.rig.store, self.rig.clock.now(), token_urlsafe(32)
        user = await store.user_named(f"the-{role}")
        if user is None:
            added = await store.add_user(NewUser(name=f"the-{role}", role=role), now)
            assert isinstance(added, User)
            user = added
        await store.set_role(user.id, role)
        new = NewSession(secret_sha256=digest_of(secret), address="127.0.0.1", user_agent="")
        assert await store.begin_session(user.id, new, replaces_sha256="", at=now) is not None
        return secret


class Signed(AuthBase):
    """Signs a body as GitHub does."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else body
        request.headers["X-Hub-Signature-256"] = "sha256=" + hmac.digest(SECRET.encode(), data, "sha256").hex()
        return request


@contextmanager
def fuzzed() -> Iterator[Fuzzed]:
    started: list[Fuzzed] = []
    ready, failures = threading.Event(), []

    async def serve() -> None:
        with tempfile.TemporaryDirectory() as directory:
            async with open_rig(Path(directory)) as rig, serving(rig):
                started.append(Fuzzed(rig, trio.lowlevel.current_trio_token()))
                ready.set()
                await rig.stop.wait()

    def run() -> None:
        try:
            trio.run(serve)
        except BaseException as error:  # noqa: BLE001 - told by whoever waits
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        if not started:
            raise failures[0]
        yield started[0]
    finally:
        if started:
            started[0].http.close()
            trio.from_thread.run_sync(started[0].rig.stop.set, trio_token=started[0].token)
        thread.join()


def fuzz(examples: int, start: int = 0) -> Counter[int]:
    """Ask so many times, spread over all calls; returns the statuses that came. Raises what schemathesis finds."""
    document = openapi_document(ROUTES)
    # Who asks is chosen here.
    for operation in [document, *(each for path in document["paths"].values() for each in path.values())]:
        operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(document)
    described = [route for route in ROUTES if not route.is_page]
    each = -(-examples // (2 * len(described)))
    with fuzzed() as service:
        for route in described:
            service.prepare()
            operation = schema[route.path][route.method]
            # Where nothing is given, nothing can be given wrongly.
            wrong = route.query is not Nothing or route.body is not Nothing
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE if wrong else GenerationMode.POSITIVE):
                _ask(service, route, operation.as_strategy(generation_mode=mode), each, start)
        return service.statuses


def _ask(service: Fuzzed, route: Route, strategy: Any, examples: int, start: int) -> None:
    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    # The last keeps a call that takes nothing from running out of different ways to make it.
    @given(strategy, st.sampled_from(WHO), PROJECTS, st.none() | st.integers(1, 4), st.integers())
    def ask(case: Any, who: Scope | Role | str | None, project: str | None, build: int | None, number: int) -> None:
        for name, known in (("project", project), ("build_id", build)):
            if known is not None and name in (case.path_parameters or {}):
                case.path_parameters[name] = known
        response = case.call(
            base_url=service.url,
            session=service.http,
            headers={**service.headers(who), "X-Hub-Signature-256": "sha256=0"},
            auth=Signed() if route.access is Exempt.SIGNATURE and number % 4 else None,
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        service.statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKED)
        _check_rights(route, who, response)
        if route.operation in {"delete_token", "delete_project"}:
            service.prepare()

    ask()


def _check_rights(route: Route, who: Scope | Role | str | None, response: Any) -> None:
    if isinstance(route.access, Exempt):
        return
    told = (route.operation, who, response.status_code, response.content)
    if who is None:
        assert response.status_code == 401, told
        return
    held = who.scope if isinstance(who, Role) else Scope.ADMIN if who == "limited" else Scope(who)
    if (route.personal and not isinstance(who, Role)) or not held.allows(route.access):
        assert response.status_code == 403, told
    elif who == "limited":
        names_one = "{project}" in route.path or "{build_id}" in route.path
        assert names_one or route.operation in FOR_LIMITED or response.status_code == 403, told
        # A refusal may repeat the name that was asked for.
        assert THEIRS.encode() not in response.content or response.status_code >= 400, told


def main() -> None:
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    start = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"{examples} examples from seed {start}\n")
    statuses = fuzz(examples, start)
    sys.stdout.write(f"{statuses.total()} answers: {dict(sorted(statuses.items()))}\n")


if __name__ == "__main__":
    main()
