"""What a version's container is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lci_app.core.model import Slot
from lci_app.interfaces import ContainerSpec, Mount
from lci_app.services.containers import Provision, runtime_container
from tests.makers import COMMIT, build, project


def container(**settings: Any) -> ContainerSpec:
    shop = project(runtime_image="img", **settings)
    version = build(7, commit_hash=COMMIT)
    return runtime_container(
        shop, shop.settings, version, slot=Slot.GREEN, output=Path("/data/output/7"), provision=Provision("ours", "net")
    )


def test_a_version_runs_from_its_output_which_it_cannot_change() -> None:
    spec = container(mount_path="/srv", runtime_port=3000)
    assert spec.mounts == [Mount(Path("/data/output/7"), "/srv", read_only=True)]
    assert (spec.name, spec.ports) == ("lci-shop-green", {3000: 9002})
    assert spec.labels["lci.slot"] == "Green"


def test_what_lci_promises_to_set_is_not_the_projects_to_change() -> None:
    spec = container(runtime_env={"PORT": "1", "COLOUR": "red"}, runtime_port=3000)
    assert spec.environment == {"PORT": "3000", "COLOUR": "red", "LCI_SLOT": "Green", "LCI_COMMIT": COMMIT}


@pytest.mark.parametrize(
    ("command", "entrypoint", "arguments"),
    [
        ("exec serve", ["/bin/sh", "-c", "exec serve"], None),
        (["serve", "--port"], None, ["serve", "--port"]),
        ("", None, None),
        ("  ", None, None),
        ([], None, None),
    ],
)
def test_text_runs_in_a_shell_a_list_as_it_is_and_nothing_means_the_images_own(
    command: object, entrypoint: list[str] | None, arguments: list[str] | None
) -> None:
    spec = container(runtime_command=command)
    assert (spec.entrypoint, spec.command) == (entrypoint, arguments)


def test_limits_are_bytes_and_cores() -> None:
    spec = container(runtime_memory="1g", runtime_cpus=0.5)
    assert (spec.memory, spec.cpus) == (1024**3, 0.5)
    assert container().memory is None
