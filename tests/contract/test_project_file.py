"""project-file.md: the TOML that registers a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.contract.project_files import MINIMAL, add
from tests.whole.service import Service

pytestmark = pytest.mark.docker

# The paper's own example, with what this version supports.
WHOLE = """\
[project]
name = "my-backend"                     # registration only
repo = "owner/my-spring-boot-app"       # registration only; or any git URL
branch = "release"                      # registration only
path_filter = "backend/**, !**/*.md"
working_directory = "backend"
domains = ["api.example.com"]
strip_prefix = false

[build]                                 # the one-step form
image = "gradle:jdk17"
cache_type = ["gradle", "npm"]
cache_mode = "isolated"
command = \"\"\"
./gradlew clean bootJar
cp build/libs/*.jar /output/app.jar
\"\"\"
env = { GRADLE_OPTS = "-Xmx1g" }
timeout = 900                           # seconds
memory = "2g"
cpus = 2

[deploy]
image = "eclipse-temurin:17-jre"
command = "java -jar /app/app.jar"
port = 8081
mount_path = "/srv"
health_check = "/actuator/health"
health_check_status = "200-299"
health_check_interval = 6
health_check_retries = 11
health_check_timeout = 31
drain_timeout = 32
bake_seconds = 1
env = { SPRING_PROFILES_ACTIVE = "prod" }
memory = "512m"
start_period = 2
enabled = false

[queue]
key = "{project}_{branch}"
policy = "latest"
limit = 2
"""
REGISTERED = {
    "name": "my-backend",
    "repo": "owner/my-spring-boot-app",
    "branch": "release",
    "path_filter": "backend/**, !**/*.md",
    "working_directory": "backend",
    "domains": ["api.example.com"],
    "strip_prefix": False,
    "build_image": "gradle:jdk17",
    "cache_type": ["gradle", "npm"],
    "cache_mode": "isolated",
    "build_command": "./gradlew clean bootJar\ncp build/libs/*.jar /output/app.jar\n",
    "build_env": {"GRADLE_OPTS": "-Xmx1g"},
    "build_timeout": 900,
    "build_memory": "2g",
    "build_cpus": 2,
    "runtime_image": "eclipse-temurin:17-jre",
    "runtime_command": "java -jar /app/app.jar",
    "runtime_port": 8081,
    "mount_path": "/srv",
    "health_check_url": "/actuator/health",
    "health_check_status": "200-299",
    "health_check_interval": 6,
    "health_check_retries": 11,
    "health_check_timeout": 31,
    "drain_timeout": 32,
    "bake_seconds": 1,
    "runtime_env": {"SPRING_PROFILES_ACTIVE": "prod"},
    "runtime_memory": "512m",
    "start_period": 2,
    "auto_deploy": False,
    "queue_key": "{project}_{branch}",
    "queue_policy": "latest",
    "queue_limit": 2,
}
DEFAULTS = {
    "branch": "main",
    "path_filter": "**",
    "working_directory": "",
    "domains": [],
    "strip_prefix": True,
    "cache_mode": "shared",
    "runtime_port": 8080,
    "mount_path": "/app",
    "health_check_url": "/",
    "health_check_interval": 5,
    "health_check_retries": 10,
    "health_check_timeout": 30,
    "drain_timeout": 30,
    "keep_releases": 5,
    "auto_deploy": True,
}


def test_each_key_registers_its_field(service: Service, tmp_path: Path):
    """ "The same TOML serves `lci project add FILE.toml` (registers a project)"."""
    added = json.loads(add(service, tmp_path, WHOLE, "--json").stdout)
    shown = service.get("/api/projects/my-backend")
    for name, value in REGISTERED.items():
        assert added[name] == shown[name] == value, name


def test_what_is_not_given_has_its_default(service: Service, tmp_path: Path):
    add(service, tmp_path, MINIMAL)
    shown = service.get("/api/projects/minimal")
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS


def test_a_list_is_a_command_too_and_one_cache_needs_no_list(service: Service, tmp_path: Path):
    """ "`cache_type = "gradle"` # or ["gradle", "npm"]"; "`runtime_command`: text runs as `sh -c`, a list as it is"."""
    text = MINIMAL.replace("minimal", "listed") + '[build]\ncache_type = "go"\n[deploy]\ncommand = ["/srv/app", "-v"]\n'
    add(service, tmp_path, text)
    shown = service.get("/api/projects/listed")
    assert (shown["cache_type"], shown["runtime_command"]) == ("go", ["/srv/app", "-v"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[build]\nimgae = "x"\n', "line 5, column 1: build.imgae is not known; did you mean image?"),
        ('[deploy]\n  heath_check = "/"\n', "line 5, column 3: deploy.heath_check is not known; did you mean health"),
        ('[buidl]\nimage = "x"\n', "line 4, column 2: buidl is not known; did you mean build?"),
        ('[build]\nport = 80\n', "line 5, column 1: build.port belongs under [deploy]"),
        ('image = "x"\n', "line 4, column 1: project.image belongs under [build] or [deploy]"),
        ('[deploy]\nport = "80"\n', "line 5, column 1: deploy.port must be a whole number, not text"),
        ('[deploy]\nport = 65536\n', "line 5, column 1: deploy.port must be at most 65535"),
        ('[deploy]\nhealth_check_interval = 0.05\n', "line 5, column 1: deploy.health_check_interval must be at least"),
        ('[deploy]\nhealth_check = "health"\n', "line 5, column 1: deploy.health_check must begin with /"),
        ('[build]\ncache_type = "grdle"\n', "line 5, column 1: build.cache_type must be one of"),
        ('[build]\ncache_mode = "shard"\n', "line 5, column 1: build.cache_mode must be shared or isolated"),
        ('[build]\nmemory = "lots"\n', "line 5, column 1: build.memory must be a number with b, k, m or g"),
        ('[build]\nenv = { A = 1 }\n', "line 5, column 9: build.env.A must be text"),
        ('[build.env]\n\nA = 1\n', "line 6, column 1: build.env.A must be text"),
        ('[queue]\npolicy = "last"\n', "line 5, column 1: queue.policy must be all or latest"),
        ('[queue]\nkey = "{flavor}_{branch}_{toolchain}"\n', "line 5, column 1: queue.key ${flavor} is not supported"),
        ('[build]\nimage = "app:${tag}"\n', "line 5, column 1: build.image ${tag} is not supported yet"),
        ('[build]\nimage = "app:${comit}"\n', "line 5, column 1: build.image ${comit} is not known; did you mean $"),
        ('[build]\nimage = "x\n', "line 5, column"),
        ('[build]\nimage = "x"\nimage = "y"\n', "line 6, column"),
        ('name = "other"\n', "line 4, column"),
        ('[[steps]]\nname = "test"\n', "line 4, column 3: steps is not supported yet"),
        ("[reports]\ncoverage_minimum = 80.0\n", "line 4, column 2: reports is not supported yet"),
        ('[image]\ndockerfile = "Dockerfile"\n', "line 4, column 2: image is not supported yet"),
        ('[parameters.flavor]\nchoices = ["dev"]\n', "line 4, column 2: parameters is not supported yet"),
        ('[toolchain]\nfile = ".fvmrc"\n', "line 4, column 2: toolchain is not supported yet"),
        ('[matrix]\nplatform = ["ios"]\n', "line 4, column 2: matrix is not supported yet"),
        ("[artifacts]\nkeep = 10\n", "line 4, column 2: artifacts is not supported yet"),
        ('[build]\nscript = "ci/build.sh"\n', "line 5, column 1: build.script must be a list"),
        ('[build]\nscript = ["ci/{flavor}/build.sh"]\n', "line 5, column 11: build.script[0] must not hold {…}"),
        ('[build]\nscript = ["../build.sh"]\n', "line 5, column 11: build.script[0] must be a folder inside"),
    ],
    ids=lambda value: value.split("\n")[0] + value.split("\n")[1] if value.count("\n") > 1 else "",
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(lci: Program, text: str, told: str):
    """ "Unknown keys are errors with line and column and the nearest known key." """
    (lci.home / "project.toml").write_text(MINIMAL + text)
    ran = lci.run("project", "add", "project.toml", "--url", "http://127.0.0.1:1", "--token", "lci_x")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"lci: project.toml, {told}")


def test_nothing_is_registered_by_a_wrong_file(service: Service, tmp_path: Path):
    """ "nothing half-written"."""
    total = service.get("/api/projects")["total"]
    done = add(service, tmp_path, MINIMAL.replace("minimal", "wrong") + '[build]\nimgae = "x"\n', "--json", check=False)
    assert json.loads(done.stdout)["error"]["details"]["problems"][0]["line"] == 5
    assert (done.returncode, service.get("/api/projects")["total"]) == (2, total)
