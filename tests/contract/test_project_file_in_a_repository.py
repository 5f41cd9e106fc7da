"""project-file.md: the same TOML, committed in a repository."""

from __future__ import annotations

import pytest

from tests.cli.program import Program
from tests.contract.project_files import SERVED, built
from tests.git_server import GitServer
from tests.whole.service import Service, push_payload

pytestmark = pytest.mark.docker


def test_the_repositorys_values_win_and_each_knows_its_origin(service: Service, git_server: GitServer):
    """ "committed in a repository, as configuration as code"; http-api.md: "its values win over the stored ones for
    that build, each effective value knows its origin"."""
    repository = git_server.create("acme/code")
    repository.commit({"index.html": "by the file", ".lci.toml": SERVED + 'env = { A = "file" }\n'})
    service.register("code", repository.url, build_command="false", runtime_command="false",
                     runtime_env={"A": "stored", "B": "stored"}, health_check_url="/nothing")  # fmt: skip
    build = service.succeed("code")
    assert service.visit("/code/index.html").text == "by the file"
    effective = service.get(f"/api/builds/{build['id']}")["effective"]
    assert effective["build_command"] == {"value": "cp -r . /output/", "origin": "repository"}
    assert effective["health_check_url"] == {"value": "/index.html", "origin": "repository"}
    assert effective["runtime_env"]["value"] == {"A": "file", "B": "stored"}
    assert effective["drain_timeout"]["origin"] == "project"
    assert effective["keep_releases"]["origin"] == "default"
    assert service.get("/api/projects/code")["build_command"] == "false"  # what is stored stays
    repository.commit({".lci.toml": None})
    assert service.build_now("code")["status"] == "Failed"


def test_the_file_of_a_project_in_a_folder_lies_in_that_folder(service: Service, git_server: GitServer):
    """http-api.md: "A repository may bring its own `.lci.toml` (in `working_directory`)"."""
    repository = git_server.create("acme/folders")
    wrong = '[build]\ncommand = "echo the wrong one; false"\n'
    repository.commit({".lci.toml": wrong, "a/.lci.toml": '[build]\ncommand = "pwd"\n', "b/x": "x"})
    service.register("folder-a", repository.url, working_directory="a", build_command="echo stored")
    service.register("folder-b", repository.url, working_directory="b", build_command="echo stored")
    assert built(service, "folder-a", deploy=False)["log"] == ["/build/a"]
    assert built(service, "folder-b", deploy=False)["log"] == ["stored"]


@pytest.mark.parametrize(
    ("key", "value"), [("name", '"other"'), ("repo", '"evil/other"'), ("branch", '"other"'), ("auto_deploy", "true")]
)
def test_a_repository_does_not_decide_what_is_built(lci: Program, key: str, value: str):
    """ "In a repository `[project]` may hold only what does not decide which repository or branch is built." """
    (lci.home / ".lci.toml").write_text(f"[build]\ntimeout = 60\n\n[project]\n{key} = {value}\n")
    ran = lci.run("validate")
    assert ran.status == 2
    assert f".lci.toml, line 5, column 1: project.{key} " in ran.err


def test_a_repository_may_hold_the_rest_of_project(service: Service, git_server: GitServer):
    """ "`path_filter`, `working_directory`, `domains`, `strip_prefix`" are no registration's alone."""
    repository = git_server.create("acme/rest")
    text = '[project]\npath_filter = "src/**"\nstrip_prefix = true\nkeep_releases = 2\n[queue]\nkey = "{project}/x"\n'
    repository.commit({"index.html": "x", ".lci.toml": text})
    service.register("rest", repository.url)
    assert service.succeed("rest", deploy=False)["status"] == "Success"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[build]\nimage = "x"\ncomand = "true"\n', ["line 3, column 1", "build.comand", "command"]),
        ('[project]\nrepo = "evil/other"\n', ["line 2, column 1", "project.repo"]),
        ('[project]\nbranch = "other"\n', ["line 2, column 1", "project.branch"]),
        ('\n[[steps]]\nname = "x"\n', ["line 2, column 3", "steps is not supported yet"]),
        ("[deploy\n", ["line 1"]),
        ('[deploy]\nport = 1.5\n', ["line 2, column 1", "deploy.port"]),
        ("\udcff", ["UTF-8"]),
    ],
)  # fmt: skip
def test_an_error_in_the_repositorys_file_fails_the_build_with_its_place(
    service: Service, git_server: GitServer, text: str, told: list[str]
):
    """http-api.md: "an error in it names line and column"."""
    name = f"typo-{abs(hash(text))}"
    repository = git_server.create(f"acme/{name}")
    repository.commit({"index.html": "x", ".lci.toml": text.encode("utf-8", "surrogateescape")})
    service.register(name, repository.url)
    failure = service.build_now(name)["failure"]
    assert (failure["kind"], failure["stage"]) == ("build", "source")
    assert [part for part in [".lci.toml", *told] if part not in failure["message"]] == []


def test_a_repository_can_keep_a_commit_from_being_deployed(service: Service, git_server: GitServer):
    """ "`enabled = true` # false: build and verify only"."""
    repository = git_server.create("acme/verified")
    repository.commit({"index.html": "first", ".lci.toml": SERVED})
    service.register("verified", repository.url)
    service.succeed("verified")
    commit = repository.commit({"index.html": "second", ".lci.toml": SERVED + "enabled = false\n"})
    answer = service.push(push_payload(repository.url, commit)).json()["data"]["builds"]
    build = service.wait_build(answer[0]["build_id"])
    assert (build["status"], build["deployed_slot"]) == ("Success", None)
    assert service.visit("/verified/index.html").text == "first"


def test_what_intake_needs_is_refreshed_by_each_build(service: Service, git_server: GitServer):
    """http-api.md: "What intake needs before any fetch (`path_filter`, `working_directory`, queue key) is taken from
    the stored project, refreshed from the repository's file by each build." """
    repository = git_server.create("acme/refreshed")
    text = '[project]\npath_filter = "src/**"\n[queue]\nkey = "shared-{branch}"\n'
    commit = repository.commit({"index.html": "x", ".lci.toml": text})
    service.register("refreshed", repository.url)
    first = service.post("/api/projects/refreshed/builds", {"deploy": False})
    assert service.wait_build(first["build_id"])["status"] == "Success"
    shown = service.get("/api/projects/refreshed")
    assert (shown["path_filter"], shown["queue_key"]) == ("src/**", "shared-{branch}")
    ignored = service.push(push_payload(repository.url, commit)).json()["data"]
    assert ignored["ignored"] == "path"
    second = service.post("/api/projects/refreshed/builds", {"deploy": False})
    assert second["queue_key"] == "shared-main"
    service.wait_build(second["build_id"])
    repository.commit(
        {".lci.toml": '[project]\npath_filter = "**"\nworking_directory = "src"\n', "src/index.html": "x"}
    )
    service.wait_build(service.post("/api/projects/refreshed/builds", {"deploy": False})["build_id"])
    shown = service.get("/api/projects/refreshed")
    assert (shown["path_filter"], shown["working_directory"]) == ("**", "src")


def test_another_branchs_file_refreshes_nothing(service: Service, git_server: GitServer):
    """The stored project is what its own branch says."""
    repository = git_server.create("acme/side")
    repository.commit({"index.html": "x"})
    repository.switch("side")
    repository.commit({".lci.toml": '[project]\npath_filter = "never/**"\n'})
    service.register("side", repository.url)
    service.wait_build(service.post("/api/projects/side/builds", {"branch": "side", "deploy": False})["build_id"])
    assert service.get("/api/projects/side")["path_filter"] == "**"
