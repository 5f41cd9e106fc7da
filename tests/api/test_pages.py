from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tests.api.rig import Rig

ASSETS = [each.name for each in files("lci_app").joinpath("static").iterdir() if each.is_file()]


async def test_the_page_of_the_api_asks_nobody_else_for_anything(rig: Rig) -> None:
    page = await rig.get("/docs", scope=None)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    text = page.body.decode()
    assert not re.search(r"https?://|<script>|style=|onclick", text), "what the security policy would refuse"
    for wanted in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert (await rig.get(wanted)).status in {200, 503}


@pytest.mark.parametrize("name", ASSETS)
async def test_every_asset_is_served_with_its_type(rig: Rig, name: str) -> None:
    asset = await rig.get(f"/static/{name}", scope=None)
    kind = {"css": "text/css", "js": "text/javascript", "html": "text/html"}[name.rpartition(".")[2]]
    assert asset.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert asset.body == files("lci_app").joinpath("static", name).read_bytes()


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fcore%2Fmodel.py", "lci.css%00"])
async def test_nothing_else_is_an_asset(rig: Rig, name: str) -> None:
    assert (await rig.get(f"/static/{name}")).status == 404
