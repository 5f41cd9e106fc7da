"""How long who guesses has to wait."""

from __future__ import annotations

from lci_app.core import throttle
from lci_app.core.throttle import (
    FORGOTTEN_SECONDS,
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    FREE_FROM_ANYWHERE,
    LONGEST_WAIT_ACCOUNT,
    LONGEST_WAIT_ADDRESS,
    LONGEST_WAIT_ANYWHERE,
    Throttle,
)


def fail(limit: Throttle, times: int, now: float = 0.0, account: str = "anna") -> None:
    for _ in range(times):
        limit.failed("a", account, now)


def test_mistyping_costs_nothing() -> None:
    limit = Throttle()
    fail(limit, FREE_FOR_ACCOUNT - 1)
    assert limit.wait("a", "anna", 0.0) == 0.0


def test_each_failure_doubles_the_wait_up_to_a_bound() -> None:
    limit = Throttle()
    fail(limit, FREE_FOR_ACCOUNT - 1)
    waits = []
    for _ in range(8):
        fail(limit, 1)
        waits.append(limit.wait("a", "anna", 0.0))
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, LONGEST_WAIT_ACCOUNT]
    assert limit.wait("a", "anna", 59.5) == 0.5
    assert limit.wait("a", "anna", 60.0) == 0.0


def test_only_that_account_from_that_address_waits() -> None:
    limit = Throttle()
    fail(limit, FREE_FOR_ACCOUNT + 3)
    assert limit.wait("b", "anna", 0.0) == limit.wait("a", "bert", 0.0) == 0.0


def test_guessing_from_ever_new_addresses_is_slowed_down_too() -> None:
    limit = Throttle()
    limit.succeeded("home", "anna")
    waits = []
    for number in range(FREE_FROM_ANYWHERE + 5):
        waits.append(limit.wait(f"fresh {number}", "anna", 0.0))
        limit.failed(f"fresh {number}", "anna", 0.0)
    assert waits[FREE_FROM_ANYWHERE - 1 :] == [0.0, 1.0, 2.0, 4.0, 8.0, LONGEST_WAIT_ANYWHERE]
    assert limit.wait("fresh", "anna", LONGEST_WAIT_ANYWHERE) == 0.0, "nobody is locked out"
    assert limit.wait("fresh", "bert", 0.0) == 0.0
    assert limit.wait("home", "anna", 0.0) == 0.0, "she has signed in from there"


def test_who_mistypes_where_they_have_signed_in_slows_nobody_else() -> None:
    limit = Throttle()
    limit.succeeded("a", "anna")
    fail(limit, FREE_FROM_ANYWHERE + 3)
    assert limit.wait("b", "anna", 0.0) == 0.0
    assert limit.wait("a", "anna", 0.0) == LONGEST_WAIT_ACCOUNT


def test_a_right_password_and_time_forget() -> None:
    limit = Throttle()
    fail(limit, FREE_FOR_ACCOUNT + 3)
    limit.succeeded("a", "anna")
    assert limit.wait("a", "anna", 0.0) == 0.0
    fail(limit, FREE_FOR_ACCOUNT + 3)
    fail(limit, 1, FORGOTTEN_SECONDS + 1)
    assert limit.wait("a", "anna", FORGOTTEN_SECONDS + 1) == 0.0


def test_trying_one_password_on_many_accounts_is_slowed_down_too_but_locks_nobody_out() -> None:
    limit = Throttle()
    for number in range(FREE_FOR_ADDRESS + 20):
        fail(limit, 1, account=str(number))
    assert limit.wait("a", "anna", 0.0) == LONGEST_WAIT_ADDRESS


def test_it_remembers_so_many_and_no_more() -> None:
    limit = Throttle()
    for number in range(throttle.MAX_REMEMBERED + 5):
        limit.failed(str(number), str(number), 0.0)
        limit.succeeded(str(-number), "anna")
    for remembered in (limit._addresses, limit._anywhere, limit._known, limit._known_addresses):
        assert len(remembered) == throttle.MAX_REMEMBERED
    assert len(limit._accounts) <= throttle.MAX_REMEMBERED


def test_an_address_where_somebody_failed_is_suspect_for_a_while() -> None:
    limit = Throttle()
    assert not limit.is_suspect("a", 0.0)
    fail(limit, 1)
    limit.succeeded("a", "anna")
    assert limit.is_suspect("a", FORGOTTEN_SECONDS)
    assert not limit.is_suspect("a", FORGOTTEN_SECONDS + 1)
    assert not limit.is_suspect("b", 0.0)
    assert limit.is_known("a")
    assert not limit.is_known("b")
