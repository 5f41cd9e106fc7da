from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.adapters.docker.errors import pull_error
from lci_app.adapters.docker.images import PullProgress, pull_options
from lci_app.core.registries import RegistryLogin
from lci_app.interfaces import Engine, Refusal, Trouble
from tests.image_registry import ImageRegistry, run_image_registry


@pytest.fixture
def registry(sdk: docker.APIClient) -> Iterator[ImageRegistry]:
    with run_image_registry() as running:
        yield running
    if sdk.images(name=running.image("good")):
        sdk.remove_image(running.image("good"))


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.docker
async def test_a_missing_image_is_pulled_once_with_few_lines_of_progress(
    engine: Engine, registry: ImageRegistry, sdk: docker.APIClient
) -> None:
    image, said = registry.image("good"), Said()
    pulled = await engine.ensure_image(image, always_pull=False, progress=said)
    assert pulled == sdk.inspect_image(image)["Id"]
    assert any("Pulling from lci-test/good" in line for line in said.lines)
    assert any("Pull complete" in line for line in said.lines)
    assert len(said.lines) < 20

    again = Said()
    assert await engine.ensure_image(image, always_pull=False, progress=again) == pulled
    assert again.lines == []
    assert await engine.ensure_image(image, always_pull=True, progress=again) == pulled
    assert any("Image is up to date" in line for line in again.lines)


@pytest.mark.docker
async def test_an_image_that_the_registry_does_not_know_is_refused(engine: Engine, registry: ImageRegistry) -> None:
    image = registry.image("misspelt")
    with pytest.raises(Refusal, match="manifest unknown") as caught:
        await engine.ensure_image(image, always_pull=False, progress=Said())
    assert caught.value.code == "IMAGE_NOT_FOUND"
    assert image in str(caught.value)


@pytest.mark.docker
async def test_a_registry_that_wants_a_log_in_denies_the_image(engine: Engine, registry: ImageRegistry) -> None:
    with pytest.raises(Refusal, match=r"unauthorized.*lci registry set 127\.0\.0\.1:\d+`") as caught:
        await engine.ensure_image(registry.image("denied"), always_pull=False, progress=Said())
    assert caught.value.code == "IMAGE_DENIED"


@pytest.mark.docker
async def test_an_error_inside_the_stream_of_a_pull_counts(engine: Engine, registry: ImageRegistry) -> None:
    said = Said()
    with pytest.raises(Trouble, match="unknown blob"):
        await engine.ensure_image(registry.image("broken"), always_pull=False, progress=said)
    assert said.lines, "the pull had begun"


@pytest.mark.docker
async def test_a_registry_that_cannot_be_reached_is_trouble_at_once(engine: Engine) -> None:
    with trio.fail_after(20), pytest.raises(Trouble, match="connection refused") as caught:
        await engine.ensure_image("127.0.0.1:9/lci-test/any:1", always_pull=False, progress=Said())
    assert caught.value.code == "PULL_FAILED"


@pytest.mark.docker
async def test_a_pull_that_stalls_can_be_cancelled(engine: Engine, registry: ImageRegistry) -> None:
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def pull() -> None:
                await engine.ensure_image(registry.image("stalled"), always_pull=False, progress=Said())

            nursery.start_soon(pull)
            await trio.to_thread.run_sync(registry.stalling.wait, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()
    assert not await engine.list_ours()


@pytest.mark.docker
async def test_a_name_that_is_no_image_is_refused(engine: Engine) -> None:
    with pytest.raises(Refusal, match="repository name must be lowercase") as caught:
        await engine.ensure_image("Not An Image", always_pull=False, progress=Said())
    assert caught.value.code == "IMAGE_NOT_FOUND"


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore:docker-credential-lci-none not installed")
@pytest.mark.parametrize(
    "configuration",
    ["{", "[]", '{"auths": []}', '{"auths": {"127.0.0.1": 7}}', '{"credsStore": "lci-none"}', '{"HttpHeaders": 5}'],
)
async def test_a_broken_docker_configuration_of_the_user_breaks_nothing(
    engine: Engine, registry: ImageRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: str
) -> None:
    (tmp_path / "config.json").write_text(configuration)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert await engine.version()
    with pytest.raises(Refusal, match="manifest unknown"):
        await engine.ensure_image(registry.image("misspelt"), always_pull=False, progress=Said())


def test_a_pull_takes_exactly_one_tag_and_the_log_in_that_docker_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"auths": {"r.example:5000": {"auth": base64.b64encode(b"ana:secret").decode()}}}
    (tmp_path / "config.json").write_text(json.dumps(known))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    private = pull_options("r.example:5000/team/app", None)
    assert private["params"] == {"fromImage": "r.example:5000/team/app", "tag": "latest"}
    sent = json.loads(base64.urlsafe_b64decode(private["headers"]["X-Registry-Auth"]))
    assert (sent["username"], sent["password"]) == ("ana", "secret")
    digest = f"sha256:{'1' * 64}"
    assert pull_options(f"busybox@{digest}", None) == {"params": {"fromImage": "busybox", "tag": digest}, "headers": {}}

    stored = pull_options("r.example:5000/team/app", RegistryLogin("bob", "another"))
    sent = json.loads(base64.urlsafe_b64decode(stored["headers"]["X-Registry-Auth"]))
    assert (sent["username"], sent["password"]) == ("bob", "another")


class Logins:
    """Stored logins; `asked` are the registries whose login was wanted."""

    def __init__(self, **by_host: RegistryLogin) -> None:
        self.by_host = by_host
        self.asked: list[str] = []

    async def registry_login(self, host: str) -> RegistryLogin | None:
        self.asked.append(host)
        return self.by_host.get(host)


@pytest.mark.docker
async def test_an_image_is_pulled_by_the_stored_login_of_its_registry_and_no_other(
    instance: str, registry: ImageRegistry, sdk: docker.APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, registry.login = f"127.0.0.1:{registry.port}", ("ana", "p4ss:word of ana")
    wrong = {"auths": {host: {"auth": base64.b64encode(b"ana:of yesterday").decode()}}}
    (tmp_path / "config.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    logins = Logins(**{"docker.io": RegistryLogin(*registry.login)})
    async with open_engine(None, instance, logins=logins) as engine:
        with pytest.raises(Refusal) as caught:
            await engine.ensure_image(registry.image("good"), always_pull=False, progress=Said())
        assert caught.value.code == "IMAGE_DENIED"
        logins.by_host[host] = RegistryLogin(*registry.login)
        pulled = await engine.ensure_image(registry.image("good"), always_pull=False, progress=Said())
        assert pulled == sdk.inspect_image(registry.image("good"))["Id"]
        assert await engine.ensure_image(registry.image("good"), always_pull=False, progress=Said()) == pulled
    assert logins.asked == [host, host]


@pytest.mark.docker
async def test_a_password_that_a_registry_says_back_is_not_said_on(instance: str, registry: ImageRegistry) -> None:
    registry.login = ("ana", "the right one")
    logins = Logins(**{f"127.0.0.1:{registry.port}": RegistryLogin("ana", "hunter2hunter2")})
    async with open_engine(None, instance, logins=logins) as engine:
        said = Said()
        with pytest.raises(Refusal) as caught:
            await engine.ensure_image(registry.image("good"), always_pull=False, progress=said)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in "\n".join(said.lines)
    assert "hunter2" not in repr(logins.by_host)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (
            "pull access denied for x, repository does not exist or may require 'docker login'",
            Refusal,
            "IMAGE_NOT_FOUND",
        ),
        ("manifest for python:3.99 not found: manifest unknown: manifest unknown", Refusal, "IMAGE_NOT_FOUND"),
        ("no matching manifest for linux/amd64 in the manifest list entries", Refusal, "IMAGE_NOT_FOUND"),
        ("unauthorized: authentication required", Refusal, "IMAGE_DENIED"),
        ("denied: requested access to the resource is denied", Refusal, "IMAGE_DENIED"),
        ('Get "https://r.example/v2/": dial tcp: lookup r.example: no such host', Trouble, "PULL_FAILED"),
        ("Get https://r.example/v2/: net/http: TLS handshake timeout", Trouble, "PULL_FAILED"),
        ("toomanyrequests: You have reached your pull rate limit", Trouble, "PULL_FAILED"),
        ("received unexpected HTTP status: 500 Internal Server Error", Trouble, "PULL_FAILED"),
        ("write /var/lib/docker/tmp/x: no space left on device", Trouble, "PULL_FAILED"),
        ("something that nobody has seen before", Trouble, "PULL_FAILED"),
    ],
)
def test_the_words_of_registries_are_told_apart(words: str, kind: type[Exception], code: str) -> None:
    error = pull_error("x:1", words)
    assert (type(error), error.code) == (kind, code)
    assert "x:1" in str(error)
    assert words in str(error)


def test_thousands_of_reports_of_a_pull_become_few_lines() -> None:
    progress = PullProgress()
    reports = [{"status": "Pulling from library/big", "id": "latest"}]
    for layer in ("aa", "bb", "cc"):
        reports += [{"status": "Pulling fs layer", "id": layer}, {"status": "Waiting", "id": layer}]
    for current in range(0, 1_000_000, 1000):
        for layer in ("aa", "bb", "cc"):
            detail = {"current": current + 1000, "total": 1_000_000}
            reports.append(json.loads(json.dumps({"status": "Downloading", "id": layer, "progressDetail": detail})))
    reports += [{"status": "Pull complete", "id": layer} for layer in ("aa", "bb", "cc")]
    reports += [{"status": "Digest: sha256:1"}, {"status": "Status: Downloaded newer image for big:latest"}]

    lines = [line for report in reports for line in progress.lines(report)]
    assert lines[0] == "latest: Pulling from library/big"
    assert lines[-1] == "Status: Downloaded newer image for big:latest"
    assert "downloaded 3.0 of 3.0 MB" in lines
    assert [line for line in lines if "Pull complete" in line] == [
        f"{each}: Pull complete" for each in ("aa", "bb", "cc")
    ]
    assert len(lines) < 20
