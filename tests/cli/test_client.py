from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lci_app.cli.client import Client, Service
from lci_app.cli.exits import CommandError, Exit
from tests.cli.answering import Answering
from tests.cli.program import Program

BUILD = {
    "id": 7,
    "project_id": 1,
    "project_name": "web",
    "build_number": 3,
    "status": "Success",
    "trigger": "webhook",
    "branch": "main",
    "commit_hash": "0123456789" * 4,
    "commit_message": "Mend \x1b]0;owned\x07the door\n\nand more",
    "queued_at": "2026-11-20T11:55:00.000Z",
    "duration_seconds": 41.2,
    "deployed_slot": "Blue",
}


@pytest.fixture
def client(service: Answering) -> Iterator[Client]:
    with Client(Service.at(service.url, "lci_secret")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [
        (400, Exit.USAGE),
        (401, Exit.NOT_ALLOWED),
        (403, Exit.NOT_ALLOWED),
        (404, Exit.NOT_FOUND),
        (409, Exit.CONFLICT),
        (412, Exit.CONFLICT),
        (429, Exit.FAILED),
        (500, Exit.FAILED),
        (503, Exit.FAILED),
    ],
)
def test_each_refusal_has_the_contracts_exit_status(service: Answering, client: Client, status: int, exit_status: Exit):
    service.refusal("GET /x", status, "SOME_CODE", "a sentence")
    with pytest.raises(CommandError, match="a sentence") as caught:
        client.get("/x")
    assert (caught.value.exit_status, caught.value.code) == (exit_status, "SOME_CODE")


def test_what_is_not_lci_is_told_apart(service: Answering, client: Client):
    service.answers["GET /x"] = (200, b"<html>hello</html>")
    with pytest.raises(CommandError, match=r"does not answer as lci does \(HTTP 200\)") as caught:
        client.get("/x")
    assert caught.value.exit_status is Exit.FAILED


def test_a_redirect_is_not_followed_so_that_the_token_goes_nowhere_else(service: Answering, client: Client):
    service.answers["GET /x"] = (302, b"")
    service.headers["Location"] = "http://127.0.0.1:1/x"
    with pytest.raises(CommandError, match="with a redirect to") as caught:
        client.get("/x")
    assert "'http://127.0.0.1:1/x'" in str(caught.value)
    assert len(service.asked) == 1


def test_a_kept_connection_that_the_service_has_closed_is_opened_again(service: Answering, client: Client):
    service.data("GET /x", 1)
    service.close_after_each = True
    assert [client.get("/x"), client.get("/x"), client.get("/x")] == [1, 1, 1]


def test_a_name_never_leaves_its_segment_of_the_path(lci: Program, service: Answering):
    lci.run("status", "a/../b?c", "--url", service.url)
    assert service.asked[0][0] == "GET /api/projects/a%2F..%2Fb%3Fc/status"


def test_an_unknown_project_ends_with_3_and_says_so(lci: Program, service: Answering):
    service.refusal("GET /api/projects/nope/status", 404, "PROJECT_NOT_FOUND", "there is no project nope")
    ran = lci.run("status", "nope", "--url", service.url)
    assert (ran.status, ran.out, ran.err) == (3, "", "lci: there is no project nope\n")


def test_option_goes_before_variable_before_profile(lci: Program, service: Answering):
    service.data("GET /api/projects?limit=1", {"total": 0, "projects": []})
    service.data("GET /api/builds?limit=20", {"total": 0, "builds": []})
    signed_in = lci.run("login", service.url, stdin="lci_saved\n")
    assert (signed_in.status, signed_in.err) == (0, "")
    profile = lci.home / "config" / "profile.json"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    lci.run("builds")
    lci.run("builds", LCI_TOKEN="lci_variable")
    lci.run("builds", "--token", "lci_option", LCI_TOKEN="lci_variable")
    tokens = [headers.get("Authorization") for _, headers, _ in service.asked]
    assert tokens == [f"Bearer lci_{each}" for each in ("saved", "saved", "variable", "option")]


def test_a_saved_token_goes_to_no_other_service(lci: Program, service: Answering):
    (lci.home / "config").mkdir()
    saved = {"url": "http://127.0.0.1:1", "token": "lci_saved"}
    (lci.home / "config" / "profile.json").write_text(json.dumps(saved))
    lci.run("builds", "--url", service.url)
    assert "Authorization" not in service.asked[0][1]


def test_a_token_that_is_refused_is_not_saved(lci: Program, service: Answering):
    service.refusal("GET /api/projects?limit=1", 401, "UNAUTHENTICATED", "the token is not known")
    ran = lci.run("login", service.url, "--token", "lci_wrong")
    assert (ran.status, ran.err) == (4, "lci: the token is not known\n")
    assert not (lci.home / "config").exists()


def test_without_a_token_it_is_said_how_to_make_one(lci: Program, service: Answering):
    service.refusal("GET /api/builds?limit=20", 401, "UNAUTHENTICATED", "a token is needed")
    elsewhere = lci.run("builds", "--url", service.url)
    assert elsewhere.status == 4
    assert "a token is needed: ask for a token" in elsewhere.err
    lci.run("webhook-secret")  # makes the data directory
    assert (
        "a token is needed: make a token with `lci token create --name NAME`"
        in lci.run("builds", "--url", service.url).err
    )


def test_builds_are_a_table_for_people_and_the_apis_data_for_programs(lci: Program, service: Answering):
    service.data("GET /api/builds?status=Failed&limit=5", {"total": 9, "builds": [BUILD]})
    ran = lci.run("builds", "--status", "failed", "--limit", "5", "--url", service.url)
    heading, row = ran.out.splitlines()
    assert heading.split() == [
        "BUILD",
        "PROJECT",
        "#",
        "STATUS",
        "TRIGGER",
        "BRANCH",
        "COMMIT",
        "AGE",
        "TOOK",
        "MESSAGE",
    ]
    assert row.split() == [
        "7",
        "web",
        "3",
        "Success",
        "webhook",
        "main",
        "0123456",
        "5",
        "m",
        "41",
        "s",
        "Mend",
        "the",
        "door",
    ]
    assert row.index("Mend") == heading.index("MESSAGE")
    assert "\x1b" not in ran.out
    assert ran.err == "1 of 9; --limit shows more\n"
    printed = lci.run("builds", "--status", "failed", "--limit", "5", "--url", service.url, "--json")
    assert json.loads(printed.out) == {"total": 9, "builds": [BUILD]}
    assert printed.err == ""


def log_line(number: int) -> dict[str, object]:
    return {
        "number": number,
        "timestamp": "2026-11-20T12:00:00.000Z",
        "stream": "stdout",
        "stage": "build",
        "text": f"line {number}",
        "continued": False,
    }


@pytest.fixture
def logged(service: Answering) -> Answering:
    """A build of 12,000 lines, in the pages that the API gives."""
    service.data("GET /api/builds/7", BUILD)
    for first in (1, 5001, 10001):
        lines = [log_line(number) for number in range(first, min(first + 5000, 12001))]
        page = {"lines": lines, "total": 12000, "complete": True}
        service.data(f"GET /api/builds/7/logs?from={first}&limit=5000", page)
    service.data("GET /api/builds/7/logs?limit=1", {"lines": [log_line(1)], "total": 12000, "complete": True})
    service.data(
        "GET /api/builds/7/logs?from=11999&limit=5000",
        {"lines": [log_line(11999), log_line(12000)], "total": 12000, "complete": True},
    )
    return service


def test_a_long_log_is_printed_whole(lci: Program, logged: Answering):
    ran = lci.run("logs", "7", "--url", logged.url)
    assert ran.status == 0
    assert ran.out.splitlines() == [f"line {number}" for number in range(1, 12001)]


def test_the_last_lines_of_a_log_are_one_page(lci: Program, logged: Answering):
    assert lci.run("logs", "7", "--tail", "2", "--url", logged.url).out == "line 11999\nline 12000\n"


def test_a_long_log_is_one_document_for_programs(lci: Program, logged: Answering):
    document = json.loads(lci.run("logs", "7", "--url", logged.url, "--json").out)
    assert [line["number"] for line in document["lines"]] == list(range(1, 12001))
    assert (document["total"], document["complete"]) == (12000, True)


def test_an_empty_log_is_a_document_too(lci: Program, service: Answering):
    service.data("GET /api/builds/7", BUILD)
    service.data("GET /api/builds/7/logs?from=1&limit=5000", {"lines": [], "total": 0, "complete": False})
    assert json.loads(lci.run("logs", "7", "--url", service.url, "--json").out) == {
        "lines": [],
        "total": 0,
        "complete": False,
    }


def test_a_reader_who_has_had_enough_hears_no_complaint(lci: Program, logged: Answering):
    process = lci.start("logs", "7", "--url", logged.url)
    assert process.stdout is not None
    assert process.stdout.readline() == "line 1\n"
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141


def test_an_interrupt_is_quiet(lci: Program, service: Answering):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = lci.start("builds", "--url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_project_is_registered_with_what_its_file_says_and_no_more(lci: Program, service: Answering):
    (lci.home / "web.toml").write_text(
        '[project]\nname = "web"\nrepo = "a/b"\n[build]\ncache_type = "npm"\nenv = { A = "1" }\n'
    )
    (lci.home / "token").write_text("ghp_secret\n")
    created = {"id": 1, "name": "web", "webhook_url": "http://x/webhook/github", "public_url": "http://x/web/"}
    service.answers["POST /api/projects"] = (201, {"success": True, "data": created})
    ran = lci.run("project", "add", "web.toml", "--repo-token-file", "token", "--url", service.url)
    assert (ran.status, ran.out) == (0, "project web is registered (id 1)\n")
    assert service.asked[0][2] == {
        "name": "web",
        "repo": "a/b",
        "cache_type": "npm",
        "build_env": {"A": "1"},
        "repo_token": "ghp_secret",
    }


def test_a_build_is_triggered_with_the_commit_and_parameters_given(lci: Program, service: Answering):
    queued = {"build_id": 8, "build_number": 4, "queue_position": 3}
    service.answers["POST /api/projects/web/builds"] = (202, {"success": True, "data": queued})
    ran = lci.run("trigger", "web", "--commit", "abc", "--param", "a=b=c", "--param", "d=", "--url", service.url)
    assert ran.out == "build 8 is queued, 2 before it; `lci logs 8 -f` follows it\n"
    assert service.asked[0][2] == {"commit_hash": "abc", "parameters": {"a": "b=c", "d": ""}}


def test_commands_start_without_what_only_the_service_needs(lci: Program):
    heavy = ("trio", "quart", "docker", "dulwich", "pydantic", "sqlite3", "hypercorn", "trio_websocket")
    code = (
        "import sys; from lci_app.cli.main import run; run(sys.argv[1:]); "
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "builds", "--url", "http://127.0.0.1:1"],
        env=dict(lci.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
