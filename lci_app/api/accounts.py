"""What administrators do: people, API tokens, and the audit log of it all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from lci_app.api import problem
from lci_app.api.lookup import project_named
from lci_app.api.problem import Problem
from lci_app.api.route import Call, Reply, whole_number
from lci_app.api.wire.accounts import (
    AuditDocument,
    AuditList,
    AuditQuery,
    CreatedToken,
    TokenCreate,
    TokenDocument,
    TokenList,
    TokensQuery,
    UserCreate,
    UserDocument,
    UserList,
    UsersQuery,
    UserUpdate,
)
from lci_app.core.accounts import User
from lci_app.core.model import Scope, Timestamp
from lci_app.interfaces import Clock, LastAdministrator, NoSuchUser, Store, UserNameTaken
from lci_app.services.people import People, Unfit
from lci_app.services.tokens import TokenWish, make_token

# No person's id.
_NOBODYS: Final = -1


class AccountPages:
    def __init__(self, store: Store, clock: Clock, people: People) -> None:
        self._store = store
        self._clock = clock
        self._people = people

    # --- people

    async def list_users(self, call: Call) -> Reply:
        query = call.query_as(UsersQuery)
        total, users = await self._store.users(limit=query.limit, offset=query.offset)
        return Reply(UserList(total=total, users=[UserDocument.of(user) for user in users]))

    async def create_user(self, call: Call) -> Reply:
        body = call.body_as(UserCreate)
        added = await self._people.add(body.name, body.role, body.password)
        match added:
            case User():
                return Reply(UserDocument.of(added), 201)
            case UserNameTaken(name):
                raise problem.conflict("USER_EXISTS", f"There is somebody called {name} already.", name=name)
            case Unfit(field, reason):
                raise problem.invalid(field, reason)

    async def update_user(self, call: Call) -> Reply:
        user, body = await self._user(call), call.body_as(UserUpdate)
        if body.password is not None:
            changed = await self._people.set_password(user, body.password, body.role)
            if isinstance(changed, Unfit):
                raise problem.invalid(changed.field, changed.reason)
            user = _changed(changed, call)
        elif body.role is not None:
            user = _changed(await self._store.set_role(user.id, body.role), call)
        return Reply(UserDocument.of(user))

    async def delete_user(self, call: Call) -> Reply:
        user = await self._user(call)
        return Reply(UserDocument.of(_changed(await self._store.remove_user(user.id), call)))

    async def _user(self, call: Call) -> User:
        number = whole_number(call.path["user_id"])
        user = None if number is None else await self._store.user(number)
        if user is None:
            raise problem.no_such_user(call.path["user_id"])
        return user

    # --- tokens

    async def list_tokens(self, call: Call) -> Reply:
        """Show all of them to administrators, and to others their own."""
        query = call.query_as(TokensQuery)
        of_all = call.caller.scope is Scope.ADMIN
        user_id = None if of_all else call.caller.user_id or _NOBODYS
        total, tokens = await self._store.tokens(user_id=user_id, limit=query.limit, offset=query.offset)
        return Reply(TokenList(total=total, tokens=[TokenDocument.of(token) for token in tokens]))

    async def create_token(self, call: Call) -> Reply:
        body = call.body_as(TokenCreate)
        if not body.name.strip() or not body.name.isprintable():
            raise problem.invalid("name", "must be printable text")
        wish = TokenWish(
            name=body.name.strip(),
            scope=body.scope,
            projects=None if body.projects is None else await self._projects(body.projects),
            expires_at=None if body.expires_at is None else self._expiry(body.expires_at),
            user_id=call.caller.user_id,
        )
        return Reply(CreatedToken.showing(*await make_token(self._store, self._clock, wish)), 201)

    async def delete_token(self, call: Call) -> Reply:
        number = whole_number(call.path["token_id"])
        removed = None if number is None else await self._store.remove_token(number)
        if removed is None:
            raise problem.no_such_token(call.path["token_id"])
        return Reply(TokenDocument.of(removed))

    async def _projects(self, named: Sequence[int | str]) -> list[int]:
        try:
            return [(await project_named(self._store, str(each))).id for each in named]
        except Problem as unknown:
            raise problem.invalid("projects", f"names {unknown.details['project']!r}, which is no project") from None

    def _expiry(self, text: str) -> Timestamp:
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise problem.invalid("expires_at", "must be a time such as 2030-01-31T00:00:00Z")
        expiry = at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if expiry <= self._clock.now():
            raise problem.invalid("expires_at", "must lie in the future")
        return expiry

    # --- audit log

    async def list_audit(self, call: Call) -> Reply:
        """Show all of it to administrators, and to others what they did themselves."""
        query = call.query_as(AuditQuery)
        actor = None if call.caller.scope is Scope.ADMIN else call.caller.name
        total, entries = await self._store.audit(
            actor=actor, limit=query.limit, offset=query.offset, before_id=query.before_id
        )
        return Reply(AuditList(total=total, entries=[AuditDocument.of(entry) for entry in entries]))


def _changed(outcome: User | NoSuchUser | LastAdministrator, call: Call) -> User:
    match outcome:
        case User():
            return outcome
        case NoSuchUser():
            raise problem.no_such_user(call.path["user_id"])
        case LastAdministrator():
            message = "Nobody else is an administrator: make somebody one first."
            raise problem.conflict("LAST_ADMINISTRATOR", message)
