from __future__ import annotations

from dataclasses import fields
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from lci_app.config import Config, ConfigError, ConfigFile, Host, LogFormat, LogLevel, parse_config
from lci_app.config.options import OPTIONS
from lci_app.config.surroundings import config_directory, this_host

HOST = Host(data_dir=Path("/home/me/.local/share/lci"), cores=6)
FILE = Path("/etc/lci/lci.toml")


def configured(text: str) -> Config:
    return parse_config({}, {}, ConfigFile(FILE, text), HOST)


def refusal(options: dict[str, str], environment: dict[str, str] | None = None, text: str | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(options, environment or {}, None if text is None else ConfigFile(FILE, text), HOST)
    return str(caught.value)


def test_without_any_of_them_the_defaults_stand():
    assert parse_config({}, {}, None, HOST) == Config(
        data_dir=Path("/home/me/.local/share/lci"),
        api_host="127.0.0.1",
        api_port=3000,
        proxy_host="127.0.0.1",
        proxy_port=8080,
        proxy_workers=6,
        port_base=9000,
        docker_host=None,
        dashboard_url=None,
        public_url=None,
        github_url="https://github.com",
        github_api_url="https://api.github.com",
        trusted_proxies=(),
        webhook_addresses=(),
        max_parallel_builds=6,
        container_range=IPv4Network("10.213.0.0/16"),
        build_allow=(),
        disk_reserve=None,
        log_level=LogLevel.INFO,
        log_format=LogFormat.AUTO,
        access_log=None,
        access_log_percent=100,
    )


EXAMPLES = {
    "data_dir": ("/srv/lci", Path("/srv/lci")),
    "api_host": ("0.0.0.0", "0.0.0.0"),
    "api_port": ("0", 0),
    "proxy_host": ("::1", "::1"),
    "proxy_port": ("80", 80),
    "proxy_workers": ("2", 2),
    "port_base": ("20000", 20000),
    "docker_host": ("unix:///run/other.sock", "unix:///run/other.sock"),
    "dashboard_url": ("https://ci.example.com/", "https://ci.example.com"),
    "public_url": ("https://apps.example.com", "https://apps.example.com"),
    "github_url": ("https://git.example.com", "https://git.example.com"),
    "github_api_url": ("https://git.example.com/api/v3", "https://git.example.com/api/v3"),
    "webhook_addresses": ("192.0.2.0/24", (ip_network("192.0.2.0/24"),)),
    "trusted_proxies": ("127.0.0.1, fd00::/8", (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))),
    "max_parallel_builds": ("1", 1),
    "container_range": ("10.9.0.0/20", ip_network("10.9.0.0/20")),
    "build_allow": ("10.1.2.3, 192.168.7.0/24", (ip_network("10.1.2.3/32"), ip_network("192.168.7.0/24"))),
    "disk_reserve": ("64m", 64 * 1024**2),
    "log_level": ("WARNING", LogLevel.WARNING),
    "log_format": ("json", LogFormat.JSON),
    "access_log": ("/var/log/lci/access.log", Path("/var/log/lci/access.log")),
    "access_log_percent": ("5", 5),
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_option_is_read_from_argument_variable_and_file(option):
    text, value = EXAMPLES[option.name]
    quoted = {int: text, str: f'"{text}"', list: str([each.strip() for each in text.split(",")])}[option.kind]
    assert getattr(parse_config({option.name: text}, {}, None, HOST), option.name) == value
    assert getattr(parse_config({}, {option.variable: text}, None, HOST), option.name) == value
    assert getattr(configured(f"{option.name} = {quoted}"), option.name) == value


def test_defaults_are_of_the_type_that_is_compared_with():
    config = parse_config({}, {}, None, HOST)
    assert (config.log_level, type(config.log_level)) == (LogLevel.INFO, LogLevel)
    assert config.log_format is LogFormat.AUTO


def test_every_field_of_the_configuration_is_an_option_but_where_systemd_listens():
    assert [field.name for field in fields(Config)] == [
        *(option.name for option in OPTIONS),
        "notify_socket",
        "proxy_descriptor",
        "credentials_dir",
    ]
    assert parse_config({}, {"NOTIFY_SOCKET": "/run/systemd/notify"}, None, HOST).notify_socket == "/run/systemd/notify"


@pytest.mark.parametrize(
    ("environment", "descriptor"),
    [
        ({"LISTEN_FDS": "1", "LISTEN_PID": "42"}, 3),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "42", "LISTEN_FDNAMES": "lci.socket"}, 3),
        ({"LISTEN_FDS": "3", "LISTEN_PID": "42", "LISTEN_FDNAMES": "other:proxy:more"}, 4),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "42", "LISTEN_FDNAMES": "other:proxy"}, 3),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "41"}, None),
        ({"LISTEN_FDS": "0", "LISTEN_PID": "42"}, None),
        ({"LISTEN_FDS": "-1", "LISTEN_PID": "42"}, None),
        ({"LISTEN_FDS": "1"}, None),
    ],
)
def test_a_socket_that_was_handed_over_open_is_the_proxys(environment, descriptor):
    host = Host(HOST.data_dir, HOST.cores, pids=frozenset({42}))
    assert parse_config({}, environment, None, host).proxy_descriptor == descriptor


def test_the_option_wins_over_the_variable_and_that_over_the_file():
    file = ConfigFile(FILE, "api_port = 1\nproxy_port = 1\nport_base = 5000")
    variables = {"LCI_API_PORT": "2", "LCI_PROXY_PORT": "2"}
    config = parse_config({"api_port": "3"}, variables, file, HOST)
    assert (config.api_port, config.proxy_port, config.port_base) == (3, 2, 5000)


def test_an_empty_variable_counts_as_not_set():
    assert parse_config({}, {"LCI_API_PORT": "", "DOCKER_HOST": ""}, None, HOST) == parse_config({}, {}, None, HOST)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("api_port", "65536", "must be a whole number from 0 to 65535"),
        ("api_port", "-1", "must be a whole number"),
        ("api_port", "٣", "must be a whole number"),
        ("proxy_workers", "0", "must be a whole number from 1 to 256"),
        ("port_base", "80", "must be a whole number from 1024 to 65000"),
        ("api_host", "a b", "must be an IP address or a host name"),
        ("api_host", "300.1.1.1", "must be an IP address or a host name"),
        ("public_url", "apps.example.com", "must be an http:// or https:// address"),
        ("public_url", "https://u:p@apps.example.com", "without user"),
        ("public_url", "https://apps.example.com:99999", "must be an http:// or https:// address"),
        ("docker_host", "/var/run/docker.sock", "such as unix:///var/run/docker.sock"),
        ("trusted_proxies", "10.0.0.1/8", "'10.0.0.1/8' has bits set below its prefix"),
        ("trusted_proxies", "all", "'all' is none"),
        ("log_level", "loud", "must be one of debug, info, warning, error"),
        ("data_dir", "", "must be the path of a directory"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_it_was_given_under(name: str, text: str, why: str):
    option = next(each for each in OPTIONS if each.name == name)
    told = refusal({name: text})
    assert told.startswith(f"{option.flag} must be ")
    assert why in told
    assert told.endswith(f"not {text!r}")
    if text:
        assert refusal({}, {option.variable: text}).startswith(f"{option.variable} must be ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api_prot = 3000", "line 1, column 1: api_prot is not known; did you mean api_port?"),
        ("# x\n\n  api-port = 1", "line 3, column 3: api-port is not known; did you mean api_port?"),
        ("[serve]\napi_port = 1", "line 1, column 2: serve is not known; known are data_dir"),
        ('api_port = "3000"', "line 1, column 1: api_port must be a whole number"),
        ("api_port = true", "line 1, column 1: api_port must be a whole number"),
        ("api_host = 1", "line 1, column 1: api_host must be text in quotes"),
        ("trusted_proxies = [1]", "line 1, column 1: trusted_proxies must be a list of texts"),
        ("api_port = 70000", "line 1, column 1: api_port must be a whole number from 0 to 65535, not '70000'"),
        ("api_port 3", "line 1, column 10: expected '=' after a key"),
    ],
)
def test_a_wrong_file_is_refused_with_file_line_and_key(text: str, told: str):
    assert refusal({}, text=text).startswith(f"/etc/lci/lci.toml, {told}")


def test_a_wrong_file_is_refused_even_where_an_option_wins():
    assert "api_port" in refusal({"api_port": "1"}, text="api_port = 'x'")


def test_the_configuration_directory_is_the_one_that_is_named():
    assert config_directory({"LCI_CONFIG_DIR": "/a:b", "CONFIGURATION_DIRECTORY": "/c"}) == Path("/a:b")
    assert config_directory({"CONFIGURATION_DIRECTORY": "/c:/d"}) == Path("/c")


def test_under_systemd_the_data_directory_is_the_units():
    assert this_host({"STATE_DIRECTORY": "/var/lib/lci:/var/lib/other"}).data_dir == Path("/var/lib/lci")


def test_systemds_credentials_are_looked_for_where_it_says():
    assert parse_config({}, {"CREDENTIALS_DIRECTORY": "/run/creds"}, None, HOST).credentials_dir == Path("/run/creds")
    assert parse_config({}, {"CREDENTIALS_DIRECTORY": ""}, None, HOST).credentials_dir is None
