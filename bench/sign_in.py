"""How soon somebody who knows the password is let in while others guess."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from threading import Event
from time import perf_counter
from typing import Final

import requests

from bench.figures import AtMost, Figure
from tests.whole.service import Service, run_service

RUNS: Final = 3
SIGN_INS: Final = 50
GUESSERS: Final = 50
_PAUSE_SECONDS: Final = 0.25
PASSWORD: Final = "correct horse battery staple"


def measure() -> Sequence[Figure]:
    """Sign-ins, one after another, while fifty guess passwords four times a second, each from an address of its own."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with run_service(directory / "data", options=("--trusted-proxies", "127.0.0.1")) as service:
            service.post("/api/users", {"name": "anna", "role": "admin", "password": PASSWORD})
            before = _memory(service)
            stop = Event()
            with ThreadPoolExecutor(GUESSERS) as pool:
                guessing = [pool.submit(_guess, service.url, number, stop) for number in range(GUESSERS)]
                try:
                    p99s = [_sign_in(service.url) for _ in range(RUNS)]
                finally:
                    stop.set()
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
        while _ask(requests, url, "anna", PASSWORD, "192.0.2.1") != 200:
            pass
        milliseconds.append((perf_counter() - began) * 1000)
    return quantiles(milliseconds, n=100)[-1]


def _guess(url: str, number: int, stop: Event) -> int:
    guesses = 0
    with requests.Session() as session:
        # A client that never rests would take the processor that it measures.
        while not stop.wait(_PAUSE_SECONDS):
            _ask(session, url, ("anna", f"user{number}")[number % 2], f"guess {guesses}", f"203.0.113.{number}")
            guesses += 1
    return guesses


def _ask(http: object, url: str, name: str, password: str, address: str) -> int:
    answer = http.post(  # type: ignore[attr-defined]  # requests itself or a session of it
        f"{url}/api/sign-in",
        json={"name": name, "password": password},
        headers={"X-Forwarded-For": address},
        timeout=60,
    )
    return int(answer.status_code)


def _memory(service: Service) -> float:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
