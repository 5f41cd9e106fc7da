"""What people get wrong: one line that says what and where, the contract's exit status, nothing half-written."""

from __future__ import annotations

import json
import socket

import pytest

from tests.cli.program import Program


def one_line(err: str) -> str:
    (line,) = err.splitlines()
    assert line.startswith("lci: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--api-prot", "3000"], "`lci serve` has no option --api-prot; did you mean --api-port?"),
        (["serve", "--api-prot=3000"], "did you mean --api-port?"),
        (["token", "create", "--nmae", "x"], "did you mean --name?"),
        (["builds", "--projct", "x"], "did you mean --project?"),
        (["bulids"], "there is no command bulids; did you mean builds?"),
        (["project", "lsit"], "there is no command project lsit; did you mean list?"),
        (["serve", "--api-port"], "--api-port"),
        (["serve", "--api-port", "many"], "--api-port must be a whole number from 0 to 65535, not 'many'"),
        (["switch", "web", "red"], "invalid choice: 'red'"),
        (["trigger", "web", "--param", "flavor"], "--param must be NAME=VALUE, not 'flavor'"),
        (["builds", "--url", "localhost:3000"], "the service's address must be like http://127.0.0.1:3000"),
        (["token", "create", "--name", "a\nb"], "--name must be 1 to 100 printable characters"),
        ([], "COMMAND"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_status_2(lci: Program, arguments: list[str], told: str):
    ran = lci.run(*arguments)
    assert ran.status == 2
    assert told in one_line(ran.err)
    assert ran.out == ""
    assert list(lci.home.iterdir()) == [], "nothing may be half-written"


def test_a_bad_variable_is_named(lci: Program):
    ran = lci.run("serve", LCI_PROXY_PORT="high")
    assert ran.status == 2
    assert "LCI_PROXY_PORT must be a whole number from 0 to 65535, not 'high'" in one_line(ran.err)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api_port = ", "lci.toml, line 1, column 12: invalid value"),
        ("# ours\napi_prot = 1\n", "lci.toml, line 2, column 1: api_prot is not known; did you mean api_port?"),
        ("api_port = 'x'\n", "lci.toml, line 1, column 1: api_port must be a whole number"),
    ],
)
def test_a_wrong_configuration_file_is_told_with_file_line_and_key(lci: Program, text: str, told: str):
    directory = lci.home / "config"
    directory.mkdir()
    (directory / "lci.toml").write_text(text)
    for command in (["serve"], ["token", "create", "--name", "x"]):
        ran = lci.run(*command)
        assert ran.status == 2
        assert f"{directory}/{told}" in one_line(ran.err)
    assert not (lci.home / "data").exists()


def test_a_malformed_project_file_is_told_with_line_and_column_before_anything_is_sent(lci: Program):
    (lci.home / "web.toml").write_text('[project]\nname = "web"\nrepo = "a/b"\nimage "x"\n')
    ran = lci.run("project", "add", "web.toml", "--url", "http://127.0.0.1:1")
    assert ran.status == 2
    assert "web.toml, line 4, column 7: expected '=' after a key" in one_line(ran.err)


def test_every_problem_of_a_project_file_is_told(lci: Program):
    (lci.home / ".lci.toml").write_text('[build]\nimgae = "x"\n[deploy]\nport = "80"\n')
    ran = lci.run("validate")
    assert ran.status == 2
    assert ran.err == "lci: .lci.toml, line 2, column 1: build.imgae is not known; did you mean image?\n"
    (lci.home / ".lci.toml").write_text('[build]\ncpus = "x"\n[deploy]\nport = "80"\n')
    assert lci.run("validate").err.count("\n") == 2


def test_a_file_that_is_not_there_or_not_text_is_told(lci: Program):
    assert "nowhere.toml cannot be read: No such file" in one_line(lci.run("validate", "nowhere.toml").err)
    (lci.home / "x.toml").write_bytes(b"# \xff\n")
    ran = lci.run("validate", "x.toml")
    assert (ran.status, "x.toml must be UTF-8 text: byte 3 is not" in one_line(ran.err)) == (2, True)


def test_a_data_directory_that_cannot_be_written_ends_with_1(lci: Program):
    (lci.home / "file").write_text("")
    for directory in ("/proc/lci", str(lci.home / "file"), str(lci.home / "file" / "below")):
        ran = lci.run("token", "create", "--name", "x", "--data-dir", directory)
        assert ran.status == 1
        assert f"the data directory {directory} cannot be used" in one_line(ran.err)


def test_a_service_that_is_not_there_ends_with_6(lci: Program):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can be there
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for command in (["builds"], ["status", "web"], ["logs", "1", "-f"], ["trigger", "web", "--follow"]):
            ran = lci.run(*command, "--url", url)
            assert ran.status == 6
            assert f"no service answers at {url}: Connection refused" in one_line(ran.err)


def test_a_failure_is_json_too_when_json_is_asked_for(lci: Program):
    ran = lci.run("builds", "--url", "http://127.0.0.1:1", "--json")
    document = json.loads(ran.out)
    assert ran.status == 6
    assert document["success"] is False
    assert document["error"]["code"] == "UNREACHABLE"
