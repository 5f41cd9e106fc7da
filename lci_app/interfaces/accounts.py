"""What the services need to know people by: rows of accounts, hashed passwords, and GitHub's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lci_app.core.accounts import Role, Session, Token, User
from lci_app.core.model import Scope, Timestamp


@dataclass(frozen=True, slots=True)
class UserNameTaken:
    name: str


@dataclass(frozen=True, slots=True)
class NoSuchUser:
    pass


@dataclass(frozen=True, slots=True)
class LastAdministrator:
    """Without this one nobody could administer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    name: str
    role: Role
    password_hash: str | None = None
    github_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    secret_sha256: str
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """`projects` None: all. `user_id` None: of nobody, made on the server itself."""

    name: str
    secret_sha256: str
    scope: Scope
    projects: Sequence[int] | None = None
    expires_at: Timestamp | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`status` is what was answered; None while it is under way, or where lci ended before it was."""

    id: int
    at: Timestamp
    actor: str
    address: str
    action: str
    subject: str
    fields: Sequence[str]
    request_id: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuditEntry:
    actor: str
    action: str
    subject: str
    address: str = ""
    fields: Sequence[str] = ()
    request_id: str = ""
    status: int | None = None


class AccountStore(Protocol):
    # --- people
    async def add_user(self, new: NewUser, at: Timestamp) -> User | UserNameTaken: ...

    async def add_first_user(self, new: NewUser, *, set_up_sha256: str, at: Timestamp) -> User | None:
        """Make the first person, if the set-up link fits and has not expired, and there is nobody yet; use it up."""

    async def offer_set_up(self, set_up_sha256: str, expires_at: Timestamp) -> bool:
        """Let that link, and no earlier one, make the first person; False where there is one already."""

    async def is_set_up_open(self, set_up_sha256: str, at: Timestamp) -> bool: ...

    async def has_users(self) -> bool: ...

    async def user(self, user_id: int) -> User | None: ...

    async def user_named(self, name: str) -> User | None: ...

    async def user_of_github(self, github_id: int) -> User | None: ...

    async def users(self, *, limit: int, offset: int) -> tuple[int, list[User]]:
        """Return the number of all, and those asked for, by name."""

    async def password_hash(self, user_id: int) -> str | None: ...

    async def set_role(self, user_id: int, role: Role) -> User | NoSuchUser | LastAdministrator:
        """Change what a person may do; counts from the next request."""

    async def set_password(
        self, user_id: int, password_hash: str, role: Role | None = None
    ) -> User | NoSuchUser | LastAdministrator:
        """Replace the password, and with it, where that is given, the role; every session of the person ends."""

    async def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Put a stronger hash of the same password in the place of a weaker one, if that is still there."""

    async def remove_user(self, user_id: int) -> User | NoSuchUser | LastAdministrator:
        """Remove a person with all sessions and tokens; returns who that was."""

    # --- sessions
    async def begin_session(
        self, user_id: int, new: NewSession, *, replaces_sha256: str, at: Timestamp
    ) -> Session | None:
        """Sign a person in, in place of the session that the same browser had; None where the person is gone.

        Sessions of the person that have expired go, and the oldest beyond what one may have.
        """

    async def session(self, secret_sha256: str, at: Timestamp) -> Session | None:
        """Return the session unless it has expired."""

    async def sessions(self, user_id: int, at: Timestamp) -> list[Session]:
        """Return those that have not expired, newest use first."""

    async def signed_in_from(self) -> list[tuple[str, str]]:
        """Return the names of those who are signed in, each with an address where that is so."""

    async def touch_session(self, session_id: int, at: Timestamp) -> None: ...

    async def end_session(self, session_id: int) -> bool: ...

    # --- API tokens
    async def add_token(self, new: NewToken, at: Timestamp) -> Token: ...

    async def token(self, secret_sha256: str) -> Token | None:
        """Return a token whether or not it has expired; its scope is never more than its owner's role gives."""

    async def tokens(self, *, user_id: int | None, limit: int, offset: int) -> tuple[int, list[Token]]:
        """Return the number of all (of that person), and those asked for, newest first."""

    async def touch_token(self, token_id: int, address: str, at: Timestamp) -> None: ...

    async def remove_token(self, token_id: int) -> Token | None:
        """Remove it; returns which it was."""

    # --- audit log
    async def begin_audit(self, entry: NewAuditEntry, at: Timestamp) -> int:
        """Write an entry; returns its id, by which `end_audit` adds what was answered."""

    async def end_audit(self, entry_id: int, status: int) -> None: ...

    async def audit(
        self, *, actor: str | None, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[AuditEntry]]:
        """Return the number of all (of that actor), and those asked for, newest first."""


@dataclass(frozen=True, slots=True)
class PasswordVerdict:
    """`outdated`: the hash is right but weaker than hashes are made now."""

    right: bool
    outdated: bool = False


class Passwords(Protocol):
    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> PasswordVerdict:
        """Compare; None takes as long as a wrong password and is one."""


@dataclass(frozen=True, slots=True)
class GitHubUser:
    id: int
    login: str


class GitHubSignIn(Protocol):
    """GitHub's web application flow (https://docs.github.com/apps/oauth-apps/building-oauth-apps)."""

    def authorize_url(self, parameters: Mapping[str, str]) -> str: ...

    async def exchange(self, parameters: Mapping[str, str]) -> str:
        """Return the access token for a code. Raises Refusal where GitHub refuses it, Trouble where it is away."""

    async def user(self, access_token: str) -> GitHubUser: ...

    async def is_member(self, access_token: str, organization: str) -> bool: ...
