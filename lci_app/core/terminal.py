"""What of a program's output is meant for a terminal, and is not text that anybody reads: colours, erasures, links."""

from __future__ import annotations

import re
from typing import Final

# What every such sequence begins with: a text without it has none, and that is found out far more quickly.
ESCAPE: Final = "\x1b"
# A control sequence, or an operating system command with its end. One never goes over the end of a line.
_SEQUENCE: Final = r"\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\))"
_IN_TEXT: Final = re.compile(_SEQUENCE)
_IN_BYTES: Final = re.compile(_SEQUENCE.encode())


def plain_text(text: str) -> str:
    """Return the text without its sequences, line for line as it was."""
    return _IN_TEXT.sub("", text) if ESCAPE in text else text


def plain_bytes(text: bytes) -> bytes:
    """As `plain_text`, of what may be in any encoding that has ASCII's controls."""
    return _IN_BYTES.sub(b"", text) if ESCAPE.encode() in text else text
