from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.project import CacheType, NewProject, ProjectSettings, PullPolicy, QueuePolicy
from lci_app.core.project_file import FilePart, FileProblem, merge, parse_registration, parse_repository_file
from lci_app.core.project_file_keys import KEYS, NOT_YET

MINIMAL = '[project]\nname = "web"\nrepo = "owner/web"\n'

WHOLE = """\
[project]
name = "my-backend"
repo = "owner/my-spring-boot-app"
branch = "release"
path_filter = "backend/**, !**/*.md"
working_directory = "backend"
domains = ["api.example.com"]
strip_prefix = false
keep_releases = 3
pull = "always"

[build]
image = "gradle:jdk17"
cache_type = ["gradle", "npm"]
cache_mode = "isolated"
command = \"\"\"
./gradlew clean bootJar
cp build/libs/*.jar /output/app.jar
\"\"\"
env = { GRADLE_OPTS = "-Xmx1g" }
timeout = 900
memory = "2g"
cpus = 2

[deploy]
image = "eclipse-temurin:17-jre"
command = "java -jar /app/app.jar"
port = 9090
mount_path = "/srv"
health_check = "/actuator/health"
health_check_status = "200-299"
health_check_interval = 0.5
health_check_retries = 3
health_check_timeout = 7
drain_timeout = 5
bake_seconds = 1.5
env = { SPRING_PROFILES_ACTIVE = "prod" }
memory = "512m"
cpus = 0.5
start_period = 20
enabled = false

[queue]
key = "{project}_{branch}"
policy = "latest"
limit = 2
"""


def registered(text: str) -> NewProject:
    result = parse_registration(text)
    assert isinstance(result, NewProject), [str(each) for each in result]
    return result


def overridden(text: str) -> FilePart:
    result = parse_repository_file(text)
    assert isinstance(result, FilePart), [str(each) for each in result]
    return result


def problems(result: object) -> list[FileProblem]:
    assert isinstance(result, list), result
    return result


def only_problem(result: object) -> FileProblem:
    (problem,) = problems(result)
    return problem


def test_a_registration_reaches_every_setting_it_names():
    project = registered(WHOLE)
    assert project.name == "my-backend"
    assert project.settings == ProjectSettings(
        repo="owner/my-spring-boot-app",
        branch="release",
        path_filter="backend/**, !**/*.md",
        working_directory="backend",
        domains=("api.example.com",),
        strip_prefix=False,
        keep_releases=3,
        pull=PullPolicy.ALWAYS,
        build_image="gradle:jdk17",
        cache_type=(CacheType.GRADLE, CacheType.NPM),
        cache_mode="isolated",
        build_command="./gradlew clean bootJar\ncp build/libs/*.jar /output/app.jar\n",
        build_env={"GRADLE_OPTS": "-Xmx1g"},
        build_timeout=900.0,
        build_memory="2g",
        build_cpus=2.0,
        runtime_image="eclipse-temurin:17-jre",
        runtime_command="java -jar /app/app.jar",
        runtime_port=9090,
        mount_path="/srv",
        health_check_url="/actuator/health",
        health_check_status="200-299",
        health_check_interval=0.5,
        health_check_retries=3,
        health_check_timeout=7.0,
        drain_timeout=5.0,
        bake_seconds=1.5,
        runtime_env={"SPRING_PROFILES_ACTIVE": "prod"},
        runtime_memory="512m",
        runtime_cpus=0.5,
        start_period=20.0,
        auto_deploy=False,
        queue_key="{project}_{branch}",
        queue_policy=QueuePolicy.LATEST,
        queue_limit=2,
    )


def test_every_setting_of_a_project_can_be_given_in_a_file():
    reached = {setting for keys in KEYS.values() for setting in keys.values()}
    assert reached == set(ProjectSettings.model_fields) - {"parameters"} | {"name"}


def test_long_names_mean_the_same_as_short_ones():
    long = overridden(
        '[build]\nbuild_image = "a"\n[deploy]\nruntime_port = 1\nhealth_check_url = "/x"\n[queue]\nqueue_limit = 2'
    )
    short = overridden('[build]\nimage = "a"\n[deploy]\nport = 1\nhealth_check = "/x"\n[queue]\nlimit = 2')
    assert long == short


def test_a_repository_overrides_only_what_its_file_names():
    part = overridden('[build]\nimage = "node:22"\ncache_type = "npm"\n[deploy]\ncommand = ["node", "main.js"]\n')
    assert part.values == {
        "build_image": "node:22",
        "cache_type": CacheType.NPM,
        "runtime_command": ("node", "main.js"),
    }
    assert part.deploy


def test_a_repository_can_keep_itself_from_being_deployed_but_cannot_turn_deployment_on():
    stored = ProjectSettings(repo="a/b", auto_deploy=False)
    assert not merge(stored, overridden("[deploy]\nenabled = false")).deploy
    effective = merge(stored, overridden("[deploy]\nenabled = true"))
    assert effective.deploy
    assert not effective.settings.auto_deploy, "what a rollback has turned off stays off"


def test_the_repositorys_values_win_and_each_value_knows_its_origin():
    stored = ProjectSettings(repo="a/b", build_image="old", build_timeout=60, build_env={"A": "1", "B": "1"})
    effective = merge(stored, overridden('[build]\nimage = "new"\nenv = { B = "2", C = "2" }'))
    assert effective.settings.build_image == "new"
    assert effective.settings.build_env == {"A": "1", "B": "2", "C": "2"}
    assert effective.settings.repo == "a/b"
    origins = {name: effective.origins[name] for name in ("build_image", "build_timeout", "build_env", "runtime_port")}
    assert origins == {
        "build_image": "repository",
        "build_timeout": "project",
        "build_env": "repository",
        "runtime_port": "default",
    }
    assert effective.to_json()["build_timeout"] == {"value": 60.0, "origin": "project"}
    assert stored.build_image == "old"


def test_without_a_file_the_stored_settings_stand():
    stored = ProjectSettings(repo="a/b")
    assert merge(stored, None).settings == stored
    assert set(merge(stored, None).origins) == set(ProjectSettings.model_fields)


@pytest.mark.parametrize("key", ["name", "repo", "branch", "auto_deploy"])
def test_a_repository_does_not_decide_what_is_built(key: str):
    problem = only_problem(parse_repository_file(f"[project]\npath_filter = '**'\n{key} = 'x'\n"))
    assert (problem.line, problem.column, problem.key) == (3, 1, f"project.{key}")
    assert "[deploy]" in problem.message or "registered" in problem.message


def test_an_unknown_key_is_told_with_its_place_and_the_nearest_known_one():
    problem = only_problem(parse_registration(MINIMAL + '\n[build]\n  imgae = "x"\n'))
    assert str(problem) == "line 6, column 3: build.imgae is not known; did you mean image?"


def test_a_key_in_the_wrong_table_is_sent_to_the_right_one():
    assert only_problem(parse_repository_file("[build]\nport = 1")).message == "belongs under [deploy]"
    assert "[build] or [deploy]" in only_problem(parse_repository_file("[project]\nmemory = '1g'")).message
    assert "belongs under [project]" in only_problem(parse_registration("repo = 'a/b'\n" + MINIMAL)).message


def test_an_unknown_table_is_told_with_the_nearest_known_one():
    assert only_problem(parse_repository_file("[depoly]\nport = 1")).message == "is not known; did you mean deploy?"
    assert only_problem(parse_repository_file("build = 1")).message == "must be a table, written [build]"
    assert only_problem(parse_repository_file("[[build]]\nimage = 'x'")).message == "must be a table, written [build]"


NOT_YET_TEXTS = {"steps": "[[steps]]\nname = 'x'", "parameters": "[parameters.flavor]\ndefault = 'x'"}


@pytest.mark.parametrize("table", sorted(NOT_YET))
def test_what_is_not_supported_yet_says_so_and_where(table: str):
    text = NOT_YET_TEXTS.get(table) or f"[{table}]\nx = 1"
    problem = only_problem(parse_repository_file(f"# first line\n{text}\n"))
    assert (problem.message, problem.key, problem.line) == ("is not supported yet", table, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[deploy]\nport = '80'", "line 2, column 1: deploy.port must be a whole number, not text"),
        ("[deploy]\nport = 80.5", "line 2, column 1: deploy.port must be a whole number, not a fraction"),
        ("[deploy]\nport = 0", "line 2, column 1: deploy.port must be at least 1"),
        ("[deploy]\nport = 65536", "line 2, column 1: deploy.port must be at most 65535"),
        ("[deploy]\nenabled = 'no'", "line 2, column 1: deploy.enabled must be true or false, not text"),
        ("[build]\ntimeout = true", "line 2, column 1: build.timeout must be a number, not true"),
        ("[build]\ntimeout = 0", "line 2, column 1: build.timeout must be more than 0"),
        ("[build]\ntimeout = nan", "line 2, column 1: build.timeout must be a number, not nan"),
        ("[build]\nimage = 2026-11-20", "line 2, column 1: build.image must be text in quotes, not a date or time"),
        ("[build]\nimage = ['a']", "line 2, column 1: build.image must be text in quotes, not a list"),
        (
            "[build]\nenv = ['A=1']",
            'line 2, column 1: build.env must be a table, such as { NAME = "value" }, not a list',
        ),
        (
            "[build]\nenv = { B = 'x', A = 1 }",
            "line 2, column 18: build.env.A must be text in quotes, not a whole number",
        ),
        (
            "[build]\nmemory = '512 MB'",
            "line 2, column 1: build.memory must be a number with b, k, m or g, such as 512m",
        ),
        (
            "[build]\ncache_type = ['npm', 'gradel']",
            "line 2, column 1: build.cache_type must be one of none, gradle, maven, npm, pip, cargo, pub, go, "
            "or a list of them",
        ),
        (
            "[build]\ncache_mode = 'isolatd'",
            "line 2, column 1: build.cache_mode must be shared or isolated, not 'isolatd'; did you mean 'isolated'?",
        ),
        (
            "[deploy]\ncommand = 3",
            "line 2, column 1: deploy.command must be text in quotes or a list, not a whole number",
        ),
        (
            "[deploy]\ncommand = [\n  'a',\n  3,\n]",
            "line 4, column 3: deploy.command[1] must be text in quotes, not a whole number",
        ),
        ("[project]\ndomains = 'a.b'", "line 2, column 1: project.domains must be a list, not text"),
        (
            "[build]\nimage = 'a'\nbuild_image = 'b'",
            "line 3, column 1: build.build_image says again what build.image says",
        ),
        ("[build]\nimage = \n", "line 2, column 9: invalid value"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words_with_its_place(text: str, sentence: str):
    assert str(only_problem(parse_repository_file(text))) == sentence


def test_everything_wrong_is_told_in_the_order_of_the_file():
    found = problems(parse_repository_file("[deploy]\nport = 'x'\ncpus = 0\n[build]\ntimeout = 0\n"))
    assert [(each.line, each.key) for each in found] == [(2, "deploy.port"), (3, "deploy.cpus"), (5, "build.timeout")]


def test_a_registration_without_name_or_repository_says_what_is_missing():
    found = problems(parse_registration("# nothing\n[project]\nbranch = 'main'\n"))
    assert [str(each) for each in found] == [
        "line 2, column 2: project.name is missing",
        "line 2, column 2: project.repo is missing",
    ]


@given(
    st.sampled_from(range(WHOLE.count("\n"))), st.sampled_from(["x", "9", "=", '"', "[", "]", "{", "#", "'"]), st.data()
)
def test_a_file_with_one_spoiled_line_is_told_at_that_line_or_after(index: int, spoiler: str, data: st.DataObject):
    lines = WHOLE.splitlines()
    at = data.draw(st.integers(0, len(lines[index])))
    lines[index] = lines[index][:at] + spoiler + lines[index][at:]
    result = parse_registration("\n".join(lines))
    if isinstance(result, list):
        # A string or bracket that is left open is noticed further down; what ends up missing, at its table.
        assert all(each.line > index or re.search(r"is missing|says again", each.message) for each in result)


def test_the_documentation_names_every_key():
    text = (Path(__file__).parents[2] / "docs" / "project-file.md").read_text(encoding="utf-8")
    for table, keys in KEYS.items():
        assert f"[{table}]" in text
        for key in keys:
            assert f"`{key}`" in text, f"{table}.{key}"
    for table in NOT_YET:
        assert table in text


def test_the_documentations_example_is_a_right_registration():
    text = (Path(__file__).parents[2] / "docs" / "project-file.md").read_text(encoding="utf-8")
    for example in re.findall(r"```toml\n(# registration\n.*?)```", text, re.DOTALL):
        registered(example)
    for example in re.findall(r"```toml\n(# repository\n.*?)```", text, re.DOTALL):
        overridden(example)
    assert text.count("```toml\n# re") == 2
