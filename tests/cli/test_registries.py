from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.whole.service import Service, run_service

PASSWORD = "hunter2hunter2"

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with run_service(tmp_path_factory.mktemp("lci") / "data") as service:
        yield service


def given(service: Service, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a password on standard input."""
    return service.cli("registry", "set", *arguments, check=False, stdin=password)


def test_a_login_is_set_listed_and_removed_and_its_password_never_printed(service: Service) -> None:
    ran = [
        given(service, f"{PASSWORD}\n", "ghcr.io", "--username", "ana"),
        service.cli("registry", "list"),
        service.cli("registry", "list", "--json"),
        service.cli("registry", "rm", "ghcr.io"),
    ]
    assert ran[0].stdout.startswith("ana's login to ghcr.io is stored (fingerprint ")
    assert ran[1].stdout.splitlines()[1].split()[:2] == ["ghcr.io", "ana"]
    assert json.loads(ran[2].stdout)["total"] == 1
    assert ran[3].stdout == "the login to ghcr.io is removed\n"
    assert not any(PASSWORD in text for each in ran for text in (each.stdout, each.stderr))
    again = service.cli("registry", "rm", "ghcr.io", check=False)
    assert (again.returncode, "no login to ghcr.io" in again.stderr) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["https://ghcr.io", "--username", "ana"], PASSWORD, "HOST must be a registry's host"),
        (["ghcr.io", "--username", "a:b"], PASSWORD, "--username must be"),
        (["ghcr.io", "--username", "ana"], "", "the password for ghcr.io must not be empty"),
        (["ghcr.io"], PASSWORD, "--username"),
        (["ghcr.io", "--username", "ana", "--password", "x"], PASSWORD, "has no option --password"),
    ],
)
def test_what_cannot_be_stored_is_wrong_usage(service: Service, arguments: list[str], password: str, said: str) -> None:
    ran = given(service, password, *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert PASSWORD not in ran.stderr
