"""A page that outlives an upgrade of lci, or lost a part on its way."""

from __future__ import annotations

from tests.web.browser import run_scenario
from tests.whole.service import Service


def test_a_page_whose_parts_are_gone_loads_itself_anew_and_then_says_what_is_wrong(service: Service) -> None:
    # Opened, and loaded anew three times; not a fourth, which would go on for ever.
    # One that lost its script, or its styles, is there all the same.
    found = run_scenario("stale", {"url": service.url, "token": service.token})
    assert found == {"loads": 4, "dropped": 2}
