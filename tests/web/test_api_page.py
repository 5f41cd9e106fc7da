"""The page of the API in the browser: whoever is signed in reads it, and its commands run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.web.browser import run_scenario
from tests.whole.service import WAIT_SECONDS, run_service


def test_the_page_of_the_api_is_read_by_whoever_is_signed_in_and_its_commands_run(tmp_path: Path) -> None:
    with run_service(tmp_path / "data") as service:
        service.register("project", "acme/shop")

        def run(command: str) -> Any:
            # A path's placeholders stand there in capitals, to be replaced.
            shown = subprocess.run(
                ["sh", "-c", command.replace("PROJECT", "project") + " -s -o /dev/null -w '%{http_code}'"],
                env={**os.environ, "LCI_TOKEN": service.token},
                capture_output=True,
                text=True,
                timeout=WAIT_SECONDS,
                check=True,
            )
            return shown.stdout

        link = (service.data_dir / "set-up-link").read_text().strip()
        options = {"url": service.url, "link": link, "token": service.token}
        found = run_scenario("api", options, {"run": run})
        calls = {
            operation["operationId"]
            for operations in service.request("GET", "/openapi.json").json()["paths"].values()
            for operation in operations.values()
        }
    assert found["complaints"] == []
    assert found["found"] == []
    assert found["all"] == len(calls)
    assert found["answers"] == ["201", "200", "200"]
    assert found["wide"] <= 0
