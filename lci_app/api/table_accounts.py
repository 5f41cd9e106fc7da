"""The routes about who may use lci; part of the one table."""

from __future__ import annotations

from typing import Final

from lci_app.api.route import HTML, Exempt, Route
from lci_app.api.wire import accounts
from lci_app.core.model import Scope

_READ, _ADMIN = Scope.READ, Scope.ADMIN

_ME: Final = (
    Route(
        "POST",
        "/api/sign-in",
        "sign_in",
        Exempt.SIGN_IN,
        "Sign in with name and password: sets the session's cookie",
        body=accounts.SignInBody,
        answer=accounts.MeDocument,
    ),
    Route(
        "POST",
        "/api/set-up",
        "set_up",
        Exempt.SIGN_IN,
        "Make the first administrator by the set-up link, on this machine only, and sign in",
        body=accounts.SetUpBody,
        answer=accounts.MeDocument,
        status=201,
    ),
    Route(
        "GET",
        "/api/me",
        "show_me",
        _READ,
        "Whose session or token it is; without one, the 401 tells in `details.sign_in` how to get one",
        answer=accounts.MeDocument,
    ),
    Route(
        "POST",
        "/api/me/sign-out",
        "sign_out",
        _READ,
        "End this session",
        answer=accounts.Done,
        personal=True,
    ),
    Route(
        "POST",
        "/api/me/password",
        "change_password",
        _READ,
        "Change one's own password; every session ends, and this browser gets a new one",
        body=accounts.PasswordBody,
        answer=accounts.MeDocument,
        personal=True,
    ),
    Route(
        "GET",
        "/api/me/sessions",
        "list_sessions",
        _READ,
        "The browsers in which one is signed in",
        answer=accounts.SessionList,
        personal=True,
    ),
    Route(
        "DELETE",
        "/api/me/sessions/{session_id}",
        "end_session",
        _READ,
        "Sign one of them out",
        answer=accounts.Done,
        personal=True,
    ),
)

_USERS: Final = (
    Route(
        "GET",
        "/api/users",
        "list_users",
        _READ,
        "The people who may use lci, by name",
        query=accounts.UsersQuery,
        answer=accounts.UserList,
    ),
    Route(
        "POST",
        "/api/users",
        "create_user",
        _ADMIN,
        "Register somebody",
        body=accounts.UserCreate,
        answer=accounts.UserDocument,
        status=201,
    ),
    Route(
        "PATCH",
        "/api/users/{user_id}",
        "update_user",
        _ADMIN,
        "Change what somebody may do, or the password",
        body=accounts.UserUpdate,
        answer=accounts.UserDocument,
    ),
    Route(
        "DELETE",
        "/api/users/{user_id}",
        "delete_user",
        _ADMIN,
        "Remove somebody, with all sessions and tokens; never the last administrator",
        answer=accounts.UserDocument,
    ),
)

_TOKENS: Final = (
    Route(
        "GET",
        "/api/tokens",
        "list_tokens",
        _READ,
        "API tokens, newest first: all of them for administrators, one's own for others",
        query=accounts.TokensQuery,
        answer=accounts.TokenList,
    ),
    Route(
        "POST",
        "/api/tokens",
        "create_token",
        _ADMIN,
        "Make a token of the person who asks; its text is in this answer and nowhere else",
        body=accounts.TokenCreate,
        answer=accounts.CreatedToken,
        status=201,
    ),
    Route(
        "DELETE",
        "/api/tokens/{token_id}",
        "delete_token",
        _ADMIN,
        "Remove a token, which is refused from the next request on",
        answer=accounts.TokenDocument,
    ),
    Route(
        "GET",
        "/api/audit",
        "list_audit",
        _READ,
        "Who asked for which change, newest first: all of it for administrators, one's own for others",
        query=accounts.AuditQuery,
        answer=accounts.AuditList,
    ),
)

_GITHUB: Final = (
    Route(
        "GET",
        "/api/sign-in/github",
        "go_to_github",
        Exempt.SIGN_IN,
        "Sign in by GitHub: leads there",
        status=302,
        content=(HTML,),
    ),
    Route(
        "GET",
        "/api/sign-in/github/callback",
        "come_from_github",
        Exempt.SIGN_IN,
        "Where GitHub leads back to: sets the session's cookie",
        query=accounts.GitHubCallbackQuery,
        status=302,
        content=(HTML,),
    ),
    Route(
        "GET",
        "/api/settings/github-sign-in",
        "show_github_sign_in",
        _READ,
        "Who may sign in by GitHub",
        answer=accounts.GitHubSignInDocument,
    ),
    Route(
        "PUT",
        "/api/settings/github-sign-in",
        "change_github_sign_in",
        _ADMIN,
        "Set up signing in by GitHub, and say who may",
        body=accounts.GitHubSignInUpdate,
        answer=accounts.GitHubSignInDocument,
    ),
)

ACCOUNTS: Final = (*_ME, *_GITHUB, *_USERS, *_TOKENS)
