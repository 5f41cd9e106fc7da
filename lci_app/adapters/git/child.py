"""The process that fetches and writes trees, so that a stuck remote or a hostile repository can be killed with it."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from lci_app.adapters.git.protocol import LENGTH_BYTES, Failed, Request, body_length, decode, encode

# Bytes of private memory; one file of a repository has to fit about three times.
_MEMORY: Final = 4 * 1024**3
# Bytes of resident memory; a child that holds more after its answer ends, so that an idle one is small.
_LARGEST_IDLE: Final = 192 * 1024**2
# If memory runs out, the kernel ends this process before lci.
_OOM_SCORE: Final = "500"


def main() -> int:
    """Serve requests on standard input until it ends. Its end kills this process's group, work or not.

    Standard output bears nothing but answers. Returns the exit status
    after an answer that was the last, since this process is not fit for another.
    """
    _confine()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests: SimpleQueue[Request] = SimpleQueue()
    reader = threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True)
    reader.start()
    from lci_app.adapters.git.checkout import checkout  # noqa: PLC0415, F401 - loaded while the first request is made

    leaving = False
    while not leaving:
        answer, leaving = _answer(requests.get(), answers)  # nosec B113
        _send(answers, {**answer, "leaving": leaving})
    return 0


def _confine() -> None:
    if os.getpgrp() != os.getpid():  # started by hand: its end must not take the shell with it
        os.setpgid(0, 0)
    # The parent alone decides when this process ends: a Ctrl-C or a service manager's signal is the parent's matter.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold tokens
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY or most > _MEMORY:
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _read_requests(stream: BinaryIO, requests: SimpleQueue[Request]) -> None:
    """Runs in a thread of its own, so that the parent's end is noticed in the middle of a fetch."""
    try:
        while prefix := stream.read(LENGTH_BYTES):
            requests.put(Request.from_json(decode(stream.read(body_length(prefix)))))  # nosec B113
    finally:
        os.killpg(0, signal.SIGKILL)


def _answer(request: Request, answers: BinaryIO) -> tuple[dict[str, Any], bool]:
    from lci_app.adapters.git.checkout import checkout  # noqa: PLC0415 - see main

    try:
        done = checkout(request, lambda line: _send(answers, {"progress": line}))
    except Failed as error:
        return _failure(error.kind, error.code, str(error)), _too_large()
    except MemoryError:
        words = "the repository holds files that are too large to be checked out in the memory lci allows for it"
        return _failure("refusal", "UNSAFE_TREE", words), True
    except OSError as error:
        traceback.print_exc()
        place = f" ({error.filename})" if error.filename else ""
        return _failure("trouble", "DISK_FAILED", f"the checkout failed: {error.strerror or error}{place}"), True
    except Exception as error:  # noqa: BLE001 - foreign errors end here; a child that met an unknown one ends, too
        traceback.print_exc()
        return _failure("trouble", "GIT_FAILED", f"the checkout failed: {type(error).__name__}: {error}"), True
    return {"done": done}, _too_large()


def _failure(kind: str, code: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "code": code, "message": message[:2000]}}


def _too_large() -> bool:
    # Not getrusage's ru_maxrss: across fork and exec it begins with what the parent held (Linux, fs/exec.c).
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident * resource.getpagesize() > _LARGEST_IDLE


def _send(answers: BinaryIO, message: Mapping[str, Any]) -> None:
    rest = memoryview(encode(message))
    while rest:
        rest = rest[answers.write(rest) :]
