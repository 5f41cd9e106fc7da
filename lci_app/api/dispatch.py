"""What every request goes through: policy, validation, its handler, and the way its answer is put."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

import trio
from quart import has_websocket_context, request, websocket
from quart.wrappers import Request, Websocket
from quart_trio.wrappers import TrioRequest, TrioResponse
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge, RequestTimeout
from werkzeug.routing import WebsocketMismatch

from lci_app.api import idempotency, problem
from lci_app.api.audit_trail import AuditTrail
from lci_app.api.large_bodies import LargeBodies
from lci_app.api.policy import Guard
from lci_app.api.problem import Problem
from lci_app.api.project_limits import ProjectLimits
from lci_app.api.response_headers import SECURITY_HEADERS, TRANSPORT_SECURITY
from lci_app.api.route import JSON, NOBODY, Call, Content, Exempt, Handler, Nothing, Reply, Route, Visit
from lci_app.api.streamed import Streamed
from lci_app.api.validation import body_of, query_of
from lci_app.api.viewer import Viewer, while_valid
from lci_app.api.visitors import Visitors
from lci_app.api.wire.base import failure, success
from lci_app.core.accounts import Caller
from lci_app.core.model import Scope
from lci_app.interfaces import Refusal, Trouble

logger = logging.getLogger(__name__)

REQUEST_ID: Final = "X-Request-Id"
_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
WEBHOOK_PATH: Final = "/webhook/github"
# GitHub's own limit for a delivery; everything else is small.
MAX_WEBHOOK_BYTES: Final = 25 * 1024 * 1024
MAX_BODY_BYTES: Final = 1024 * 1024
# How long a change that is under way may still take once the service stops.
STOP_GRACE_SECONDS: Final = 2.0


# The page for people at an address that is none, by method, path and headers; None where nobody looks for one.
LostPage = Callable[[str, str, Headers], Content | None]


class SizedRequest(TrioRequest):
    """A request whose body may be as long as its address needs, and no longer."""

    def __init__(self, method: str, scheme: str, path: str, *args: object, **options: object) -> None:
        options["max_content_length"] = MAX_WEBHOOK_BYTES if path == WEBHOOK_PATH else MAX_BODY_BYTES
        super().__init__(method, scheme, path, *args, **options)  # type: ignore[arg-type]


class Dispatcher:
    def __init__(
        self,
        guard: Guard,
        audit: AuditTrail,
        projects: ProjectLimits,
        repeats: idempotency.Repeats,
        visitors: Visitors,
        stop: trio.Event,
    ) -> None:
        self._guard = guard
        self._audit = audit
        self._projects = projects
        self._repeats = repeats
        self._visitors = visitors
        self._stop = stop
        self._large_bodies = LargeBodies()

    async def serve(self, route: Route, handler: Handler, path: Mapping[str, str]) -> TrioResponse:
        return await self._finished(lambda request_id: self._serve(route, handler, path, request_id))

    async def refuse(self, error: HTTPException, lost_page: LostPage) -> TrioResponse:
        """Answer a request that has no route: whoever may not know what there is does not learn it here."""
        return await self._finished(lambda _: self._refuse(error, lost_page))

    async def admit_websocket(self, route: Route) -> Caller | TrioResponse:
        """Return whose connection a handshake asks for, or its refusal."""
        admitted: list[Caller] = []

        async def admit(_: str) -> Content:
            admitted.append(await self.admit(route, guarded=True))
            return Content(b"", JSON)

        response = await self._finished(admit)
        return admitted[0] if admitted else response

    async def admit(self, route: Route, *, guarded: bool) -> Caller:
        caller = await self._admit(route.access, guarded=guarded)
        if route.personal and caller.session is None:
            raise problem.personal(caller.name)
        return caller

    def viewer(self, caller: Caller) -> Viewer:
        """Return whoever is about to watch what the request at hand opens."""
        asker = self._visitors.asker(_current(), guarded=False)
        return Viewer(caller, lambda: self._guard.again(caller, asker))

    async def _admit(self, access: Scope | Exempt, *, guarded: bool) -> Caller:
        if self._stop.is_set():
            raise problem.shutting_down()
        asked = _current()
        return await self._guard.admit(access, self._visitors.asker(asked, guarded=guarded))

    async def _serve(self, route: Route, handler: Handler, path: Mapping[str, str], request_id: str) -> Content:
        caller = await self.admit(route, guarded=route.changes)
        await self._projects.check(route, path, caller)
        visit = self._visitors.visit(request, request_id)
        if route.access is Exempt.SIGN_IN:
            return await self._identify(route, handler, path, visit)
        if route.access is Exempt.SIGNATURE:
            return await self._deliver(route, handler, path, visit)
        call = await self._call(route, path, caller, visit)
        if not route.changes:
            content = _content(await handler(call))
            if isinstance(content.body, bytes) or not isinstance(route.access, Scope):
                return content
            return replace(content, body=while_valid(content.body, self.viewer(caller)))
        key = self._repeats.key_of(request, call.raw, caller) if route.idempotent else None
        keyed = replace(call, key=key)
        return await self._carry_through(lambda: self._change(route, handler, keyed, key))

    async def _deliver(self, route: Route, handler: Handler, path: Mapping[str, str], visit: Visit) -> Content:
        """Take a delivery: its body may be large, so few of those are held at a time."""
        address = visit.browser.address
        async with self._large_bodies.room(request.content_length, address) as room:
            try:
                call = await room.read(lambda: self._call(route, path, NOBODY, visit))
            except Problem as refused:
                if refused.status == 408:
                    self._guard.note_failure(address)
                raise
            content = await self._carry_through(lambda: _settled(lambda: handler(call)))
        if content.status == 403:
            self._guard.note_failure(address)
        return content

    async def _identify(self, route: Route, handler: Handler, path: Mapping[str, str], visit: Visit) -> Content:
        """Serve somebody who is about to say who they are, and is told nothing else before."""
        try:
            call = await self._call(route, path, NOBODY, visit)
        except Problem:
            self._guard.note_failure(visit.browser.address)
            raise problem.sign_in_refused() from None
        content = await self._carry_through(lambda: _settled(lambda: handler(call)))
        if content.status == 401:
            self._guard.note_failure(visit.browser.address)
        return content

    async def _call(self, route: Route, path: Mapping[str, str], caller: Caller, visit: Visit) -> Call:
        raw = await _read_body(request) if route.takes_body or route.raw_body else b""
        parameters = request.args.to_dict(flat=False)
        return Call(
            path=path,
            parameters=parameters,
            query=Nothing() if route.raw_body or route.is_page else query_of(route.query, parameters),
            body=body_of(route.body, raw, request.headers.get("Content-Type", ""))
            if route.takes_body
            else route.body(),
            raw=raw,
            headers=request.headers,
            cookies=request.cookies,
            caller=caller,
            visit=visit,
        )

    async def _change(self, route: Route, handler: Handler, call: Call, key: idempotency.Key | None) -> Content:
        async def carry_out() -> Content:
            if not isinstance(route.access, Scope):
                return await _settled(lambda: handler(call))
            async with self._audit.entry(route, call) as entry:
                content = await _settled(lambda: handler(call))
                entry.status = content.status
            return content

        if key is None:
            return await carry_out()
        async with self._repeats.turn(key.text):
            first = await self._repeats.first_answer(key)
            if first is not None:
                return Content(first.body.encode(), JSON, first.status, first.headers)
            content = await carry_out()
            if _is_final(content) and isinstance(content.body, bytes):
                given = idempotency.Given(content.status, content.body.decode(), content.headers)
                await self._repeats.keep(key, given)
            return content

    async def _carry_through(self, work: Callable[[], Awaitable[Content]]) -> Content:
        """Bring a change to its end though its caller may have gone; for a while only, once the service stops."""
        content = _failed(problem.shutting_down())

        async def cut_after_stop() -> None:
            await self._stop.wait()
            scope.deadline = trio.current_time() + STOP_GRACE_SECONDS

        with trio.CancelScope(shield=True) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_after_stop)
                content = await _settled(work)
                nursery.cancel_scope.cancel()
        return content

    async def _refuse(self, error: HTTPException, lost_page: LostPage) -> Content:
        asked = _current()
        if isinstance(error, NotFound) and not has_websocket_context():
            page = lost_page(asked.method, asked.path, asked.headers)
            if page is not None:
                return page
        if not (isinstance(error, MethodNotAllowed) and asked.path in _OPEN_PATHS):
            await self._admit(Scope.READ, guarded=False)
        if has_websocket_context():
            raise problem.no_such_path(asked.path)
        if isinstance(error, MethodNotAllowed):
            allowed = ", ".join(sorted(error.valid_methods or ()))
            raise problem.wrong_method(asked.method, asked.path, allowed)
        if isinstance(error, WebsocketMismatch):
            raise problem.websocket_wanted()
        raise problem.no_such_path(asked.path)

    async def _finished(self, work: Callable[[str], Awaitable[Content]]) -> TrioResponse:
        asked = _current()
        request_id = request_id_of(asked.headers)
        try:
            content = await _settled(lambda: work(request_id))
        except Exception:
            logger.exception("request %s failed: %s %s", request_id, asked.method, asked.path)
            content = _failed(problem.internal(request_id))
        headers = {**TRANSPORT_SECURITY, **content.headers} if self._visitors.is_secure(asked) else content.headers
        return _response(replace(content, headers=headers), request_id, head=asked.method == "HEAD")


_OPEN_PATHS: Final = frozenset({"/", "/docs", "/healthz", "/readyz", WEBHOOK_PATH})


def request_id_of(headers: Headers) -> str:
    """Return the caller's id for this request where that is sane, else a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if _SANE_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _current() -> Request | Websocket:
    return websocket if has_websocket_context() else request


async def _read_body(asked: Request) -> bytes:
    try:
        return await asked.get_data(cache=False, as_text=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise problem.too_large() from None
    except RequestTimeout:
        raise problem.body_too_slow() from None


async def _settled(work: Callable[[], Awaitable[Reply | Content]]) -> Content:
    """Return the answer of `work`, a refusal too: only a bug still raises."""
    try:
        return _content(await work())
    except Problem as refused:
        return _failed(refused)
    except Trouble as trouble:
        return _failed(problem.unavailable(trouble.code, str(trouble)))
    except Refusal as refusal:
        return _failed(problem.conflict(refusal.code, str(refusal)))


def _is_final(content: Content) -> bool:
    """Whether the same request would be answered so again: trouble passes, and what was not valid may be mended."""
    return content.status < 500 and content.status != 400


def _content(answer: Reply | Content) -> Content:
    if isinstance(answer, Content):
        return answer
    return Content(success(answer.data), JSON, answer.status, answer.headers, answer.cookies)


def _failed(refused: Problem) -> Content:
    return Content(failure(refused), JSON, refused.status, refused.headers)


def _response(content: Content, request_id: str, *, head: bool) -> TrioResponse:
    body = content.body if isinstance(content.body, bytes) else b"" if head else Streamed(content.body)
    headers = Headers({"Cache-Control": "no-store", **SECURITY_HEADERS, **content.headers, REQUEST_ID: request_id})
    for cookie in content.cookies:
        headers.add("Set-Cookie", cookie)
    response = TrioResponse(body, content.status, headers, content_type=content.content_type)
    # A stream lasts as long as it lasts; that it moves is the connection's care.
    response.timeout = None
    return response
