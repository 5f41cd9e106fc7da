"""runtime.md, "Inside a build container"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.contract.images import bash_files, image_with
from tests.git_server import GitRepository, GitServer
from tests.whole.service import Service

pytestmark = pytest.mark.docker

CACHES = {
    "gradle": "/root/.gradle",
    "maven": "/root/.m2",
    "npm": "/root/.npm",
    "pip": "/root/.cache/pip",
    "cargo": "/usr/local/cargo/registry",
    "pub": "/root/.pub-cache",
    "go": "/go/pkg/mod",
}


def run(service: Service, name: str, repo: str, command: str, **fields: Any) -> tuple[Any, list[str]]:
    """Run a command as a project's build; the build, and what the command said."""
    service.register(name, repo, build_command=command, **fields)
    return again(service, name)


def again(service: Service, name: str) -> tuple[Any, list[str]]:
    build = service.build_now(name, deploy=False)
    lines = service.get(f"/api/builds/{build['id']}/logs?limit=5000")["lines"]
    return build, [line["text"] for line in lines if line["stream"] != "system"]


def succeed(service: Service, name: str, repo: str, command: str, **fields: Any) -> list[str]:
    build, said = run(service, name, repo, command, **fields)
    assert build["status"] == "Success", (build["failure"], said)
    return said


def test_the_source_the_output_and_the_copy_are_where_they_are_promised(service: Service, git_server: GitServer):
    """ "`/app` the source, read-only · `/output` what is kept … the working directory is a writable copy of the source
    (`/build`), so that tools which write beside the source work; commands that `cd /app` and only read keep working."
    """
    repository = git_server.create("acme/places")
    repository.commit({"build.sh": "echo run", "deep/er/file": "text\n", "-odd name é": "odd\n"})
    said = succeed(
        service,
        "places",
        repository.url,
        'pwd; (cd /app && cat deep/er/file && sh build.sh); diff -r /app . && echo same; cat "./-odd name é"\n'
        "echo changed > deep/er/file; mkdir -p node_modules/.bin; rm build.sh; cat deep/er/file\n"
        "cat /app/deep/er/file\n"
        "for d in /app /app/deep; do touch $d/x 2>/dev/null || echo $d read-only; done; ls -A /output | wc -l\n"
        "mkdir /output/d; echo kept > /output/d/file\n",
    )
    assert said == [
        "/build", "text", "run", "same", "odd", "changed", "text", "/app read-only", "/app/deep read-only", "0",
    ]  # fmt: skip
    newest = service.get("/api/projects/places/builds")["builds"][0]["id"]
    assert (service.data_dir / "output" / str(newest) / "d" / "file").read_text() == "kept\n"


def test_nothing_that_a_build_changed_is_there_for_the_next(service: Service, git_server: GitServer):
    """ "a writable copy of the source (`/build`)", "`/output` what is kept"."""
    repository = git_server.create("acme/fresh")
    repository.commit({"a": "a\n"})
    command = "ls -A . /output; cat a; echo changed > a; echo > b; echo > /output/left"
    said = succeed(service, "fresh", repository.url, command)
    build, second = again(service, "fresh")
    assert (build["status"], second) == ("Success", said)


def test_every_cache_is_where_its_package_manager_looks_and_kept(service: Service, shop: GitRepository):
    """ "the caches at the place where the package manager looks (gradle `/root/.gradle`, …)"; "`cache/TYPE/`
    (shared)"."""
    command = "\n".join(
        f"cat {path}/mark || echo {kind} new; echo {kind} kept > {path}/mark" for kind, path in CACHES.items()
    )
    said = succeed(service, "cached", shop.url, f"exec 2>/dev/null\n{command}", cache_type=list(CACHES))
    assert said == [f"{kind} new" for kind in CACHES]
    build, second = again(service, "cached")
    assert (build["status"], second) == ("Success", [f"{kind} kept" for kind in CACHES])
    for kind in CACHES:
        assert (service.data_dir / "cache" / kind / "mark").read_text() == f"{kind} kept\n"
    shared = succeed(
        service, "cached-too", shop.url, "cat /root/.npm/mark; test -e /root/.m2 || echo no maven", cache_type="npm"
    )
    assert shared == ["npm kept", "no maven"]


def test_the_variables_are_set_whatever_the_project_says(service: Service, shop: GitRepository):
    """ "Set: `CI=true`, `LCI=true`, `LCI_BUILD_ID`, `LCI_BUILD_NUMBER`, `LCI_PROJECT`, `LCI_BRANCH`, `LCI_COMMIT`, …
    the project's `build_env`." """
    own = {"COLOUR": "blue sky", "QUOTED": "a'b\"c$HOME`id`\nsecond", "EMPTY": "", "CI": "no", "LCI_COMMIT": "mine"}
    service.register("set", shop.url, build_env=own, build_command="env | sort; printf '%s.' \"$QUOTED\"")
    build, said = again(service, "set")
    expected = {
        "CI": "true", "LCI": "true", "LCI_BUILD_ID": str(build["id"]), "LCI_BUILD_NUMBER": "1", "LCI_PROJECT": "set",
        "LCI_BRANCH": "main", "LCI_COMMIT": shop.head(), "COLOUR": "blue sky", "EMPTY": "",
    }  # fmt: skip
    assert {f"{name}={value}" for name, value in expected.items()} <= set(said)
    assert {line for line in said if line.startswith("LCI")} == {
        f"{name}={value}" for name, value in expected.items() if name.startswith("LCI")
    }
    assert said[-2:] == ["a'b\"c$HOME`id`", "second."]


def test_another_branch_is_told_as_such(service: Service, git_server: GitServer):
    """ "`LCI_BRANCH`, `LCI_COMMIT`"."""
    repository = git_server.create("acme/branches")
    repository.commit({"a": "a"})
    repository.switch("feature/x")
    commit = repository.commit({"a": "b"})
    service.register("branches", repository.url, build_command="echo $LCI_BRANCH $LCI_COMMIT; cat a")
    build = service.wait_build(
        service.post("/api/projects/branches/builds", {"branch": "feature/x", "deploy": False})["build_id"]
    )
    said = service.log_lines(build["id"])
    assert f"feature/x {commit}" in said
    assert "b" in said


@pytest.mark.parametrize(
    ("name", "command", "said", "status"),
    [
        ("lines", "echo one\n\n# a comment\necho two \\\n  three\nif true; then\n  echo four\nfi\n",
         ["one", "two three", "four"], "Success"),
        ("quotes", "echo 'a  b' \"c'd\" $((1 + 1)) `echo e` \\$x; cat <<EOF\nhere  é\nEOF",
         ["a  b c'd 2 e $x", "here  é"], "Success"),
        ("first", "echo one\nfalse\necho two", ["one"], "Failed"),
        ("alternative", "false || echo other; false | true; ! true; echo end", ["other", "end"], "Success"),
        ("dollar", "echo $0 $#; set -- x y; echo $# $1", None, "Success"),
        ("stdin", "cat; echo at its end", ["at its end"], "Success"),
    ],
    ids=["lines", "quotes", "first", "alternative", "dollar", "stdin"],
)  # fmt: skip
def test_a_command_is_a_shells(
    service: Service, shop: GitRepository, name: str, command: str, said: Sequence[str] | None, status: str
):
    """ "The command runs as `sh -e -c`"."""
    build, heard = run(service, f"shell-{name}", shop.url, command)
    assert build["status"] == status
    assert said is None or heard == said


def test_bash_is_used_where_the_image_has_it(service: Service, shop: GitRepository):
    """ "The command runs as `sh -e -c`; `bash` where the image has it." """
    command = 'echo "version ${BASH_VERSION%%.*}"; [[ abc == a* ]] && a=(1 2 3) && echo ${#a[@]}; false; echo never'
    with image_with(bash_files()) as image:
        build, said = run(service, "bash", shop.url, command, build_image=image)
    assert (build["status"], build["failure"]["exit_code"]) == ("Failed", 1)
    assert said[0] != "version "
    assert said[1:] == ["3"]
    build, said = run(service, "no-bash", shop.url, 'echo "version $BASH_VERSION"')
    assert (build["status"], said) == ("Success", ["version "])


def test_a_bash_that_an_image_brings_is_called_with_the_same_words(service: Service, shop: GitRepository):
    """ "`sh -e -c`; `bash` where the image has it", wherever in its path that is."""
    wrapper = b'#!/bin/sh\necho "bash $1 $2"\nexec sh "$@"\n'
    with image_with({"opt/tools/bash": wrapper}, "ENV PATH=/opt/tools:/bin") as image:
        assert succeed(service, "wrapped", shop.url, "echo in it", build_image=image) == ["bash -e -c", "in it"]


def test_a_build_that_writes_into_the_source_is_told_the_way_out(service: Service, shop: GitRepository):
    """ "A build that fails for writing into `/app` is told so, with the way out." """
    commands = {
        "touch": "cd /app && touch x",
        "mkdir": "mkdir -p /app/build/classes",
        "redirect": "cd /app\necho x > index.html",
        "copy": "cp index.html /app/copy.html",
    }
    for name, command in commands.items():
        build, _ = run(service, f"into-app-{name}", shop.url, command)
        failure = build["failure"]
        assert (failure["kind"], failure["stage"]) == ("build", "build")
        assert "/app" in failure["message"]
        assert "/build" in failure["message"]


def test_an_entry_point_of_the_image_does_not_stand_in_the_commands_way(service: Service, shop: GitRepository):
    """ "The command runs as `sh -e -c`", whatever else the image would start."""
    with image_with({}, 'ENTRYPOINT ["false"]', "WORKDIR /tmp", "ENV COLOUR=green CI=no") as image:
        said = succeed(service, "entry-point", shop.url, "pwd; echo $COLOUR $CI", build_image=image)
    assert said == ["/build", "green true"]


def test_in_a_monorepo_a_project_is_built_in_its_folder(service: Service, git_server: GitServer):
    """ "the working directory is a writable copy of the source": of a project with a `working_directory`, its folder in
    the whole copy; `/app` is that folder, as the seeds' `cd /app && ./gradlew …` needs it."""
    repository = git_server.create("acme/mono")
    repository.commit({"backend/main": "the backend\n", "common/lib": "the library\n", "top": "the top\n"})
    command = "pwd; cat main ../common/lib; cd /app; ls; cat main"
    said = succeed(service, "mono", repository.url, command, working_directory="backend")
    assert said == ["/build/backend", "the backend", "the library", "main", "the backend"]
    build, _ = run(service, "mono-missing", repository.url, "true", working_directory="frontend")
    assert "frontend" in build["failure"]["message"]


def test_an_image_that_does_not_run_as_root_can_write_in_its_copy(service: Service, git_server: GitServer):
    """ "the working directory is a writable copy of the source (`/build`), so that tools which write beside the source
    work"."""
    repository = git_server.create("acme/rootless")
    repository.commit({"deep/file": "text\n"})
    with image_with({}, "USER 65534:65534") as image:
        said = succeed(
            service,
            "rootless",
            repository.url,
            "id -u; echo changed > deep/file; mkdir deep/new; cat deep/file /app/deep/file; echo kept > /output/file",
            build_image=image,
        )
    assert said == ["65534", "changed", "text"]


def test_the_first_script_that_is_there_is_run_by_what_it_names(service: Service, git_server: GitServer):
    """`script = ["ci/common/build.sh", "ci/{flavor}/build.sh"]   # instead of command: the first that exists`"""
    repository = git_server.create("acme/scripted")
    repository.commit({"ci/plain.sh": "false; echo not reached\n"})
    build, said = run(service, "scripted", repository.url, "echo command", build_script=["ci/own.sh", "ci/plain.sh"])
    assert (build["status"], build["failure"]["exit_code"], said) == ("Failed", 1, [])
    own = repository.work / "ci" / "own.sh"
    own.write_text("#!/bin/sh\necho $0 in $(pwd); false; echo goes on\n")
    own.chmod(0o755)
    repository.commit({})
    build, said = again(service, "scripted")
    assert (build["status"], said) == ("Success", ["./ci/own.sh in /build", "goes on"])
