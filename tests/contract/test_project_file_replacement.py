"""project-file.md: `${…}` in images, environment and queue key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.project_files import add, built
from tests.git_server import GitRepository, GitServer
from tests.whole.service import IMAGE, Service, instance_containers

pytestmark = pytest.mark.docker


def test_values_are_replaced_in_images_and_environments_but_never_in_commands(
    service: Service, git_server: GitServer, tmp_path: Path
):
    """ "`${…}` (…, `commit`, `short_commit`, `branch`, …, `build_number`, …) is replaced in images, tags, environment
    and queue key only, never inside commands, where the same values are environment variables"."""
    repository = git_server.create("acme/replaced")
    commit = repository.commit({"index.html": "x"})
    text = f"""\
[project]
name = "replaced"
repo = "{repository.url}"
[build]
image = "{IMAGE.replace("1", "${build_number}")}"
command = '''
commit=shell; branch=shell; echo "${{commit}} ${{branch}} $LCI_COMMIT"; echo "$A"; echo "$B"; cp -r . /output
'''
env = {{ A = "${{commit}} ${{short_commit}} ${{branch}} ${{build_number}} $commit {{commit}}", B = "$${{commit}}" }}
[deploy]
image = "{IMAGE.replace("1", "${build_number}")}"
command = 'exec httpd -f -p $PORT -h /app'
health_check = "/index.html"
health_check_interval = 0.1
env = {{ RELEASE = "${{branch}}-${{short_commit}}" }}
"""
    add(service, tmp_path, text)
    build = built(service, "replaced")
    assert build["status"] == "Success", build["failure"]
    assert build["log"] == [
        f"shell shell {commit}", f"{commit} {commit[:7]} main 1 $commit {{commit}}", "${commit}",
    ]  # fmt: skip
    (container,) = instance_containers(service.data_dir, build_id=str(build["id"]))
    assert f"RELEASE=main-{commit[:7]}" in container.attrs["Config"]["Env"]
    failed = service.build_now("replaced")
    assert IMAGE.replace("1", "2") in failed["failure"]["message"]  # the second build's image is nowhere


def test_a_rollback_runs_the_image_of_the_build_it_goes_back_to(service: Service, shop: GitRepository):
    """ "`${build_number}` … is replaced in images": that of the version that was built, not of the rollback."""
    service.register("release", shop.url, runtime_env={"RELEASE": "${build_number}"})
    for _ in range(2):
        service.succeed("release")
    build = service.wait_build(service.post("/api/projects/release/rollback")["build_id"])
    (container,) = instance_containers(service.data_dir, build_id=str(build["id"]))
    assert (build["build_number"], "RELEASE=1" in container.attrs["Config"]["Env"]) == (3, True)


@pytest.mark.parametrize(
    ("template", "key"),
    [("{project}", "{id}"), ("${project}/${branch}", "{id}/main"), ("{branch}-{short_commit}", "main-{short}"),
     ("${commit}", "{commit}"), ("n{build_number}", "n1"), ("one for all", "one for all")],
)  # fmt: skip
def test_values_are_replaced_in_queue_keys(service: Service, shop: GitRepository, template: str, key: str):
    """ "`key = "{project}"` # e.g. "{flavor}_{branch}_{toolchain}""; "`${…}` … is replaced in … queue key"."""
    project = service.register(f"key-{abs(hash(template))}", shop.url, queue_key=template)
    body = {"commit_hash": shop.head(), "deploy": False}
    queued = service.post(f"/api/projects/{project['id']}/builds", body)
    expected = key.replace("{id}", str(project["id"])).replace("{commit}", shop.head())
    assert queued["queue_key"] == expected.replace("{short}", shop.head()[:7])
    assert service.wait_build(queued["build_id"])["status"] == "Success"
    service.call("DELETE", f"/api/projects/{project['id']}")


def test_the_api_refuses_what_it_would_not_replace(service: Service):
    """http-api.md: 400 `VALIDATION_ERROR` (`details.field`, `details.reason`)."""
    for field, value in (("build_image", "a:${flavor}"), ("runtime_env", {"A": "${tag}"}), ("queue_key", "{x}")):
        body = {"name": "refused", "repo": "a/b", field: value}
        answer = service.request("POST", "/api/projects", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["error"]["details"]["field"].startswith(field)
        assert "not supported yet" in answer.json()["error"]["details"]["reason"]
