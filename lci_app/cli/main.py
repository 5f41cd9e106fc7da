"""Runs one command line: every outcome becomes an exit status and, where it failed, one last line that says why."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from lci_app.cli.commands import build_parser, implementation
from lci_app.cli.exits import CommandError, Exit
from lci_app.config.model import ConfigError


def run(argv: Sequence[str]) -> int:
    """Return the exit status; never raises what a user can cause."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may know ASCII only
    try:
        status = _run(argv)
        sys.stdout.flush()
    except (KeyboardInterrupt, BaseExceptionGroup) as error:
        # trio groups an interrupt that meets it while it waits for several tasks.
        if isinstance(error, BaseExceptionGroup) and error.subgroup(KeyboardInterrupt) is None:
            raise
        status = Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read has had enough. Python would complain once more when it closes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = Exit.PIPE_CLOSED
    return status


def _run(argv: Sequence[str]) -> Exit:
    try:
        arguments = build_parser().parse_args(argv)
        return implementation(arguments.run)(arguments)
    except ConfigError as error:
        return _refuse(CommandError(Exit.USAGE, str(error)), argv)
    except CommandError as error:
        return _refuse(error, argv)


def _refuse(error: CommandError, argv: Sequence[str]) -> Exit:
    if "--json" in argv:
        refusal = {"code": error.code, "message": str(error), "details": error.details}
        print(json.dumps({"success": False, "error": refusal}, indent=2, ensure_ascii=False))
    for line in str(error).splitlines():
        print(f"lci: {line}", file=sys.stderr)
    return error.exit_status
