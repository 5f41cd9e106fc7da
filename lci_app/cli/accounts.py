"""Commands on the data directory about who may use lci: `user …`, `token list|revoke`, `setup-link`, `audit`.

Whoever may write that directory may do all of it: these are also the way back in for somebody who is locked out.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final, TypeVar

import trio

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.passwords import Argon2Passwords
from lci_app.adapters.private_files import forget_set_up_link
from lci_app.cli.exits import CommandError, Exit, UsageError
from lci_app.cli.local import open_data_directory
from lci_app.cli.screen import Screen
from lci_app.config import Config
from lci_app.config.surroundings import load_config
from lci_app.core.accounts import Role, Token, User
from lci_app.core.model import Scope, later
from lci_app.interfaces import LastAdministrator, NewAuditEntry, NoSuchUser, Store, UserNameTaken
from lci_app.services.people import People, Unfit
from lci_app.services.tokens import TokenWish, make_token

_ACTOR: Final = "command line"
# What the API answers where a command ends so.
_STATUSES: Final = {Exit.USAGE: 400, Exit.NOT_FOUND: 404, Exit.CONFLICT: 409}
_DAY: Final = 24 * 3600
_PAGE: Final = 1000
_LONGEST_TOKEN_NAME: Final = 100
_MOST_DAYS: Final = 3650

T = TypeVar("T")


def user_add(arguments: argparse.Namespace) -> Exit:
    password = None if arguments.no_password else _new_password()

    async def add(store: Store) -> User:
        added = await _people(store, arguments).add(arguments.name, Role(arguments.role), password)
        match added:
            case UserNameTaken(name):
                raise CommandError(Exit.CONFLICT, f"there is somebody called {name} already", code="USER_EXISTS")
            case Unfit(field, reason):
                raise UsageError(f"the {field} {reason}")
            case User():
                return added

    return _show_user(arguments, _changed(arguments, arguments.name, add), "registered")


def user_list(arguments: argparse.Namespace) -> Exit:
    total, users = _on_store(arguments, lambda store: store.users(limit=_PAGE, offset=0))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"total": total, "users": [_user(user) for user in users]})
        return Exit.DONE
    rows = [[each.name, each.role, _ways(each), each.last_sign_in_at] for each in users]
    screen.table(["NAME", "ROLE", "SIGNS IN BY", "LAST"], rows)
    return Exit.DONE


def user_role(arguments: argparse.Namespace) -> Exit:
    async def change(store: Store) -> User:
        user = await _named(store, arguments.name)
        return _outcome(await store.set_role(user.id, Role(arguments.role)), arguments.name)

    return _show_user(arguments, _changed(arguments, arguments.name, change), f"is {arguments.role} now")


def user_password(arguments: argparse.Namespace) -> Exit:
    password = _new_password()

    async def change(store: Store) -> User:
        user = await _named(store, arguments.name)
        changed = await _people(store, arguments).set_password(user, password)
        if isinstance(changed, Unfit):
            raise UsageError(f"the {changed.field} {changed.reason}")
        return _outcome(changed, arguments.name)

    return _show_user(arguments, _changed(arguments, arguments.name, change), "has a new password; all sessions ended")


def user_remove(arguments: argparse.Namespace) -> Exit:
    async def remove(store: Store) -> User:
        user = await _named(store, arguments.name)
        return _outcome(await store.remove_user(user.id), arguments.name)

    return _show_user(arguments, _changed(arguments, arguments.name, remove), "removed, with all sessions and tokens")


def setup_link(arguments: argparse.Namespace) -> Exit:
    config = _config(arguments)
    url = f"http://127.0.0.1:{config.api_port}"

    async def offer(store: Store) -> str:
        link = await _people(store, arguments).set_up_link(url)
        if link is None:
            message = "somebody is registered already: `lci user add` registers others"
            raise CommandError(Exit.CONFLICT, message, code="SET_UP_DONE")
        return link

    link = _changed(arguments, "", offer)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"url": link})
    else:
        screen.say(link)
    return Exit.DONE


def token_create(arguments: argparse.Namespace) -> Exit:
    name = arguments.name.strip()
    if not name or len(name) > _LONGEST_TOKEN_NAME or not name.isprintable():
        raise UsageError(f"--name must be 1 to {_LONGEST_TOKEN_NAME} printable characters")
    if arguments.days is not None and not 0 < arguments.days <= _MOST_DAYS:
        raise UsageError(f"--days must be 1 to {_MOST_DAYS}")
    clock = SystemClock()
    expires_at = None if arguments.days is None else later(clock.now(), arguments.days * _DAY)

    async def create(store: Store) -> str:
        wish = TokenWish(name=name, scope=Scope(arguments.scope), expires_at=expires_at)
        if arguments.project:
            wish = replace(wish, projects=[await _project(store, each) for each in arguments.project])
        return (await make_token(store, clock, wish))[1]

    token = _changed(arguments, name, create)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"token": token, "name": name, "scope": arguments.scope})
    else:
        screen.say(token)
    return Exit.DONE


def token_list(arguments: argparse.Namespace) -> Exit:
    total, tokens = _on_store(arguments, lambda store: store.tokens(user_id=None, limit=_PAGE, offset=0))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"total": total, "tokens": [_token(each) for each in tokens]})
        return Exit.DONE
    headings = ["ID", "NAME", "SCOPE", "PROJECTS", "OF", "EXPIRES", "LAST USED", "FROM"]
    rows = [
        [each.id, each.name, each.scope, _projects(each), each.user_name, each.expires_at, each.last_used_at,
         each.last_used_address]
        for each in tokens
    ]  # fmt: skip
    screen.table(headings, rows)
    return Exit.DONE


def token_revoke(arguments: argparse.Namespace) -> Exit:
    async def revoke(store: Store) -> Token:
        removed = await store.remove_token(arguments.id)
        if removed is None:
            raise CommandError(Exit.NOT_FOUND, f"there is no token {arguments.id}", code="TOKEN_NOT_FOUND")
        return removed

    token = _changed(arguments, str(arguments.id), revoke)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data(_token(token))
    else:
        screen.say(f"the token {token.name} is refused from now on")
    return Exit.DONE


def audit(arguments: argparse.Namespace) -> Exit:
    total, entries = _on_store(arguments, lambda store: store.audit(actor=None, limit=arguments.limit, offset=0))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"total": total, "entries": [asdict(each) for each in entries]})
        return Exit.DONE
    rows = [[each.at, each.actor, each.address, each.action, each.subject, each.status] for each in entries]
    screen.table(["AT", "WHO", "FROM", "WHAT", "OF", "ANSWER"], rows)
    return Exit.DONE


def _config(arguments: argparse.Namespace) -> Config:
    return load_config({} if arguments.data_dir is None else {"data_dir": arguments.data_dir})


def _on_store(arguments: argparse.Namespace, work: Callable[[Store], Awaitable[T]]) -> T:
    config = _config(arguments)

    async def run() -> T:
        async with open_data_directory(config.data_dir, config.credentials_dir) as store:
            return await work(store)

    return trio.run(run)


def _changed(arguments: argparse.Namespace, subject: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """Write down that it is asked for on the server itself, do it, and add how it was answered."""

    async def audited(store: Store) -> T:
        action, status = arguments.run.partition(":")[2], 500
        entry_id = await store.begin_audit(
            NewAuditEntry(actor=_ACTOR, action=action, subject=subject), SystemClock().now()
        )
        try:
            done = await work(store)
            status = 200
        except CommandError as refused:
            status = _STATUSES.get(refused.exit_status, 500)
            raise
        finally:
            with trio.CancelScope(shield=True):
                await store.end_audit(entry_id, status)
        return done

    return _on_store(arguments, audited)


def _people(store: Store, arguments: argparse.Namespace) -> People:
    forget = partial(forget_set_up_link, _config(arguments).data_dir)
    return People(store, Argon2Passwords(), SystemClock(), forget)


async def _named(store: Store, name: str) -> User:
    user = await store.user_named(name)
    if user is None:
        raise CommandError(Exit.NOT_FOUND, f"there is nobody called {name}", code="USER_NOT_FOUND")
    return user


async def _project(store: Store, name: str) -> int:
    project = await store.project_by_name(name)
    if project is None:
        raise CommandError(Exit.NOT_FOUND, f"there is no project {name}", code="PROJECT_NOT_FOUND")
    return project.id


def _outcome(outcome: User | NoSuchUser | LastAdministrator, name: str) -> User:
    match outcome:
        case User():
            return outcome
        case NoSuchUser():
            raise CommandError(Exit.NOT_FOUND, f"there is nobody called {name}", code="USER_NOT_FOUND")
        case LastAdministrator():
            message = f"{name} is the only administrator: make somebody else one first"
            raise CommandError(Exit.CONFLICT, message, code="LAST_ADMINISTRATOR")


def _new_password() -> str:
    """Ask twice on a terminal, without showing it; else take the first line of standard input."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise UsageError("the two are not the same")
    if not password:
        raise UsageError("no password was given on standard input")
    return password


def _show_user(arguments: argparse.Namespace, user: User, what: str) -> Exit:
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data(_user(user))
    else:
        screen.say(f"{user.name} {what}")
    return Exit.DONE


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "password": user.has_password,
        "github": user.github_id is not None,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }


def _ways(user: User) -> str:
    ways = {"password": user.has_password, "GitHub": user.github_id is not None}
    return ", ".join(way for way, known in ways.items() if known)


def _token(token: Token) -> dict[str, Any]:
    return {**asdict(token), "projects": None if token.projects is None else sorted(token.projects)}


def _projects(token: Token) -> str:
    return "all" if token.projects is None else ", ".join(map(str, sorted(token.projects))) or "none any more"
