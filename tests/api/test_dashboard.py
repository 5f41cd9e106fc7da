from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest

from tests.api.rig import Rig

FOLDER = files("lci_app").joinpath("static", "app")
FILES = sorted(each.name for each in FOLDER.iterdir())
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
# The goal is 70 KB for all that the first page loads; what is left is room for what comes with accounts.
MAX_FIRST_LOAD = 60_000
MAX_ALL = 250_000


def packed(name: str) -> int:
    return len(gzip.compress(FOLDER.joinpath(name).read_bytes(), 9, mtime=0))


def loaded_first(name: str) -> set[str]:
    """Return a file and all that it names as what must be there before it runs."""
    text = FOLDER.joinpath(name).read_text("utf-8")
    wanted = {
        each
        for pattern in (r'/assets/([\w.-]+)"', r'from"\./([\w.-]+)"', r'import"\./([\w.-]+)"')
        for each in re.findall(pattern, text)
    }
    return {name}.union(*(loaded_first(each) for each in wanted if each.endswith((".js", ".css"))))


@pytest.mark.parametrize(
    "path",
    [
        "/", "/setup", "/projects/shop", "/projects/shop/builds", "/builds", "/builds/7", "/builds/7/raw",
        "/settings", "/settings/system", "/sign-in",
        # What stands behind the question mark is for the page to read.
        "/builds?status=Failed", "/sign-in?problem=refused",
    ],
)  # fmt: skip
async def test_every_address_of_the_dashboard_is_the_same_page_and_needs_no_token(rig: Rig, path: str) -> None:
    page = await rig.get(path, scope=None)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.body == FOLDER.joinpath("index.html").read_bytes()


@pytest.mark.parametrize("path", ["/nothing", "/admin", "/builds/", "/projects", "/favicon.ico"])
async def test_a_person_at_an_address_that_is_none_gets_the_page_that_says_so_and_a_program_its_refusal(
    rig: Rig, path: str
) -> None:
    page = await rig.get(path, scope=None, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert page.body == FOLDER.joinpath("index.html").read_bytes()
    assert (await rig.get(path, scope=None)).status == 401
    assert (await rig.get(path)).status == 404


@pytest.mark.parametrize("path", ["/api/nothing", "/assets/nothing.js", "/static/nothing.js", "/webhook", "/ws/x"])
async def test_where_programs_ask_there_is_no_page(rig: Rig, path: str) -> None:
    answer = await rig.get(path, Accept="text/html")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")


async def test_the_page_asks_nobody_else_for_anything_and_holds_nothing_that_the_policy_refuses(rig: Rig) -> None:
    text = FOLDER.joinpath("index.html").read_text("utf-8")
    assert not re.search(r"https?://|<script>|style=|onclick", text)
    wanted = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert wanted
    for each in wanted:
        assert (await rig.get(each, scope=None)).status == 200


@pytest.mark.parametrize("name", [name for name in FILES if name != "index.html"])
async def test_every_file_is_served_with_its_type_and_kept_for_ever_where_its_name_tells_its_content(
    rig: Rig, name: str
) -> None:
    asset = await rig.get(f"/assets/{name}", scope=None)
    assert asset.headers["Content-Type"] == TYPES[name.rpartition(".")[2]]
    assert asset.body == FOLDER.joinpath(name).read_bytes()
    is_hashed = re.search(r"-[\w-]{8}\.(js|css)$", name)
    assert asset.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if is_hashed else "no-cache")


async def test_who_takes_gzip_gets_it(rig: Rig) -> None:
    [name] = (each for each in FILES if re.fullmatch(r"index-[\w-]{8}\.js", each))
    for offered in ("gzip", "br, gzip;q=0.5"):
        asset = await rig.get(f"/assets/{name}", scope=None, Accept_Encoding=offered)
        assert (asset.headers["Content-Encoding"], asset.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert gzip.decompress(asset.body) == FOLDER.joinpath(name).read_bytes()
    for offered in ("identity", "gzip;q=0", ""):
        asset = await rig.get(f"/assets/{name}", scope=None, Accept_Encoding=offered)
        assert "Content-Encoding" not in asset.headers


async def test_a_file_of_another_version_is_missing_and_never_the_page(rig: Rig) -> None:
    assert (await rig.get("/assets/index-AAAAAAAA.js", scope=None)).status == 404


def test_the_first_page_is_small() -> None:
    first = loaded_first("index.html")
    assert len(first) > 3
    assert sum(map(packed, first)) < MAX_FIRST_LOAD
    assert sum(map(packed, FILES)) < MAX_ALL
