"""runtime.md, `lci serve`: every option, by argument, environment and lci.toml; what is wrong of them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests

from tests.cli.program import Program
from tests.contract.serving import ANY_PORTS, SECONDS, Serving, refusal, serving, tree, without
from tests.git_server import GitServer
from tests.whole.service import Service, children_of, web_project

pytestmark = pytest.mark.docker

# Option, variable, default as `--help` shows it: the contract's table.
TABLE = [
    ("--data-dir", "LCI_DATA_DIR", "/var/lib/lci for root"),
    ("--api-host", "LCI_API_HOST", "127.0.0.1"),
    ("--api-port", "LCI_API_PORT", "3000"),
    ("--proxy-host", "LCI_PROXY_HOST", "127.0.0.1"),
    ("--proxy-port", "LCI_PROXY_PORT", "8080"),
    ("--proxy-workers", "LCI_PROXY_WORKERS", "one per core"),
    ("--port-base", "LCI_PORT_BASE", "9000"),
    ("--docker-host", "DOCKER_HOST", "the local socket"),
    ("--dashboard-url", "LCI_DASHBOARD_URL", "the local one"),
    ("--public-url", "LCI_PUBLIC_URL", "the local one"),
    ("--github-url", "LCI_GITHUB_URL", "https://github.com"),
    ("--github-api-url", "LCI_GITHUB_API_URL", "https://api.github.com"),
    ("--trusted-proxies", "LCI_TRUSTED_PROXIES", "none"),
    ("--max-parallel-builds", "LCI_MAX_PARALLEL_BUILDS", "one per core"),
    ("--log-level", "LCI_LOG_LEVEL", "info"),
    ("--log-format", "LCI_LOG_FORMAT", "auto: text on a terminal, else json"),
]
# Every option, three times: by lci.toml, by environment, by option.
SOCKET = "unix:///var/run/docker.sock"
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "api_host": ("127.0.0.2", "127.0.0.3", "127.0.0.4"),
    "api_port": (0, 0, 0),
    "proxy_host": ("127.0.0.2", "127.0.0.3", "127.0.0.4"),
    "proxy_port": (0, 0, 0),
    "proxy_workers": (1, 2, 3),
    "port_base": (21000, 22000, 23000),
    "docker_host": (SOCKET, SOCKET.replace("/var", ""), SOCKET),
    "dashboard_url": ("https://ci1.example.com", "https://ci2.example.com", "https://ci3.example.com"),
    "public_url": ("https://app1.example.com", "https://app2.example.com", "https://app3.example.com"),
    "github_url": ("https://git1.example.com", "https://git2.example.com", "https://git3.example.com"),
    "github_api_url": ("https://api1.example.com", "https://api2.example.com", "https://api3.example.com"),
    "webhook_addresses": (["10.1.0.1/32"], ["10.1.0.2/32"], ["10.1.0.3/32"]),
    "trusted_proxies": (["10.0.0.1/32"], ["10.0.0.2/32"], ["10.0.0.3/32"]),
    "max_parallel_builds": (1, 2, 3),
    "log_level": ("debug", "warning", "info"),
    "log_format": ("text", "json", "text"),
}


def as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def in_force(service: Serving) -> dict[str, Any]:
    settings = service.get("/api/settings")
    return {name: settings[name] for name in VALUES} | {"data_dir": settings["data_dir"]}


def test_help_shows_every_option_with_its_variable_and_default(lci: Program):
    """ "| option | environment | default |", the whole table."""
    ran = lci.run("serve", "--help")
    assert (ran.status, ran.err) == (0, "")
    shown = " ".join(ran.out.split())
    for option, variable, default in TABLE:
        assert re.search(rf"{option} [A-Z]+ [^()]*\(default: {re.escape(default)}; {variable}\)", shown), option


def test_the_option_wins_over_the_environment_and_that_over_the_file(lci: Program):
    """ "Precedence: option, environment, `lci.toml` in the configuration directory, default." """
    config = lci.home / "config"
    config.mkdir()
    by_file = {name: values[0] for name, values in VALUES.items()} | {"data_dir": str(lci.home / "by-file")}
    (config / "lci.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in by_file.items()))
    variables = {
        "DOCKER_HOST" if name == "docker_host" else f"LCI_{name.upper()}": as_text(values[1])
        for name, values in VALUES.items()
    }
    options = [part for name, values in VALUES.items() for part in (f"--{name.replace('_', '-')}", as_text(values[2]))]
    bare = without(lci, "LCI_DATA_DIR")
    with serving(bare) as service:
        assert service.ready.startswith("lci ready api=http://127.0.0.2:")
        service.program = Program(lci.home, {**bare.environment, "LCI_DATA_DIR": by_file["data_dir"]})
        assert in_force(service) == by_file
    data = str(lci.home / "data")
    with serving(lci, **variables) as service:
        expected = {name: values[1] for name, values in VALUES.items()} | {"data_dir": data}
        assert in_force(service) == expected
        assert len(children_of(service.process.pid)) == 2
    with serving(lci, *options, **variables) as service:
        expected = {name: values[2] for name, values in VALUES.items()} | {"data_dir": data}
        assert in_force(service) == expected
        assert service.api.startswith("http://127.0.0.4:")
        assert service.proxy.startswith("http://127.0.0.4:")


@contextmanager
def busy(port: int) -> Iterator[None]:
    """Have somebody listen on a port, whoever that is."""
    with closing(socket.socket()) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen()
        except OSError:
            socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()  # then it is
        yield


@pytest.mark.parametrize(("own", "other", "port"), [("api", "proxy", 3000), ("proxy", "api", 8080)])
def test_the_default_ports_are_3000_and_8080_on_this_host_only(lci: Program, own: str, other: str, port: int):
    """ "127.0.0.1 / 3000", "127.0.0.1 / 8080"."""
    with busy(port):
        told = refusal(lci.run("serve", f"--{other}-port", "0"), 1)
    assert f"127.0.0.1:{port}" in told
    assert f"--{own}-port" in told


def test_the_proxy_has_one_worker_per_core(lci: Program):
    """ "`--proxy-workers` … one per core"; "`--max-parallel-builds` … cores"."""
    cores = len(os.sched_getaffinity(0))
    with serving(lci, "--api-port", "0", "--proxy-port", "0") as service:
        settings = service.get("/api/settings")
        assert (settings["proxy_workers"], settings["max_parallel_builds"]) == (cores, cores)
        assert len(children_of(service.process.pid)) == cores


def test_under_systemd_the_data_directory_is_the_state_directory(lci: Program):
    """ "`STATE_DIRECTORY` under systemd, else …"; the first where systemd names several."""
    state = lci.home / "state"
    bare = without(lci, "LCI_DATA_DIR")
    with serving(bare, *ANY_PORTS, STATE_DIRECTORY=f"{state}:{lci.home / 'other'}"):
        assert (state / "db" / "lci.db").exists()
    assert not (lci.home / "other").exists()
    given = lci.home / "given"
    assert bare.run("webhook-secret", STATE_DIRECTORY=str(state), LCI_DATA_DIR=str(given)).status == 0
    assert (given / "db" / "lci.db").exists()


def test_else_the_data_directory_is_where_the_platform_keeps_data(lci: Program):
    """ "… else platformdirs' user data dir, for root its site state dir (`/var/lib/lci`)"."""
    bare = without(lci, "LCI_DATA_DIR")
    if os.geteuid() != 0:
        assert bare.run("webhook-secret", XDG_DATA_HOME=str(lci.home / "share")).status == 0
        assert (lci.home / "share" / "lci" / "db" / "lci.db").exists()
        return
    # An own /var/lib, so that nothing is left on this machine.
    script = 'mount -t tmpfs none /var/lib && "$@" >/dev/null && ls /var/lib/lci/db'
    command = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-m", "lci_app", "webhook-secret"]
    done = subprocess.run(command, env=dict(bare.environment), capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr or "permission denied" in done.stderr:
        pytest.skip("no mount namespace can be made here")
    assert done.stdout.split() == ["lci.db"], done.stderr


def test_the_configuration_directory_may_be_systemds(lci: Program):
    """ "`lci.toml` in the configuration directory"."""
    (lci.home / "lci.toml").write_text("api_port = 70000\n")
    ran = without(lci, "LCI_CONFIG_DIR").run("serve", CONFIGURATION_DIRECTORY=str(lci.home))
    assert f"{lci.home}/lci.toml" in refusal(ran, 2)


def test_the_addresses_that_people_and_github_use_are_given_out(lci: Program):
    """ "`--dashboard-url` / `--public-url` … the addresses people and GitHub use, e.g. behind a tunnel"."""
    urls = ("--dashboard-url", "https://ci.example.com/", "--public-url", "https://apps.example.com")
    with serving(lci, *ANY_PORTS, *urls) as service:
        body = web_project("web", "acme/web")
        headers = {"Authorization": f"Bearer {service.token()}"}
        made = requests.post(f"{service.api}/api/projects", json=body, headers=headers, timeout=SECONDS).json()["data"]
        assert made["webhook_url"].startswith("https://ci.example.com/webhook/github")
        assert made["public_url"] == "https://apps.example.com/web/"
    with serving(lci, *ANY_PORTS) as service:
        local = service.get("/api/projects/web")
        assert local["webhook_url"].startswith(f"{service.api}/webhook/github")
        assert local["public_url"] == f"{service.proxy}/web/"


def test_projects_ports_begin_at_the_port_base(service: Service):
    """ "`--port-base`": project n gets `port_base + (n-1)*10 + 1` and `+ 2`."""
    made = service.register("port-base", "acme/port-base")
    number, rest = divmod(made["blue_port"] - service.port_base, 10)
    assert (rest, made["green_port"] - made["blue_port"], number >= 0) == (1, 1, True)


def test_an_owner_and_a_name_stand_for_the_configured_github(lci: Program, git_server: GitServer):
    """ "`--github-url`": `owner/name` (on the configured GitHub host)."""
    repository = git_server.create("acme/hosted")
    head = repository.commit({"index.html": "hosted"})
    (repository.path.parent / "hosted").symlink_to(repository.path)
    with serving(lci, *ANY_PORTS, "--github-url", git_server.url) as service:
        run = Program(lci.home, {**lci.environment, "LCI_URL": service.api, "LCI_TOKEN": service.token()}).run
        toml = (
            '[project]\nname = "hosted"\nrepo = "acme/hosted"\n[build]\nimage = "lci-test/busybox:1"\ncommand = "id"\n'
        )
        (lci.home / "hosted.toml").write_text(toml + "[deploy]\nenabled = false\n")
        assert run("project", "add", "hosted.toml").status == 0
        assert run("trigger", "hosted", "--follow").status == 8  # it names no runtime image
        assert service.get("/api/projects/hosted/builds")["builds"][0]["commit_hash"] == head


# --- what is wrong


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--api-prot", "1"], "did you mean --api-port?"),
        (["--proxy-wokers=2"], "did you mean --proxy-workers?"),
        (["--api-port", "65536"], "--api-port must be a whole number from 0 to 65535"),
        (["--proxy-workers", "0"], "--proxy-workers must be"),
        (["--docker-host", "/var/run/docker.sock"], "--docker-host must be"),
        (["--public-url", "apps.example.com"], "--public-url must be"),
        (["--trusted-proxies", "everybody"], "--trusted-proxies must be"),
        (["--log-level", "loud"], "--log-level must be one of debug, info, warning, error"),
        (["--log-format", "xml"], "--log-format must be one of auto, text, json"),
        (["extra"], "extra"),
    ],
)
def test_a_wrong_option_ends_with_2_before_anything_is_written(lci: Program, arguments: list[str], told: str):
    """ "2 on wrong usage or configuration (naming the file, the key and what it must be)"."""
    assert told in refusal(lci.run("serve", *arguments), 2)
    assert tree(lci.home) == {}


@pytest.mark.parametrize("variable", [variable for _, variable, _ in TABLE if variable != "LCI_DATA_DIR"])
def test_a_wrong_variable_is_named_with_what_it_must_be(lci: Program, variable: str):
    """ "2 on wrong usage or configuration (naming the file, the key and what it must be)"."""
    wrong = Program(lci.home, {**lci.environment, variable: "not: right!"})
    assert f"{variable} must be" in refusal(wrong.run("serve"), 2)
    assert tree(lci.home) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# lci\napi_port = 99999\n", "line 2, column 1: api_port must be a whole number from 0 to 65535"),
        ("api_port = '3000'\n", "line 1, column 1: api_port must be a whole number"),
        ("\nlog_level = true\n", "line 2, column 1: log_level must be text"),
        ("trusted_proxies = ['x']\n", "line 1, column 1: trusted_proxies must be addresses or networks"),
        ("api_prot = 1\n", "line 1, column 1: api_prot is not known; did you mean api_port?"),
        ("api_port = \n", "line 1, column 12: "),
        ("api_port = 1\napi_port = 2\n", "line 2"),
    ],
)
def test_a_wrong_file_is_named_with_line_key_and_what_it_must_be(lci: Program, text: str, told: str):
    """ "2 on wrong usage or configuration (naming the file, the key and what it must be)"."""
    (lci.home / "config").mkdir()
    (lci.home / "config" / "lci.toml").write_text(text)
    line = refusal(lci.run("serve", *ANY_PORTS), 2)
    assert line.startswith(f"{lci.home}/config/lci.toml, {told}")
    assert not (lci.home / "data").exists()
