"""Signing in by GitHub: there, and back again."""

from __future__ import annotations

from typing import Final

from lci_app.api import cookies, problem
from lci_app.api.needs import Addresses
from lci_app.api.problem import Problem
from lci_app.api.route import HTML, Call, Content, Reply
from lci_app.api.wire.accounts import GitHubCallbackQuery, GitHubSignInDocument, GitHubSignInUpdate
from lci_app.interfaces import OutsideError
from lci_app.services.github_accounts import Arrival, GitHubAccounts, GitHubRules, NotAllowed, WrongState
from lci_app.services.sign_in import SignInRefused

_CALLBACK: Final = "/api/sign-in/github/callback"


class GitHubPages:
    def __init__(self, accounts: GitHubAccounts, addresses: Addresses) -> None:
        self._accounts = accounts
        self._callback_url = addresses.dashboard_url + _CALLBACK

    async def go_to_github(self, call: Call) -> Content:
        departure = await self._accounts.depart(self._callback_url)
        if departure is None:
            return _refused(call, "not_set_up", problem.github_not_set_up())
        cookie = cookies.sign_in_cookie(departure.nonce, secure=call.visit.secure)
        return _redirect(departure.url, cookie)

    async def come_from_github(self, call: Call) -> Content:
        query = call.query_as(GitHubCallbackQuery)
        if not query.code:
            return _refused(call, "refused", problem.github_refused("GitHub was not asked, or said no"))
        secure = call.visit.secure
        nonce = cookies.value_of(call.cookies, cookies.SIGN_IN, secure=secure)
        arrival = Arrival(query.code, query.state, nonce, self._callback_url)
        try:
            arrived = await self._accounts.arrive(arrival, call.visit.browser)
        except OutsideError as error:
            return _refused(call, "refused", problem.github_refused(str(error)))
        match arrived:
            case NotAllowed(login):
                return _refused(call, "not_allowed", problem.github_not_allowed(login))
            case WrongState() | SignInRefused():
                message = "This sign-in did not begin in this browser, or too long ago"
                return _refused(call, "refused", problem.github_refused(message))
        session = cookies.session_cookie(arrived.secret, secure=secure)
        return _redirect("/", session, cookies.no_sign_in_cookie(secure=secure))

    async def show_github_sign_in(self, _: Call) -> Reply:
        return Reply(await self._document())

    async def change_github_sign_in(self, call: Call) -> Reply:
        body = call.body_as(GitHubSignInUpdate)
        rules = GitHubRules(body.client_id, tuple(body.accounts), tuple(body.organizations), body.role)
        await self._accounts.set_rules(rules, body.client_secret)
        return Reply(await self._document())

    async def _document(self) -> GitHubSignInDocument:
        rules = await self._accounts.rules()
        return GitHubSignInDocument(
            client_id=rules.client_id,
            client_secret_set=await self._accounts.has_client_secret(),
            accounts=list(rules.accounts),
            organizations=list(rules.organizations),
            role=rules.role,
            callback_url=self._callback_url,
        )


def _redirect(url: str, *set_cookies: str) -> Content:
    return Content(b"", HTML, 302, {"Location": url}, set_cookies)


def _refused(call: Call, why: str, refusal: Problem) -> Content:
    """Send a browser back to the page where one signs in, which knows these few words; answer a program as ever."""
    if "text/html" not in call.headers.get("Accept", ""):
        raise refusal
    return _redirect(f"/sign-in?problem={why}", cookies.no_sign_in_cookie(secure=call.visit.secure))
