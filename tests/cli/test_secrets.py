from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.service import Service, run_service

VALUE = "hunter2hunter2"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with run_service(tmp_path_factory.mktemp("lci") / "data") as service:
        service.register("shop", "acme/shop")
        yield service


def file_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "given"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("owner", [(), ("--project", "shop")])
def test_a_secret_is_set_listed_and_removed_and_its_value_never_printed(
    service: Service, tmp_path: Path, owner: tuple[str, ...]
) -> None:
    ran = [
        service.cli("secret", "set", "TOKEN", "--value-file", file_of(tmp_path, f"{VALUE}\n"), *owner),
        service.cli("secret", "list", *owner),
        service.cli("secret", "list", "--json", *owner),
        service.cli("secret", "rm", "TOKEN", *owner),
    ]
    assert ran[0].stdout.startswith("TOKEN is stored (fingerprint ")
    assert ran[1].stdout.splitlines()[1].split()[0] == "TOKEN"
    assert json.loads(ran[2].stdout)["total"] == 1
    assert ran[3].stdout == "TOKEN is removed\n"
    assert not any(VALUE in text for each in ran for text in (each.stdout, each.stderr))
    again = service.cli("secret", "rm", "TOKEN", *owner, check=False)
    assert (again.returncode, "no secret TOKEN" in again.stderr) == (3, True)


def test_a_file_of_variables_is_imported_whole(service: Service, tmp_path: Path) -> None:
    ran = service.cli("secret", "import", file_of(tmp_path, f"export A={VALUE}\nB='x # y'\n"), "--project", "shop")
    assert ran.stdout == "2 secrets are stored: A, B\n"
    assert VALUE not in ran.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"A=1\n{VALUE}", "line 2: must be NAME=value"),
        ("# nothing", "holds no NAME=value"),
        ("A=", "A must not be empty"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_with_its_place(
    service: Service, tmp_path: Path, text: str, said: str
) -> None:
    ran = service.cli("secret", "import", file_of(tmp_path, text), check=False)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert VALUE not in ran.stderr


@pytest.mark.parametrize("name", ["a-b", "1A", ""])
def test_a_name_that_is_no_variables_is_refused_before_a_value_is_read(service: Service, name: str) -> None:
    ran = service.cli("secret", "set", name, "--value-file", "/nowhere", check=False)
    assert ran.returncode == 2
    assert "environment variable" in ran.stderr


def test_a_new_key_is_asked_for(service: Service) -> None:
    assert "the old one is gone" in service.cli("secret", "rotate-key").stdout
