from __future__ import annotations

import pytest
import trio

from lci_app.core.model import Scope, Slot
from lci_app.core.names import DEMO_REPOSITORY
from lci_app.core.project import ProjectSecrets, ProjectSettings
from tests.api.rig import ADDRESSES, DASHBOARD, Rig
from tests.doubles.api_services import running


async def test_a_project_is_registered_with_its_name_and_repository_alone(rig: Rig) -> None:
    created = await rig.post("/api/projects", {"name": "shop", "repo": "acme/shop"})
    assert created.status == 201
    assert created.headers["Location"] == f"/api/projects/{created.data['id']}"
    assert created.data["branch"] == "main"
    assert (created.data["blue_port"], created.data["green_port"]) == (9001, 9002)
    assert created.data["active_slot"] is None
    assert created.data["public_url"] == f"{ADDRESSES.public_url}/shop/"
    assert created.data["webhook_url"] == f"{DASHBOARD}/webhook/github"
    assert created.data["last_build"] is None
    assert created.data["blue"]["status"] == "empty"


async def test_every_setting_survives_the_way_in_and_out(rig: Rig) -> None:
    given = {
        "repo": "https://git.example.com/shop.git",
        "branch": "release",
        "path_filter": "src/**, !**/*.md",
        "pull_requests": "forks_after_approval",
        "working_directory": "services/api",
        "build_image": "node:22",
        "build_command": "npm ci",
        "build_script": ["ci/build.sh", "build.sh"],
        "build_env": {"MODE": "ci"},
        "build_timeout": 60,
        "build_memory": "512m",
        "build_cpus": 1.5,
        "build_secrets": ["NPM_TOKEN"],
        "cache_type": ["npm", "pip"],
        "cache_mode": "isolated",
        "pull": "always",
        "runtime_image": "nginx",
        "runtime_command": ["nginx", "-g", "daemon off;"],
        "runtime_before": "migrate",
        "keep_failed": True,
        "runtime_port": 80,
        "runtime_env": {"A": "b"},
        "runtime_memory": "64m",
        "runtime_cpus": 0.5,
        "runtime_secrets": ["DATABASE_URL", "API_KEY"],
        "runtime_read_only": True,
        "mount_path": "/srv",
        "health_check_url": "/up",
        "health_check_status": "200",
        "health_check_timeout": 3,
        "health_check_interval": 0.1,
        "health_check_retries": 2,
        "start_period": 1,
        "bake_seconds": 2,
        "drain_timeout": 3,
        "domains": ["shop.example.com"],
        "strip_prefix": False,
        "rewrite_redirects": False,
        "scope_cookies": False,
        "queue_key": "{project}-{branch}",
        "queue_policy": "latest",
        "queue_limit": 2,
        "parameters": {},
        "keep_releases": 2,
        "auto_deploy": False,
    }
    assert set(given) == set(ProjectSettings.model_fields)
    created = await rig.post("/api/projects", {"name": "shop", **given})
    shown = await rig.get("/api/projects/shop")
    assert {name: shown.data[name] for name in given} == given
    assert created.data["id"] == shown.data["id"]


@pytest.mark.parametrize("given", ["none", "npm", ["npm"], ["npm", "pip"], []])
async def test_caches_are_shown_as_they_may_be_given(rig: Rig, given: object) -> None:
    await rig.a_project("shop")
    assert (await rig.get("/api/projects/shop")).data["cache_type"] == "none"
    assert (await rig.call("PUT", "/api/projects/shop", {"cache_type": given})).data["cache_type"] == given


async def test_secrets_are_taken_and_never_shown(rig: Rig) -> None:
    secrets = {"webhook_secret": "a-long-enough-secret", "repo_token": "ghp_token", "deploy_key": "-----BEGIN KEY-----"}
    created = await rig.post("/api/projects", {"name": "shop", "repo": "acme/shop", **secrets})
    for answer in (created, await rig.get("/api/projects/shop"), await rig.get("/api/projects")):
        assert not any(secret.encode() in answer.body for secret in secrets.values())
    assert [created.data[f"{name}_set"] for name in secrets] == [True, True, True]
    stored = await rig.store.project_secrets(created.data["id"])
    assert stored == ProjectSecrets(**secrets)
    changed = await rig.call("PUT", "/api/projects/shop", {"repo_token": None})
    assert changed.data["repo_token_set"] is False
    assert changed.data["deploy_key_set"] is True


async def test_a_password_in_the_repositorys_address_is_kept_as_its_token(rig: Rig) -> None:
    """There it would be shown to everybody who may look."""
    made = await rig.post("/api/projects", {"name": "shop", "repo": "https://bot:ghp_first@git.example/a.git"})
    assert (made.status, made.data["repo"], made.data["repo_token_set"]) == (201, "https://bot@git.example/a.git", True)
    assert (await rig.store.project_secrets(1)).repo_token == "ghp_first"
    changed = await rig.call("PUT", "/api/projects/shop", {"repo": "https://:ghp_next@git.example/b.git"})
    assert changed.data["repo"] == "https://git.example/b.git"
    assert (await rig.store.project_secrets(1)).repo_token == "ghp_next"
    both = {"repo": "https://bot:ghp_in_address@git.example/a.git", "repo_token": "ghp_by_itself"}
    assert b"ghp_" not in (await rig.call("PUT", "/api/projects/shop", both)).body
    assert (await rig.store.project_secrets(1)).repo_token == "ghp_by_itself"
    refused = await rig.call("PUT", "/api/projects/shop", {"repo": "ssh://git:hunter2@git.example/a.git"})
    assert (refused.status, refused.details["field"]) == (400, "repo")
    assert "deploy_key" in refused.details["reason"]
    assert b"hunter2" not in refused.body


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"repo": "acme/shop"}, "name", "is required"),
        ({"name": "shop"}, "repo", "is required"),
        ({"name": "42", "repo": "acme/shop"}, "name", "with at least one letter"),
        ({"name": "Shop", "repo": "acme/shop"}, "name", "lower-case"),
        ({"name": "shop", "repo": "no repo"}, "repo", "spaces"),
        ({"name": "shop", "repo": "acme/shop", "runtime_prot": 1}, "runtime_prot", "did you mean runtime_port"),
        ({"name": "shop", "repo": "acme/shop", "runtime_port": "80"}, "runtime_port", "a whole number, not text"),
        ({"name": "shop", "repo": "acme/shop", "runtime_port": 0}, "runtime_port", "at least 1"),
        ({"name": "shop", "repo": "acme/shop", "strip_prefix": "yes"}, "strip_prefix", "true or false"),
        ({"name": "shop", "repo": "acme/shop", "build_env": {"A": 1}}, "build_env.A", "text"),
        ({"name": "shop", "repo": "acme/shop", "cache_mode": "isloated"}, "cache_mode", "did you mean 'isolated'"),
        ({"name": "shop", "repo": "acme/shop", "repo_token": "a b"}, "repo_token", "one word"),
        ({"name": "shop", "repo": "acme/shop", "health_check_interval": 0.01}, "health_check_interval", "0.1"),
        ({"name": "shop", "repo": "acme/shop", "id": 7}, "id", "is not known here"),
        ([], "", "must be a JSON object"),
        (b"{", "", "is not JSON"),
        (b"\xff\xfe", "", "is not JSON"),
        (b"[" * 100_000, "", "is not JSON"),
        (b'{"name": "\\ud800", "repo": "acme/shop"}', "", "is not JSON"),
    ],
)
async def test_a_wrong_field_is_named_with_what_it_must_be(rig: Rig, body: object, field: str, reason: str) -> None:
    refused = await rig.post("/api/projects", body)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.details["field"] == field
    assert reason in refused.details["reason"]
    assert (await rig.store.projects())[0] == 0


async def test_a_name_is_taken_once(rig: Rig) -> None:
    await rig.a_project("shop")
    refused = await rig.post("/api/projects", {"name": "shop", "repo": "acme/shop"})
    assert (refused.status, refused.code) == (409, "PROJECT_EXISTS")


async def test_a_domain_belongs_to_one_project(rig: Rig) -> None:
    await rig.a_project("shop", domains=["a.example.com"])
    await rig.a_project("blog")
    for refused in (
        await rig.post("/api/projects", {"name": "new", "repo": "acme/x", "domains": ["a.example.com"]}),
        await rig.call("PUT", "/api/projects/blog", {"domains": ["A.example.com"]}),
    ):
        assert (refused.status, refused.code) == (409, "DOMAIN_TAKEN")
        assert refused.details == {"domain": "a.example.com", "project": "shop"}


async def test_a_project_is_found_by_id_and_by_name(rig: Rig) -> None:
    project = await rig.a_project("shop")
    by_id = await rig.get(f"/api/projects/{project.id}")
    by_name = await rig.get("/api/projects/shop")
    assert by_id.data == by_name.data


@pytest.mark.parametrize("named", ["nobody", "99", "99999999999999999999999", "%F0%9F%98%80", "²", "a%00b", "-1"])
async def test_a_project_that_is_not_there_is_a_404(rig: Rig, named: str) -> None:
    refused = await rig.get(f"/api/projects/{named}")
    assert (refused.status, refused.code) == (404, "PROJECT_NOT_FOUND")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_only_the_fields_given_change(rig: Rig, method: str) -> None:
    await rig.a_project("shop", branch="release", keep_releases=2)
    changed = await rig.call(method, "/api/projects/shop", {"keep_releases": 9})
    assert (changed.status, changed.data["keep_releases"], changed.data["branch"]) == (200, 9, "release")
    assert changed.data["revision"] == 2


async def test_the_name_and_the_ports_are_fixed(rig: Rig) -> None:
    project = await rig.a_project("shop")
    for field in ("name", "blue_port", "green_port"):
        other = "other" if field == "name" else 1234
        refused = await rig.call("PUT", "/api/projects/shop", {field: other})
        assert (refused.status, refused.details["field"]) == (400, field)
        assert "is fixed" in refused.details["reason"]
    same = {"name": "shop", "blue_port": project.blue_port, "green_port": project.green_port}
    assert (await rig.call("PUT", "/api/projects/shop", same)).status == 200


async def test_a_change_for_another_revision_is_refused(rig: Rig) -> None:
    await rig.a_project("shop")
    tag = (await rig.get("/api/projects/shop")).headers["ETag"]
    first = await rig.call("PUT", "/api/projects/shop", {"branch": "a"}, If_Match=tag)
    assert first.status == 200
    second = await rig.call("PUT", "/api/projects/shop", {"branch": "b"}, If_Match=tag)
    assert (second.status, second.code) == (412, "PRECONDITION_FAILED")
    assert (await rig.call("PUT", "/api/projects/shop", {"branch": "b"}, If_Match="*")).status == 200
    fresh = (await rig.get("/api/projects/shop")).headers["ETag"]
    assert (await rig.call("PUT", "/api/projects/shop", {"branch": "c"}, If_Match=f'"0", {fresh}')).status == 200


async def test_changes_at_the_same_time_all_arrive(rig: Rig) -> None:
    await rig.a_project("shop")
    values = {"branch": "a", "keep_releases": 7, "runtime_port": 81, "mount_path": "/srv"}
    changes = [{name: value} for name, value in values.items()]

    async with trio.open_nursery() as nursery:
        for change in changes:
            nursery.start_soon(rig.call, "PATCH", "/api/projects/shop", change)

    shown = (await rig.get("/api/projects/shop")).data
    assert values.items() <= shown.items()


async def test_a_list_tells_its_whole_length_and_gives_the_page_asked_for(rig: Rig) -> None:
    for name in ("c", "a", "b"):
        await rig.a_project(name)
    page = (await rig.get("/api/projects?limit=1&offset=1")).data
    assert page["total"] == 3
    assert [project["name"] for project in page["projects"]] == ["b"]


async def test_the_list_shows_last_builds_and_live_slots(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.a_project("blog")
    build = await rig.a_build(shop)
    await rig.store.set_slot(running(shop, Slot.GREEN, build, rig.clock.now()))
    blog, shop_shown = (await rig.get("/api/projects")).data["projects"]
    assert blog["last_build"] is None
    assert shop_shown["last_build"]["id"] == build.id
    assert shop_shown["green"]["status"] == "running"
    assert shop_shown["green"]["uptime_seconds"] >= 0


async def test_projects_are_shown_while_docker_does_not_answer(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.store.set_slot(running(shop, Slot.BLUE, await rig.a_build(shop), rig.clock.now()))
    rig.runtime.down = True
    shown = (await rig.get("/api/projects/shop")).data["blue"]
    assert (shown["status"], shown["health"]) == ("running", "unknown")


async def test_automatic_deployment_is_turned_off_and_on(rig: Rig) -> None:
    await rig.a_project("shop")
    off = await rig.post("/api/projects/shop/auto-deploy", {"enabled": False})
    assert off.data["auto_deploy"] is False
    on = await rig.post("/api/projects/shop/auto-deploy", {"enabled": True})
    assert on.data["auto_deploy"] is True
    refused = await rig.post("/api/projects/shop/auto-deploy", {"enabled": "yes"})
    assert refused.details["field"] == "enabled"


async def test_a_deleted_project_is_gone(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.a_build(shop)
    deleted = await rig.call("DELETE", "/api/projects/shop")
    assert deleted.data == {"containers_removed": 0, "builds_deleted": 1, "bytes_freed": 0}
    assert (await rig.get("/api/projects/shop")).status == 404


@pytest.mark.parametrize("scope", [Scope.READ, Scope.DEPLOY])
async def test_only_an_administrator_changes_projects(rig: Rig, scope: Scope) -> None:
    await rig.a_project("shop")
    for method, path in (
        ("POST", "/api/projects"),
        ("PUT", "/api/projects/shop"),
        ("PATCH", "/api/projects/shop"),
        ("DELETE", "/api/projects/shop"),
    ):
        assert (await rig.call(method, path, {}, scope=scope)).code == "FORBIDDEN"


@pytest.mark.parametrize("where", ["", "/workspace/2/mirror.git", "/db", "/workspace/../db", "/link/mirror.git"])
async def test_a_repository_cannot_lie_in_lcis_own_data_directory(rig: Rig, where: str) -> None:
    """Who may register a project would read the source of every other one, and the database."""
    (rig.data_dir / "link").symlink_to(rig.data_dir)
    for repo in (f"file://{rig.data_dir}{where}", f"FILE://localhost/proc/self/root{rig.data_dir}{where}"):
        refused = await rig.post("/api/projects", {"name": "shop", "repo": repo})
        assert (refused.status, refused.details["field"]) == (400, "repo")
        assert "data directory" in refused.details["reason"]
    beside = f"file://{rig.data_dir}-beside/app.git"
    assert (await rig.post("/api/projects", {"name": "shop", "repo": beside})).status == 201
    refused = await rig.call("PUT", "/api/projects/shop", {"repo": f"file://{rig.data_dir}{where}"})
    assert refused.status == 400


async def test_the_repository_of_the_demo_lies_there(rig: Rig) -> None:
    (rig.data_dir / DEMO_REPOSITORY).mkdir(parents=True)
    repo = f"file://{rig.data_dir}/{DEMO_REPOSITORY}"
    assert (await rig.post("/api/projects", {"name": "demo", "repo": repo})).status == 201
    assert (await rig.post("/api/projects", {"name": "other", "repo": f"{repo}/../.."})).status == 400
