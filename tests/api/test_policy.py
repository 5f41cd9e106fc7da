"""Who may do what: walked over the whole route table, so that no route can be forgotten."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from werkzeug.datastructures import Headers

from lci_app.api import policy
from lci_app.api.dashboard import DASHBOARD as PAGES
from lci_app.api.policy import MAX_ADDRESSES, MAX_FAILURES, WINDOW_SECONDS, FailureLimit, client_address
from lci_app.api.route import Exempt, Route
from lci_app.api.table import ROUTES
from lci_app.core.client_addresses import place_of
from lci_app.core.model import Scope
from tests.api.rig import DASHBOARD, Rig, open_rig

HTTP = [route for route in ROUTES if not route.websocket]
GUARDED = [route for route in HTTP if isinstance(route.access, Scope)]
# What the contract lets in without a token.
EXEMPT = {"/healthz", "/readyz", "/webhook/github", "/docs", "/static/{name}"} | {route.path for route in PAGES}
# Where one says who one is: without a right answer to that, they are a 401 like all the others.
SIGNING_IN = {"/api/sign-in", "/api/set-up", "/api/sign-in/github", "/api/sign-in/github/callback"}
DEPLOYING = {"builds", "approve", "cancel", "rebuild", "switch", "rollback", "restart", "stop", "start", "build"}


def of_table(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "1", route.path)


def test_every_route_says_who_may_ask_it() -> None:
    assert all(isinstance(route.access, Scope | Exempt) for route in ROUTES)
    assert {route.path for route in ROUTES if isinstance(route.access, Exempt)} == EXEMPT | SIGNING_IN


def test_the_scopes_are_the_contracts() -> None:
    for route in GUARDED:
        if route.personal:
            wanted = Scope.READ
        elif route.method == "GET":
            wanted = Scope.ADMIN if "secret" in route.path else Scope.READ
        else:
            last = route.path.rpartition("/")[2]
            wanted = Scope.DEPLOY if route.method == "POST" and last in DEPLOYING else Scope.ADMIN
        assert route.access is wanted, of_table(route)


@pytest.mark.parametrize("route", GUARDED, ids=of_table)
async def test_without_a_token_it_is_a_401(rig: Rig, route: Route) -> None:
    refused = await rig.call(route.method, path_of(route), b"{" if route.takes_body else None, scope=None)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", [each for each in GUARDED if each.access is not Scope.READ], ids=of_table)
async def test_a_lesser_scope_is_a_403_before_anything_is_validated(rig: Rig, route: Route) -> None:
    lesser = Scope.READ if route.access is Scope.DEPLOY else Scope.DEPLOY
    refused = await rig.call(
        route.method, f"{path_of(route)}?bogus=1", b"{" if route.takes_body else None, scope=lesser
    )
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer lci_wrong", "Basic lci_admin", "lci_admin", "Bearer x", "Bearer lci_\xff"],
)
async def test_a_wrong_credential_is_none(rig: Rig, authorization: str) -> None:
    refused = await rig.get("/api/projects", scope=None, Authorization=authorization)
    assert refused.status == 401


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/static", "/api/projects/", "/api//projects", "/api"])
async def test_what_is_not_there_is_a_401_without_a_token_and_a_404_with_one(rig: Rig, path: str) -> None:
    assert (await rig.get(path, scope=None)).status == 401
    refused = await rig.get(path, scope=Scope.READ)
    assert (refused.status, refused.code) == (404, "NOT_FOUND")


async def test_the_exempt_answer_without_a_token(rig: Rig) -> None:
    for path in ("/healthz", "/readyz", "/", "/docs", "/static/lci.css"):
        assert (await rig.get(path, scope=None)).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://localhost:1", "https://localhost"])
async def test_another_web_page_may_change_nothing_whatever_its_token(rig: Rig, origin: str) -> None:
    refused = await rig.post("/api/projects", {"name": "a", "repo": "a/b"}, Origin=origin, Host="localhost")
    if origin == "https://localhost":
        assert refused.status == 201
        return
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert (await rig.store.projects())[0] == 0


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://10.0.0.5:3000", "10.0.0.5:3000"),
        ("http://lci.internal", "lci.internal:80"),
        ("https://LCI.example.com", "10.0.0.5:3000"),
        (f"{DASHBOARD}:443", "whatever:1"),
    ],
)
async def test_our_own_pages_may(rig: Rig, origin: str, host: str) -> None:
    created = await rig.post("/api/projects", {"name": "a", "repo": "a/b"}, Origin=origin, Host=host)
    assert created.status == 201


async def test_a_foreign_origin_may_read_what_its_token_allows(rig: Rig) -> None:
    shown = await rig.get("/api/projects", Origin="https://evil.example.com")
    assert shown.status == 200
    assert "Access-Control-Allow-Origin" not in shown.headers


class Seconds:
    def __init__(self) -> None:
        self.at = 0.0

    def seconds(self) -> float:
        return self.at

    def now(self) -> str:
        raise AssertionError("nobody asks for the date")


def test_some_hundred_failures_in_a_minute_are_let_be() -> None:
    clock = Seconds()
    limit = FailureLimit(clock)
    assert [limit.count("a") for _ in range(MAX_FAILURES)] == [None] * MAX_FAILURES
    clock.at = 20.5
    assert limit.count("a") == WINDOW_SECONDS - 20
    assert limit.count("b") is None
    clock.at = WINDOW_SECONDS
    assert limit.count("a") is None


def test_the_limit_remembers_so_many_addresses_and_no_more() -> None:
    limit = FailureLimit(Seconds())
    for number in range(MAX_ADDRESSES + 5):
        limit.count(str(number))
    assert len(limit._windows) == MAX_ADDRESSES


async def test_too_many_failures_are_a_429_that_says_when_to_come_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "MAX_FAILURES", 3)
    assert [(await rig.get("/api/projects", scope=None)).status for _ in range(4)] == [401, 401, 401, 429]
    refused = await rig.get("/api/projects", scope=None)
    assert refused.code == "RATE_LIMITED"
    assert 1 <= int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert (await rig.get("/api/projects")).status == 200, "a valid token passes, whoever shares its address"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:4711, ::ffff:10.0.0.2", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("", "198.51.100.7", ""),
        ("10.0.0.1", "203.0.113.9|198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9|198.51.100.7, 10.0.0.2|10.0.0.3", "198.51.100.7"),
    ],
)
def test_only_a_trusted_proxy_says_for_whom_it_asks(peer: str, forwarded: str, address: str) -> None:
    """Lines of the header, here between bars, are one list: a proxy may add its own behind the visitor's."""
    headers = Headers([("X-Forwarded-For", line) for line in forwarded.split("|")])
    assert client_address(peer, headers, [ip_network("10.0.0.0/8")]) == address


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_whoever_has_an_address_of_ipv6_has_its_neighbours_too(address: str, place: str) -> None:
    assert place_of(address) == place


async def test_a_stopping_service_takes_nothing_new(tmp_path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.stop.set()
        refused = await rig.get("/api/projects")
        assert (refused.status, refused.code) == (503, "SHUTTING_DOWN")
