"""Which registry an image comes from, and what a login to one may be."""

from __future__ import annotations

import pytest
from docker import auth
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.registries import (
    MAX_PASSWORD,
    RegistryLogin,
    canonical,
    host_problem,
    password_problem,
    registry_of,
    username_problem,
)


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("busybox", "docker.io"),
        ("busybox:1", "docker.io"),
        (f"busybox@sha256:{'1' * 64}", "docker.io"),
        ("library/busybox", "docker.io"),
        ("docker.io/library/busybox", "docker.io"),
        ("index.docker.io/team/app", "docker.io"),
        ("ghcr.io/acme/shop:1", "ghcr.io"),
        ("GHCR.io/acme/shop", "ghcr.io"),
        ("localhost/shop", "localhost"),
        ("127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000"),
        ("registry.example:5000/shop", "registry.example:5000"),
        ("Not An Image", "docker.io"),
        ("", "docker.io"),
    ],
)
def test_an_image_names_its_registry(image: str, registry: str) -> None:
    assert registry_of(image) == registry


@given(st.from_regex(r"([a-z0-9.-]{1,20}(:[0-9]{1,4})?/)?[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True))
def test_dockers_own_client_finds_the_same_registry(repository: str) -> None:
    try:
        expected, _ = auth.resolve_repository_name(repository)
    except Exception:  # noqa: BLE001 - what Docker's client takes for no name at all
        return
    assert registry_of(repository) == canonical(expected)


@pytest.mark.parametrize("host", ["ghcr.io", "docker.io", "localhost", "localhost:5000", "10.0.0.1:5000", "[::1]:5000"])
def test_a_host_may_have_a_port(host: str) -> None:
    assert host_problem(host) is None


@pytest.mark.parametrize(
    "host", ["", "https://ghcr.io", "ghcr.io/acme", "a b", "-a.io", "a..io", "a:port", "user@host", "a:", "x" * 254]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert "ghcr.io" in (host_problem(host) or "")


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "x" * 257])
def test_a_user_name_is_one_word_of_a_login(name: str) -> None:
    assert username_problem(name)
    assert username_problem("ana") is None
    assert username_problem("_json_key") is None


@pytest.mark.parametrize("password", ["", "nul\0", "x" * (MAX_PASSWORD + 1)])
def test_a_password_has_a_bound(password: str) -> None:
    assert password_problem(password)
    assert password_problem('{"private_key": "-----BEGIN\n"}\n') is None


def test_a_login_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(RegistryLogin("ana", "hunter2"))
