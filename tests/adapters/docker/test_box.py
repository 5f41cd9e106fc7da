"""The request that makes a container, whole: what a project may choose in it, and that nothing else ever differs."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import docker
import pytest

from lci_app.adapters.docker import open_engine
from lci_app.adapters.docker.box import Host
from lci_app.adapters.docker.spec import create_arguments
from lci_app.core import names
from lci_app.core.model import Slot
from lci_app.core.project import ProjectSettings
from lci_app.core.project_file import FilePart, parse_repository_file
from lci_app.core.project_file_keys import KEYS
from lci_app.core.subnets import NetworkKind
from lci_app.interfaces import ContainerSpec, Engine, Mount
from lci_app.services.containers import Provision, build_container, runtime_container, shell_command
from tests.docker_fixtures import SpecMaker
from tests.makers import build, project

PROVISION = Provision("ours", "the-network")
HOST_MEMORY = 8 * 1024**3
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID"]


@pytest.fixture
def client() -> Any:
    return docker.APIClient(version="1.41")


def _build(settings: ProjectSettings) -> ContainerSpec:
    return build_container(
        build(7),
        settings,
        shell_command(settings.build_command),
        checkout=Path("/data/c"),
        output=Path("/data/o"),
        caches=[],
        provision=PROVISION,
        log_line=4,
    )


def _service(settings: ProjectSettings) -> ContainerSpec:
    shop = project()
    return runtime_container(shop, settings, build(7), slot=Slot.BLUE, output=Path("/data/o"), provision=PROVISION)


def _options(client: Any, spec: ContainerSpec, *, attached: bool) -> dict[str, Any]:
    made = create_arguments(client, spec, attached=attached, host=Host(HOST_MEMORY, 4))
    return dict(made["host_config"])


def test_a_build_without_a_limit_of_its_own_leaves_processors_to_everybody_else(client: Any) -> None:
    cpus = {"build_cpus": None, "runtime_cpus": None}
    settings = project().settings.model_copy(update=cpus)
    assert _options(client, _build(settings), attached=True)["NanoCpus"] == 3_500_000_000, "of four"
    assert not _options(client, _service(settings), attached=False).get("NanoCpus")


def test_a_builds_options_are_these_and_no_others(client: Any) -> None:
    options = _options(client, _build(project().settings), attached=True)
    mounts = options.pop("Mounts")
    assert [(mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in mounts] == [
        ("/data/c/app", "/app", True),
        ("/data/c/build", "/build", False),
        ("/data/o", "/output", False),
    ]
    assert options == {
        "Init": True,
        "CapDrop": ["ALL"],
        "CapAdd": CAPABILITIES,
        "SecurityOpt": ["no-new-privileges:true"],
        "IpcMode": "private",
        "NetworkMode": "the-network",
        "PidsLimit": 4096,
        "Ulimits": [
            {"Name": "nofile", "Soft": 16384, "Hard": 16384},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "ReadonlyRootfs": False,
        "LogConfig": {"Type": "local", "Config": {"max-size": "32m", "max-file": "4", "compress": "false"}},
        "RestartPolicy": {"Name": "no"},
        "PortBindings": {},
        "CpuShares": 512,
        "NanoCpus": 3_500_000_000,
        "Memory": 6 * 1024**3,
        "MemorySwap": 6 * 1024**3,
    }


def test_the_engine_keeps_no_output_of_what_nobody_goes_on_with(client: Any) -> None:
    options = _options(client, replace(_build(project().settings), resumable=False), attached=True)
    assert options["LogConfig"] == {"Type": "none", "Config": {}}


def test_a_services_options_differ_in_these(client: Any) -> None:
    of_build = _options(client, _build(project().settings), attached=True)
    of_service = _options(client, _service(project().settings), attached=False)
    different = {key for key in of_build | of_service if of_build.get(key) != of_service.get(key)}
    assert different == {"CapAdd", "LogConfig", "CpuShares", "NanoCpus", "PortBindings", "Mounts"}
    assert of_service["CapAdd"] == [*CAPABILITIES, "NET_BIND_SERVICE"]
    assert of_service["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9001"}]}


# Of the engine's options, what each setting may change; every setting that is not named here changes none.
MAY_CHANGE = {
    "build_memory": {"Memory", "MemorySwap"},
    "build_cpus": {"NanoCpus"},
    "runtime_memory": {"Memory", "MemorySwap"},
    "runtime_cpus": {"NanoCpus"},
    "runtime_port": {"PortBindings"},
    "runtime_read_only": {"ReadonlyRootfs", "Tmpfs"},
    "mount_path": {"Mounts"},
    "working_directory": {"Mounts"},
}
HOSTILE: dict[type, Any] = {
    str: "--privileged -v /:/host --network host",
    dict: {"DOCKER_HOST": "unix:///var/run/docker.sock", "LD_PRELOAD": "/app/x.so", "HOSTCONFIG": "Privileged"},
}
PLAIN = {
    "branch": "other", "build_memory": "1g", "runtime_memory": "1g", "build_cpus": 1.5, "runtime_cpus": 1.5,
    "runtime_port": 80, "runtime_read_only": True, "mount_path": "/srv", "working_directory": "a/b",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ProjectSettings.model_fields))
def test_no_setting_changes_more_than_its_own_limit(client: Any, name: str) -> None:
    plain = project().settings
    value = PLAIN.get(name, HOSTILE.get(type(getattr(plain, name)), getattr(plain, name)))
    changed = plain.model_copy(update={name: value})
    for make, attached in ((_build, True), (_service, False)):
        before, after = (_options(client, make(each), attached=attached) for each in (plain, changed))
        different = {key for key in before | after if before.get(key) != after.get(key)}
        assert different <= MAY_CHANGE.get(name, set()), name


_WISHES = (
    "privileged", "cap_add", "capabilities", "security_opt", "volumes", "volume", "mounts", "mount", "binds", "devices",
    "network", "network_mode", "networks", "pid", "pid_mode", "ipc", "ipc_mode", "uts", "userns", "userns_mode",
    "cgroup_parent", "runtime", "sysctls", "ulimits", "tmpfs", "volumes_from", "extra_hosts", "dns", "links", "user",
    "options", "args", "container_options", "docker_args", "host_config", "group_add", "shm_size", "docker_socket",
    "docker_host", "driver_opts", "log_driver", "restart", "oom_kill_disable", "pids_limit", "hostname",
)  # fmt: skip


@pytest.mark.parametrize("wish", _WISHES)
def test_a_repository_cannot_ask_for_what_would_open_the_box(wish: str) -> None:
    for table in KEYS:
        for value in ("true", '"host"', '["/:/host"]', '{ x = "y" }'):
            read = parse_repository_file(f"[{table}]\n{wish} = {value}\n")
            assert not isinstance(read, FilePart), (table, wish, value)
            assert wish in str(read[0])
    assert not isinstance(parse_repository_file(f"[{wish}]\nx = 1\n"), FilePart)


@pytest.mark.docker
async def test_the_engine_holds_what_was_asked_for(
    engine: Engine, make_spec: SpecMaker, sdk: docker.APIClient, tmp_path: Path
) -> None:
    spec = replace(make_spec("sleep", "1000", mounts=[Mount(tmp_path, "/output", read_only=True)]), read_only=True)
    held = sdk.inspect_container(await engine.start(spec))
    options = held["HostConfig"]
    assert (options["CapDrop"], options["Privileged"], options["ReadonlyRootfs"]) == (["ALL"], False, True)
    assert options["SecurityOpt"] == ["no-new-privileges:true"]
    assert not options["Binds"]
    assert not options["Devices"]
    assert (options["PidMode"], options["UTSMode"], options["UsernsMode"]) == ("", "", "")
    assert (options["PidsLimit"], options["IpcMode"]) == (4096, "private")
    assert 0 < options["Memory"] == options["MemorySwap"]


@pytest.mark.docker
async def test_a_projects_networks_are_made_once_and_go_with_it(
    engine: Engine, other_engine: Engine, sdk: docker.APIClient, instance: str
) -> None:
    builds = await engine.project_network(1, NetworkKind.BUILDS)
    assert await engine.project_network(1, NetworkKind.BUILDS) == builds
    others = {
        await engine.project_network(1, NetworkKind.SERVICES),
        await engine.project_network(2, NetworkKind.BUILDS),
        await other_engine.project_network(1, NetworkKind.BUILDS),
    }
    made = [sdk.inspect_network(each) for each in (builds, *others)]
    assert len({network["IPAM"]["Config"][0]["Subnet"] for network in made}) == 4
    assert made[0]["Labels"] == names.labels(instance=instance, role=names.ROLE_BUILD, project_id=1)
    assert made[0]["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    await engine.keep_networks([2])
    mine = {"label": f"lci.instance={instance}"}
    assert [network["Labels"]["lci.project_id"] for network in sdk.networks(filters=mine)] == ["2"]
    await engine.remove_networks(2)
    assert sdk.networks(filters=mine) == []
    assert sdk.networks(ids=list(others))


@pytest.mark.docker
async def test_a_network_of_an_older_lci_is_replaced(engine: Engine, sdk: docker.APIClient, instance: str) -> None:
    labels = names.labels(instance=instance, role=names.ROLE_BUILD, project_id=1)
    pool = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.213.120.0/28")])
    old = sdk.create_network(f"old-{instance[:8]}", labels=labels, ipam=pool)["Id"]
    await engine.keep_networks([1])
    assert sdk.networks(filters={"label": f"lci.instance={instance}"}) == []
    assert await engine.project_network(1, NetworkKind.BUILDS) != old


@pytest.mark.docker
async def test_another_range_is_used_while_a_version_still_runs_in_the_old_one(
    engine: Engine, make_spec: SpecMaker, sdk: docker.APIClient, instance: str
) -> None:
    old = await engine.project_network(1, NetworkKind.SERVICES)
    running = await engine.start(replace(make_spec("sleep", "1000"), network=old))
    async with open_engine(None, instance, container_range=IPv4Network("10.214.0.0/20")) as moved:
        await moved.keep_networks([1])
        new = await moved.project_network(1, NetworkKind.SERVICES)
        assert sdk.inspect_network(new)["IPAM"]["Config"][0]["Subnet"].startswith("10.214.")
        await moved.remove(running)
        await moved.keep_networks([1])
    assert [network["Id"] for network in sdk.networks(filters={"label": f"lci.instance={instance}"})] == [new]
