"""What a token or a cookie stands for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lci_app.core.accounts import Caller
from lci_app.core.credentials import digest_of
from lci_app.core.model import Scope, later
from lci_app.interfaces import NewToken, Trouble
from lci_app.services import callers
from lci_app.services.callers import TOUCH_SECONDS, Callers
from tests.adapters.sqlite_store import EARLY, inline_store


class Clock:
    """Stands, until it is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> str:
        return later(EARLY, self.at)

    def seconds(self) -> float:
        return self.at


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Callers]:
    async with inline_store(tmp_path) as store:
        new = NewToken(name="ci", secret_sha256=digest_of("a"), scope=Scope.READ, expires_at=later(EARLY, 100))
        await store.add_token(new, EARLY)
        yield Callers(store, Clock())


async def test_a_token_is_good_until_it_expires(asked: Callers) -> None:
    assert isinstance(asked.clock, Clock)
    asked.clock.at = 99.9
    assert isinstance(await asked.of_token("a", "", used=True), Caller)
    asked.clock.at = 100.0
    assert await asked.of_token("a", "", used=True) is None
    assert await asked.of_token("b", "", used=True) is None


async def test_its_last_use_is_written_down_once_in_a_while(asked: Callers) -> None:
    assert isinstance(asked.clock, Clock)

    async def last() -> str | None:
        token = await asked.store.token(digest_of("a"))
        assert token is not None
        return token.last_used_at

    await asked.of_token("a", "192.0.2.1", used=False)
    assert await last() is None
    await asked.of_token("a", "192.0.2.1", used=True)
    asked.clock.at = TOUCH_SECONDS - 1
    await asked.of_token("a", "192.0.2.1", used=True)
    assert await last() == EARLY
    asked.clock.at = TOUCH_SECONDS
    await asked.of_token("a", "192.0.2.1", used=True)
    assert await last() == later(EARLY, TOUCH_SECONDS)


async def test_a_full_disk_keeps_nobody_out(asked: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise Trouble("DATABASE_FULL", "the disk is full")

    monkeypatch.setattr(asked.store, "touch_token", full)
    assert isinstance(await asked.of_token("a", "", used=True), Caller)


async def test_what_is_remembered_is_bounded(asked: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_MAX_TOUCHED", 1)
    asked._touched["t9"] = 0.0
    await asked.of_token("a", "", used=True)
    assert len(asked._touched) == 1
