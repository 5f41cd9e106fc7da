"""Where lci may not set rules in the host's firewall, builds run all the same, and lci says what that means."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.git_server import GitRepository
from tests.whole.listeners import open_listeners
from tests.whole.service import instance_of, run_service

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can give up a right"),
]

# Root that may not set rules.
WITHOUT_RIGHT = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
EVERYWHERE = ("--api-host", "0.0.0.0", "--proxy-host", "0.0.0.0")
COMMAND = r"""
GATEWAY=$(ip route | sed -n 's/^default via \([^ ]*\).*/\1/p')
ask() {
    heard=$( (printf 'GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n'; sleep 1) | nc -w 2 "$GATEWAY" "$2" | head -c 8)
    echo "$1: $heard"
}
ask host "$HOST_PORT"
ask api "$API_PORT"
ask proxy "$PROXY_PORT"
cp index.html /output/
"""


def test_builds_run_are_refused_at_lcis_own_doors_and_everybody_is_told(tmp_path: Path, shop: GitRepository) -> None:
    data_dir = tmp_path / "data"
    with open_listeners() as host, run_service(data_dir, options=EVERYWHERE, starter=WITHOUT_RIGHT) as service:
        service.url, service.proxy_url = (
            address.replace("0.0.0.0", "127.0.0.1") for address in (service.url, service.proxy_url)
        )
        told = service.get("/api/system")["isolation"]
        assert (told["status"], "iptables" in told["message"]) == ("degraded", True)
        assert any("isolation degraded: " in line for line in service.stderr)
        ports = {"API_PORT": service.url, "PROXY_PORT": service.proxy_url, "HOST_PORT": f":{host.port}"}
        environment = {name: address.rpartition(":")[2] for name, address in ports.items()}
        service.register("web", shop.url, build_command=COMMAND, build_env=environment)
        log = service.log_lines(service.succeed("web")["id"])
        assert f"Isolation degraded: {told['message']}." in log
        # The control: what is not lci's own is open to it, as the sentence says.
        assert {line for line in log if re.match(r"(host|api|proxy): ", line)} == {
            "host: HTTP/1.0",
            "api: ",
            "proxy: ",
        }
        assert service.visit("/web/index.html").text == "first"
        findings = json.loads(service.cli("doctor", "--json").stdout)["findings"]
        assert [each["message"] for each in findings if each["code"] == "ISOLATION_DEGRADED"] == [
            "Isolation degraded: the rules that keep builds in are not set."
        ]
        rules = subprocess.run(["iptables", "-w", "5", "-S"], check=True, capture_output=True, text=True).stdout
        assert f"LCI-{(instance_of(data_dir) or '')[:6]}" not in rules
