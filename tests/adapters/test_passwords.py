"""argon2id, as OWASP says it, and few at a time."""

from __future__ import annotations

import argon2
import pytest
import trio

from lci_app.adapters import passwords
from lci_app.adapters.passwords import HASHERS, Argon2Passwords
from lci_app.interfaces import PasswordVerdict

RIGHT = "correct horse battery staple"


async def test_a_password_is_known_again_and_no_other() -> None:
    hasher = Argon2Passwords()
    hashed = await hasher.hash(RIGHT)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.hash(RIGHT) != hashed
    assert await hasher.verify(RIGHT, hashed) == PasswordVerdict(right=True)
    assert await hasher.verify(RIGHT + " ", hashed) == PasswordVerdict(right=False)
    assert await hasher.verify(RIGHT, None) == PasswordVerdict(right=False)


async def test_however_a_keyboard_composes_it() -> None:
    hasher = Argon2Passwords()
    assert (await hasher.verify("cafe\u0301 au lait noir", await hasher.hash("caf\u00e9 au lait noir"))).right
    assert not (await hasher.verify("half a \ud83d face", await hasher.hash("half a ?? face"))).right


async def test_a_weaker_hash_is_right_but_outdated() -> None:
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(RIGHT)
    assert await Argon2Passwords().verify(RIGHT, weaker) == PasswordVerdict(right=True, outdated=True)


async def test_so_many_are_hashed_at_a_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by what is hashed at a time."""
    running, most = 0, 0
    hasher = Argon2Passwords()
    verify = hasher._verify

    def counted(password: str, password_hash: str | None) -> PasswordVerdict:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return verify(password, password_hash)
        finally:
            running -= 1

    monkeypatch.setattr(hasher, "_verify", counted)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(hasher.verify, RIGHT, None)
    assert most <= HASHERS
    assert passwords.MEMORY_KIB * HASHERS < 64 * 1024
