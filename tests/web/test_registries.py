"""Logins to registries, as they are handled in the browser: builds pull by what is typed there, and no eye sees it."""

from __future__ import annotations

from pathlib import Path

from tests.git_server import GitServer
from tests.image_registry import run_image_registry
from tests.web.browser import run_scenario
from tests.whole.service import engine, run_service


def test_a_login_to_a_registry_is_added_replaced_and_removed(git_server: GitServer, tmp_path: Path) -> None:
    repository = git_server.create("acme/private")
    repository.commit({"readme": "private"})
    with run_image_registry() as registry, run_service(tmp_path / "data") as service:
        registry.login = ("ana", "t0p-secret of the registry")
        host, image = f"127.0.0.1:{registry.port}", registry.image("good")
        service.register("private", repository.url, build_image=image)
        options = {
            "url": service.url,
            "token": service.token,
            "host": host,
            "username": registry.login[0],
            "wrong": "a password of before",
            "password": registry.login[1],
            "project": "private",
        }
        steps = {"build": lambda: service.build_now("private", deploy=False)["failure"]["code"]}
        found = run_scenario("registries", options, steps)
        engine().images.remove(image)
        assert service.get("/api/registries") == {"total": 0, "registries": []}
    assert found["complaints"] == []
    assert found["found"] == []
    assert found["refused"] == "IMAGE_DENIED"
    # It has been pulled; the image holds no shell to build with.
    assert found["pulled"] != "IMAGE_DENIED"
    assert found["goes"] == (
        "The password of ana is gone for good. Images of private come from there: private ones are pulled no more, "
        "unless docker login on the host opens it."
    )
    assert found["shown"] == []
