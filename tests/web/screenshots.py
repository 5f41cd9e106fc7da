"""Pictures of the running product: `python -m tests.web.screenshots [DIRECTORY]`.

Without a directory it makes those of the README, in docs/images; with one, every page in every look.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.git_server import GitRepository, GitServer, run_git_server
from tests.web.browser import run_scenario
from tests.web.test_pages import all_pages, filled
from tests.whole.service import Service, run_service

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
OUTSIDE = ("--dashboard-url", "https://ci.example.com", "--public-url", "https://app.example.com")
THEMES = ("light", "dark")
FAILING = r"""echo 'Running 63 tests'
for i in $(seq 1 60); do echo "  ✓ src/auth.test.ts > case $i"; done
printf '\033[31mFAIL\033[0m src/auth.test.ts > refuses an expired token\n'
echo '  error: expected 401, got 200'
echo '  at src/auth.test.ts:57:12'
exit 1"""
LIVE = r"""i=0
while [ $i -lt 600 ]; do
  i=$((i + 1))
  printf '\033[36m[INFO]\033[0m compiling module %d of 640: src/shop/part%d.ts\n' $i $i
  sleep 0.2
done"""


def main() -> None:
    chosen = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="lci-screenshots-") as directory:
        place = Path(directory)
        with run_git_server(place / "git") as server, run_service(place / "data", options=OUTSIDE) as service:
            if chosen:
                _every_page(service, server, Path(chosen[0]))
            else:
                _of_the_readme(service, server)


def _every_page(service: Service, server: GitServer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = all_pages(*filled(service, server))
    options = {
        "url": service.url,
        "token": service.token,
        "pages": pages,
        "screenshots": str(folder.absolute()),
        "all": True,
    }
    found = run_scenario("pages", options)
    if found["found"] or found["complaints"]:
        raise SystemExit("\n".join([*found["found"], *found["complaints"]]))


def _of_the_readme(service: Service, server: GitServer) -> None:
    shop, api, site = (server.create(f"acme/{name}") for name in ("shop", "api", "site"))
    for repository, name in ((shop, "shop-frontend"), (api, "my-backend"), (site, "docs-site")):
        _history(service, repository, name)
    service.call("PATCH", "/api/projects/my-backend", {"build_command": FAILING})
    api.commit({"index.html": "next"}, "Refuse expired tokens")
    failed = service.build_now("my-backend")
    service.call("PATCH", "/api/projects/shop-frontend", {"build_command": LIVE})
    shop.commit({"index.html": "winter"}, "Add a shelf for winter coats")
    live = service.post("/api/projects/shop-frontend/builds")["build_id"]
    service.wait_build(live, "Building")
    pictures = [
        {"name": "dashboard", "path": "/", "ready": ".tail p"},
        {"name": "failure", "path": f"/builds/{failed['id']}", "ready": ".why summary"},
    ]
    IMAGES.mkdir(exist_ok=True)
    options: dict[str, Any] = {"url": service.url, "token": service.token, "folder": str(IMAGES), "themes": THEMES}
    run_scenario("pictures", {**options, "pictures": pictures})
    service.post(f"/api/builds/{live}/cancel")


def _history(service: Service, repository: GitRepository, name: str) -> None:
    repository.commit({"index.html": "first"}, "Open the doors")
    service.register(name, repository.url)
    for number, message in enumerate(("Tidy the shelves", "Add user API", "Faster search")):
        repository.commit({"index.html": str(number)}, message)
        service.succeed(name)


if __name__ == "__main__":
    main()
