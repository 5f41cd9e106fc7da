"""Whoever asks: signing in and out, one's own password and sessions."""

from __future__ import annotations

from lci_app.api import cookies, problem
from lci_app.api.route import Call, Reply, whole_number
from lci_app.api.wire.accounts import Done, MeDocument, PasswordBody, SessionList, SetUpBody, SignInBody
from lci_app.core.accounts import Caller, Session
from lci_app.core.credentials import csrf_token
from lci_app.interfaces import Clock, Store
from lci_app.services.people import People, Unfit
from lci_app.services.sign_in import SignedIn, SignIn, SignInRefused, TooManyAttempts


class MePages:
    def __init__(self, store: Store, clock: Clock, sign_in: SignIn, people: People) -> None:
        self._store = store
        self._clock = clock
        self._sign_in = sign_in
        self._people = people

    async def sign_in(self, call: Call) -> Reply:
        body = call.body_as(SignInBody)
        return _welcome(call, await self._sign_in.by_password(body.name, body.password, call.visit.browser))

    async def set_up(self, call: Call) -> Reply:
        if not call.visit.local:
            raise problem.not_local()
        body = call.body_as(SetUpBody)
        user = await self._people.add_first(body.token, body.name, body.password)
        if user is None:
            raise problem.set_up_closed()
        if isinstance(user, Unfit):
            raise problem.invalid(user.field, user.reason)
        return _welcome(call, await self._sign_in.begin(user, call.visit.browser, "set_up"), status=201)

    async def sign_out(self, call: Call) -> Reply:
        await self._store.end_session(_session(call).id)
        return Reply(Done(), cookies=[cookies.no_session_cookie(secure=call.visit.secure)])

    async def show_me(self, call: Call) -> Reply:
        caller = call.caller
        if caller.session is not None:
            return Reply(MeDocument.of(caller, caller.session.user, csrf_token(call.visit.browser.secret)))
        user = None if caller.user_id is None else await self._store.user(caller.user_id)
        return Reply(MeDocument.of(caller, user, None))

    async def change_password(self, call: Call) -> Reply:
        body = call.body_as(PasswordBody)
        changed = await self._sign_in.change_password(
            _session(call), body.current_password, body.new_password, call.visit.browser
        )
        if isinstance(changed, Unfit):
            raise problem.invalid(f"new_{changed.field}", changed.reason)
        if isinstance(changed, SignInRefused):
            raise problem.invalid("current_password", "is wrong")
        return _welcome(call, changed)

    async def list_sessions(self, call: Call) -> Reply:
        session = _session(call)
        return Reply(SessionList.of(await self._store.sessions(session.user.id, self._clock.now()), session.id))

    async def end_session(self, call: Call) -> Reply:
        own = await self._store.sessions(_session(call).user.id, self._clock.now())
        number = whole_number(call.path["session_id"])
        if number not in {each.id for each in own}:
            raise problem.no_such_session(call.path["session_id"])
        await self._store.end_session(number)
        return Reply(Done())


def _session(call: Call) -> Session:
    if call.caller.session is None:
        raise problem.personal(call.caller.name)
    return call.caller.session


def _welcome(call: Call, outcome: SignedIn | SignInRefused | TooManyAttempts, *, status: int = 200) -> Reply:
    match outcome:
        case SignInRefused():
            raise problem.sign_in_refused()
        case TooManyAttempts(seconds):
            raise problem.too_many_attempts(seconds)
        case SignedIn(session, secret):
            caller = Caller(session.user.role.scope, session=session)
            document = MeDocument.of(caller, session.user, csrf_token(secret))
            return Reply(document, status, cookies=[cookies.session_cookie(secret, secure=call.visit.secure)])
