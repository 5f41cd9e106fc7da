"""People, their sessions, API tokens, and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from lci_app.api.wire.base import Answer, Body, GrowingPage, Page, Query
from lci_app.core.accounts import LONGEST_NAME, LONGEST_PASSWORD, Caller, Role, Session, Token, User
from lci_app.core.model import Scope, Timestamp
from lci_app.interfaces import AuditEntry

# What is longer is refused for its length, before anything is made of it.
_Secret = Annotated[str, Field(max_length=4 * LONGEST_PASSWORD)]


class SignInBody(Body):
    name: Annotated[str, Field(max_length=4 * LONGEST_NAME)]
    password: _Secret


class SetUpBody(Body):
    """`token` is the set-up link's."""

    token: _Secret
    name: str
    password: _Secret


class PasswordBody(Body):
    current_password: _Secret
    new_password: _Secret


class UserDocument(Answer):
    """`password` and `github`: by which of them the person can sign in."""

    id: int
    name: str
    role: Role
    password: bool
    github: bool
    created_at: Timestamp
    last_sign_in_at: Timestamp | None

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            name=user.name,
            role=user.role,
            password=user.has_password,
            github=user.github_id is not None,
            created_at=user.created_at,
            last_sign_in_at=user.last_sign_in_at,
        )


class MeDocument(Answer):
    """Whose request it is. `csrf_token` goes as X-CSRF-Token with every change that a page asks for.

    `projects` null: all of them. `user` null: a token of nobody, made on the server itself.
    """

    kind: Literal["user", "token"]
    name: str
    scope: Scope
    projects: list[int] | None
    user: UserDocument | None
    csrf_token: str | None

    @classmethod
    def of(cls, caller: Caller, user: User | None, csrf_token: str | None) -> Self:
        return cls(
            kind="token" if caller.session is None else "user",
            name=caller.token.name if caller.token is not None else "" if user is None else user.name,
            scope=caller.scope,
            projects=None if caller.projects is None else sorted(caller.projects),
            user=None if user is None else UserDocument.of(user),
            csrf_token=csrf_token,
        )


class SessionDocument(Answer):
    """A browser in which one is signed in; `current` is the one that asks."""

    id: int
    current: bool
    created_at: Timestamp
    last_used_at: Timestamp
    address: str
    user_agent: str


class SessionList(Answer):
    total: int
    sessions: list[SessionDocument]

    @classmethod
    def of(cls, sessions: Sequence[Session], current: int) -> Self:
        documents = [
            SessionDocument(
                id=each.id,
                current=each.id == current,
                created_at=each.created_at,
                last_used_at=each.last_used_at,
                address=each.address,
                user_agent=each.user_agent,
            )
            for each in sessions
        ]
        return cls(total=len(documents), sessions=documents)


class Done(Answer):
    """It is done, and there is nothing to tell about it."""


class UsersQuery(Page):
    pass


class UserList(Answer):
    total: int
    users: list[UserDocument]


class UserCreate(Body):
    """Without a password only GitHub's word lets the person in."""

    name: str
    role: Role = Role.VIEWER
    password: _Secret | None = None


class UserUpdate(Body):
    """A new password ends every session of the person."""

    role: Role | None = None
    password: _Secret | None = None


class TokensQuery(Page):
    pass


class TokenCreate(Body):
    """`projects`: ids or names; without them it is good for all. `expires_at`: RFC 3339; without it, for good."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scope: Scope = Scope.READ
    projects: Annotated[list[int | str], Field(min_length=1, max_length=100)] | None = None
    expires_at: str | None = None


class TokenDocument(Answer):
    """`projects` null: all. `user` null: made on the server itself. `scope` is never more than the owner's role."""

    id: int
    name: str
    scope: Scope
    projects: list[int] | None
    user: str | None
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    last_used_address: str | None

    @classmethod
    def of(cls, token: Token) -> Self:
        return cls(**_token_fields(token))


class CreatedToken(TokenDocument):
    """`token` is shown now and never again."""

    token: str

    @classmethod
    def showing(cls, token: Token, secret: str) -> Self:
        return cls(token=secret, **_token_fields(token))


class TokenList(Answer):
    total: int
    tokens: list[TokenDocument]


class GitHubCallbackQuery(Query):
    """What GitHub sends the browser back with; whatever else it says is of no use."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)
    code: Annotated[str, Field(max_length=500)] = ""
    state: Annotated[str, Field(max_length=500)] = ""


_GitHubName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$")]


class GitHubSignInUpdate(Body):
    """`client_id` empty turns it off. Without `client_secret` the one that is kept stays.

    Whom neither `accounts` nor `organizations` names is not let in; `role` is what somebody new may do.
    """

    client_id: Annotated[str, Field(max_length=100)]
    client_secret: Annotated[str, Field(max_length=200)] | None = None
    accounts: Annotated[list[_GitHubName], Field(max_length=1000, default_factory=list)]
    organizations: Annotated[list[_GitHubName], Field(max_length=100, default_factory=list)]
    role: Role = Role.VIEWER


class GitHubSignInDocument(Answer):
    """`callback_url` is what the OAuth app at GitHub must be told."""

    client_id: str
    client_secret_set: bool
    accounts: list[str]
    organizations: list[str]
    role: Role
    callback_url: str


class AuditQuery(GrowingPage):
    pass


class AuditDocument(Answer):
    """Who asked for what. `status` null: under way, or lci ended before it was answered."""

    id: int
    at: Timestamp
    actor: str
    address: str
    action: str
    subject: str
    fields: list[str]
    request_id: str
    status: int | None

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            address=entry.address,
            action=entry.action,
            subject=entry.subject,
            fields=list(entry.fields),
            request_id=entry.request_id,
            status=entry.status,
        )


class AuditList(Answer):
    total: int
    entries: list[AuditDocument]


def _token_fields(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "projects": None if token.projects is None else sorted(token.projects),
        "user": token.user_name,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "last_used_address": token.last_used_address,
    }
