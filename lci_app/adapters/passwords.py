"""Passwords, hashed by argon2id (RFC 9106) in threads, few at a time: each takes its memory."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import trio

from lci_app.core.accounts import normal
from lci_app.interfaces import PasswordVerdict

if TYPE_CHECKING:
    import argon2

# OWASP's smallest for argon2id: 19 MiB, two passes, one lane; about 20 ms of one core.
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
# At one time, so that people who guess cannot take more than 38 MiB, nor every core.
HASHERS: Final = 2
# No password fits it (its salt and hash are chosen), but to find that out takes as long as for any other.
_NOBODYS: Final = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"


class Argon2Passwords:
    """Fulfils `interfaces.Passwords`."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(HASHERS)

    @cached_property
    def _hasher(self) -> argon2.PasswordHasher:
        import argon2  # noqa: PLC0415 - a service whose people stay signed in starts without it

        return argon2.PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

    async def hash(self, password: str) -> str:
        return await trio.to_thread.run_sync(self._hash, password, limiter=self._limiter)

    async def verify(self, password: str, password_hash: str | None) -> PasswordVerdict:
        """Compare; None takes as long as a wrong password and is one."""
        return await trio.to_thread.run_sync(self._verify, password, password_hash, limiter=self._limiter)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(normal(password))

    def _verify(self, password: str, password_hash: str | None) -> PasswordVerdict:
        from argon2.exceptions import VerifyMismatchError  # noqa: PLC0415 - see above

        try:
            self._hasher.verify(password_hash or _NOBODYS, normal(password))
        except VerifyMismatchError:
            return PasswordVerdict(right=False)
        if password_hash is None:
            return PasswordVerdict(right=False)
        return PasswordVerdict(right=True, outdated=self._hasher.check_needs_rehash(password_hash))
