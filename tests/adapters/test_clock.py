from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lci_app.adapters.clock import SystemClock


def test_wall_time_is_utc_text_with_three_digits() -> None:
    now = SystemClock().now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now)
    assert abs(datetime.fromisoformat(now) - datetime.now(UTC)) < timedelta(minutes=1)


def test_times_never_run_backwards() -> None:
    clock = SystemClock()
    seconds = [clock.seconds() for _ in range(1000)]
    assert seconds == sorted(seconds)
