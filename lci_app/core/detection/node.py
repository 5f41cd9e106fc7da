"""Node.js: servers, and front ends that are built into files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lci_app.core.detection.common import health, in_app, port, procfile, served_by_nginx, version
from lci_app.core.detection.tree import Finding, Tree

_PACKAGE: Final = "package.json"
_SERVERS: Final = (
    "express",
    "fastify",
    "koa",
    "hono",
    "@nestjs/core",
    "@hapi/hapi",
    "polka",
    "restify",
    "@adonisjs/core",
)
# What turns a source into files, and the folder they are in.
_STATIC: Final = {
    "@angular/cli": "dist/*/browser",
    "react-scripts": "build",
    "@vue/cli-service": "dist",
    "gatsby": "public",
    "astro": "dist",
    "@docusaurus/core": "build",
    "@11ty/eleventy": "_site",
    "vite": "dist",
    "parcel": "dist",
}
_CODE: Final = tuple(
    f"{folder}{name}.{suffix}"
    for folder in ("", "src/")
    for name in ("server", "index", "app", "main")
    for suffix in ("js", "ts", "mjs", "cjs")
)
_LISTENS: Final = r"(?:PORT\s*(?:\|\||\?\?)\s*['\"]?|listen\(\s*|\bport\s*[:=]\s*)(\d{2,5})\b"


@dataclass(frozen=True, slots=True)
class _Package:
    tree: Tree
    scripts: Mapping[str, str]
    needs: frozenset[str]
    main: str

    def at(self, said: str) -> str:
        """Return where the name `said` stands in package.json."""
        return self.tree.at(_PACKAGE, f'"{said}"')


def detect(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with a package.json, None for others."""
    if _PACKAGE not in tree.files:
        return None
    package = _read(tree)
    number, why = version(
        tree,
        ((".nvmrc", r"v?(\d+)"), (".node-version", r"v?(\d+)"), (_PACKAGE, r'"node"\s*:\s*"[^"\d]*(\d+)')),
        "22",
    )
    install, cache = _install(package)
    image = Finding("build_image", f"node:{number}", f"{tree.at(_PACKAGE)} makes it a Node.js project; {why}.")
    static = _static(package)
    if static is not None:
        return [image, *_built(package, install, static), *cache, *served_by_nginx(_words(package, static[0]))]
    return [image, *_copied(package, install), *cache, *_served(package, number)]


def _read(tree: Tree) -> _Package:
    try:
        document = json.loads(tree.text(_PACKAGE))
    except (ValueError, RecursionError):
        document = {}
    document = document if isinstance(document, dict) else {}
    needs = frozenset(_texts(document, "dependencies") | _texts(document, "devDependencies"))
    main = document.get("main")
    return _Package(tree, _texts(document, "scripts"), needs, main if isinstance(main, str) else "")


def _texts(document: Mapping[str, Any], name: str) -> dict[str, str]:
    table = document.get(name)
    return {key: text for key, text in table.items() if isinstance(text, str)} if isinstance(table, dict) else {}


def _install(package: _Package) -> tuple[tuple[str, str, str], list[Finding]]:
    """Return the command that installs, the tool that runs scripts, the reason; and the cache that helps."""
    tree = package.tree
    if "pnpm-lock.yaml" in tree.files:
        return ("corepack enable\npnpm install --frozen-lockfile", "pnpm run", tree.at("pnpm-lock.yaml")), []
    if "yarn.lock" in tree.files and ".yarnrc.yml" in tree.files:
        return ("corepack enable\nyarn install --immutable", "yarn run", tree.at(".yarnrc.yml")), []
    if "yarn.lock" in tree.files:
        return ("yarn install --frozen-lockfile", "yarn run", tree.at("yarn.lock")), []
    lock = tree.first(("package-lock.json", "npm-shrinkwrap.json"))
    where = tree.at(lock or _PACKAGE)
    return ("npm ci" if lock else "npm install", "npm run", where), [
        Finding("cache_type", "npm", f"{where} is npm's, which keeps what it fetched.")
    ]


def _static(package: _Package) -> tuple[str, str] | None:
    """Return the tool that makes files of the source and where it puts them; None for a server."""
    tree, needs = package.tree, package.needs
    if any(server in needs for server in _SERVERS):
        return None
    if "next" in needs:
        exported = tree.search(r"output\s*:\s*['\"]export['\"]", tree.named(r"next\.config\..*"))
        return ("next", "out") if exported else None
    if "nuxt" in needs:
        return None
    if "@sveltejs/kit" in needs:
        return ("@sveltejs/kit", "build") if "@sveltejs/adapter-static" in needs else None
    tool = next((tool for tool in _STATIC if tool in needs), None)
    if tool is None or "build" not in package.scripts:
        return None
    chosen = tree.search(r"outDir\s*:\s*['\"]\.?/?([\w./-]+)['\"]", tree.named(r"vite\.config\..*"))
    return tool, chosen[1][1] if tool == "vite" and chosen else _STATIC[tool]


def _words(package: _Package, tool: str) -> str:
    return f"{package.at(tool)}: {tool} builds files"


def _built(package: _Package, install: tuple[str, str, str], static: tuple[str, str]) -> list[Finding]:
    command, run, where = install
    tool, folder = static
    lines = [command, f"{run} build", f"cp -r {folder}/. /output/"]
    reason = f"{where} tells how to install, {package.at('build')} how to build, and {tool} writes into {folder}."
    return [Finding("build_command", "\n".join(lines), reason)]


def _copied(package: _Package, install: tuple[str, str, str]) -> list[Finding]:
    command, run, where = install
    lines, reason = [command], f"{where} tells how to install"
    if "build" in package.scripts:
        lines.append(f"{run} build")
        reason += f", {package.at('build')} how to build"
    if "nuxt" in package.needs:
        return [Finding("build_command", "\n".join([*lines, "cp -r .output/. /output/"]), f"{reason}.")]
    if command.startswith("npm"):
        lines.append("npm prune --omit=dev")
    return [Finding("build_command", "\n".join([*lines, "cp -r . /output/"]), f"{reason}; the server needs all of it.")]


def _served(package: _Package, number: str) -> list[Finding]:
    tree = package.tree
    code = (*_CODE, package.main)
    return [
        Finding("runtime_image", f"node:{number}-slim", "The same Node.js, without the tools to build with."),
        _start(package),
        port(tree, _LISTENS, code, 3000, "Node.js servers usually listen on 3000; PORT tells them too."),
        in_app(),
        health(tree, code),
    ]


def _start(package: _Package) -> Finding:
    tree = package.tree
    if "nuxt" in package.needs:
        return Finding("runtime_command", "node /app/server/index.mjs", f"{package.at('nuxt')}: Nuxt builds it.")
    if (given := procfile(tree)) is not None:
        return given
    if "start" in package.scripts:
        return Finding("runtime_command", "cd /app && npm start", f"{package.at('start')} starts it.")
    if "@sveltejs/kit" in package.needs:
        return Finding("runtime_command", "cd /app && node build", f"{package.at('@sveltejs/kit')} builds a server.")
    if package.main:
        return Finding("runtime_command", f"cd /app && node {package.main}", f"{package.at('main')} names it.")
    entry = tree.first(_CODE) or "index.js"
    return Finding("runtime_command", f"cd /app && node {entry}", f"{tree.at(_PACKAGE)} has no start script.")
