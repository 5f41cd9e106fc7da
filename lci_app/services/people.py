"""The people who use lci: registering them, their passwords."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import trio

from lci_app.core.accounts import SET_UP_SECONDS, Role, User, name_fault, password_fault
from lci_app.core.credentials import digest_of
from lci_app.core.model import later
from lci_app.interfaces import Clock, LastAdministrator, NewUser, NoSuchUser, Passwords, Store, UserNameTaken

_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Unfit:
    """A name or password that is not taken; `reason` goes on where the field's name ends."""

    field: str
    reason: str


@dataclass
class People:
    store: Store
    passwords: Passwords
    clock: Clock
    # Called once somebody is registered: the link for the first administrator is done with.
    forget_set_up_link: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint

    async def add(self, name: str, role: Role, password: str | None) -> User | UserNameTaken | Unfit:
        """Register somebody; without a password only GitHub's word lets that person in."""
        unfit = unfit_account(name, password)
        if unfit is not None:
            return unfit
        hashed = None if password is None else await self.passwords.hash(password)
        return await self.register(NewUser(name=name, role=role, password_hash=hashed))

    async def register(self, new: NewUser) -> User | UserNameTaken:
        """Register somebody whose name and password are known to be fit."""
        added = await self.store.add_user(new, self.clock.now())
        if isinstance(added, User):
            await self.forget_set_up_link()
        return added

    async def set_password(
        self, user: User, password: str, role: Role | None = None
    ) -> User | NoSuchUser | LastAdministrator | Unfit:
        """Replace it, and with it, where that is given, the role; every session of the person ends."""
        fault = password_fault(password, user.name)
        if fault is not None:
            return Unfit("password", fault)
        return await self.store.set_password(user.id, await self.passwords.hash(password), role)

    async def set_up_link(self, url: str) -> str | None:
        """Return a page of lci at `url`, with a secret behind the `#`, which no server and no log ever sees."""
        secret = await self.offer_set_up()
        return None if secret is None else f"{url}/welcome#{secret}"

    async def offer_set_up(self) -> str | None:
        """Make a link's secret by which the first administrator registers within an hour, in place of any earlier one.

        None where somebody is registered already.
        """
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        offered = await self.store.offer_set_up(digest_of(secret), later(self.clock.now(), SET_UP_SECONDS))
        return secret if offered else None

    async def add_first(self, secret: str, name: str, password: str) -> User | Unfit | None:
        """Register the first administrator by the link's secret, which is used up.

        None where the link is not the newest, was used, or is older than an hour: what else is given is not looked at.
        """
        if not await self.store.is_set_up_open(digest_of(secret), self.clock.now()):
            return None
        unfit = unfit_account(name, password)
        if unfit is not None:
            return unfit
        new = NewUser(name=name, role=Role.ADMIN, password_hash=await self.passwords.hash(password))
        first = await self.store.add_first_user(new, set_up_sha256=digest_of(secret), at=self.clock.now())
        if first is not None:
            await self.forget_set_up_link()
        return first


def unfit_account(name: str, password: str | None) -> Unfit | None:
    fault = name_fault(name)
    if fault is not None:
        return Unfit("name", fault)
    fault = None if password is None else password_fault(password, name)
    return None if fault is None else Unfit("password", fault)
