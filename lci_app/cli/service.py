"""Runs the service to its end, and says why it ended where that was not asked for."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from typing import Final

import trio

from lci_app import app
from lci_app.cli import demo
from lci_app.cli.exits import CommandError, Exit
from lci_app.config import Config
from lci_app.interfaces import OutsideError

# How many things are made before those made since are searched for cycles, and how many such searches before all are. A
# search stops the whole service: with 1,000 viewers one takes half a second, and Python's own numbers (700, 10, 10)
# meant one each second or two. Almost everything is freed by its count of references.
_COLLECT: Final = (20_000, 20, 20)

_log = logging.getLogger(__name__)


def run_service(config: Config, *, with_demo: bool) -> None:
    """Return when the service was told to stop and has; raises CommandError where it cannot serve."""
    # The program itself is never garbage.
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    try:
        trio.run(_with_demo if with_demo else app.run, config)
    except BaseExceptionGroup as group:
        raise _explained(list(_leaves(group))) from None
    except Exception as error:  # noqa: BLE001 - the last line explains whatever ends the service
        raise _explained([error]) from None


async def _with_demo(config: Config) -> None:
    ready = _Ready()

    async def show() -> None:
        await ready.event.wait()
        await demo.show(config, *ready.addresses)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(show)
        await app.run(config, task_status=ready)
        nursery.cancel_scope.cancel()


class _Ready:
    """Hears from the service that it serves; a service that is stopped before has nothing to answer for."""

    def __init__(self) -> None:
        self.event = trio.Event()
        self.addresses = ("", "")

    def started(self, value: tuple[str, str] | None = None) -> None:
        self.addresses = value or self.addresses
        self.event.set()


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        elif not isinstance(error, trio.Cancelled):
            yield error


def _explained(errors: list[BaseException]) -> BaseException:
    """Return the one error that says why the service ended; what is a fault of lci is logged whole before."""
    if any(isinstance(error, KeyboardInterrupt) for error in errors):
        return KeyboardInterrupt()
    faults = [error for error in errors if not isinstance(error, OutsideError | app.StartError)]
    for fault in faults:
        _log.critical("a fault of lci ends it", exc_info=fault)
    if faults:
        told = f"{type(faults[0]).__name__}: {faults[0]}".splitlines()[0]
        return CommandError(Exit.FAILED, f"lci ended by a fault of its own, told above: {told}", code="INTERNAL")
    return CommandError(Exit.FAILED, "; ".join(dict.fromkeys(str(error) for error in errors)))
