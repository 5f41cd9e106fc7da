"""How long who guesses has to wait."""

from __future__ import annotations

from lci_app.core import throttle
from lci_app.core.throttle import (
    FORGOTTEN_SECONDS,
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    LONGEST_WAIT_ACCOUNT,
    LONGEST_WAIT_ADDRESS,
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
        limit.failed(str(number), "anna", 0.0)
    assert len(limit._accounts) == len(limit._addresses) == throttle.MAX_REMEMBERED


def test_an_address_where_somebody_failed_is_suspect() -> None:
    limit = Throttle()
    assert not limit.is_suspect("a")
    fail(limit, 1)
    limit.succeeded("a", "anna")
    assert limit.is_suspect("a")
    assert not limit.is_suspect("b")
