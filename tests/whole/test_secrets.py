"""Secrets in the whole program: from a .env file to a build and a service, and to no file in clear."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from tests.git_server import GitRepository
from tests.image_registry import run_image_registry
from tests.whole.service import Service, engine, instance_of

pytestmark = pytest.mark.docker

TOKEN, PASSWORD = "t0ken-of-the-build!", "p4ss word/of=the&service"


def files_with(directory: Path, text: str) -> list[str]:
    found = [file for file in directory.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]
    return [str(file.relative_to(directory)) for file in found]


def test_secrets_reach_builds_and_services_and_are_in_no_file_and_no_log(service: Service, shop: GitRepository) -> None:
    env_file = service.data_dir.parent / "shop.env"
    env_file.write_text(f"# ours\nBUILD_TOKEN={TOKEN}\nPASSWORD='{PASSWORD}'\n")
    shop.commit({".lci.toml": '[build]\nsecrets = ["BUILD_TOKEN"]\n[deploy]\nsecrets = ["PASSWORD"]\n'}, "Ask")
    command = (
        "echo plain $BUILD_TOKEN; printf %s x$BUILD_TOKEN | base64; test -z $PASSWORD; "
        "echo $BUILD_TOKEN | sha256sum > /output/index.html"
    )
    service.register(
        "kept",
        shop.url,
        build_command=command,
        runtime_command='echo "starting with $PASSWORD"; exec httpd -f -p $PORT -h /app',
    )
    imported = service.cli("secret", "import", str(env_file), "--project", "kept")
    assert "BUILD_TOKEN, PASSWORD" in imported.stdout
    build = service.succeed("kept")
    log = service.log_text(build["id"])
    assert "plain ***" in log
    for secret in (TOKEN, PASSWORD):
        assert secret not in log
        assert base64.b64encode(f"x{secret}".encode()).decode()[2:-4] not in log
    assert service.get("/api/projects/kept/runtime-logs")["lines"] == ["starting with ***"]
    (running,) = [
        each
        for each in engine().containers.list(filters={"label": "lci.role=runtime"})
        if each.labels["lci.instance"] == instance_of(service.data_dir) and each.name.startswith("lci-kept")
    ]
    assert f"PASSWORD={PASSWORD}" in running.attrs["Config"]["Env"]
    assert TOKEN not in json.dumps(running.attrs)
    assert PASSWORD not in json.dumps({**running.attrs["Config"], "Env": []})
    for secret in (TOKEN, PASSWORD):
        assert files_with(service.data_dir, secret) == []
    assert not any(secret in line for secret in (TOKEN, PASSWORD) for line in service.stderr)


def test_a_new_key_seals_what_is_stored_and_the_old_one_is_gone(own_service: Service, shop: GitRepository) -> None:
    key = own_service.data_dir / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    hook = own_service.get("/api/settings/webhook-secret")["secret"]
    assert files_with(own_service.data_dir, hook) == []
    own_service.register("turned", shop.url, build_command="echo $A; cp -r . /output/", build_secrets=["A"])
    own_service.call("PUT", "/api/projects/turned/secrets/A", {"value": TOKEN})
    before = key.read_bytes()
    assert "seals 2 stored values" in own_service.cli("secret", "rotate-key").stdout
    assert not set(key.read_bytes().splitlines()[1:]) & set(before.splitlines()[1:])
    assert own_service.cli("webhook-secret").stdout.strip() == hook
    own_service.stop()
    own_service.start()
    assert "***" in own_service.log_lines(own_service.succeed("turned", deploy=False)["id"])


def test_lci_does_not_start_without_the_key_of_its_secrets(own_service: Service) -> None:
    own_service.stop()
    (own_service.data_dir / "secret.key").unlink()
    with pytest.raises(AssertionError, match=r"secret\.key: restore that file"):
        own_service.start()
    assert own_service.process is not None
    assert own_service.process.wait(30) == 1
    own_service.process = None


def test_an_image_behind_a_login_is_pulled_by_the_stored_one_and_the_password_is_nowhere(
    service: Service, shop: GitRepository
) -> None:
    with run_image_registry() as registry:
        registry.login = ("ana", "t0p-secret of the registry")
        host, image = f"127.0.0.1:{registry.port}", registry.image("good")
        service.register("behind", shop.url, build_image=image)
        refused = service.build_now("behind", deploy=False)
        assert refused["failure"]["code"] == "IMAGE_DENIED"
        assert f"lci registry set {host}" in refused["failure"]["message"]
        service.cli("registry", "set", host, "--username", "ana", stdin=registry.login[1])
        build = service.build_now("behind", deploy=False)
        # It has been pulled; the image holds no shell to build with.
        assert build["failure"]["code"] != "IMAGE_DENIED", build["failure"]
        assert any("Pull complete" in line for line in service.log_lines(build["id"]))
        assert any(image in each.tags for each in engine().images.list())
        engine().images.remove(image)
    assert files_with(service.data_dir, registry.login[1]) == []
    assert not any(registry.login[1] in line for line in service.stderr)
