"""API tokens: made here, kept as a hash, shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from lci_app.core.accounts import Token
from lci_app.core.credentials import ALPHABET, TOKEN_RANDOM_LENGTH, digest_of, token_of
from lci_app.core.model import Scope, Timestamp
from lci_app.interfaces import Clock, NewToken, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a token is to be good for. `projects` None: all; `expires_at` None: for good; `user_id` None: nobody's."""

    name: str
    scope: Scope
    projects: Sequence[int] | None = None
    expires_at: Timestamp | None = None
    user_id: int | None = None


async def make_token(store: Store, clock: Clock, wish: TokenWish) -> tuple[Token, str]:
    """Make a token; returns it and its text, which nothing can show again."""
    text = token_of("".join(secrets.choice(ALPHABET) for _ in range(TOKEN_RANDOM_LENGTH)))
    new = NewToken(
        name=wish.name,
        secret_sha256=digest_of(text),
        scope=wish.scope,
        projects=wish.projects,
        expires_at=wish.expires_at,
        user_id=wish.user_id,
    )
    return await store.add_token(new, clock.now()), text
