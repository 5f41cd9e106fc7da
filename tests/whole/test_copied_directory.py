"""A data directory is copied, and a second lci started on it: neither touches what is the other's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.git_server import GitRepository
from tests.whole.service import Service, engine, instance_of, remove_containers, run_service


def copied(service: Service, to: Path) -> Service:
    """Copy the data directory of a service that does not run, but for its sockets."""
    shutil.copytree(service.data_dir, to, ignore=shutil.ignore_patterns("run"))
    to.chmod(0o700)
    return Service(to)


def ended(service: Service) -> subprocess.CompletedProcess[str]:
    return service.cli("serve", *service._places(), check=False)


def test_a_copy_leaves_the_original_alone(tmp_path: Path, shop: GitRepository) -> None:
    with run_service(tmp_path / "data") as original:
        original.register("shop", shop.url)
        original.succeed("shop")
        original.stop()
        copy = copied(original, tmp_path / "copy")
        original.start()
        # Deployed after the copy was made: to the copy it would belong to nothing.
        original.succeed("shop")
        try:
            _refused_and_then_its_own(original, copy)
        finally:
            if copy.process is not None:
                copy.stop()
            remove_containers(copy.data_dir)
        original.stop()
        original.start()
        assert original.visit("/shop/index.html").text == "first"
        original.succeed("shop")


def _refused_and_then_its_own(original: Service, copy: Service) -> None:
    refused = ended(copy)
    assert refused.returncode == 1
    assert f"{copy.data_dir} is a copy of {original.data_dir}, which is still there" in refused.stderr
    found = json.loads(copy.cli("doctor", "--json", check=False).stdout)
    assert [each["code"] for each in found["findings"]] == ["DATA_DIRECTORY_COPIED"]
    assert original.visit("/shop/index.html").text == "first"

    assert copy.cli("new-instance", check=False).returncode == 0
    assert instance_of(copy.data_dir) != instance_of(original.data_dir)
    before = _containers_of(original)
    copy.start()
    status = copy.get("/api/projects/shop/status")
    assert status["blue"]["status"] == "error"
    assert original.visit("/shop/index.html").text == "first"
    assert _containers_of(original) == before != set()
    assert copy.cli("new-instance", check=False).returncode == 5


def _containers_of(service: Service) -> set[str]:
    label = f"lci.instance={instance_of(service.data_dir)}"
    return {each.id for each in engine().containers.list(all=True, filters={"label": label}, ignore_removed=True)}


def test_a_directory_that_was_moved_goes_on_with_its_containers(tmp_path: Path, shop: GitRepository) -> None:
    with run_service(tmp_path / "data") as service:
        service.register("shop", shop.url)
        service.succeed("shop")
        before = _containers_of(service)
        service.stop()
        service.data_dir = service.data_dir.rename(tmp_path / "moved")
        service.start()
        assert service.visit("/shop/index.html").text == "first"
        assert _containers_of(service) == before
        service.stop()
        service.data_dir.rename(tmp_path / "data")


@pytest.mark.parametrize("place", ["empty", "nowhere"])
def test_a_new_id_is_for_a_data_directory_alone(own_service: Service, tmp_path: Path, place: str) -> None:
    if place == "empty":
        (tmp_path / place).mkdir()
    refused = own_service.cli("new-instance", "--data-dir", str(tmp_path / place), check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
