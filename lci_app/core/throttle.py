"""How long whoever guesses passwords has to wait: pure arithmetic over the times that are handed in.

Failures are counted for an account as seen from one address, for the address as a whole, and for the account from all
addresses where nobody has signed in to it: who guesses may have many. After a few, each doubles the wait, up to a bound
that keeps an owner who shares the guesser's address, or comes from a new one, from being locked out for long. A right
password forgets the account's failures there.

An address is whatever stands for one place: `client_addresses.place_of`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

Key = TypeVar("Key")

# Failures that cost nothing: people mistype.
FREE_FOR_ACCOUNT: Final = 5
FREE_FOR_ADDRESS: Final = 30
FREE_FROM_ANYWHERE: Final = 20
LONGEST_WAIT_ACCOUNT: Final = 60.0
# An address may be a whole office, or a tunnel that is not told as a trusted proxy.
LONGEST_WAIT_ADDRESS: Final = 5.0
LONGEST_WAIT_ANYWHERE: Final = 10.0
FORGOTTEN_SECONDS: Final = 900.0
# Remembered at a time; beyond that the one that failed longest ago is forgotten.
MAX_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


@dataclass(slots=True)
class Throttle:
    _accounts: dict[tuple[str, str], _Failures] = field(default_factory=dict)
    _addresses: dict[str, _Failures] = field(default_factory=dict)
    _anywhere: dict[str, _Failures] = field(default_factory=dict)
    # Who signed in from where; its order is that of the last times.
    _known: dict[tuple[str, str], None] = field(default_factory=dict)
    _known_addresses: dict[str, None] = field(default_factory=dict)

    def wait(self, address: str, account: str, now: float) -> float:
        """Return the seconds until the next attempt is looked at; 0 where it may be now."""
        known = (address, account) in self._known
        return max(
            0.0 if known else _wait(self._anywhere.get(account), FREE_FROM_ANYWHERE, LONGEST_WAIT_ANYWHERE, now),
            _wait(self._accounts.get((address, account)), FREE_FOR_ACCOUNT, LONGEST_WAIT_ACCOUNT, now),
            _wait(self._addresses.get(address), FREE_FOR_ADDRESS, LONGEST_WAIT_ADDRESS, now),
        )

    def is_suspect(self, address: str, now: float) -> bool:
        """Return whether somebody failed there lately."""
        failures = self._addresses.get(address)
        return failures is not None and now - failures.last <= FORGOTTEN_SECONDS

    def is_known(self, address: str) -> bool:
        """Return whether somebody has signed in there."""
        return address in self._known_addresses

    def failed(self, address: str, account: str, now: float) -> int:
        """Note a wrong password; returns how many there were for this account from this address."""
        _note(self._addresses, address, now)
        if (address, account) not in self._known:
            _note(self._anywhere, account, now)
        return _note(self._accounts, (address, account), now)

    def succeeded(self, address: str, account: str) -> None:
        """Forget the failures of that account, and that one alone: who has an account could go on guessing others."""
        self._accounts.pop((address, account), None)
        self.note_known(address, account)

    def note_known(self, address: str, account: str) -> None:
        """Note that somebody has signed in to that account from there."""
        _remember(self._known, (address, account))
        _remember(self._known_addresses, address)


def _wait(failures: _Failures | None, free: int, longest: float, now: float) -> float:
    if failures is None or failures.count < free:
        return 0.0
    wait = min(2.0 ** min(failures.count - free, 30), longest)
    return max(0.0, failures.last + wait - now)


def _remember(known: dict[Key, None], key: Key) -> None:
    known.pop(key, None)
    known[key] = None
    if len(known) > MAX_REMEMBERED:
        del known[next(iter(known))]


def _note(remembered: dict[Key, _Failures], key: Key, now: float) -> int:
    failures = remembered.pop(key, _Failures())
    if now - failures.last > FORGOTTEN_SECONDS:
        failures = _Failures()
    failures.count += 1
    failures.last = now
    remembered[key] = failures
    if len(remembered) > MAX_REMEMBERED:
        del remembered[next(iter(remembered))]
    return failures.count
