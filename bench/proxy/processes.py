"""What a process has used, read from outside."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from time import sleep
from typing import Final

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process has used, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def busy_share(pid: int, seconds: float) -> float:
    """Watch the process for so long; return the share of a core that it used."""
    before = cpu_seconds(pid)
    sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def resident_megabytes(pid: int) -> float:
    """Return what the process holds in memory, pages that it shares with others counted whole."""
    [kilobytes] = re.findall(r"^Rss:\s*(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(kilobytes) / 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
