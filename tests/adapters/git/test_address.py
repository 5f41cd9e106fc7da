from __future__ import annotations

import base64

import pytest

from lci_app.adapters.git.address import http_secrets, parse, shown


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "user", "path"),
    [
        ("https://github.com/owner/app.git", "https", "github.com", None, None, "/owner/app.git"),
        ("HTTP://127.0.0.1:8123/a%20b", "http", "127.0.0.1", 8123, None, "/a%20b"),
        ("https://me@example.com/a", "https", "example.com", None, "me", "/a"),
        ("ssh://git@example.com:2222/srv/a%20b.git", "ssh", "example.com", 2222, "git", "/srv/a b.git"),
        ("ssh://example.com/~me/app", "ssh", "example.com", None, None, "/~me/app"),
        ("git@github.com:owner/app.git", "ssh", "github.com", None, "git", "owner/app.git"),
        ("backup:/srv/app.git", "ssh", "backup", None, None, "/srv/app.git"),
        ("git@[::1]:app.git", "ssh", "::1", None, "git", "app.git"),
        ("ssh://git@[::1]:22/app.git", "ssh", "::1", 22, "git", "/app.git"),
        ("file:///srv/a%20b.git", "file", "", None, None, "/srv/a b.git"),
        ("file://localhost/srv/app.git", "file", "", None, None, "/srv/app.git"),
    ],
)
def test_each_form_of_an_address_is_told_apart(
    url: str, scheme: str, host: str, port: int | None, user: str | None, path: str
) -> None:
    address = parse(url)
    assert (address.scheme, address.host, address.port, address.user, address.path) == (scheme, host, port, user, path)


@pytest.mark.parametrize(
    "url", ["owner/app", "ftp://host/a", "https:///a", "file://host/a", "host::a", "https://h:x/a", ""]
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError):
        parse(url)
    assert shown(url) == "the repository's address"


def test_an_address_is_shown_without_its_credentials() -> None:
    assert shown("https://ada:s3cr%2ft@example.com:8443/a.git#x") == "https://example.com:8443/a.git"
    assert "s3cr" not in repr(parse("https://ada:s3cr%2ft@example.com/a.git"))


def test_the_secrets_of_a_request_are_known_in_every_form_they_travel_in() -> None:
    encoded = base64.b64encode(b"ada:token").decode()
    assert http_secrets("https://ada:pass%2fword@example.com/a", "token") == (encoded, "pass/word", "token")
    assert http_secrets("https://example.com/a", None) == ()
    assert http_secrets("nonsense", "token") == ("token",)


def test_a_token_goes_with_the_user_name_that_hosts_expect() -> None:
    assert parse("https://example.com/a").basic_credentials("t") == base64.b64encode(b"x-access-token:t").decode()
    assert parse("https://oauth2@example.com/a").basic_credentials("t") == base64.b64encode(b"oauth2:t").decode()
    assert parse("https://a:b@example.com/a").basic_credentials(None) == base64.b64encode(b"a:b").decode()
    assert parse("https://example.com/a").basic_credentials(None) is None
