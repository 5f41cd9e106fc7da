"""The same repository is recognised by whatever address it is named."""

from __future__ import annotations

import pytest

from lci_app.core.repositories import address, full_url, without_password

SAME = [
    "https://github.com/acme/shop.git",
    "https://github.com/acme/shop",
    "https://GitHub.com/Acme/Shop/",
    "https://github.com:443/acme/shop.git",
    "https://token@github.com/acme/shop.git",
    "git@github.com:acme/shop.git",
    "ssh://git@github.com/acme/shop.git",
    "ssh://git@github.com:22/acme/shop.git",
    "http://github.com/acme/shop",
]


@pytest.mark.parametrize("one", SAME)
@pytest.mark.parametrize("other", SAME)
def test_two_addresses_of_one_repository_mean_the_same(one: str, other: str) -> None:
    first, second = address(one), address(other)
    assert first is not None
    assert second is not None
    assert first.means(second)


@pytest.mark.parametrize(
    "other",
    [
        "https://github.com/acme/shop2",
        "https://gitlab.com/acme/shop",
        "https://github.com/acme/shop/sub",
        "file:///acme/shop",
        "git@evil.example:acme/shop.git",
    ],
)
def test_another_repository_is_another(other: str) -> None:
    first, second = address(SAME[0]), address(other)
    assert first is not None
    assert second is not None
    assert not first.means(second)


def test_two_servers_on_one_host_are_told_apart_by_their_port() -> None:
    one, two = address("http://127.0.0.1:3001/a/b.git"), address("http://127.0.0.1:3002/a/b.git")
    assert one is not None
    assert two is not None
    assert not one.means(two)


@pytest.mark.parametrize("text", ["", "shop", "https://", "http://host", "http://host:port/x", "http://[::1/x"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert address(text) is None


def test_owner_and_name_stand_for_the_configured_github() -> None:
    assert full_url("acme/shop", "https://git.example/") == "https://git.example/acme/shop.git"
    assert full_url("file:///srv/shop.git", "https://github.com") == "file:///srv/shop.git"


@pytest.mark.parametrize(
    ("repo", "without", "password"),
    [
        ("https://bot:ghp_secret@git.example/a.git", "https://bot@git.example/a.git", "ghp_secret"),
        ("HTTP://:p%40ss@git.example:8080/a", "http://git.example:8080/a", "p@ss"),
        ("https://ghp_0123456789abcdefghij@git.example/a", "https://git.example/a", "ghp_0123456789abcdefghij"),
        ("https://ghp_0123456789abcdefghij:x-oauth-basic@h/a", "https://h/a", "ghp_0123456789abcdefghij"),
        ("ssh://git:hunter2@git.example/a.git", "ssh://git@git.example/a.git", "hunter2"),
        ("https://bot@git.example/a.git", "https://bot@git.example/a.git", None),
        ("ssh://git@git.example/a.git", "ssh://git@git.example/a.git", None),
        ("git@git.example:a/b:c@d.git", "git@git.example:a/b:c@d.git", None),
        ("file:///srv/a:b@c.git", "file:///srv/a:b@c.git", None),
        ("owner/name", "owner/name", None),
    ],
)
def test_a_password_is_told_from_the_address_that_it_stands_in(repo: str, without: str, password: str | None) -> None:
    assert without_password(repo) == (without, password)
