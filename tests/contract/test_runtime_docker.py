"""runtime.md, "Docker objects" and "Inside a runtime container"."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.images import image_with
from tests.git_server import GitRepository
from tests.image_registry import run_image_registry
from tests.whole.service import IMAGE, Service, WaitLoop, instance_containers

pytestmark = pytest.mark.docker

LABELS = {"lci.instance", "lci.role", "lci.project_id", "lci.build_id", "lci.slot"}
# Prints what it was started with, and serves.
TELL = "env; mount | grep ' /srv/it '; touch /srv/it/x; exec httpd -f -p $PORT -h /srv/it"
# A build that goes on when a file `go` is put into its output.
HELD = "until [ -e /output/go ]; do sleep 0.05; done"


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def container_of(service: Service, build: int) -> Any:
    """Return the container of a build as soon as it is there."""
    waiting = WaitLoop("the build's container")
    while True:
        found = instance_containers(service.data_dir, build_id=str(build))
        if found:
            return found[0]
        waiting.again()


def cancel(service: Service, build: int) -> None:
    service.post(f"/api/builds/{build}/cancel")
    assert service.wait_build(build)["status"] == "Cancelled"


@pytest.fixture
def squatter() -> Iterator[Any]:
    """Take names on the engine, as another instance of lci would; nothing may happen to what bears them."""
    taken: list[str] = []

    def take(name: str) -> str:
        labels = [f"--label={label}=someone-else" for label in LABELS]
        taken.append(docker("create", "--name", name, *labels, IMAGE, "sleep", "1000"))
        return taken[-1]

    yield take
    for each in taken:
        docker("rm", "-f", each)


# --- labels and names


def test_every_container_bears_all_labels(service: Service, shop: GitRepository):
    """ "Every container … that lci makes bears the labels `lci.instance` (one data directory's id), `lci.role`
    (`build` · `runtime` …), `lci.project_id`, `lci.build_id`, `lci.slot`." """
    project = str(service.register("labels", shop.url)["id"])
    build = service.succeed("labels")["id"]
    runtime = container_of(service, build)
    service.call("PATCH", "/api/projects/labels", {"build_command": "sleep 600"})
    building = service.post("/api/projects/labels/builds")["build_id"]
    step = container_of(service, building)
    cancel(service, building)
    ours = [{k: v for k, v in each.labels.items() if k in LABELS} for each in (runtime, step)]
    assert [each.keys() for each in ours] == [LABELS, LABELS]
    instance = ours[0].pop("lci.instance")
    assert instance == ours[1].pop("lci.instance")
    names = ("lci.role", "lci.project_id", "lci.build_id", "lci.slot")
    assert [tuple(each[name] for name in names) for each in ours] == [
        ("runtime", project, str(build), "Blue"),
        ("build", project, str(building), ""),
    ]


def test_names_are_for_people(service: Service, shop: GitRepository):
    """ "Names, for people: `lci-PROJECT-blue|green`, `lci-build-BUILD_ID[-STEP]`, with a short instance suffix where
    the name is taken by another instance on the same engine"."""
    service.register("names", shop.url, build_command=f"cp -r . /output; {HELD}")
    for slot in ("blue", "green"):
        build = service.post("/api/projects/names/builds")["build_id"]
        step = container_of(service, build)
        suffix = f"-{step.labels['lci.instance'][:8]}"
        assert step.name in {f"lci-build-{build}", f"lci-build-{build}{suffix}"}  # others run on this engine too
        (service.data_dir / "output" / str(build) / "go").touch()
        assert service.wait_build(build)["status"] == "Success"
        assert container_of(service, build).name in {f"lci-names-{slot}", f"lci-names-{slot}{suffix}"}


def test_a_name_that_is_taken_gets_a_suffix_and_its_holder_is_left_alone(
    service: Service, shop: GitRepository, squatter: Any
):
    """ "with a short instance suffix where the name is taken by another instance on the same engine; code finds its
    objects by label, never by name. lci never touches an object without its own `lci.instance`." """
    project = service.register("taken", shop.url)
    others = [squatter(f"lci-taken-{slot}") for slot in ("blue", "green")]
    for slot in ("blue", "green"):
        build = service.succeed("taken")["id"]
        container = container_of(service, build)
        instance = container.labels["lci.instance"]
        assert container.name.startswith(f"lci-taken-{slot}-")
        assert instance.startswith(container.name.removeprefix(f"lci-taken-{slot}-"))
        assert service.visit("/taken/index.html").text == "first"
    service.post("/api/projects/taken/restart")
    service.call("DELETE", f"/api/projects/{project['id']}")
    assert docker("inspect", "--format", "{{.State.Status}}", *others).split() == ["created", "created"]


# --- images


def test_an_image_that_the_engine_holds_is_used_as_it_is(service: Service, shop: GitRepository):
    """ "An image that the engine holds is used as it is; only a missing one is pulled"."""
    with image_with({}, repository="127.0.0.1:1/nobody") as held:  # no registry answers there
        service.register("held", shop.url, build_image=held, runtime_image=held)
        build = service.succeed("held")
        assert service.visit("/held/index.html").text == "first"
        assert not [line for line in service.log_lines(build["id"]) if "pull" in line.lower()]
        service.call("DELETE", "/api/projects/held")


def test_a_project_may_ask_for_the_newest_image_each_time(service: Service, shop: GitRepository):
    """ "(a project may ask for `pull = "always"`)"."""
    with image_with({}, repository="127.0.0.1:1/nobody") as held:
        service.register("always", shop.url, build_image=held, pull="always")
        failure = service.build_now("always", deploy=False)["failure"]
        assert held in failure["message"]
    with run_image_registry() as registry:
        image = registry.image("good")
        service.register("pulled", shop.url, build_image=image, pull="always")
        lines = service.log_lines(service.build_now("pulled", deploy=False)["id"])
        assert [line for line in lines if image in line or "Pull complete" in line]
        docker("image", "inspect", image)
        docker("rmi", "-f", image)


# --- inside a runtime container


def test_a_version_finds_what_it_is_promised(service: Service, shop: GitRepository):
    """ "The build's output at `mount_path`, read-only; `PORT` = `runtime_port`; `LCI_SLOT`, `LCI_COMMIT`,
    `runtime_env`; … log driver `json-file`, 10 MB x 3." """
    project = service.register("inside", shop.url, mount_path="/srv/it", runtime_port=8123, runtime_command=TELL,
                               runtime_env={"COLOUR": "blue sky", "PORT": "1", "LCI_SLOT": "Red"})  # fmt: skip
    build = service.succeed("inside")
    assert service.visit("/inside/index.html").text == "first"
    container = container_of(service, build["id"])
    said = container.logs().decode().splitlines()
    expected = {"PORT=8123", "LCI_SLOT=Blue", f"LCI_COMMIT={shop.head()}", "COLOUR=blue sky"}
    assert expected <= set(said)
    assert not [line for line in said if line.startswith(("LCI_TOKEN", "LCI_DATA_DIR", "DOCKER_HOST"))]
    (mounted,) = [line for line in said if " /srv/it " in line and "touch" not in line]
    assert "ro," in mounted
    assert any("Read-only file system" in line for line in said)
    host = container.attrs["HostConfig"]
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert host["PortBindings"] == {"8123/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(project["blue_port"])}]}


def test_a_candidate_is_not_restarted_and_what_serves_is(service: Service, shop: GitRepository):
    """ "restart policy `no` while it is a candidate, `unless-stopped` once it serves"."""
    command = "mkdir /tmp/w; exec httpd -f -p $PORT -h /tmp/w"
    service.register("policy", shop.url, runtime_command=command, health_check_url="/ready", health_check_retries=900)
    build = service.post("/api/projects/policy/builds")["build_id"]
    service.wait_build(build, "Deploying")
    candidate = container_of(service, build)
    while candidate.labels["lci.role"] != "runtime":
        candidate = container_of(service, build)
    assert candidate.attrs["HostConfig"]["RestartPolicy"]["Name"] == "no"
    candidate.exec_run(["touch", "/tmp/w/ready"])
    assert service.wait_build(build)["status"] == "Success"
    candidate.reload()
    assert candidate.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_a_version_that_falls_over_is_up_again(service: Service, shop: GitRepository):
    """ "`unless-stopped` once it serves"."""
    service.register("falls", shop.url)
    container = container_of(service, service.succeed("falls")["id"])
    container.exec_run(["sh", "-c", "kill -9 -1"])
    waiting = WaitLoop("the version to be up again")
    while container.attrs["RestartCount"] == 0 or service.visit("/falls/index.html").status_code != 200:
        waiting.again()
        container.reload()


def test_the_command_is_text_a_list_or_the_images_own(service: Service, shop: GitRepository):
    """http-api.md: "`runtime_command`: text runs as `sh -c`, a list as it is (exec form), empty means the image's own
    command." """
    own = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/app"]'
    with image_with({}, own) as image:
        for name, command in (
            ("as-text", "X='a b'; echo \"$X\" $((1+1)); exec httpd -f -p $PORT -h /app"),
            ("as-list", ["httpd", "-f", "-v", "-p", "8080", "-h", "/app"]),
            ("as-images", ""),
        ):
            service.register(name, shop.url, runtime_image=image, runtime_command=command)
            build = service.succeed(name)
            assert service.visit(f"/{name}/index.html").text == "first"
            if name == "as-text":
                assert container_of(service, build["id"]).logs() == b"a b 2\n"
            service.call("DELETE", f"/api/projects/{name}")


def test_a_list_is_given_to_the_images_entry_point(service: Service, shop: GitRepository):
    """http-api.md: "a list as it is (exec form)": `$PORT` in it is no variable."""
    with image_with({}, 'ENTRYPOINT ["sh", "-c", "echo $0 $1; exec httpd -f -p 8080 -h /app"]') as image:
        service.register("entry", shop.url, runtime_image=image, runtime_command=["$PORT", "two  words"])
        build = service.succeed("entry")
        assert container_of(service, build["id"]).logs() == b"$PORT two words\n"
        service.call("DELETE", "/api/projects/entry")
