"""lci as it is, its adapters between fail points: `python -m tests.faults.program` in place of `lci`."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import trio

from lci_app import app
from lci_app.adapters.docker.calls import EngineCalls
from lci_app.assembly import Outside
from lci_app.cli.commands import build_parser
from lci_app.cli.logging_setup import set_up_logging
from lci_app.cli.main import run
from lci_app.config import Config
from lci_app.config.options import OPTIONS
from lci_app.config.surroundings import load_config
from lci_app.services import build_record, under_trouble
from tests.faults.points import VARIABLE, Pointed, Points, pointed_call

PROGRAM = (sys.executable, "-m", "tests.faults.program")
# The engine's own steps of one call of the adapter: a container is created, attached to, started, waited for, removed.
STEPS = ("create", "open_attached", "start", "remove", "project_network")
# Set, lci gives trouble that a test has made hardly any time to pass.
HURRY = "LCI_HURRY"


def main() -> int:
    if sys.argv[1:2] != ["serve"]:
        return run(sys.argv[1:])
    arguments = build_parser().parse_args(sys.argv[1:])
    given = {option.name: getattr(arguments, option.name) for option in OPTIONS}
    config = load_config({name: text for name, text in given.items() if text is not None})
    set_up_logging(config.log_level, config.log_format)
    points = Points(os.environ.get(VARIABLE, ""))
    if os.environ.get(HURRY):
        for module, pause in ((build_record, "TROUBLE_PAUSE"), (under_trouble, "FIRST_PAUSE")):
            setattr(module, pause, 0.05)
    for step in STEPS:
        setattr(EngineCalls, step, pointed_call(getattr(EngineCalls, step), f"docker.{step}", points))
    trio.run(partial(app.run, config, opening=partial(open_pointed, points=points)))
    return 0


@asynccontextmanager
async def open_pointed(config: Config, *, points: Points) -> AsyncIterator[Outside]:
    """Open every adapter, and put each between its points."""
    names: Sequence[str] = ("store", "engine", "source", "logs", "workspace", "proxy", "isolation", "disk")
    async with app.open_outside(config) as outside:
        points.alarm = outside.alarm.ring
        pointed: dict[str, Any] = {name: Pointed(getattr(outside, name), name, points) for name in names}
        yield replace(outside, **cast("Any", pointed))


if __name__ == "__main__":
    sys.exit(main())
