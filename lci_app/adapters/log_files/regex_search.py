"""Finds the lines that match a regular expression, in a child process.

A short expression can hold Python's `re` for years, and nothing interrupts it: in a thread it would hold up all of
lci. A process can be killed.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Final

import trio

from lci_app.adapters.log_files.regex_child import BAD_EXPRESSION, Request
from lci_app.core.log_lines import decode
from lci_app.interfaces import LogRecord, Trouble

SEARCH_SECONDS: Final = 10.0


async def regex_search(command: Sequence[str], request: Request) -> list[LogRecord]:
    """Return what the child, which `command` starts, has found.

    Raises ValueError, saying what is wrong with it, for an expression that is malformed or takes too long.
    """
    with trio.move_on_after(SEARCH_SECONDS) as patience:
        try:
            child = await trio.run_process(
                command, stdin=json.dumps(request).encode(), capture_stdout=True, capture_stderr=True, check=False
            )
        except OSError as error:
            raise Trouble("SEARCH_FAILED", f"the search cannot be started: {error.strerror or error}") from error
    if patience.cancelled_caught:
        raise ValueError(f"it takes longer than {SEARCH_SECONDS:.0f} seconds: make it simpler")
    return _found(child)


def _found(child: subprocess.CompletedProcess[bytes]) -> list[LogRecord]:
    if child.returncode == BAD_EXPRESSION:
        raise ValueError(child.stdout.decode(errors="replace"))
    if child.returncode:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        raise Trouble("SEARCH_FAILED", f"the search ended with status {child.returncode}: {said[-1] if said else ''}")
    records = []
    for line in child.stdout.split(b"\n")[:-1]:
        number, record = line.split(b" ", 1)
        records.append(LogRecord(int(number), *next(decode(record + b"\n", 1))))
    return records
