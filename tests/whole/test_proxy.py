"""The proxy as visitors and services see it, in front of a real container."""

from __future__ import annotations

import json

import pytest
import requests

from tests.git_server import GitRepository
from tests.whole.service import Service, instance_containers, web_project

# busybox's web server runs what lies in cgi-bin: it tells what reached it.
ECHO = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
env
[ -z "$CONTENT_LENGTH" ] || cat
"""


@pytest.fixture
def echo(service: Service, shop: GitRepository) -> Service:
    if service.request("GET", "/api/projects/echo").status_code == 404:
        shop.commit({"cgi-bin/echo": ECHO})
        command = "cp -r . /output/; chmod 755 /output/cgi-bin/echo"
        service.register("echo", shop.url, build_command=command, domains=["echo.example.com"])
        service.succeed("echo")
    return service


def test_a_service_is_asked_without_its_prefix_and_told_of_it(echo: Service) -> None:
    answer = echo.visit(
        "/echo/cgi-bin/echo?a=1&b=%20", headers={"X-Request-Id": "id-of-mine", "X-Forwarded-For": "6.6.6.6"}
    )
    seen = answer.text.splitlines()
    assert "QUERY_STRING=a=1&b=%20" in seen
    assert "REQUEST_URI=/cgi-bin/echo?a=1&b=%20" in seen
    assert "HTTP_X_FORWARDED_PREFIX=/echo" in seen
    assert "HTTP_X_FORWARDED_PROTO=http" in seen
    assert "HTTP_X_FORWARDED_FOR=127.0.0.1" in seen
    assert f"HTTP_X_FORWARDED_HOST={echo.proxy_url.removeprefix('http://')}" in seen
    assert "HTTP_X_REQUEST_ID=id-of-mine" in seen
    assert answer.headers["X-Request-Id"] == "id-of-mine"


def test_a_body_reaches_the_service_whole(echo: Service) -> None:
    body = json.dumps({"shelf": "x" * 100_000})
    answer = echo.visit_post("/echo/cgi-bin/echo", body)
    assert answer.text.endswith(body)


def test_a_domain_goes_to_its_project_with_the_path_unchanged(echo: Service) -> None:
    answer = echo.visit("/index.html", headers={"Host": "echo.example.com"})
    assert (answer.status_code, answer.text) == (200, "first")
    clash = echo.request("POST", "/api/projects", json={**web_project("clash", "a/b"), "domains": ["ECHO.example.com"]})
    assert (clash.status_code, clash.json()["error"]["code"]) == (409, "DOMAIN_TAKEN")


def test_the_prefix_without_its_slash_is_redirected(echo: Service) -> None:
    answer = echo.visit("/echo?x=1", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "/echo/?x=1")


def test_what_is_not_there_is_said_in_the_callers_way(echo: Service) -> None:
    unknown = echo.visit("/nobody/")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "PROJECT_NOT_FOUND")
    page = echo.visit("/nobody/", headers={"Accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/html")
    echo.register("undeployed", "a/b")
    nothing = echo.visit("/undeployed/")
    assert (nothing.status_code, "Retry-After" in nothing.headers) == (503, True)


def test_neither_port_serves_what_belongs_to_the_other(echo: Service) -> None:
    assert echo.visit("/api/projects").status_code == 404
    assert echo.visit("/healthz").status_code == 404
    assert requests.get(f"{echo.url}/echo/index.html", timeout=30).status_code in {401, 404}


def test_a_service_that_is_gone_is_a_502(service: Service, shop: GitRepository) -> None:
    project = service.register("gone", shop.url)
    service.succeed("gone")
    for container in instance_containers(service.data_dir, project_id=str(project["id"])):
        container.remove(force=True)
    assert service.visit("/gone/index.html").status_code == 502
    assert service.get("/api/projects/gone/status")["blue"]["status"] == "error"


def test_a_project_in_maintenance_tells_its_visitors_and_nobody_else(echo: Service) -> None:
    paused = echo.post("/api/projects/echo/maintenance", {"enabled": True, "message": "Back at <noon>."})
    try:
        assert paused["maintenance"] == "Back at <noon>."
        page = echo.visit("/echo/index.html", headers={"Accept": "text/html"})
        assert (page.status_code, int(page.headers["Retry-After"]) > 0) == (503, True)
        assert "Back at &lt;noon&gt;." in page.text
        told = echo.visit("/echo/").json()["error"]
        assert (told["code"], told["message"]) == ("MAINTENANCE", "Back at <noon>.")
        assert echo.visit("/nobody/").status_code == 404
        assert echo.get("/api/projects/echo")["maintenance"] == "Back at <noon>."
        assert "maintenance echo off" in echo.cli("status", "echo").stdout
    finally:
        assert echo.cli("maintenance", "echo", "off").returncode == 0
    assert echo.visit("/echo/index.html").status_code == 200
    assert echo.get("/api/projects/echo/status")["maintenance"] is None


def test_maintenance_outlasts_a_restart(own_service: Service) -> None:
    own_service.register("paused", "a/b")
    assert own_service.cli("maintenance", "paused", "on").returncode == 0
    own_service.stop()
    own_service.start()
    assert own_service.visit("/paused/").json()["error"]["code"] == "MAINTENANCE"
