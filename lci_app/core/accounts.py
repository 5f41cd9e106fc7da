"""Who uses lci: people with a role, their sessions, and on whose behalf a request is made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lci_app.core.model import Scope, Timestamp

# A session ends when it was not used for the first, and in any case after the second.
SESSION_IDLE_SECONDS: Final = 3 * 24 * 3600
SESSION_SECONDS: Final = 30 * 24 * 3600
# The set-up link: long enough to walk to another machine, short enough to be forgotten in a log.
SET_UP_SECONDS: Final = 3600

# NIST SP 800-63B asks for 8 at least where there is a second factor; there is none here.
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
LONGEST_NAME: Final = 64
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


class Role(StrEnum):
    """What a person may do: the scope of the same rank."""

    ADMIN = "admin"
    DEPLOYER = "deployer"
    VIEWER = "viewer"

    @property
    def scope(self) -> Scope:
        return _SCOPES[self]


_SCOPES: Final[Mapping[Role, Scope]] = {
    Role.ADMIN: Scope.ADMIN,
    Role.DEPLOYER: Scope.DEPLOY,
    Role.VIEWER: Scope.READ,
}


@dataclass(frozen=True, slots=True)
class User:
    """A person. Names are compared without regard to case. `github_id` is GitHub's number, which never changes."""

    id: int
    name: str
    role: Role
    created_at: Timestamp
    has_password: bool = False
    github_id: int | None = None
    last_sign_in_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which a person is signed in; the store holds only the SHA-256 of what its cookie says."""

    id: int
    user: User
    created_at: Timestamp
    last_used_at: Timestamp
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret: the store holds only the SHA-256 of what the caller shows.

    `projects` None: it is good for all. `user_id` and `user_name` are its owner's; None: made on the server itself.
    """

    id: int
    name: str
    scope: Scope
    created_at: Timestamp
    projects: frozenset[int] | None = None
    user_id: int | None = None
    user_name: str | None = None
    expires_at: Timestamp | None = None
    last_used_at: Timestamp | None = None
    last_used_address: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made, and what that may do: of a session or of a token.

    `projects` None: all of them.
    """

    scope: Scope
    projects: frozenset[int] | None = None
    session: Session | None = None
    token: Token | None = None

    @property
    def name(self) -> str:
        """What the audit log calls it."""
        if self.session is not None:
            return f"user {self.session.user.name}"
        return "nobody" if self.token is None else f"token {self.token.name}"

    @property
    def key(self) -> str:
        """Tells callers apart."""
        if self.session is not None:
            return f"u{self.session.user.id}"
        return "" if self.token is None else str(self.token.id)

    @property
    def user_id(self) -> int | None:
        """Whose it is; None for a token that was made on the server itself."""
        if self.session is not None:
            return self.session.user.id
        return None if self.token is None else self.token.user_id

    def sees(self, project_id: int) -> bool:
        return self.projects is None or project_id in self.projects


def name_fault(name: str) -> str | None:
    """Return what is wrong with a person's name, in the words of a refusal; None where nothing is."""
    if _NAME.fullmatch(name):
        return None
    return f"must be 1 to {LONGEST_NAME} letters, digits, `.`, `-` or `_`, with a letter or digit at either end"


def password_fault(password: str, name: str) -> str | None:
    """Return why a password is not taken, in the words of a refusal; None where it is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"must have at least {SHORTEST_PASSWORD} characters"
    if len(password) > LONGEST_PASSWORD:
        return f"must have at most {LONGEST_PASSWORD} characters"
    if len(set(password)) < 5 or name.lower() * 2 in password.lower():
        return "is too easy to guess: use several words, or a password manager"
    return None


def normal(password: str) -> bytes:
    """Return what of a password is hashed: the same bytes however a keyboard composes its letters (NFC, RFC 8265)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
