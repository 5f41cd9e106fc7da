"""From a fresh server to somebody who is signed in; and what of it others on the machine could see."""

from __future__ import annotations

import stat
from pathlib import Path

import requests

from tests.whole.service import Service

PASSWORD = "correct horse battery staple"


def test_the_first_administrator_registers_by_the_link_and_works(service: Service) -> None:
    link = service.data_dir / "set-up-link"
    address, _, secret = link.read_text().strip().partition("#")
    assert address == f"{service.url}/welcome"
    assert sum(secret in line for line in service.stderr) == 1
    browser = requests.Session()
    body = {"token": secret, "name": "anna", "password": PASSWORD}
    made = browser.post(f"{service.url}/api/set-up", json=body, timeout=30)
    assert made.status_code == 201, made.text
    assert not link.exists()
    again = requests.post(f"{service.url}/api/set-up", json={**body, "name": "eve"}, timeout=30)
    assert again.status_code == 401
    project = {"name": "signed-in", "repo": "acme/none"}
    assert browser.post(f"{service.url}/api/projects", json=project, timeout=30).status_code == 403
    browser.headers["X-CSRF-Token"] = made.json()["data"]["csrf_token"]
    assert browser.post(f"{service.url}/api/projects", json=project, timeout=30).status_code == 201
    assert service.cli("user", "list").stdout.count("anna") == 1
    assert "create_project" in service.cli("audit").stdout
    assert PASSWORD not in "".join(service.stderr)


def test_nothing_in_the_data_directory_is_for_others(service: Service) -> None:
    private = [service.data_dir, *service.data_dir.iterdir(), *(service.data_dir / "db").iterdir()]
    open_to_others = [path for path in private if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert [path for path in open_to_others if not path.is_symlink()] == []


def test_no_process_bears_a_secret_in_its_arguments_or_its_environment(service: Service) -> None:
    secrets = [service.get("/api/settings/webhook-secret")["secret"], service.token]
    assert service.process is not None
    own = [line for line in _processes() if str(service.data_dir) in line or f"\0{service.process.pid}\0" in line]
    assert own
    assert [line for line in own if any(secret in line for secret in secrets)] == []


def _processes() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        found.append(f"\0{process.name}\0{arguments.decode(errors='replace')}\0{environment.decode(errors='replace')}")
    return found
