"""Signing in, against people who guess: what each attempt may cost is bounded, and so is how many there may be."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import trio

from lci_app.core.accounts import LONGEST_PASSWORD, Session, User
from lci_app.core.client_addresses import place_of
from lci_app.core.credentials import digest_of
from lci_app.core.throttle import Throttle
from lci_app.interfaces import Clock, NewAuditEntry, NewSession, Passwords, Store
from lci_app.services.people import People, Unfit

_log = logging.getLogger(__name__)

# Attempts under way, of all, of one address, of all the addresses where nobody has signed in yet, and of those of them
# where somebody failed lately: the password of the last of all is looked at some 200 ms later. Who comes beyond that is
# told at once to come again; so those who guess share two places, and from ever new addresses six.
AT_ONCE: Final = 8
AT_ONCE_PER_ADDRESS: Final = 4
AT_ONCE_OF_STRANGERS: Final = 6
AT_ONCE_OF_SUSPECTS: Final = 2
_CROWDED_SECONDS: Final = 1.0
_SECRET_BYTES: Final = 32
_NOBODY: Final = "somebody unknown"
_LONGEST_USER_AGENT: Final = 300


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from. `secret` is what its session's cookie says; empty where it has none."""

    address: str
    user_agent: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`secret` goes into the browser's cookie and is kept nowhere."""

    session: Session
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """Name or password is wrong; which of them is not told."""


@dataclass(frozen=True, slots=True)
class TooManyAttempts:
    seconds: int


@dataclass
class SignIn:
    store: Store
    people: People
    passwords: Passwords
    clock: Clock
    _throttle: Throttle = field(default_factory=Throttle)
    _under_way: list[tuple[str, str]] = field(default_factory=list)
    _recalled: bool = False
    _recalling: trio.Lock = field(default_factory=trio.Lock)

    async def by_password(
        self, name: str, password: str, browser: Browser
    ) -> SignedIn | SignInRefused | TooManyAttempts:
        """Begin a session. A name that nobody has is refused as late as a wrong password."""
        user = await self._checked(name, password, browser)
        return await self.begin(user, browser, "sign_in") if isinstance(user, User) else user

    async def change_password(
        self, session: Session, current: str, new: str, browser: Browser
    ) -> SignedIn | SignInRefused | TooManyAttempts | Unfit:
        """Change one's own: every session ends, and this browser gets a new one."""
        user = await self._checked(session.user.name, current, browser)
        if not isinstance(user, User):
            return user
        changed = await self.people.set_password(user, new)
        if isinstance(changed, Unfit):
            return changed
        return await self.begin(changed, browser, "sign_in") if isinstance(changed, User) else SignInRefused()

    async def begin(self, user: User, browser: Browser, action: str) -> SignedIn | SignInRefused:
        """Begin a session of somebody who is known by now; the one that the browser had ends."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        agent = browser.user_agent[:_LONGEST_USER_AGENT]
        new = NewSession(secret_sha256=digest_of(secret), address=browser.address, user_agent=agent)
        now = self.clock.now()
        session = await self.store.begin_session(user.id, new, replaces_sha256=digest_of(browser.secret), at=now)
        if session is None:
            return SignInRefused()
        entry = NewAuditEntry(actor=f"user {user.name}", action=action, subject="", address=browser.address, status=200)
        await self.store.begin_audit(entry, now)
        return SignedIn(session, secret)

    async def _checked(self, name: str, password: str, browser: Browser) -> User | SignInRefused | TooManyAttempts:
        account, place = name.strip().lower()[:200], place_of(browser.address)
        await self._recall()
        wait = self._wait(place, account)
        if wait:
            return TooManyAttempts(math.ceil(wait))
        with self._attempt(place, account):
            user = await self._with_password(account, password)
        if user is None:
            await self._note_failure(browser.address, account)
            return SignInRefused()
        self._throttle.succeeded(place, account)
        return user

    async def _recall(self) -> None:
        """Know, also after a restart, from where people are signed in."""
        if self._recalled:
            return
        # Nobody is judged by less than what is known: who comes meanwhile waits.
        async with self._recalling:
            if not self._recalled:
                for name, address in await self.store.signed_in_from():
                    self._throttle.note_known(place_of(address), name.lower())
                self._recalled = True

    async def _with_password(self, name: str, password: str) -> User | None:
        user = await self.store.user_named(name)
        held = None if user is None else await self.store.password_hash(user.id)
        # What is longer than any password is not hashed at its length.
        verdict = await self.passwords.verify(password[: LONGEST_PASSWORD + 1], held)
        if user is None or held is None or not verdict.right:
            return None
        if verdict.outdated:
            await self.store.rehash(user.id, held, await self.passwords.hash(password))
        return user

    def _wait(self, place: str, account: str) -> float:
        now = self.clock.seconds()
        wait = self._throttle.wait(place, account, now)
        return wait or (_CROWDED_SECONDS if self._is_crowded(place, account, now) else 0.0)

    def _is_crowded(self, place: str, account: str, now: float) -> bool:
        of_place = sum(each == place for each, _ in self._under_way)
        if len(self._under_way) >= AT_ONCE or of_place >= AT_ONCE_PER_ADDRESS or (place, account) in self._under_way:
            return True
        if self._throttle.is_known(place):
            return False
        strangers = [each for each, _ in self._under_way if not self._throttle.is_known(each)]
        suspects = sum(self._throttle.is_suspect(each, now) for each in strangers)
        return len(strangers) >= AT_ONCE_OF_STRANGERS or (
            suspects >= AT_ONCE_OF_SUSPECTS and self._throttle.is_suspect(place, now)
        )

    @contextmanager
    def _attempt(self, place: str, account: str) -> Iterator[None]:
        self._under_way.append((place, account))
        try:
            yield
        finally:
            self._under_way.remove((place, account))

    async def note_refusal(self, subject: str, action: str, browser: Browser) -> None:
        """Note that somebody who is known by another's word is not let in; ever more rarely, where it goes on."""
        count = self._throttle.failed(place_of(browser.address), subject, self.clock.seconds())
        if count & (count - 1) == 0:
            entry = NewAuditEntry(actor="nobody", action=action, subject=subject, address=browser.address, status=403)
            await self.store.begin_audit(entry, self.clock.now())

    async def _note_failure(self, address: str, account: str) -> None:
        count = self._throttle.failed(place_of(address), account, self.clock.seconds())
        # What is nobody's name may be somebody's password, typed into the wrong field.
        name = account if await self.store.user_named(account) is not None else _NOBODY
        _log.warning("a sign-in as %s from %s failed (%d in a row)", name, address, count)
        # The first of a row, then ever more rarely: guessing must not fill the disk.
        if count & (count - 1) == 0:
            entry = NewAuditEntry(actor="nobody", action="sign_in_failed", subject=name, address=address, status=401)
            await self.store.begin_audit(entry, self.clock.now())
