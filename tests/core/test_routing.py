"""Which project a request is for."""

from __future__ import annotations

import json

import pytest

from lci_app.core.routing import Match, Redirect, Route, RouteTable, Upstream, table

BLOG = Route("blog", Upstream(1, "127.0.0.1", 9001))
SHOP = Route("shop", Upstream(2, "127.0.0.1", 9011), domains=("Shop.example.com", "[2001:db8::1]"))
RAW = Route("raw", Upstream(3, "127.0.0.1", 9021), strip_prefix=False)
IDLE = Route("idle", None)
TABLE = table(7, [SHOP, BLOG, RAW, IDLE])


@pytest.mark.parametrize(
    ("target", "asked_for"),
    [
        ("/blog/", "/"),
        ("/blog/a/b", "/a/b"),
        ("/blog/?q=/shop/", "/?q=/shop/"),
        ("/blog//evil.example", "//evil.example"),
        ("/blog/blog/", "/blog/"),
    ],
)
def test_the_projects_name_is_taken_off_the_path(target: str, asked_for: str) -> None:
    assert TABLE.find("h", target) == Match(BLOG, asked_for, "/blog")


def test_a_project_that_keeps_its_prefix_gets_the_whole_path() -> None:
    assert TABLE.find("h", "/raw/a?b") == Match(RAW, "/raw/a?b", "")


@pytest.mark.parametrize(
    ("target", "location"), [("/blog", "/blog/"), ("/blog?a=b", "/blog/?a=b"), ("/idle", "/idle/")]
)
def test_a_project_without_its_slash_is_redirected(target: str, location: str) -> None:
    assert TABLE.find("h", target) == Redirect(location)


@pytest.mark.parametrize(
    "target", ["/", "/?blog/", "/nope/", "/nope", "//blog/", "/BLOG/", "/blog%2F", "/blo", "/blogs/"]
)
def test_what_names_no_project_finds_none(target: str) -> None:
    assert TABLE.find("h", target) is None


@pytest.mark.parametrize(
    "host",
    ["shop.example.com", "SHOP.EXAMPLE.COM", "shop.example.com:8080", "shop.example.com.", "shop.example.com.:80"],
)
def test_a_domain_is_its_projects_whatever_the_path(host: str) -> None:
    assert TABLE.find(host, "/blog/a") == Match(SHOP, "/blog/a", "")


def test_an_address_can_be_a_domain() -> None:
    assert TABLE.find("[2001:DB8::1]:80", "/") == Match(SHOP, "/", "")


def test_another_host_is_no_domain() -> None:
    assert TABLE.find("evil-shop.example.com", "/") is None
    assert TABLE.find("", "/blog/") == Match(BLOG, "/", "/blog")


def test_a_table_survives_its_way_to_a_worker() -> None:
    assert RouteTable.from_json(json.loads(json.dumps(TABLE.to_json()))) == TABLE


def test_an_empty_table_finds_nothing() -> None:
    assert RouteTable(0).find("h", "/blog/") is None
