"""runtime.md, "Proxy", in front of real containers: a web server, and a small server that speaks raw."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trio
from trio_websocket import wrap_client_stream

from tests.contract.raw_server import deploy_raw, heard, visitor
from tests.git_server import GitRepository, GitServer
from tests.whole.service import WAIT_SECONDS, Service, WaitLoop, instance_containers, run_service

pytestmark = pytest.mark.docker

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def raw(service: Service, git_server: GitServer) -> Service:
    """The service, with the project `raw` live, whose container speaks as RAW_SERVER does."""
    deploy_raw(service, git_server, "raw", domains=["raw.example.com"])
    return service


# --- which service, and what it is told


def test_the_prefix_is_taken_off_and_everything_else_left_as_it_is(raw: Service):
    """ "`/{project}/rest?query` → the active slot's `127.0.0.1:port/rest?query` (`strip_prefix`)"."""
    assert heard(raw, "/raw/head/a%2Fb/%C3%A9//c;d=1?x=%20&y=a+b&z=/raw/")[0] == (
        "GET /head/a%2Fb/%C3%A9//c;d=1?x=%20&y=a+b&z=/raw/"
    )
    assert heard(raw, "/raw/head?")[0] == "GET /head?"


def test_the_service_is_told_who_asked_and_how(raw: Service):
    """ "with `X-Forwarded-For/-Proto/-Host/-Prefix` and `X-Request-Id`"."""
    said = heard(raw, "/raw/head", **{"X-Own": "kept", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil",
                                      "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil",
                                      "X-Request-Id": "mine-1"})  # fmt: skip
    told = {name.lower(): value for name, _, value in (line.partition(": ") for line in said[1:])}
    authority = raw.proxy_url.removeprefix("http://")
    assert told["host"] == authority
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert told["x-forwarded-host"] == authority
    assert told["x-forwarded-prefix"] == "/raw"
    assert (told["x-request-id"], told["x-own"]) == ("mine-1", "kept")
    assert len(said) == len({line.partition(":")[0].lower() for line in said}), said


def test_every_answer_bears_a_request_id_that_the_service_heard_too(raw: Service):
    """ "and `X-Request-Id`"."""
    for asked in ({}, {"X-Request-Id": "not sane\u00e9 " + "x" * 500}):
        with visitor(raw) as connection:
            connection.request("GET", "/raw/head", headers={k: v.encode("latin-1") for k, v in asked.items()})
            answer = connection.getresponse()
            given = answer.headers["X-Request-Id"]
            assert f"X-Request-Id: {given}" in answer.read().decode().splitlines()
            assert given not in asked.values()


def test_a_trusted_proxy_in_front_is_believed(tmp_path: Path, git_server: GitServer):
    """ "`--trusted-proxies` … (whose forwarded headers are believed)"."""
    with run_service(tmp_path / "data", options=["--trusted-proxies", "127.0.0.1"]) as service:
        deploy_raw(service, git_server, "behind")
        told = {
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "apps.example.com",
        }
        said = heard(service, "/behind/head", **told)
        assert "X-Forwarded-For: 203.0.113.7, 127.0.0.1" in said
        assert "X-Forwarded-Proto: https" in said
        assert "X-Forwarded-Host: apps.example.com" in said


def test_the_prefix_is_left_where_a_project_wants_it(service: Service, git_server: GitServer):
    """ "(`strip_prefix`)"."""
    deploy_raw(service, git_server, "unstripped", strip_prefix=False)
    said = heard(service, "/unstripped/head?x")
    assert said[0] == "GET /unstripped/head?x"
    assert not [line for line in said if line.lower().startswith("x-forwarded-prefix")]


def test_a_projects_domain_leads_to_it_with_the_path_unchanged(raw: Service):
    """ "A request whose Host is in a project's `domains` goes to that project, path unchanged." """
    for host in ("raw.example.com", "RAW.example.com:8080", "raw.example.com."):
        said = heard(raw, "/head/raw/x?y", Host=host)
        assert said[0] == "GET /head/raw/x?y"
        assert f"Host: {host}" in said
        assert not [line for line in said if line.lower().startswith("x-forwarded-prefix")]
    assert heard(raw, "/raw/head", Host="www.raw.example.com")[0] == "GET /head"


def test_the_bare_name_leads_to_the_name_with_its_slash(raw: Service):
    """ "`/{project}` → 308 to `/{project}/`"."""
    for method in ("GET", "HEAD", "POST"):
        with visitor(raw) as connection:
            connection.request(method, "/raw?a=1&b=%20", body=b"x" if method == "POST" else None)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Location"], answer.read()) == (308, "/raw/?a=1&b=%20", b"")


# --- what cannot be served


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nobody/x", 404),
        ("/", 404),
        ("/undeployed/x", 503),
        ("/raw/junk", 502),
        ("/raw/mute", 502),
        ("/refused/", 502),
    ],
)
def test_what_cannot_be_served_is_a_page_for_a_browser_and_the_envelope_for_others(
    raw: Service, shop: GitRepository, path: str, status: int
):
    """ "Unknown project 404, nothing deployed 503 with `Retry-After`, connection refused 502, …: a short page for a
    browser, the JSON envelope for others." """
    if path == "/undeployed/x" and raw.request("GET", "/api/projects/undeployed").status_code == 404:
        raw.register("undeployed", shop.url)
    if path == "/refused/" and raw.request("GET", "/api/projects/refused").status_code == 404:
        raw.register("refused", shop.url, health_check_url="", health_check_interval=0.1, runtime_command="sleep 1000")
        raw.succeed("refused")
    page = raw.visit(path, headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.text.lstrip().lower().startswith("<!doctype html>")
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = raw.visit(path, headers=headers)
        document = answer.json()
        assert (answer.status_code, document["success"]) == (status, False)
        assert document["error"]["code"]
        assert document["error"]["message"]
        assert answer.headers["X-Request-Id"]
        assert status != 503 or int(answer.headers["Retry-After"]) > 0
    assert raw.visit(path, headers={"Accept": "text/html"}).status_code == status
    with visitor(raw) as connection:
        connection.request("HEAD", path)
        head = connection.getresponse()
        assert (head.status, head.read()) == (status, b"")


def test_a_container_that_is_gone_is_a_502_until_the_next_deployment(service: Service, shop: GitRepository):
    """ "connection refused 502"."""
    project = service.register("gone", shop.url)
    service.succeed("gone")
    for container in instance_containers(service.data_dir, project_id=str(project["id"])):
        container.remove(force=True)
    assert service.visit("/gone/index.html").status_code == 502
    service.succeed("gone")
    assert service.visit("/gone/index.html").text == "first"


def test_a_stopped_project_is_a_503_and_a_deleted_one_a_404(service: Service, shop: GitRepository):
    """ "Unknown project 404, nothing deployed 503"."""
    service.register("halted", shop.url)
    service.succeed("halted")
    service.post("/api/projects/halted/stop")
    assert service.visit("/halted/index.html").status_code == 503
    service.post("/api/projects/halted/start")
    assert service.visit("/halted/index.html").text == "first"
    service.call("DELETE", "/api/projects/halted")
    assert service.visit("/halted/index.html").status_code == 404


# --- how it is carried


def test_a_visitors_connection_is_kept(raw: Service):
    """ "keep-alive both sides", towards the visitor even where the service closes."""
    with visitor(raw) as connection:
        connection.connect()
        ours = connection.sock.getsockname()
        for target, status in (("/raw/head", 200), ("/raw/length", 200), ("/nobody/", 404), ("/raw/head", 200)):
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock is not None
            assert connection.sock.getsockname() == ours


def test_an_answer_comes_as_it_was_given(raw: Service):
    answer = raw.visit("/raw/length")
    assert (answer.text, answer.headers["Content-Length"], answer.headers["X-Own"]) == ("four", "4", "kept")
    assert answer.cookies.get_dict() == {"a": "1", "b": "2"}


def test_bodies_stream_both_ways_at_the_same_time(raw: Service):
    """What is sent in chunks arrives, and comes back, before the next chunk is sent."""
    with visitor(raw) as connection:
        connection.putrequest("POST", "/raw/echo")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"5\r\nfirst\r\n")
        answer = connection.getresponse()
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.read(5) == b"first"
        for piece in (b"second", b"x" * 100_000):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            assert answer.read(len(piece)) == piece
        connection.send(b"0\r\n\r\n")
        assert answer.read() == b""


async def test_a_websocket_goes_through(raw: Service):
    """ "WebSocket pass-through", by a client that checks the handshake."""
    where = urlsplit(raw.proxy_url)
    with trio.fail_after(WAIT_SECONDS):
        async with (
            await trio.open_tcp_stream(where.hostname or "", where.port or 0) as stream,
            trio.open_nursery() as nursery,
        ):
            connection = await wrap_client_stream(nursery, stream, where.netloc, "/raw/ws")
            await connection.send_message("x")
            assert await connection.get_message() == "hello"
            nursery.cancel_scope.cancel()


def test_after_an_upgrade_every_byte_goes_through(raw: Service):
    where = urlsplit(raw.proxy_url)
    with socket.create_connection((where.hostname, where.port), WAIT_SECONDS) as connection:
        connection.sendall(b"GET /raw/raw HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"upgrade: raw\r\n" in head.lower()
        for size in (1, 200_000):
            sent = bytes(range(256)) * (size // 256 + 1)
            connection.sendall(sent)
            back = b""
            while len(back) < len(sent):
                back += connection.recv(65536)
            assert back == sent


def test_a_version_is_asked_until_its_last_request_has_ended(service: Service, git_server: GitServer):
    """A switch while a request is under way: it is finished by the old version, the next goes to the new one."""
    deploy_raw(service, git_server, "under-way", drain_timeout=60)
    with visitor(service) as connection:
        connection.putrequest("POST", "/under-way/echo")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"3\r\nold\r\n")
        answer = connection.getresponse()
        assert answer.read(3) == b"old"
        build = service.succeed("under-way")
        assert build["deployed_slot"] == "Green"
        waiting = WaitLoop("the old version to be draining")
        while (left := service.get("/api/projects/under-way/status")["blue"]["status"]) != "draining":
            assert left == "running"
            waiting.again()
        connection.send(b"3\r\nend\r\n0\r\n\r\n")
        assert answer.read() == b"end"


def test_neither_the_dashboards_token_nor_its_cookie_is_needed_or_passed(raw: Service):
    """http-api.md: "Proxy port serves deployed services only." """
    answer = requests.get(f"{raw.proxy_url}/raw/head", headers={"Authorization": "Bearer of-the-service"}, timeout=30)
    assert "Authorization: Bearer of-the-service" in answer.text.splitlines()
    for path in ("/api/projects", "/healthz", "/readyz", "/metrics", "/ws", "/openapi.json", "/webhook/github"):
        assert json.loads(raw.visit(path).text)["error"]["code"] == "PROJECT_NOT_FOUND"
