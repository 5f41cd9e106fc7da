"""How the services go on while the machine is in trouble: what must be done is insisted on, the rest is tried once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import trio

from lci_app.interfaces import OutsideError, Trouble

# A disk that is full, an engine that is away: asked again after this many seconds, each time twice as long.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


async def insist(act: Callable[[], Awaitable[T]], *, what: str, shielded: float = 0.0) -> T:
    """Return what `act` returns, trying again for as long as it raises Trouble.

    Only a cancellation ends it otherwise, and none within the first `shielded` seconds. `what` follows "cannot".
    """
    if shielded > 0:
        with trio.move_on_after(shielded, shield=True):
            return await _repeat(act, what)
        _log.warning("for %g s lci could not %s; it goes on trying", shielded, what)
    return await _repeat(act, what)


async def _repeat(act: Callable[[], Awaitable[T]], what: str) -> T:
    pause = FIRST_PAUSE
    while True:
        try:
            return await act()
        except Trouble as trouble:
            _log.warning("cannot %s: %s; trying again in %g s", what, trouble, pause)
        await trio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def attempt(act: Callable[[], Awaitable[T]], *, what: str) -> T | None:
    """Return what `act` returns, or None where it failed, for whatever reason: lci's log tells, nobody is held up."""
    try:
        return await act()
    except OutsideError as error:
        _log.warning("cannot %s: %s", what, error)
    except Exception:  # noqa: BLE001 - what is only tried must not fail what it is done for
        _log.exception("cannot %s, for a reason lci did not foresee", what)
    return None
