from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lci_app.adapters.clock import SystemClock, booted_at


def test_wall_time_is_utc_text_with_three_digits() -> None:
    now = SystemClock().now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now)
    assert abs(datetime.fromisoformat(now) - datetime.now(UTC)) < timedelta(minutes=1)


def test_times_never_run_backwards() -> None:
    clock = SystemClock()
    seconds = [clock.seconds() for _ in range(1000)]
    assert seconds == sorted(seconds)


def test_the_host_was_started_as_long_ago_as_it_says() -> None:
    up = float(Path("/proc/uptime").read_text().split()[0])
    since = datetime.fromisoformat(SystemClock().now()) - datetime.fromisoformat(booted_at())
    assert since.total_seconds() == pytest.approx(up, abs=5)
