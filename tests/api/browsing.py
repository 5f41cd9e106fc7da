"""A browser on the rig: keeps its cookies, and says what pages say."""

from __future__ import annotations

import re
from typing import Any

from lci_app.core.accounts import Role, User
from tests.api.rig import Answer, Rig

PASSWORD = "correct horse battery staple"


class BrowserDouble:
    """`host` is how it was told to reach lci; `csrf` what the pages have learned."""

    def __init__(self, rig: Rig, host: str = "localhost") -> None:
        self.rig = rig
        self.host = host
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        given = {"Host": self.host, **headers}
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET":
            given.setdefault("X-CSRF-Token", self.csrf)
        answer = await self.rig.call(method, path, body, scope=None, **given)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, value = cookie.partition(";")[0].split("=", 1)
            if re.search(r"Max-Age=0\b", cookie):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.call("POST", path, body, **headers)

    async def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        answer = await self.post("/api/sign-in", {"name": name, "password": password})
        if answer.status == 200:
            self.csrf = answer.data["csrf_token"]
        return answer


async def a_person(rig: Rig, name: str = "anna", role: Role = Role.ADMIN) -> User:
    added = await rig.people.add(name, role, PASSWORD)
    assert isinstance(added, User)
    return added


async def signed_in(rig: Rig, name: str = "anna", role: Role = Role.ADMIN) -> BrowserDouble:
    await a_person(rig, name, role)
    browser = BrowserDouble(rig)
    assert (await browser.sign_in(name)).status == 200
    return browser
