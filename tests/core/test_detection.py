"""What small trees are taken for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.detection.plan import FIELDS, Detected, directories_of, plan_of
from lci_app.core.detection.tree import Tree, is_telling
from lci_app.core.project import ProjectSettings

NGINX = {
    "runtime_image": "nginx:alpine",
    "runtime_command": "",
    "runtime_port": 80,
    "mount_path": "/usr/share/nginx/html",
}


def tree_of(files: dict[str, str]) -> Tree:
    return Tree(frozenset(files), {path: text for path, text in files.items() if is_telling(path)})


def detected(files: dict[str, str], folder: str = "") -> Detected:
    return plan_of(tree_of(files), folder)


def values(files: dict[str, str], folder: str = "") -> dict[str, Any]:
    return {finding.field: finding.value for finding in detected(files, folder).plan}


def reason(files: dict[str, str], field: str, folder: str = "") -> str:
    return next(finding.reason for finding in detected(files, folder).plan if finding.field == field)


def package(**fields: Any) -> str:
    return json.dumps(fields, indent=2)


TREES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "a Node.js server": (
        {
            "package.json": package(
                scripts={"start": "node server.js"}, dependencies={"express": "4"}, engines={"node": ">=20.11"}
            ),
            "package-lock.json": "{}",
            "server.js": 'app.get("/healthz", ok)\napp.listen(process.env.PORT || 4000)\n',
        },
        {
            "build_image": "node:20",
            "build_command": "npm ci\nnpm prune --omit=dev\ncp -r . /output/",
            "cache_type": "npm",
            "runtime_image": "node:20-slim",
            "runtime_command": "cd /app && npm start",
            "runtime_port": 4000,
            "mount_path": "/app",
            "health_check_url": "/healthz",
        },
    ),
    "a NestJS server with pnpm": (
        {
            "package.json": package(
                scripts={"build": "nest build", "start": "node dist/main"}, dependencies={"@nestjs/core": "10"}
            ),
            "pnpm-lock.yaml": "",
            "src/main.ts": "await app.listen(3001);",
        },
        {
            "build_command": "corepack enable\npnpm install --frozen-lockfile\npnpm run build\ncp -r . /output/",
            "runtime_port": 3001,
        },
    ),
    "a front end built by Vite": (
        {
            "package.json": package(scripts={"build": "vite build"}, devDependencies={"vite": "6", "svelte": "5"}),
            "package-lock.json": "{}",
            "index.html": "",
        },
        {"build_image": "node:22", "build_command": "npm ci\nnpm run build\ncp -r dist/. /output/", **NGINX},
    ),
    "a front end that chooses where it is built": (
        {
            "package.json": package(scripts={"build": "vite build"}, devDependencies={"vite": "6"}),
            "yarn.lock": "",
            "vite.config.ts": "export default { build: { outDir: './web-out' } }",
        },
        {"build_command": "yarn install --frozen-lockfile\nyarn run build\ncp -r web-out/. /output/", **NGINX},
    ),
    "a React app": (
        {"package.json": package(scripts={"build": "react-scripts build"}, dependencies={"react-scripts": "5"})},
        {"build_command": "npm install\nnpm run build\ncp -r build/. /output/", **NGINX},
    ),
    "an Angular app": (
        {
            "package.json": package(
                scripts={"build": "ng build", "start": "ng serve"}, devDependencies={"@angular/cli": "19"}
            )
        },
        {"build_command": "npm install\nnpm run build\ncp -r dist/*/browser/. /output/", **NGINX},
    ),
    "a Next.js server": (
        {"package.json": package(scripts={"build": "next build", "start": "next start"}, dependencies={"next": "15"})},
        {"runtime_command": "cd /app && npm start", "runtime_port": 3000},
    ),
    "Django": (
        {
            "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
            "requirements.txt": "Django==5.1\ngunicorn==23.0\n",
            "shop/urls.py": "path('health/', ok)",
            "shop/wsgi.py": "",
            "package.json": package(scripts={"build": "vite build"}, devDependencies={"vite": "6"}),
        },
        {
            "build_image": "python:3.12-slim",
            "build_command": "pip install --target .packages -r requirements.txt\ncp -r . /output/",
            "cache_type": "pip",
            "runtime_image": "python:3.12-slim",
            "runtime_command": "cd /app && PYTHONPATH=/app/.packages python -m gunicorn -b 0.0.0.0:8000 shop.wsgi",
            "runtime_port": 8000,
            "mount_path": "/app",
        },
    ),
    "Flask": (
        {
            "app.py": 'from flask import Flask\napp = Flask(__name__)\n@app.get("/ping")\n',
            "requirements.txt": "flask\n",
        },
        {
            "runtime_command": "cd /app && PYTHONPATH=/app/.packages python -m flask --app app:app run"
            " --host 0.0.0.0 --port 8000",
            "health_check_url": "/ping",
        },
    ),
    "FastAPI": (
        {
            "src/api/main.py": 'api: FastAPI = FastAPI(title="Shop")\n@api.get("/health")\n',
            "pyproject.toml": '[project]\nname = "shop"\nrequires-python = ">=3.11"\ndependencies = ["fastapi"]\n',
        },
        {
            "build_image": "python:3.11-slim",
            "build_command": "pip install --target .packages .\ncp -r . /output/",
            "runtime_command": "cd /app && PYTHONPATH=/app/.packages python -m uvicorn src.api.main:api"
            " --host 0.0.0.0 --port 8000",
            "health_check_url": "/health",
        },
    ),
    "Go": (
        {
            "go.mod": "module example.com/shop\n\ngo 1.22.3\n",
            "cmd/shop/main.go": 'package main\nfunc main() { http.ListenAndServe(":9090", nil) }\n',
        },
        {
            "build_image": "golang:1.22",
            "build_command": "CGO_ENABLED=0 go build -o /output/app ./cmd/shop",
            "cache_type": "go",
            "runtime_image": "alpine:3",
            "runtime_command": "/app/app",
            "runtime_port": 9090,
        },
    ),
    "Rust": (
        {
            "Cargo.toml": '[package]\nname = "shop-api"\nversion = "0.1.0"\nedition = "2021"\n',
            "Cargo.lock": "",
            "src/main.rs": 'TcpListener::bind("0.0.0.0:3300")',
        },
        {
            "build_image": "rust:1-bookworm",
            "build_command": "cargo build --release --locked\ncp target/release/shop-api /output/app",
            "cache_type": "cargo",
            "runtime_port": 3300,
        },
    ),
    "Maven with Spring": (
        {
            "pom.xml": "<java.version>17</java.version>\n<artifactId>spring-boot-starter-actuator</artifactId>\n",
            "mvnw": "",
            "src/main/resources/application.yml": "server:\n  port: 8081\n",
        },
        {
            "build_image": "maven:3-eclipse-temurin-17",
            "cache_type": "maven",
            "runtime_image": "eclipse-temurin:17-jre",
            "runtime_command": "java -jar /app/app.jar",
            "runtime_port": 8081,
            "health_check_url": "/actuator/health",
        },
    ),
    "Gradle": (
        {
            "build.gradle.kts": 'plugins { id("org.springframework.boot") }\njava { toolchain { languageVersion ='
            " JavaLanguageVersion.of(21) } }\n",
            "gradlew": "",
            "src/main/resources/application.properties": "spring.a=b\nserver.port=${PORT:8090}\n",
        },
        {"build_image": "gradle:jdk21", "cache_type": "gradle", "runtime_port": 8090, "health_check_url": "/"},
    ),
    "a static site": (
        {"index.html": "<h1>Hello</h1>", "style.css": ""},
        {"build_image": "alpine:3", "build_command": "cp -r * /output/", **NGINX},
    ),
}


@pytest.mark.parametrize(("files", "expected"), TREES.values(), ids=[*TREES])
def test_a_tree_is_taken_for_what_it_is(files: dict[str, str], expected: dict[str, Any]) -> None:
    found = values(files)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("files", [files for files, _ in TREES.values()], ids=[*TREES])
def test_every_plan_is_whole_with_reasons_and_a_project_takes_it(files: dict[str, str]) -> None:
    plan = detected(files).plan
    assert {"build_image", "build_command", "runtime_image", "runtime_port", "mount_path"} <= {
        each.field for each in plan
    }
    assert [each.field for each in plan] == [name for name in FIELDS if name in values(files)]
    assert all(each.reason.endswith(".") for each in plan)
    ProjectSettings.model_validate({"repo": "owner/shop", **values(files)})


def test_a_reason_names_the_file_and_the_line_that_says_so() -> None:
    files = {f"backend/{path}": text for path, text in TREES["a Node.js server"][0].items()}
    assert reason(files, "runtime_command", "backend") == "backend/package.json line 3 starts it."
    assert reason(files, "runtime_port", "backend") == "backend/server.js line 2 names it."
    assert reason(files, "health_check_url", "backend") == "backend/server.js line 1 answers at it."
    assert "backend/package.json line 9 asks for it" in reason(files, "build_image", "backend")


def test_a_project_in_a_folder_is_built_when_something_in_it_changes() -> None:
    files = {"api/go.mod": "go 1.22", "api/main.go": "package main", "web/index.html": ""}
    assert values(files, "api")["path_filter"] == "api/**"
    assert values(files, "api")["build_image"] == "golang:1.22"
    assert "path_filter" not in values({"index.html": ""})


def test_the_repositorys_own_file_wins_and_says_at_which_line() -> None:
    own = '[build]\nimage = "node:18"\n\n[deploy]\nport = 5000\nhealth_check = ""\ncommand = ["node", "x.js"]\n'
    files = {**TREES["a Node.js server"][0], ".lci.toml": own}
    found = values(files)
    assert (found["build_image"], found["runtime_port"], found["health_check_url"]) == ("node:18", 5000, "")
    assert found["runtime_command"] == ("node", "x.js")
    assert found["cache_type"] == "npm"
    assert reason(files, "runtime_port") == ".lci.toml line 5 says so, and wins in every build."


def test_a_script_of_the_repositorys_file_stands_for_the_command() -> None:
    files = {**TREES["Go"][0], ".lci.toml": '[build]\nimage = "golang:1.22"\nscript = ["ci/build.sh", "build.sh"]\n'}
    assert values(files)["build_command"] == "sh ci/build.sh"
    assert reason(files, "build_command").startswith(".lci.toml line 3 says so")


def test_a_project_file_with_a_mistake_is_told_and_not_used() -> None:
    files = {**TREES["Go"][0], ".lci.toml": '[build]\nimagee = "x"\n'}
    (note,) = detected(files).notes
    assert note.startswith(".lci.toml cannot be used: line 2, column 1: build.imagee is not known")
    assert values(files)["build_image"] == "golang:1.22"


def test_a_dockerfile_is_told_to_be_of_no_use_yet_but_its_port_is_taken() -> None:
    files = {"Dockerfile": "FROM python:3.12\nEXPOSE 5001\n", "requirements.txt": "aiohttp\n", "main.py": "run()"}
    assert any("lci does not build images yet" in note for note in detected(files).notes)
    assert values(files)["runtime_port"] == 5001
    alone = detected({"Dockerfile": "FROM scratch\n"})
    assert alone.plan == ()
    assert len(alone.notes) == 2


def test_folders_that_look_like_projects_are_candidates_but_not_those_of_others() -> None:
    files = ["web/package.json", "services/api/go.mod", "node_modules/x/package.json", "README.md", "index.html"]
    assert directories_of(files) == ["", "web", "services/api"]


MARKS = """package.json manage.py app.py go.mod main.go Cargo.toml pom.xml build.gradle Dockerfile index.html Procfile
requirements.txt pyproject.toml .lci.toml .nvmrc vite.config.ts a/b"""
NAMES = st.sampled_from(MARKS.split())
TEXTS = st.text(max_size=80) | st.sampled_from(
    [
        "{}",
        "[]",
        '{"scripts": 1, "dependencies": [], "main": {}}',
        '{"scripts": {"start": "x"}, "dependencies": {"vite": "1"}}',
        "[build]\nimage = 1",
        "app = Flask(",
        "web: x",
        "DJANGO_SETTINGS_MODULE",
        "EXPOSE 99999",
        "[[",
    ]
)


@given(st.dictionaries(NAMES, TEXTS, max_size=6), st.sampled_from(["", "a", "no/such"]))
def test_whatever_the_files_hold_a_plan_is_one_that_a_project_takes(files: dict[str, str], folder: str) -> None:
    plan = {finding.field: finding.value for finding in plan_of(tree_of(files), folder).plan}
    ProjectSettings.model_validate({"repo": "owner/shop", **plan})
