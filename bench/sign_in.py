"""How soon somebody who knows the password is let in while others guess."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from threading import Barrier, BrokenBarrierError
from time import perf_counter, sleep
from typing import Final
from urllib.parse import urlsplit

from bench.figures import AtMost, Figure
from tests.whole.service import Service, run_service

RUNS: Final = 3
SIGN_INS: Final = 50
GUESSERS: Final = 50
# Between two volleys: clients that never rest would take the processor that is measured.
_PAUSE_SECONDS: Final = 0.25
_HOME: Final = "127.0.0.1"
PASSWORD: Final = "correct horse battery staple"


def measure() -> Sequence[Figure]:
    """Sign-ins, one after another, while fifty guess at the same moment, four times a second, ever from new addresses.

    Whoever signs in has done so from there before.
    """
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with run_service(directory / "data") as service:
            service.post("/api/users", {"name": "anna", "role": "admin", "password": PASSWORD})
            if _ask(service.url, "anna", PASSWORD, _HOME) != 200:
                raise RuntimeError("the right password is refused")
            before = _memory(service)
            volley = Barrier(GUESSERS)
            with ThreadPoolExecutor(GUESSERS) as pool:
                guessing = [pool.submit(_guess, service.url, number, volley) for number in range(GUESSERS)]
                try:
                    p99s = [_sign_in(service.url) for _ in range(RUNS)]
                finally:
                    volley.abort()
                guesses = sum(each.result() for each in guessing)
            return [
                Figure("sign-in while 50 guess, p99", "ms", p99s, AtMost(300.0)),
                Figure("guesses answered meanwhile", "", [float(guesses)]),
                Figure("memory that they cost", "MiB", [_memory(service) - before], AtMost(100.0)),
            ]
    finally:
        shutil.rmtree(directory)


def _sign_in(url: str) -> float:
    """Return the p99 of what it takes to be let in, in milliseconds; a refusal for the crowd is tried again."""
    milliseconds = []
    for _ in range(SIGN_INS):
        began = perf_counter()
        while _ask(url, "anna", PASSWORD, _HOME) != 200:
            pass
        milliseconds.append((perf_counter() - began) * 1000)
    return quantiles(milliseconds, n=100)[-1]


def _guess(url: str, number: int, volley: Barrier) -> int:
    """Guess with all the others at once until the volley is called off; every time from another address."""
    guesses = 0
    while True:
        try:
            volley.wait()
        except BrokenBarrierError:
            return guesses
        address = f"127.{1 + guesses // 250}.{1 + guesses % 250}.{1 + number}"
        _ask(url, ("anna", f"user{number}")[number % 2], f"guess {guesses}", address)
        guesses += 1
        sleep(_PAUSE_SECONDS)


def _ask(url: str, name: str, password: str, address: str) -> int:
    host = urlsplit(url).netloc
    with closing(HTTPConnection(host, timeout=60, source_address=(address, 0))) as http:
        body = json.dumps({"name": name, "password": password})
        http.request("POST", "/api/sign-in", body, {"Content-Type": "application/json"})
        answer = http.getresponse()
        answer.read()
        return answer.status


def _memory(service: Service) -> float:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
