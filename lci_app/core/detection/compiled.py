"""Go, Rust and Java: what is compiled into one file that runs."""

from __future__ import annotations

from typing import Final

from lci_app.core.detection.common import health, in_app, port, version
from lci_app.core.detection.tree import Finding, Tree

_GO_LISTENS: Final = r"(?:ListenAndServe(?:TLS)?|Run|Start|Listen|Addr:?)\s*\(?\s*\"[^\":]*:(\d{2,5})\""
_RUST_LISTENS: Final = r"(?:0\.0\.0\.0:|\[0, 0, 0, 0\], |127\.0\.0\.1:)(\d{2,5})\b"
_SPRING_PORT: Final = r"(?m)^(?:server\.port\s*[=:]\s*|server:\n(?:\s+\w.*\n)*?\s+port:\s*)(?:\$\{\w+:)?(\d{2,5})"
_SPRING_FILES: Final = tuple(f"src/main/resources/application.{suffix}" for suffix in ("properties", "yml", "yaml"))
_JARS: Final = "! -name '*-plain.jar' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name 'original-*'"


def detect_go(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with a go.mod, None for others."""
    if "go.mod" not in tree.files:
        return None
    number, why = version(tree, (("go.mod", r"(?m)^go (\d+\.\d+)"),), "1.23")
    main = (
        "."
        if "main.go" in tree.files
        else next((f"./{path[:-8]}" for path in tree.named(r"(?:[\w-]+/){1,3}main\.go")), ".")
    )
    place = f"{main[2:]}/main.go" if main != "." else "main.go"
    code = [place, *tree.named(r"(?:[\w-]+/){0,3}main\.go")]
    return [
        Finding("build_image", f"golang:{number}", f"{tree.at('go.mod')} makes it a Go project; {why}."),
        Finding(
            "build_command",
            f"CGO_ENABLED=0 go build -o /output/app {main}",
            f"{tree.at(place, 'package main')} is the program.",
        ),
        Finding("cache_type", "go", f"{tree.at('go.mod')}: Go keeps the modules that it fetched."),
        Finding("runtime_image", "alpine:3", "Without cgo the program needs nothing beside itself."),
        Finding("runtime_command", "/app/app", "The build command puts the program there."),
        port(tree, _GO_LISTENS, code, 8080, "No port was found; 8080 is usual."),
        in_app(),
        health(tree, code),
    ]


def detect_rust(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with a Cargo.toml, None for others."""
    if "Cargo.toml" not in tree.files:
        return None
    found = tree.search(
        r"(?m)^\[\[bin\]\][^\[]*?^name\s*=\s*\"([\w-]+)\"|^\[package\][^\[]*?^name\s*=\s*\"([\w-]+)\"", ("Cargo.toml",)
    )
    name = (found[1][1] or found[1][2]) if found else "app"
    number, why = version(
        tree,
        (
            ("Cargo.toml", r"(?m)^rust-version\s*=\s*\"(\d+\.\d+)"),
            ("rust-toolchain.toml", r"channel\s*=\s*\"(\d+\.\d+)"),
            ("rust-toolchain", r"^(\d+\.\d+)"),
        ),
        "1",
    )
    named = tree.at("Cargo.toml", f'"{name}"')
    locked = " --locked" if "Cargo.lock" in tree.files else ""
    code = ["src/main.rs", *tree.named(r"(?:[\w-]+/){0,3}main\.rs")]
    return [
        Finding("build_image", f"rust:{number}-bookworm", f"{tree.at('Cargo.toml')} makes it a Rust project; {why}."),
        Finding(
            "build_command",
            f"cargo build --release{locked}\ncp target/release/{name} /output/app",
            f"{named} names the program.",
        ),
        Finding("cache_type", "cargo", f"{tree.at('Cargo.toml')}: Cargo keeps the crates that it fetched."),
        Finding("runtime_image", "debian:bookworm-slim", "The program needs the C library that it was built with."),
        Finding("runtime_command", "/app/app", "The build command puts the program there."),
        port(tree, _RUST_LISTENS, code, 8080, "No port was found; 8080 is usual."),
        in_app(),
        health(tree, code),
    ]


def detect_maven(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with a pom.xml, None for others."""
    if "pom.xml" not in tree.files:
        return None
    number, why = version(
        tree, (("pom.xml", r"<(?:java\.version|maven\.compiler\.(?:release|source|target)|release)>(\d+)<"),), "21"
    )
    program = "sh ./mvnw" if "mvnw" in tree.files else "mvn"
    return [
        Finding(
            "build_image", f"maven:3-eclipse-temurin-{number}", f"{tree.at('pom.xml')} makes it a Maven project; {why}."
        ),
        Finding(
            "build_command",
            f"{program} -B -DskipTests package\n{_copied('target')}",
            f"{tree.at('pom.xml')} tells how to build it{_wrapper(tree, 'mvnw')}.",
        ),
        Finding("cache_type", "maven", f"{tree.at('pom.xml')}: Maven keeps what it fetched."),
        *_java(tree, number, "pom.xml"),
    ]


def detect_gradle(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with a Gradle build, None for others."""
    script = tree.first(("build.gradle.kts", "build.gradle"))
    if script is None:
        return None
    number, why = version(
        tree,
        (
            (script, r"JavaLanguageVersion\.of\(\s*(\d+)"),
            (script, r"jvmToolchain\(\s*(\d+)"),
            (script, r"(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.VERSION_|['\"]?)(\d+)"),
        ),
        "21",
    )
    spring = "org.springframework.boot" in tree.text(script)
    task = "bootJar" if spring else "assemble"
    program = "sh ./gradlew" if "gradlew" in tree.files else "gradle"
    told = tree.at(script, "org.springframework.boot" if spring else "")
    return [
        Finding("build_image", f"gradle:jdk{number}", f"{tree.at(script)} makes it a Gradle project; {why}."),
        Finding(
            "build_command",
            f"{program} --no-daemon {task}\n{_copied('build/libs')}",
            f"{told} tells how to build it{_wrapper(tree, 'gradlew')}.",
        ),
        Finding("cache_type", "gradle", f"{tree.at(script)}: Gradle keeps what it fetched."),
        *_java(tree, number, script),
    ]


def _copied(folder: str) -> str:
    return f"find {folder} -maxdepth 1 -name '*.jar' {_JARS} -exec cp {{}} /output/app.jar \\;"


def _wrapper(tree: Tree, name: str) -> str:
    return f", {tree.at(name)} by which version" if name in tree.files else ""


def _java(tree: Tree, number: str, declared: str) -> list[Finding]:
    actuator = "spring-boot-starter-actuator"
    if actuator in tree.text(declared):
        checked = Finding("health_check_url", "/actuator/health", f"{tree.at(declared, actuator)} brings it.")
    else:
        checked = Finding("health_check_url", "/", "No path for health checks was found; the front page is asked.")
    return [
        Finding("runtime_image", f"eclipse-temurin:{number}-jre", "The same Java, without the tools to build with."),
        Finding("runtime_command", "java -jar /app/app.jar", "The build command puts the jar there."),
        port(tree, _SPRING_PORT, _SPRING_FILES, 8080, "No file names a port; 8080 is usual."),
        in_app(),
        checked,
    ]
