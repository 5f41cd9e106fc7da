"""The child process of a search by regular expression: its request is on standard input, its finds on standard output.

Standard library and core only, so that it starts quickly.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TypedDict

from lci_app.adapters.log_files.files import open_for_reading, whole_records
from lci_app.core.log_lines import parse
from lci_app.core.terminal import ESCAPE, plain_text

# Exit status that says: standard output holds why the expression is none.
BAD_EXPRESSION: Final = 3
# Its parent ends it sooner; this is for a child whose parent was killed.
CPU_SECONDS: Final = 20


class Request(TypedDict):
    """`offset` is where record `number` begins; the search is for records from `first` on, before byte `size`."""

    path: str
    offset: int
    number: int
    size: int
    query: str
    first: int
    limit: int
    max_bytes: int


def main() -> int:
    """Write `NUMBER RECORD` for each match; return the exit status."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    request: Request = json.load(sys.stdin)
    try:
        pattern = re.compile(request["query"])
    except (re.error, OverflowError, RecursionError) as error:
        sys.stdout.write(str(error))
        return BAD_EXPRESSION
    length = 0
    for number, record in islice(_matches(request, pattern), request["limit"]):
        length += sys.stdout.buffer.write(b"%d %s\n" % (number, record))
        if length >= request["max_bytes"]:
            break
    return 0


def _matches(request: Request, pattern: re.Pattern[str]) -> Iterator[tuple[int, bytes]]:
    number = request["number"]
    # Colours are no part of a line's text, unless they are what is looked for.
    is_raw = ESCAPE in request["query"] or "\\x1b" in request["query"].lower()
    log = open_for_reading(Path(request["path"]))
    try:
        for block in whole_records(log, request["offset"], request["size"]):
            records = block.split(b"\n")
            for record, line in zip(records[:-1], block.decode(errors="replace").split("\n"), strict=False):
                if number >= request["first"]:
                    text = parse(line).text
                    if pattern.search(text if is_raw else plain_text(text)):
                        yield number, record
                number += 1
    finally:
        os.close(log)


if __name__ == "__main__":
    sys.exit(main())
