"""Signing in, while others guess."""

from __future__ import annotations

import logging
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
import trio.testing

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.passwords import Argon2Passwords
from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core.accounts import Role, User
from lci_app.core.throttle import FREE_FOR_ACCOUNT, FREE_FROM_ANYWHERE
from lci_app.services.people import People, Unfit
from lci_app.services.sign_in import (
    AT_ONCE_OF_STRANGERS,
    AT_ONCE_OF_SUSPECTS,
    Browser,
    SignedIn,
    SignIn,
    SignInRefused,
    TooManyAttempts,
)
from tests.adapters.sqlite_store import SEALER

RIGHT = "correct horse battery staple"
HOME = Browser("192.0.2.1", "Browser/1")


class Seconds(SystemClock):
    """The machine's clock, put forward as one likes."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def seconds(self) -> float:
        return super().seconds() + self.ahead


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with open_store(tmp_path / "db", sealer=SEALER, at=SystemClock().now()) as opened:
        yield opened


@pytest.fixture
async def sign_in(store: SqliteStore) -> SignIn:
    clock, passwords = Seconds(), Argon2Passwords()
    people = People(store, passwords, clock)
    for name in ("anna", "bert"):
        assert isinstance(await people.add(name, Role.ADMIN, RIGHT), User)
    assert isinstance(await people.add("carl", Role.VIEWER, None), User)
    return SignIn(store, people, passwords, clock)


async def test_after_a_few_wrong_passwords_the_next_is_not_looked_at(
    sign_in: SignIn, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(FREE_FOR_ACCOUNT):
        assert isinstance(await sign_in.by_password("anna", "wrong", HOME), SignInRefused)
    refused = await sign_in.by_password("Anna ", RIGHT, HOME)
    assert refused == TooManyAttempts(1)
    assert isinstance(await sign_in.by_password("bert", RIGHT, HOME), SignedIn)
    assert isinstance(await sign_in.by_password("anna", RIGHT, Browser("198.51.100.1")), SignedIn)
    assert isinstance(sign_in.clock, Seconds)
    sign_in.clock.ahead = 2.0
    assert isinstance(await sign_in.by_password("anna", RIGHT, HOME), SignedIn)
    assert RIGHT not in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * FREE_FOR_ACCOUNT
    actions = [entry.action for entry in (await store.audit(actor="nobody", limit=50, offset=0))[1]]
    assert actions == ["sign_in_failed"] * 3, "the first, second and fourth"


async def test_a_password_typed_as_a_name_is_written_down_nowhere(
    sign_in: SignIn, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    await sign_in.by_password(RIGHT, "anna", HOME)
    (entry,) = (await store.audit(actor="nobody", limit=50, offset=0))[1]
    assert (entry.subject, entry.address) == ("somebody unknown", HOME.address)
    assert RIGHT not in caplog.text


async def test_who_has_no_password_signs_in_by_none(sign_in: SignIn) -> None:
    for password in ("", "None", RIGHT):
        assert isinstance(await sign_in.by_password("carl", password, HOME), SignInRefused)


async def test_a_name_and_password_of_any_length_and_kind_are_refused(sign_in: SignIn) -> None:
    for name, password in (("x" * 10**6, "y" * 10**6), ("\ud800", "\ud800"), ("anna\0", RIGHT), ("'; --", "")):
        assert isinstance(await sign_in.by_password(name, password, HOME), SignInRefused)


async def test_one_account_is_tried_once_at_a_time_from_one_address(sign_in: SignIn) -> None:
    outcomes: list[object] = []

    async def attempt(name: str, browser: Browser) -> None:
        outcomes.append(await sign_in.by_password(name, "wrong", browser))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(attempt, "anna", HOME)
    assert sorted(map(repr, outcomes)) == ["SignInRefused()"] + ["TooManyAttempts(seconds=1)"] * 4


async def test_what_waits_for_its_turn_is_bounded_whoever_asks(sign_in: SignIn) -> None:
    outcomes: list[object] = []

    async def attempt(number: int) -> None:
        outcomes.append(await sign_in.by_password(f"user{number}", "wrong", Browser(f"192.0.2.{number}")))

    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(attempt, number)
    assert sum(isinstance(each, SignInRefused) for each in outcomes) == AT_ONCE_OF_STRANGERS
    assert sum(isinstance(each, TooManyAttempts) for each in outcomes) == 50 - AT_ONCE_OF_STRANGERS
    assert sign_in._under_way == []


async def test_who_comes_from_ever_new_addresses_leaves_places_to_where_people_have_signed_in(
    sign_in: SignIn, store: SqliteStore
) -> None:
    """Also after a restart: their sessions tell from where."""
    assert isinstance(await sign_in.by_password("anna", RIGHT, HOME), SignedIn)
    for again in (sign_in, SignIn(store, sign_in.people, sign_in.passwords, sign_in.clock)):
        outcomes: list[object] = []

        async def attempt(number: int, again: SignIn = again) -> None:
            await again.by_password(f"user{number}", "wrong", Browser(f"2001:db8::{number}:0:0:0:1"))

        async def come_home(again: SignIn = again, outcomes: list[object] = outcomes) -> None:
            outcomes.append(await again.by_password("anna", RIGHT, HOME))

        async with trio.open_nursery() as nursery:
            for number in range(1, 50):
                nursery.start_soon(attempt, number)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(come_home)
        assert isinstance(outcomes[0], SignedIn)


async def test_one_account_is_guessed_slowly_from_however_many_addresses(sign_in: SignIn) -> None:
    assert isinstance(await sign_in.by_password("anna", RIGHT, HOME), SignedIn)
    fresh = [Browser(f"2001:db8:0:{number:x}::1") for number in range(FREE_FROM_ANYWHERE + 1)]
    outcomes = [await sign_in.by_password("anna", "wrong", browser) for browser in fresh]
    assert outcomes == [SignInRefused()] * FREE_FROM_ANYWHERE + [TooManyAttempts(1)]
    assert isinstance(await sign_in.by_password("anna", RIGHT, HOME), SignedIn)


async def test_neighbours_in_ipv6_are_one_guesser(sign_in: SignIn) -> None:
    guesses = [Browser(f"2001:db8::{number:x}") for number in range(FREE_FOR_ACCOUNT + 1)]
    outcomes = [await sign_in.by_password("anna", "wrong", browser) for browser in guesses]
    assert outcomes == [SignInRefused()] * FREE_FOR_ACCOUNT + [TooManyAttempts(1)]


async def test_who_failed_before_leaves_places_to_who_did_not(sign_in: SignIn) -> None:
    guessers = [Browser(f"203.0.113.{number}") for number in range(10)]
    for guesser in guessers:
        await sign_in.by_password("anna", "wrong", guesser)
    outcomes: dict[str, list[object]] = {"guessers": [], "others": []}

    async def attempt(who: str, name: str, password: str, browser: Browser) -> None:
        outcomes[who].append(await sign_in.by_password(name, password, browser))

    async with trio.open_nursery() as nursery:
        for guesser in guessers:
            nursery.start_soon(attempt, "guessers", "anna", "wrong", guesser)
        await trio.testing.wait_all_tasks_blocked()
        for name in ("anna", "bert"):
            nursery.start_soon(attempt, "others", name, RIGHT, HOME)
    assert all(isinstance(each, SignedIn) for each in outcomes["others"])
    assert sum(isinstance(each, SignInRefused) for each in outcomes["guessers"]) == AT_ONCE_OF_SUSPECTS


async def test_fifty_who_guess_do_not_keep_waiting_who_knows(sign_in: SignIn) -> None:
    """The time of the slowest is asked for in the bench; here is that it is let in at all, and what it may cost."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = 0

    async def guess(number: int) -> None:
        nonlocal seen
        while True:
            await sign_in.by_password(
                ("anna", "bert", f"user{number}")[number % 3], f"guess {seen}", Browser("203.0.113.9")
            )
            seen += 1
            # As long as a request is on its way at least: these tasks must not have the processor for themselves.
            await trio.sleep(0.005)

    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(guess, number)
        for _ in range(10):
            assert isinstance(await sign_in.by_password("anna", RIGHT, HOME), SignedIn)
        nursery.cancel_scope.cancel()
    assert seen > 50
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


async def test_a_new_password_needs_the_old_one(sign_in: SignIn) -> None:
    begun = await sign_in.by_password("anna", RIGHT, HOME)
    assert isinstance(begun, SignedIn)
    refused = await sign_in.change_password(begun.session, "wrong", "another horse staple", HOME)
    assert isinstance(refused, SignInRefused)
    assert isinstance(await sign_in.change_password(begun.session, RIGHT, "short", HOME), Unfit)
    changed = await sign_in.change_password(begun.session, RIGHT, "another horse staple", HOME)
    assert isinstance(changed, SignedIn)
    assert changed.secret != begun.secret
    assert isinstance(await sign_in.by_password("anna", "another horse staple", HOME), SignedIn)
