"""On whose behalf a request is made: what a cookie or a token stands for, asked anew for each request."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from lci_app.core.accounts import Caller
from lci_app.core.credentials import digest_of
from lci_app.interfaces import Clock, OutsideError, Store

_log = logging.getLogger(__name__)

# When something was last used is written down no more often than this.
TOUCH_SECONDS: Final = 60.0
# Remembered at a time; beyond that all are forgotten, and written down once more.
_MAX_TOUCHED: Final = 10_000


@dataclass
class Callers:
    store: Store
    clock: Clock
    # When each session (`s…`) and token (`t…`) was last written down as used.
    _touched: dict[str, float] = field(default_factory=dict)

    async def of_session(self, secret: str, *, used: bool) -> Caller | None:
        """Return who is signed in by that cookie; None where it has expired or ended. `used`: so it is used now."""
        now = self.clock.now()
        session = await self.store.session(digest_of(secret), now)
        if session is None:
            return None
        if used:
            await self._touch(f"s{session.id}", lambda: self.store.touch_session(session.id, now))
        return Caller(scope=session.user.role.scope, session=session)

    async def of_token(self, secret: str, address: str, *, used: bool) -> Caller | None:
        """Return what a token stands for; None where it has expired or was removed."""
        now = self.clock.now()
        token = await self.store.token(digest_of(secret))
        if token is None or (token.expires_at is not None and token.expires_at <= now):
            return None
        if used:
            await self._touch(f"t{token.id}", lambda: self.store.touch_token(token.id, address, now))
        return Caller(scope=token.scope, projects=token.projects, token=token)

    async def _touch(self, name: str, write: Callable[[], Awaitable[None]]) -> None:
        """Note the use, once in a while: a full disk must not keep out whoever comes to make room on it."""
        now = self.clock.seconds()
        if now - self._touched.get(name, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return
        if len(self._touched) >= _MAX_TOUCHED:
            self._touched.clear()
        self._touched[name] = now
        try:
            await write()
        except OutsideError as error:
            _log.warning("the last use of a session or token could not be written down: %s", error)
